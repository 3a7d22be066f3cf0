import { createFindings, type Findings } from './screen-text.ts';

/** What one server's connections have seen so far, over all reconnects. Counts only grow; what waits is as of now. */
export interface ConnectionCounters extends Findings {
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
  /** Messages nested too deeply, taken for noise. */
  deepLines: number;
  /** Times that a stream was paused since too much of it waited for the server's turn. */
  pauses: number;
  /** Bytes received that wait for the server's turn. */
  waitingBytes: number;
}

/** All zero. */
export function createCounters(): ConnectionCounters {
  return {
    ...createFindings(),
    noiseLines: 0,
    oversizeLines: 0,
    droppedReplies: 0,
    badMessages: 0,
    events: 0,
    deepLines: 0,
    pauses: 0,
    waitingBytes: 0,
  };
}
