/**
 * A feed between threads: one MessagePort per edge, on which snapshots and batches travel as msgpack bytes, encoded
 * once for all edges, and requests and replies as structured clones. Layout events do not pass here: each layout
 * worker gets the end of a channel of its own to each edge.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ChangeBatch, WorldSnapshot } from '../model/change.ts';
import type { LayoutEvent } from '../model/position-region.ts';
import { packRecords, unpackRecords } from '../protocol/codec.ts';
import { FeedClosedError, thrownForm, type ThrownForm } from './errors.ts';
import type { EdgeFeed, EdgeRequests, FeedListener, FeedSource, HubFeed, HubRequests, Responder } from './feed.ts';
import { answersWithin, PendingRequests } from './pending-requests.ts';

/** What travels on a feed's port. */
type Parcel =
  | { kind: 'snapshot'; bytes: Uint8Array }
  | { kind: 'changes'; bytes: Uint8Array }
  | { kind: 'layout'; port: MessagePort }
  | { kind: 'request'; id: number; name: string; input: unknown }
  | { kind: 'reply'; id: number; value: unknown }
  | { kind: 'thrown'; id: number; thrown: ThrownForm };

/** The hub's end, to which edges are added as their threads start. */
export interface ThreadHubFeed extends HubFeed {
  /** Takes over the hub's end of a channel whose other end an edge has; closes it when the feed is closed. */
  addEdge(port: MessagePort): void;
}

export function createThreadHubFeed(): ThreadHubFeed {
  return new HubEnd();
}

/** The edge's end of a channel whose other end the hub was given. */
export function createThreadEdgeFeed(port: MessagePort): EdgeFeed {
  return new EdgeEnd(port);
}

class HubEnd implements ThreadHubFeed {
  readonly #edges = new Map<MessagePort, PendingRequests>();
  #source: FeedSource | undefined;
  #responder: Responder<HubRequests> | undefined;
  #closed = false;

  get load(): HubFeed['load'] {
    let pendingRequests = 0;
    for (const pending of this.#edges.values()) pendingRequests += pending.size;
    return { edges: this.#edges.size, pendingRequests };
  }

  addEdge(port: MessagePort): void {
    if (this.#closed) throw new FeedClosedError();
    const pending = new PendingRequests();
    this.#edges.set(port, pending);
    port.once('close', () => this.#drop(port, pending));
    if (this.#source !== undefined) this.#welcome(port, pending, this.#source);
  }

  serve(source: FeedSource, responder: Responder<HubRequests>): void {
    this.#source = source;
    this.#responder = responder;
    for (const [port, pending] of this.#edges) this.#welcome(port, pending, source);
  }

  publish(batch: ChangeBatch): void {
    // Before serve() there is nothing that a batch could follow.
    if (this.#source !== undefined) this.#postAll({ kind: 'changes', bytes: exactBytes(packRecords(batch)) });
  }

  reset(snapshot: WorldSnapshot): void {
    if (this.#source !== undefined) this.#postAll({ kind: 'snapshot', bytes: exactBytes(packRecords(snapshot)) });
  }

  async askEdges<K extends keyof EdgeRequests>(
    name: K,
    input: EdgeRequests[K]['input'],
    timeoutMs: number,
  ): Promise<EdgeRequests[K]['output'][]> {
    if (this.#closed) throw new FeedClosedError();
    const asked = [...this.#edges].map(([port, pending]) =>
      pending.ask((id) => post(port, { kind: 'request', id, name, input })),
    );
    return (await answersWithin(asked, timeoutMs)) as EdgeRequests[K]['output'][];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const gone = [...this.#edges.keys()].map(closePort);
    for (const pending of this.#edges.values()) pending.close();
    this.#edges.clear();
    await Promise.all(gone);
  }

  #welcome(port: MessagePort, pending: PendingRequests, source: FeedSource): void {
    post(port, { kind: 'snapshot', bytes: exactBytes(packRecords(source.snapshot())) });
    source.connectLayout({
      kind: 'port',
      openPort: () => {
        const { port1, port2 } = new MessageChannel();
        port.postMessage({ kind: 'layout', port: port2 } satisfies Parcel, [port2]);
        return port1;
      },
    });
    // Listening starts delivery of what the edge asked meanwhile.
    port.on('message', (parcel: Parcel) => receive(parcel, port, pending, this.#responder));
  }

  #postAll(parcel: Parcel): void {
    for (const port of this.#edges.keys()) post(port, parcel);
  }

  #drop(port: MessagePort, pending: PendingRequests): void {
    this.#edges.delete(port);
    pending.close();
  }
}

class EdgeEnd implements EdgeFeed {
  readonly #port: MessagePort;
  readonly #pending = new PendingRequests();
  readonly #layoutPorts = new Set<MessagePort>();
  #listener: FeedListener | undefined;
  #closed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.once('close', () => this.#hubClosed());
  }

  listen(listener: FeedListener, responder: Responder<EdgeRequests>): void {
    if (this.#closed) throw new FeedClosedError();
    this.#listener = listener;
    this.#port.on('message', (parcel: Parcel) => {
      if (this.#closed) return;
      if (parcel.kind === 'snapshot') listener.onSnapshot(unpackRecords(parcel.bytes) as WorldSnapshot);
      else if (parcel.kind === 'changes') listener.onChanges(unpackRecords(parcel.bytes) as ChangeBatch);
      else if (parcel.kind === 'layout') this.#followLayout(parcel.port, listener);
      else receive(parcel, this.#port, this.#pending, responder);
    });
  }

  get pendingRequests(): number {
    return this.#pending.size;
  }

  async request<K extends keyof HubRequests>(
    name: K,
    input: HubRequests[K]['input'],
  ): Promise<HubRequests[K]['output']> {
    return (await this.#pending.ask((id) =>
      post(this.#port, { kind: 'request', id, name, input }),
    )) as HubRequests[K]['output'];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#listener = undefined;
    this.#shut();
    await closePort(this.#port);
  }

  #followLayout(port: MessagePort, listener: FeedListener): void {
    this.#layoutPorts.add(port);
    port.on('message', (event: LayoutEvent) => {
      if (!this.#closed) listener.onLayout(event);
    });
    // A worker that dies closes its end; its successor brings a new port.
    port.once('close', () => this.#layoutPorts.delete(port));
  }

  #hubClosed(): void {
    if (this.#closed) return;
    this.#shut();
    this.#listener?.onClosed();
  }

  #shut(): void {
    this.#closed = true;
    this.#pending.close();
    for (const port of this.#layoutPorts) port.close();
    this.#layoutPorts.clear();
  }
}

/** Posting to a port whose other end has gone does nothing; its `close` event settles what was asked. */
function post(port: MessagePort, parcel: Parcel): void {
  port.postMessage(parcel);
}

function receive<M>(
  parcel: Parcel,
  port: MessagePort,
  pending: PendingRequests,
  responder: Responder<M> | undefined,
): void {
  if (parcel.kind === 'request') void reply(parcel, port, responder);
  else if (parcel.kind === 'reply') pending.settle(parcel.id, { value: parcel.value });
  else if (parcel.kind === 'thrown') pending.settle(parcel.id, { thrown: parcel.thrown });
}

/** Never rejects: what the responder throws, or returns and cannot be cloned, crosses as an error. */
async function reply<M>(
  parcel: Parcel & { kind: 'request' },
  port: MessagePort,
  responder: Responder<M> | undefined,
): Promise<void> {
  try {
    const respond = responder?.[parcel.name as keyof M] as ((input: unknown) => unknown) | undefined;
    if (respond === undefined) throw new TypeError(`the other side answers no request named ${parcel.name}`);
    post(port, { kind: 'reply', id: parcel.id, value: await respond(parcel.input) });
  } catch (error) {
    post(port, { kind: 'thrown', id: parcel.id, thrown: thrownForm(error) });
  }
}

/** A copy without the pool around it: cloning a view clones all of its buffer. */
function exactBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function closePort(port: MessagePort): Promise<void> {
  return new Promise((resolve) => {
    port.once('close', resolve);
    port.close();
  });
}
