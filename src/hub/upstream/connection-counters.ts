/** What one server's connections have seen so far, over all reconnects. Counts only grow. */
export interface ConnectionCounters {
  /** Lines that are not JSON-RPC. */
  noiseLines: number;
  /** Lines longer than the limit, skipped. */
  oversizeLines: number;
  /** Replies that nobody asked for: wrong id, no id, duplicate or late. */
  droppedReplies: number;
  /** Messages that could not be handled (SDK errors). */
  badMessages: number;
  /** The seeds' bare events. */
  events: number;
}

/** All zero. */
export function createCounters(): ConnectionCounters {
  return { noiseLines: 0, oversizeLines: 0, droppedReplies: 0, badMessages: 0, events: 0 };
}
