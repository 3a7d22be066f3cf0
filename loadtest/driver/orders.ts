/** What the parent asks of a driver process, and what it answers: plain data over the IPC channel. */
import type { HashCounts } from '../shared/state-check.ts';
import type { LatencySummary } from './latencies.ts';

/**
 * What the other side speaks. `swarmcast`: PROTOCOL.md. `bare`: every binary message is a frame, nothing is said
 * (peers). `socketio`: Socket.IO 4 over WebSocket, without an acknowledgement of anything.
 */
export type Speech = 'swarmcast' | 'bare' | 'socketio';

/** A number of equal clients. */
export interface GroupOrder {
  name: string;
  count: number;
  speech: Speech;
  /** Path of the upgrade; `{view}` is replaced by the number of the client's view. */
  path: string;
  coding?: 'json' | 'msgpack' | undefined;
  /** Client i says the hello (or, with Socket.IO, connects with the auth) number i modulo their number. */
  hellos?: readonly Record<string, unknown>[] | undefined;
  /** Distinct views where there are no hellos. */
  views?: number | undefined;
  /** Nominal rate: an interval of more than twice its period counts as a gap. */
  hz: number;
  /** Acknowledges twice a second, at 1 Hz every 2.5 s, as the SDK does. */
  acks: boolean;
  /** Share of clients that decode everything and check hashes, 0–1. */
  sample: number;
  /**
   * They are read this often (ms, at least 10) and not as something comes: a process that is woken for each of tens of
   * thousands of frames a second is late itself, and takes the core from what it measures. Latencies and gaps are not told.
   */
  readEveryMs?: number | undefined;
  /** Remembers cursors, so that the clients can resume (JSON only). */
  keepsCursors?: boolean | undefined;
  /** Agents whose name begins with this carry their time of origin after it (ms since 1970): read by groups that decode. */
  eventPrefix?: string | undefined;
  /** Keeps the newest frame of the first n clients, for {@link Reports} `frames`. */
  capture?: number | undefined;
}

export interface OpenOrder {
  port: number;
  groups: readonly GroupOrder[];
  /** Connections that may be under way at a time. */
  inFlight: number;
  /** Addresses 127.0.1.1… that connections are spread over; 0: the default address. */
  sourceAddresses: number;
  deadlineMs: number;
}

export interface GroupReport {
  name: string;
  /** Open now. */
  clients: number;
  /** Ended by the server, since the process began. */
  closed: number;
  /** By close code; 1006 where none came. */
  closeCodes: Record<string, number>;
  /** Since `begin`. */
  seconds: number;
  frames: number;
  /** Of messages with frames, without WebSocket headers. */
  frameBytes: number;
  messages: number;
  messageBytes: number;
  /** By `type`, for groups that decode. */
  messageTypes: Record<string, number>;
  /** Intervals between frames longer than twice the period; clients with too few frames for a rate. */
  gaps: number;
  mute: number;
  /** Frames per second of single clients: (n − 1) / (t_last − t_first). */
  rate: { mean: number; median: number; min: number; p05: number; max: number };
  /** Receive time minus the frame's own time. */
  latency: LatencySummary;
  /** Receive time minus the time of origin in the names of added agents. */
  events: LatencySummary;
  hashes: HashCounts;
  /** `mode_changed` by reason, for groups that decode. */
  modeChanges: Record<string, number>;
  /** `error` messages since the process began. */
  errors: number;
}

export interface ProcessReport {
  cpuSeconds: number;
  /** Time in which the process could have run and had no core: with much of it, latencies are the machine's. */
  waitedSeconds: number;
  seconds: number;
  groups: GroupReport[];
}

export interface OpenReport {
  opened: number;
  failed: number;
  /** The first reasons of failures. */
  why: string[];
  seconds: number;
}

/** Orders by name. Selections of clients: the first `share` of a group. */
export interface Orders {
  open: { input: OpenOrder; output: OpenReport };
  /** Counts anew from now on. */
  begin: { input: Record<string, never>; output: Record<string, never> };
  report: { input: Record<string, never>; output: ProcessReport };
  /** Stops reading. */
  stall: { input: { group: string; share: number }; output: { clients: number } };
  /** Reads again. */
  release: { input: { group: string; share: number }; output: { clients: number } };
  /** Sends a message of the protocol. */
  say: { input: { group: string; share: number; message: Record<string, unknown> }; output: { clients: number } };
  /** Drops all connections of a group without a word. */
  drop: { input: { group: string }; output: { clients: number } };
  /** Drops all connections of a group and opens them anew with their cursors; resolves when all have heard a cursor again. */
  reconnect: {
    input: {
      group: string;
      port: number;
      inFlight: number;
      sourceAddresses: number;
      deadlineMs: number;
      resume: boolean;
    };
    output: ReconnectReport;
  };
  /** Newest frames captured, base64. */
  frames: { input: { group: string }; output: { frames: string[] } };
  close: { input: Record<string, never>; output: Record<string, never> };
}

export interface ReconnectReport extends OpenReport {
  /** Clients whose first message after `welcome` and everything owed had come by the deadline. */
  converged: number;
  convergedSeconds: number;
  resumed: number;
  bytes: number;
}

export type OrderName = keyof Orders;
export type OrderMessage = { [K in OrderName]: { id: number; name: K; input: Orders[K]['input'] } }[OrderName];
export type AnswerMessage = { id: number; output: unknown } | { id: number; error: string };
