import type { WorldCounters } from './counters.ts';

/** Gauges of now and counters since the start, by metric name; without servers all gauges but `messages` are 0. */
export interface WorldStats extends WorldCounters {
  /** Version of the last batch in this epoch. */
  version: number;
  servers: number;
  swarms: number;
  agents: number;
  stale_agents: number;
  topology_links: number;
  communication_links: number;
  tasks: number;
  finished_tasks: number;
  /** Records held: the above, and those gone since the last flush. */
  records: number;
  /** Entries of the time-ordered queues (silence, decay); at most twice what they watch. */
  queued: number;
  /** Swarms whose topology links are to be derived, and servers whose newest health waits for its time. */
  waiting: number;
  /** Names of what began and ended lately, kept to tell moves by; at most 4,096 of each of four kinds. */
  remembered_moves: number;
  /** Messages for the next batch. */
  pending_messages: number;
  /** Messages in the history. */
  messages: number;
}
