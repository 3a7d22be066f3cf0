/**
 * What crosses between a hub and its edges, and nothing else does. Hub to edge: one snapshot, then every batch of
 * changes, encoded once for all; layout events from the layout workers, directly. Both ways: request and reply.
 *
 * Implementations: memory.ts (tests, one thread), thread.ts (MessagePorts). Order is kept; a closed feed rejects what
 * is pending with {@link FeedClosedError}.
 */
import type { Actor } from '../model/actor.ts';
import type { ChangeBatch, WorldSnapshot } from '../model/change.ts';
import type { LayoutEvent, LayoutSink } from '../model/position-region.ts';
import type { Mode } from '../protocol/modes.ts';
import type { OperationOutcome } from '../protocol/operations/operations.ts';

/** What an edge asks of its hub. */
export interface HubRequests {
  /** An HTTP request that the edge does not answer itself. */
  http: { input: HttpRequest; output: HttpReply };
  /** Look for servers now; resolves when the sources were asked. */
  discover: { input: Record<string, never>; output: { servers: number } };
  /** A control operation that a client asked for. Bad input and refusals are outcomes, not errors. */
  command: { input: { operation: string; input: unknown; actor: Actor }; output: OperationOutcome };
  /** What operators have set for all clients, for an edge that has just started. */
  settings: { input: Record<string, never>; output: EdgeSettings };
}

/** Fastest mode that operators allow; null: no cap. `on_demand` is no rate, so it is none either. */
type ModeLimit = Exclude<Mode, 'on_demand'> | null;

/** Settings that operators change at runtime; they hold for every edge, also for one that is replaced. */
export interface EdgeSettings {
  cap: ModeLimit;
}

/** What a hub asks of an edge. */
export interface EdgeRequests {
  status: { input: Record<string, never>; output: EdgeStatus };
  /** Stop accepting, say goodbye, flush, close; resolves when the last client is gone or the deadline passed. */
  drain: { input: { reason: string; deadline_ms: number }; output: Record<string, never> };
  /** One page of its clients, in the order in which they came; at most {@link MAX_CLIENTS_PER_PAGE}. */
  clients: { input: ClientsPage; output: ClientsList };
  /** Sets the mode of one client. An edge that does not hold the client answers `held: false`. */
  set_mode: { input: { client_id: string; mode: Mode }; output: ModeSet };
  /** Nobody is served faster from now on. `changed`: clients that are served in another mode since. */
  cap: { input: EdgeSettings; output: { edge_id: number; changed: number } };
}

export const MAX_CLIENTS_PER_PAGE = 1_000;

/** Clients whose (edge, serial) comes after `after`; all when it is null. */
export interface ClientsPage {
  after: { edge_id: number; serial: number } | null;
  limit: number;
}

export interface ClientsList {
  edge_id: number;
  /** All clients of the edge. */
  total: number;
  clients: ClientInfo[];
}

/** One client as operators see it; null where it has not said yet what it wants. */
export interface ClientInfo {
  id: string;
  /** Who it is: `anonymous`, `key:<id>`, or what its token says. */
  subject: string;
  role: 'viewer' | 'operator';
  /** Grows from client to client of an edge. */
  serial: number;
  phase: 'opening' | 'live' | 'closing';
  /** The mode it is served in. */
  mode: Mode | null;
  /** The mode it asked for, or an operator chose for it. */
  wanted_mode: Mode | null;
  effective_rate_hz: number | null;
  /** Bytes accepted that the kernel has not taken. */
  buffered_bytes: number;
  /** Payload, over about the last second. */
  bytes_per_second: number;
  /** Coding, positions and filters, shortened. */
  view: string | null;
  age_ms: number;
  /** Turns that it was passed over at. */
  skips: number;
  /** Held back now: it has not acknowledged, or not answered a ping, for too long. */
  behind: boolean;
}

export type ModeSet =
  | { edge_id: number; held: false }
  /** `mode`: what it is served in now, no faster than the cap; null when it is not welcomed yet and nothing was set. */
  | { edge_id: number; held: true; mode: Mode | null; effective_rate_hz: number | null };

export interface HttpRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: Record<string, string>;
  /** At most 64 KiB. */
  body: Uint8Array | undefined;
}

export interface HttpReply {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** What an edge knows of itself; metrics of all edges are one registry, kept beside the hub. */
export interface EdgeStatus {
  edge_id: number;
  clients: number;
  views: number;
  clients_by_mode: Record<string, number>;
  /** What clients cost since the start, by mode and kind of view; only those that had any turn. */
  costs: EdgeCost[];
  /** Everything that is bounded, and how full it is. */
  bounds: EdgeBound[];
  /** Counters since start and gauges now, by metric name without prefix: `frames_sent_total`, `buffered_bytes`, … */
  metrics: Record<string, number>;
  /** What was not let in, or not done, since the start, by reason. */
  refusals: Record<string, number>;
}

/** What the turns of the clients of one mode and kind of view came to. */
export interface EdgeCost {
  mode: Mode;
  /** `whole`: all agents; `filtered`: some of them; `state`: no positions. */
  view: 'whole' | 'filtered' | 'state';
  turns: number;
  frames: number;
  frame_bytes: number;
  messages: number;
  message_bytes: number;
  /** Turns that were timed, and what they took. */
  sampled_turns: number;
  sampled_us: number;
}

export interface EdgeBound {
  name: string;
  used: number;
  limit: number;
}

type Input<R> = R extends { input: infer I } ? I : never;
type Output<R> = R extends { output: infer O } ? O : never;
/** Answers requests of the other side; a throw reaches the asker as an error. */
export type Responder<M> = {
  [K in keyof M]: (input: Input<M[K]>) => Promise<Output<M[K]>> | Output<M[K]>;
};

export interface FeedListener {
  /** First, and again whenever the hub starts a new epoch: forget everything and take this. */
  onSnapshot(snapshot: WorldSnapshot): void;
  onChanges(batch: ChangeBatch): void;
  onLayout(event: LayoutEvent): void;
  /** The hub is gone. What is known stays, and is stale from now on. */
  onClosed(): void;
}

/** Requests that one side may have open at another; one more is refused. */
export const MAX_PENDING_REQUESTS = 4_096;

/** The edge's end. */
export interface EdgeFeed extends AsyncDisposable {
  /** Requests that wait for the hub's answer; at most {@link MAX_PENDING_REQUESTS}. */
  readonly pendingRequests: number;
  /** Starts delivery; called once. */
  listen(listener: FeedListener, responder: Responder<EdgeRequests>): void;
  request<K extends keyof HubRequests>(name: K, input: HubRequests[K]['input']): Promise<HubRequests[K]['output']>;
}

/** The hub's end, for all of its edges. */
export interface HubFeed extends AsyncDisposable {
  /** Edges that are connected, and requests that wait for the answer of one of them. */
  readonly load: { edges: number; pendingRequests: number };
  /**
   * Starts accepting edges. A new edge gets `source.snapshot()` at once and every batch published after it, and is
   * handed to `source.connectLayout` so that layout workers post to it directly.
   */
  serve(source: FeedSource, responder: Responder<HubRequests>): void;
  /** Encodes once, sends to every edge. */
  publish(batch: ChangeBatch): void;
  /** A new epoch: sends a snapshot to every edge. */
  reset(snapshot: WorldSnapshot): void;
  /** Asks every edge; edges that fail or stay silent for `timeoutMs` are left out. */
  askEdges<K extends keyof EdgeRequests>(
    name: K,
    input: EdgeRequests[K]['input'],
    timeoutMs: number,
  ): Promise<EdgeRequests[K]['output'][]>;
}

export interface FeedSource {
  snapshot(): WorldSnapshot;
  /** Gives an edge's end of a channel to the layout, which posts {@link LayoutEvent}s to it from its workers. */
  connectLayout(sink: LayoutSink): void;
}
