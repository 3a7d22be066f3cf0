import type { Dialect, PeerDescription } from './dialect.ts';
import { ruvSwarmOperations } from './ruv-swarm-operations.ts';
import { RuvSwarmSession } from './ruv-swarm-session.ts';

/** ruv-swarm 1.0.20: cheap to ask (< 1 ms), answers only for its own process, and pushes nothing but its log. */
export const ruvSwarmDialect: Dialect = {
  name: 'ruv-swarm',
  serverType: 'ruv-swarm',
  timing: { fastMs: 250, slowMs: 5_000, slowRoundTripMs: 50 },
  matches,
  open: (peer) => new RuvSwarmSession(peer),
  operations: ruvSwarmOperations,
};

function matches(peer: PeerDescription): number {
  // Builds call themselves `ruv-swarm`, `ruv-swarm-no-timeout`, …
  if (peer.name?.toLowerCase().startsWith('ruv-swarm') === true) return 1;
  const { tools } = peer;
  const hasLists = tools.has('agent_list') && tools.has('swarm_status') && tools.has('task_orchestrate');
  return hasLists && tools.has('features_detect') ? 0.8 : 0;
}
