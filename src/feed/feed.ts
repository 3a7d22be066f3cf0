/**
 * What crosses between a hub and its edges, and nothing else does. Hub to edge: one snapshot, then every batch of
 * changes, encoded once for all; layout events from the layout workers, directly. Both ways: request and reply.
 *
 * Implementations: memory.ts (tests, one thread), thread.ts (MessagePorts). Order is kept; a closed feed rejects what
 * is pending with {@link FeedClosedError}.
 */
import type { ChangeBatch, WorldSnapshot } from '../model/change.ts';
import type { LayoutEvent, LayoutSink } from '../model/position-region.ts';

/** What an edge asks of its hub. */
export interface HubRequests {
  /** An HTTP request that the edge does not answer itself. */
  http: { input: HttpRequest; output: HttpReply };
  /** Look for servers now; resolves when the sources were asked. */
  discover: { input: Record<string, never>; output: { servers: number } };
}

/** What a hub asks of an edge. */
export interface EdgeRequests {
  status: { input: Record<string, never>; output: EdgeStatus };
  /** Stop accepting, say goodbye, flush, close; resolves when the last client is gone or the deadline passed. */
  drain: { input: { reason: string; deadline_ms: number }; output: Record<string, never> };
}

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
  /** Counters since start and gauges now, by metric name without prefix: `frames_sent_total`, `buffered_bytes`, … */
  metrics: Record<string, number>;
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

/** The edge's end. */
export interface EdgeFeed extends AsyncDisposable {
  /** Starts delivery; called once. */
  listen(listener: FeedListener, responder: Responder<EdgeRequests>): void;
  request<K extends keyof HubRequests>(name: K, input: HubRequests[K]['input']): Promise<HubRequests[K]['output']>;
}

/** The hub's end, for all of its edges. */
export interface HubFeed extends AsyncDisposable {
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
