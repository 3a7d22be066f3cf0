/** An MCP server that says everything hostile of the corpus, wherever text may stand. */
import { ALARM, HOSTILE_TEXTS, HOSTILE_VALUES, type HostileValue } from '../corpus/hostile-text.ts';
import type { Script } from '../integration/hub/upstream/raw-peer.ts';

/** Fields of its agents and tasks that nobody may see. */
export const FIELD_SECRETS = { hiveToken: 'hive-in-a-field', api_key: 'key-in-a-field', token: 'token-in-a-field' };

/** A line that holds one of these is dropped as a whole: they come in lines of their own. */
const isTooDeep = ({ value }: { value: unknown }) => /[[{]{200}|(\{"inner":){200}/.test(JSON.stringify(value));
export const DEEP: readonly HostileValue[] = HOSTILE_VALUES.filter(isTooDeep);
/** Those that arrive: one that is too deep is dropped with its line. */
export const VALUES: readonly HostileValue[] = HOSTILE_VALUES.filter((value) => !isTooDeep(value));

/** An agent of which every text is this one. */
const agentOf = (id: unknown, text: unknown) => ({
  agent_id: id,
  swarm_id: 'swarm-1',
  name: text,
  type: text,
  status: text,
  current_task: text,
  model: text,
  capabilities: [text, text],
  cognitive_pattern: text,
  health: text,
  performance: { cpu_usage: text, tokens_used: text },
  ...FIELD_SECRETS,
});
const agents = [
  ...HOSTILE_TEXTS.map(({ label, text }) => agentOf(label, text)),
  ...VALUES.map(({ label, value }) => agentOf(label, value)),
  ...HOSTILE_TEXTS.map(({ label, text }) => ({ agent_id: text, swarm_id: 'swarm-2', name: label })),
  ...VALUES.map(({ value }) => ({ agent_id: value, swarm_id: value })),
];
/** Its agents that have a label of the corpus for an id. */
export const NAMED = HOSTILE_TEXTS.length + VALUES.length;
const tasks = HOSTILE_TEXTS.flatMap(({ label, text }) => [
  { task_id: `task-${label}`, swarm_id: 'swarm-1', description: text, status: text, priority: text, ...FIELD_SECRETS },
  { task_id: text, description: label },
]);
const swarms = [
  { swarm_id: 'swarm-1', topology: 'mesh', status: 'running' },
  ...HOSTILE_TEXTS.map(({ label, text }) => ({
    swarm_id: `swarm-${label}`,
    topology: text,
    strategy: text,
    status: text,
  })),
];

/** Lists the corpus, pushes it as events, prints it between messages, and refuses every order with it. */
export function hostileServer(): Script {
  let turn = 0;
  const next = () => HOSTILE_TEXTS[turn++ % HOSTILE_TEXTS.length]?.text ?? '';
  return (message, peer) => {
    switch (message.method) {
      case 'initialize':
        peer.result(message, {
          protocolVersion: '2024-11-05',
          capabilities: { tools: HOSTILE_TEXTS.map(({ text }) => text) },
          serverInfo: { name: `raw<script>${ALARM}()</script>\u001b[31m\u202e`, version: 'token=hive-5f0c4b1a9d' },
        });
        return;
      case 'agent.list':
        peer.result(message, { agents });
        return;
      case 'task.list':
        peer.result(message, { tasks });
        return;
      case 'swarm.list':
        peer.result(message, { swarms });
        return;
      case 'telemetry.subscribe':
        peer.result(message, { subscription_id: next() });
        for (const { label, value } of DEEP)
          peer.say({ type: 'agent.status', data: { agent_id: label, swarm_id: 'swarm-1', name: value } });
        for (const { label, text } of HOSTILE_TEXTS) {
          peer.say(text.replaceAll('\n', ' '));
          peer.say({ type: text, timestamp: text, data: { agent_id: label, swarm_id: 'swarm-1', name: text } });
          peer.say({ type: 'agent.status', data: { agent_id: `pushed-${label}`, swarm_id: 'swarm-1', name: text } });
          const flow = { from_agent: `pushed-${label}`, to_agent: 'secret-0', swarm_id: 'swarm-1', message_type: text };
          peer.say({ type: 'message.flow', data: flow });
        }
        return;
      default:
        if (message.id !== undefined) peer.error(message, -32_000, next());
    }
  };
}
