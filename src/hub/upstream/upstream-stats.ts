import { createCounters, type ConnectionCounters } from './connection-counters.ts';
import type { PoolStats } from './session-pool.ts';
import type { PolicyStats } from './resilience/policy-stats.ts';

/** Counts of one server's upstream, over all reconnects. They only grow. */
export interface UpstreamCounts extends ConnectionCounters {
  /** Requests made for dialects, bootstrap and control. */
  calls: number;
  /** Calls that were refused, failed or timed out. */
  failures: number;
  /** Batches that were answered call by call, and the calls in them. */
  batches: number;
  batchedCalls: number;
  /** Connections made after the first. */
  reconnects: number;
  /** Pushed events that reached a dialect. */
  pushes: number;
  /** Observations with unusable ids. */
  refusedObservations: number;
  /** Replies and events that a dialect could not read at all. */
  unreadable: number;
  /** Messages dropped since too many waited for the server's turn. */
  messagesDropped: number;
  /** Facts of agents that were merged into older ones that still waited. */
  factsMerged: number;
  /** Times that so much waited that all of it was told out of turn. */
  inboxesFull: number;
  /** Observations that wait for the server's turn, as of now. */
  waitingObservations: number;
}

/** All zero. */
export function createUpstreamCounts(): UpstreamCounts {
  return {
    ...createCounters(),
    calls: 0,
    failures: 0,
    batches: 0,
    batchedCalls: 0,
    reconnects: 0,
    pushes: 0,
    refusedObservations: 0,
    unreadable: 0,
    messagesDropped: 0,
    factsMerged: 0,
    inboxesFull: 0,
    waitingObservations: 0,
  };
}

/** How one server's upstream stands. What belongs to a connection is absent while there is none. */
export interface UpstreamStats extends Readonly<UpstreamCounts>, Omit<PolicyStats, 'failures'>, Partial<PoolStats> {
  serverId: string;
  state: 'connecting' | 'online' | 'waiting' | 'stopped';
  /** Undefined before the first reply. */
  lastRoundTripMs: number | undefined;
  /** Undefined while not online. */
  pollIntervalMs: number | undefined;
  /** Since the connection was made; undefined while not online. */
  onlineForMs: number | undefined;
  /** Entries that its dialect remembers between calls; undefined while not online. */
  rememberedEntries: number | undefined;
  /** Smoothed over about ten probes. */
  averageRoundTripMs: number | undefined;
  /** Values that were fitted to what was measured, each logged with its cause. */
  adaptations: number;
  /** 0–1, from evidence; undefined before there is any. */
  healthScore: number | undefined;
}
