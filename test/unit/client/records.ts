/** Small records for tests of the client. */
import type { AgentRecord } from '../../../src/model/agent.ts';
import type { LinkRecord } from '../../../src/model/link.ts';
import type { ServerRecord } from '../../../src/model/server.ts';
import type { SwarmRecord } from '../../../src/model/swarm.ts';
import type { TaskRecord } from '../../../src/model/task.ts';
import type { ServerMessage, ServerMessageType, ServerPayloads } from '../../../src/protocol/server-messages.ts';

export const A = 0x8000_0000;

export function agent(n: number, more: Partial<AgentRecord> = {}): AgentRecord {
  return {
    ref: A + n,
    key: `s/w/a${n}`,
    id: `a${n}`,
    swarm: 1,
    server_id: 's',
    server_type: 'ruv-swarm',
    status: 'idle',
    slot: n,
    ...more,
  };
}

export function swarm(ref: number, more: Partial<SwarmRecord> = {}): SwarmRecord {
  return { ref, key: `s/w${ref}`, id: `w${ref}`, server_id: 's', server_type: 'ruv-swarm', slots_rev: 0, ...more };
}

export function link(ref: number, from: number, to: number, more: Partial<LinkRecord> = {}): LinkRecord {
  return { ref, swarm: 1, from: A + from, to: A + to, kind: 'topology', source: 'derived', ...more };
}

export function task(ref: number, more: Partial<TaskRecord> = {}): TaskRecord {
  return { ref, id: `t${ref}`, server_id: 's', ...more };
}

export function server(ref: number, more: Partial<ServerRecord> = {}): ServerRecord {
  return {
    ref,
    id: `s${ref}`,
    type: 'ruv-swarm',
    simulated: false,
    transport: 'tcp',
    endpoint: 'tcp://127.0.0.1:9500',
    health: {
      state: 'healthy',
      reason: 'it answered',
      since_ms: 1,
      evidence: { consecutive_failures: 0, consecutive_successes: 3 },
    },
    ...more,
  };
}

export function message<T extends ServerMessageType>(type: T, payload: ServerPayloads[T], cursor?: string) {
  return { type, timestamp: 1_763_715_600_000, ...(cursor === undefined ? {} : { cursor }), payload } as Extract<
    ServerMessage,
    { type: T }
  >;
}

export function discovery(more: Partial<ServerPayloads['discovery']> = {}, cursor?: string) {
  const empty = { full: false, servers: [], swarms: [], removed_servers: [], removed_swarms: [] };
  return message('discovery', { ...empty, degradation_level: 'fully_operational', ...more }, cursor);
}

export function agents(more: Partial<ServerPayloads['agent_update']>, cursor?: string) {
  return message('agent_update', { added: [], updated: [], removed: [], ...more }, cursor);
}

export function links(more: Partial<ServerPayloads['topology_update']>, cursor?: string) {
  return message('topology_update', { swarm: 1, linked: [], unlinked: [], ...more }, cursor);
}

export function snapshot(more: Partial<ServerPayloads['snapshot']>, cursor?: string) {
  return message(
    'snapshot',
    { snapshot_id: 1, part: 0, last: true, agents: [], links: [], tasks: [], ...more },
    cursor,
  );
}

export function welcome(more: Partial<ServerPayloads['welcome']> = {}) {
  return message('welcome', {
    client_id: '00000000-0000-4000-8000-000000000000',
    protocol: 1,
    epoch: 'e1',
    cursor: '',
    follows: 'snapshot',
    mode: 'normal',
    effective_rate_hz: 10,
    identity: { subject: 'anonymous', role: 'viewer', limits: {} },
    filters: {
      server_types: [],
      server_ids: [],
      swarm_ids: [],
      agent_types: [],
      statuses: [],
      include_performance: true,
      include_neural: true,
      include_topology: true,
      include_messages: true,
      include_positions: true,
    },
    positions: 'q16',
    simulated: false,
    limits: { max_message_bytes: 65_536, idle_timeout_ms: 60_000, heartbeat_ms: 5_000, discover_per_minute: 10 },
    server_time: 1_763_715_600_000,
    ...more,
  });
}
