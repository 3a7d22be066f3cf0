import type { Call, Dialect, Outcome } from '../../../../src/hub/upstream/dialects/dialect.ts';
import type { Observation } from '../../../../src/model/observation.ts';

const LIST: Call = { kind: 'tool', tool: 'agent_list', args: {} };

const agent = (id: string): Observation => ({ kind: 'agent', swarm: 's', agent: id, facts: { status: 'idle' } });

/** `{agents: [ids]}` from agent_list; pushed events `{method: 'agent.seen', params: {id}}` or `{type, data: {id}}`; noise `agent <id>`. */
export function plainDialect(options: Partial<Dialect> = {}): Dialect {
  return {
    name: 'claude-flow',
    serverType: 'claude-flow',
    timing: { fastMs: 20, slowMs: 10_000, slowRoundTripMs: 5_000 },
    matches: (peer) => (peer.tools.has('agent_list') ? 1 : 0),
    open: () => ({
      warmUp: () => [],
      plan: (cadence) => (cadence === 'fast' ? [LIST] : []),
      read: (_call: Call, outcome: Outcome) => {
        const payload = outcome.ok ? (outcome.payload as { agents?: string[] } | null) : null;
        const agents = payload?.agents;
        if (agents === undefined) return [];
        return [...agents.map(agent), { kind: 'agent-list', swarm: 's', agents, scope: 'agents' }];
      },
      readPush: (event) => {
        const { params, data } = event as { params?: { id: string }; data?: { id: string } };
        const id = params?.id ?? data?.id;
        return id === undefined ? [] : [agent(id)];
      },
      readNoise: (line) => (line.startsWith('agent ') ? [agent(line.slice(6))] : []),
    }),
    ...options,
  };
}
