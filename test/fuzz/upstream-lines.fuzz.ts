/** What MCP servers send, of every dialect: replies, events and noise with fields that mean something else, or nothing. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { createDialects } from '../../src/hub/upstream/dialects/all-dialects.ts';
import type { Call, Dialect, DialectSession } from '../../src/hub/upstream/dialects/dialect.ts';
import { EventReader } from '../../src/hub/upstream/event-reader.ts';
import { outcomeOf } from '../../src/hub/upstream/outcome.ts';
import { isFields, lenientReply } from '../../src/hub/upstream/transports/lenient-message.ts';
import { LineDecoder } from '../../src/hub/upstream/transports/line-codec.ts';
import { createUpstreamCounts } from '../../src/hub/upstream/upstream-stats.ts';
import { World } from '../../src/hub/world/world.ts';
import { configSchema, serverSchema } from '../../src/platform/config/schema.ts';
import { HOSTILE_TEXTS, HOSTILE_VALUES } from '../corpus/hostile-text.ts';

const FIELDS = [
  'agents agentId agent_id id agentType type name status health capabilities currentTask current_task config metrics performance',
  'swarms swarmId swarm_id topology strategy maxAgents agentCount workers workerDetails queen hiveId sharedMemory hiveToken',
  'tasks taskId task_id description progress priority assignedTo assignedAgents assigned_agents createdAt created_at total',
  'from_agent to_agent message_type size_bytes latency_ms timestamp data event params method result error content text',
  'summary agent models patterns cpu memory usage lastResult total_count success active_swarms global_metrics __proto__ constructor',
].flatMap((line) => line.split(' '));
const EVENTS = [
  'agent.spawned agent.status agent.updated agent.terminated message.flow metrics.performance coordination.event',
  'swarm.created swarm.status swarm.dissolved task.assigned heartbeat x',
].flatMap((line) => line.split(' '));
const NOISE = [
  '🤖 Spawned agent: ann (coder)',
  '📊 Agent ann status: busy',
  '📋 Orchestrated task: x (task-1764345123456) - Assigned to 3 agents',
  '✅ Task completed: x (12ms)',
];
const WORDS = [
  ...'a-1 a-2 swarm-1 task-1764345123456 idle busy terminated not_found mesh coder 0.5'.split(' '),
  ...HOSTILE_TEXTS.map(({ text }) => text).filter(({ length }) => length < 1_000),
];

const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...WORDS),
    fc.constantFrom<unknown>(...HOSTILE_VALUES.slice(0, 25).map((one) => one.value)),
    fc.double(),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...FIELDS), tie('any'), { maxKeys: 6 }),
  ),
})).any;
const reply = fc.record({ jsonrpc: fc.constant('2.0'), result: value, error: value }, { requiredKeys: ['jsonrpc'] });
/** As tools answer: JSON in a text. */
const toolReply = value.map((payload) => ({
  jsonrpc: '2.0',
  result: { content: [{ type: 'text', text: JSON.stringify(payload) ?? 'undefined' }] },
}));
const event = fc.record(
  { type: fc.constantFrom(...EVENTS), timestamp: value, data: value },
  { requiredKeys: ['type'] },
);
const notification = fc.record({ jsonrpc: fc.constant('2.0'), method: fc.constantFrom(...EVENTS), params: value });
const line = fc.oneof(
  fc.oneof(reply, toolReply, event, notification).map((one) => JSON.stringify(one)),
  fc.tuple(fc.oneof(reply, toolReply, event), fc.nat(300)).map(([one, cut]) => JSON.stringify(one).slice(0, cut)),
  fc.constantFrom(...NOISE, ...WORDS, '[', '{"jsonrpc":"2.0"}', '[{"jsonrpc":"2.0","result":1}]'),
  fc.string({ unit: 'binary', maxLength: 80 }),
);

const { world: worldConfig } = configSchema.parse({
  world: { max_agents: 300, max_links: 600, max_tasks: 300, message_history: 100 },
});
const limits = { maxLineBytes: 20_000 };
const server = serverSchema.parse({
  id: 'one',
  transport: 'tcp',
  mapping: { list_tool: 'agent_list', agents_path: 'agents' },
});
const peer = {
  name: undefined,
  version: undefined,
  protocolVersion: undefined,
  tools: new Set(['agent_list', 'swarm_status', 'task_list', 'task_status', 'hive-mind_status', 'daa_learning_status']),
};
const dialects: readonly Dialect[] = createDialects(server);

let nowMs = Date.parse('2026-11-28T12:00:00Z');
const clock = { now: () => nowMs, monotonic: () => nowMs };
let world = openWorld();
let worldAge = 0;

function openWorld(): World {
  const made = new World({ config: worldConfig, clock, onDirty: () => undefined });
  made.addServer({ id: 'one', type: 'other', simulated: false, transport: 'tcp', endpoint: 'tcp://x:1' });
  return made;
}

/** Calls of a session in turn, so that each reader gets replies of every kind. */
function callsOf(session: DialectSession): Call[] {
  return [...session.warmUp(), ...session.plan('fast'), ...session.plan('slow')];
}

/** Nothing that a world holds is unclean, whatever came in. */
function assertClean(held: unknown): void {
  assert.doesNotMatch(JSON.stringify(held), /[\p{Cc}\p{Cf}\p{Cs}]|\\u00[01]/u);
}

/** One for each dialect. `run` rejects only where a promise is broken. */
export const FUZZES = dialects.map((dialect) => ({
  name: `lines of ${dialect.name} servers`,
  cases: fc.record({
    lines: fc.array(line, { minLength: 1, maxLength: 5 }),
    cuts: fc.array(fc.nat(400), { maxLength: 4 }),
    turn: fc.nat(30),
  }),
  run: async ({ lines, cuts, turn }: { lines: string[]; cuts: number[]; turn: number }): Promise<void> => {
    nowMs += 50;
    worldAge += 1;
    if (worldAge % 500 === 0) world = openWorld();
    const session = dialect.open(peer);
    const own = createUpstreamCounts();
    const reader = new EventReader({
      serverId: 'one',
      session,
      sink: world,
      clock,
      counts: own,
      // A dialect survives whatever it reads by itself: that it threw is counted for the next one's sake, not excused.
      onUnreadable: (error) => assert.fail(`${dialect.name} threw: ${String(error)}`),
    });
    let next = turn;
    const decoder = new LineDecoder({
      ...limits,
      counters: own,
      sink: {
        onMessage: (message) => {
          if ('method' in message) return reader.push(message);
          const calls = callsOf(session);
          const call = calls[next++ % calls.length];
          const kind = call?.kind ?? 'tool';
          const read = isFields(message) ? lenientReply(message, 'tools/call', 1) : undefined;
          if (call === undefined || read === undefined) return;
          if ('result' in read) reader.reply(call, outcomeOf(read.result, kind));
          else reader.reply(call, { ok: false, code: read.error.code, message: read.error.message });
        },
        onEvent: (value_) => reader.push(value_),
        onNoise: (noise) => reader.noise(noise),
      },
    });
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    const at = [0, ...new Set(cuts)].filter((cut) => cut < bytes.length).toSorted((a, b) => a - b);
    at.forEach((start, i) => decoder.push(bytes.subarray(start, at[i + 1] ?? bytes.length)));
    // Events of one read are gathered until it is over.
    await Promise.resolve();
    reader.end();
    world.sweep(nowMs);
    const batch = world.flush(nowMs);
    if (batch !== undefined) assertClean(batch);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  },
}));
