import type { Dialect, PeerDescription } from './dialect.ts';
import { claudeFlowOperations, claudeFlowRefusal } from './claude-flow-operations.ts';
import { ClaudeFlowSession } from './claude-flow-session.ts';
import type { DialectTiming } from './dialect.ts';

export interface ClaudeFlowOptions {
  /** Over HTTP the server allows 120 requests a minute and address: the polls then take about 100 of them. */
  overHttp: boolean;
  /** True where a watcher reads the project's files: polls then only probe, and tell of the host. */
  filesAreWatched: boolean;
}

/** claude-flow 3.x (which calls itself `ruflo`). Every call costs it time (upstreams.md 1.5), hence the slow polls. */
export function createClaudeFlowDialect(options: ClaudeFlowOptions): Dialect {
  return {
    name: 'claude-flow',
    serverType: 'claude-flow',
    timing: timing(options),
    matches,
    open: (peer) => new ClaudeFlowSession(peer, options),
    operations: claudeFlowOperations,
    refusal: claudeFlowRefusal,
  };
}

/** claude-flow 3.x over stdio, without its files. */
export const claudeFlowDialect: Dialect = createClaudeFlowDialect({ overHttp: false, filesAreWatched: false });

function timing(options: ClaudeFlowOptions): DialectTiming {
  // Slow calls are the only source of queens and DAA agents: they must come more often than agents become stale (10 s).
  const slowMs = 5_000;
  if (options.overHttp) return { fastMs: 3_000, slowMs, slowRoundTripMs: 50 };
  return { fastMs: options.filesAreWatched ? 2_000 : 1_000, slowMs, slowRoundTripMs: 50 };
}

function matches(peer: PeerDescription): number {
  const { tools } = peer;
  const name = peer.name?.toLowerCase() ?? '';
  const hasLists = tools.has('agent_list') && tools.has('swarm_status');
  if (name === 'ruflo') return 1;
  if (name.startsWith('claude-flow') && (peer.version?.startsWith('3.') === true || tools.has('hive-mind_status'))) {
    return 0.95;
  }
  if (hasLists && tools.has('hive-mind_status')) return 0.8;
  return hasLists && tools.has('task_list') && tools.has('swarm_shutdown') ? 0.6 : 0;
}
