import type { Dialect, PeerDescription } from './dialect.ts';
import { TELEMETRY_EVENTS } from './seed-events.ts';
import { seedOperations } from './seed-operations.ts';
import { SeedSession } from './seed-session.ts';

/** The seeds' own dialect: `agent.*` methods and `telemetry.subscribe`, with tools where the methods are missing. */
export const seedDialect: Dialect = {
  name: 'seed',
  serverType: 'claude-flow',
  // With push, polls only mend what a lost event broke.
  timing: { fastMs: 1_000, slowMs: 5_000, slowRoundTripMs: 50 },
  subscribe: ({ intervalMs, bufferSize }) => ({
    kind: 'method',
    method: 'telemetry.subscribe',
    params: {
      events: [...TELEMETRY_EVENTS],
      interval_ms: intervalMs,
      buffer_size: bufferSize,
      compression: 'none',
      include_metadata: true,
    },
  }),
  batches: true,
  matches,
  open: (peer) => new SeedSession(peer),
  operations: seedOperations,
};

/** Tools that only claude-flow 3.x or ruv-swarm have. */
const OTHERS: readonly string[] = ['hive-mind_status', 'task_list', 'features_detect', 'neural_status'];

function matches(peer: PeerDescription): number {
  const { tools } = peer;
  if (tools.has('agent.list') || tools.has('telemetry.subscribe')) return 1;
  if (OTHERS.some((tool) => tools.has(tool))) return 0;
  if (peer.name?.toLowerCase() === 'claude-flow' && peer.version?.startsWith('3.') !== true) return 0.9;
  const isSeedLike = tools.has('agent_spawn') && (tools.has('agent_task') || tools.has('swarm_init'));
  return isSeedLike ? 0.5 : 0;
}
