import type { Dialect, PeerDescription } from './dialect.ts';
import { daaOperations } from './daa-operations.ts';
import { DaaSession } from './daa-session.ts';

/**
 * Servers of DAA agents: those that have only the `daa_*` tools, and the `daa-mcp` crate (read from its source, never run:
 * it is not published). claude-flow and ruv-swarm, which have the same tools beside others, have dialects of their own.
 */
export const daaDialect: Dialect = {
  name: 'daa',
  serverType: 'daa',
  timing: { fastMs: 500, slowMs: 5_000, slowRoundTripMs: 50 },
  matches,
  open: (peer) => new DaaSession(peer),
  operations: daaOperations,
};

function matches(peer: PeerDescription): number {
  const tools = [...peer.tools];
  const isCrate = peer.tools.has('list_agents') && peer.tools.has('get_swarm_status');
  const hasTools = tools.some((tool) => tool.startsWith('daa_'));
  const hasOwnLists = peer.tools.has('agent_list') || peer.tools.has('swarm_status');
  if (/(^|[^a-z])daa([^a-z]|$)/i.test(peer.name ?? '') && (isCrate || hasTools || tools.length === 0)) return 0.97;
  if (isCrate) return 0.7;
  return hasTools && !hasOwnLists ? 0.7 : 0;
}
