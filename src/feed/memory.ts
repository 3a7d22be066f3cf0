/**
 * A feed within one thread, for tests and tools. Snapshots and batches are coded and decoded as between threads, so
 * that what does not survive the coding shows here too. Delivery is synchronous.
 */
import type { ChangeBatch, WorldSnapshot } from '../model/change.ts';
import type { LayoutEvent } from '../model/position-region.ts';
import { packRecords, unpackRecords } from '../protocol/codec.ts';
import { FeedClosedError, thrownForm } from './errors.ts';
import type { EdgeFeed, EdgeRequests, FeedListener, FeedSource, HubFeed, HubRequests, Responder } from './feed.ts';
import { answersWithin, PendingRequests } from './pending-requests.ts';

export interface MemoryFeed {
  hub: HubFeed;
  /** One more edge on this hub. */
  connectEdge: () => EdgeFeed;
}

export function createMemoryFeed(): MemoryFeed {
  const hub = new MemoryHubFeed();
  return { hub, connectEdge: () => hub.connectEdge() };
}

class MemoryHubFeed implements HubFeed {
  readonly #edges = new Set<MemoryEdgeFeed>();
  #source: FeedSource | undefined;
  #responder: Responder<HubRequests> | undefined;
  #closed = false;

  connectEdge(): EdgeFeed {
    if (this.#closed) throw new FeedClosedError();
    const edge = new MemoryEdgeFeed({
      listening: () => this.#greet(edge),
      responder: () => this.#responder,
      closed: () => this.#edges.delete(edge),
    });
    this.#edges.add(edge);
    return edge;
  }

  get load(): HubFeed['load'] {
    let pendingRequests = 0;
    for (const edge of this.#edges) pendingRequests += edge.askedRequests;
    return { edges: this.#edges.size, pendingRequests };
  }

  serve(source: FeedSource, responder: Responder<HubRequests>): void {
    this.#source = source;
    this.#responder = responder;
    for (const edge of this.#edges) this.#greet(edge);
  }

  publish(batch: ChangeBatch): void {
    const bytes = packRecords(batch);
    for (const edge of this.#edges) edge.deliverChanges(bytes);
  }

  reset(snapshot: WorldSnapshot): void {
    const bytes = packRecords(snapshot);
    for (const edge of this.#edges) edge.deliverSnapshot(bytes);
  }

  async askEdges<K extends keyof EdgeRequests>(
    name: K,
    input: EdgeRequests[K]['input'],
    timeoutMs: number,
  ): Promise<EdgeRequests[K]['output'][]> {
    if (this.#closed) throw new FeedClosedError();
    return await answersWithin(
      [...this.#edges].map((edge) => edge.ask(name, input)),
      timeoutMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const edge of this.#edges) edge.hubClosed();
    this.#edges.clear();
    await Promise.resolve();
  }

  #greet(edge: MemoryEdgeFeed): void {
    const source = this.#source;
    if (source === undefined || !edge.listens) return;
    edge.deliverSnapshot(packRecords(source.snapshot()));
    source.connectLayout({ kind: 'direct', post: (event) => edge.deliverLayout(event) });
  }
}

interface HubEnd {
  listening(): void;
  responder(): Responder<HubRequests> | undefined;
  closed(): void;
}

class MemoryEdgeFeed implements EdgeFeed {
  readonly #hub: HubEnd;
  readonly #pending = new PendingRequests();
  readonly #asked = new PendingRequests();
  readonly #waitingForHub: (() => void)[] = [];
  #listener: FeedListener | undefined;
  #responder: Responder<EdgeRequests> | undefined;
  #greeted = false;
  #closed = false;

  constructor(hub: HubEnd) {
    this.#hub = hub;
  }

  get listens(): boolean {
    return this.#listener !== undefined;
  }

  listen(listener: FeedListener, responder: Responder<EdgeRequests>): void {
    if (this.#closed) throw new FeedClosedError();
    this.#listener = listener;
    this.#responder = responder;
    this.#hub.listening();
  }

  get pendingRequests(): number {
    return this.#pending.size;
  }

  async request<K extends keyof HubRequests>(
    name: K,
    input: HubRequests[K]['input'],
  ): Promise<HubRequests[K]['output']> {
    return (await this.#pending.ask((id) => {
      const call = (): void => void answer(this.#hub.responder(), name, input, this.#pending, id);
      if (this.#hub.responder() === undefined) this.#waitingForHub.push(call);
      else call();
    })) as HubRequests[K]['output'];
  }

  /** Of the hub, to this edge. */
  get askedRequests(): number {
    return this.#asked.size;
  }

  async ask<K extends keyof EdgeRequests>(
    name: K,
    input: EdgeRequests[K]['input'],
  ): Promise<EdgeRequests[K]['output']> {
    return (await this.#asked.ask((id) => {
      // An edge that does not listen yet stays silent; the asker's timeout leaves it out.
      if (this.#responder !== undefined) void answer(this.#responder, name, input, this.#asked, id);
    })) as EdgeRequests[K]['output'];
  }

  deliverSnapshot(bytes: Uint8Array): void {
    if (this.#listener === undefined) return;
    this.#greeted = true;
    this.#listener.onSnapshot(unpackRecords(bytes) as WorldSnapshot);
    for (const call of this.#waitingForHub.splice(0)) call();
  }

  deliverChanges(bytes: Uint8Array): void {
    if (this.#greeted) this.#listener?.onChanges(unpackRecords(bytes) as ChangeBatch);
  }

  deliverLayout(event: LayoutEvent): void {
    if (!this.#closed) this.#listener?.onLayout(event);
  }

  hubClosed(): void {
    if (this.#closed) return;
    this.#shut();
    this.#listener?.onClosed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#shut();
    this.#hub.closed();
    await Promise.resolve();
  }

  #shut(): void {
    this.#closed = true;
    this.#pending.close();
    this.#asked.close();
    this.#waitingForHub.length = 0;
  }
}

/** Calls a responder as if it were in another thread: input and output are copies, a throw becomes its crossing form. */
async function answer<M>(
  responder: Responder<M> | undefined,
  name: keyof M,
  input: unknown,
  pending: PendingRequests,
  id: number,
): Promise<void> {
  try {
    if (responder === undefined) throw new FeedClosedError();
    const respond = responder[name] as (input: unknown) => unknown;
    const value: unknown = await respond(structuredClone(input));
    pending.settle(id, { value: structuredClone(value) });
  } catch (error) {
    pending.settle(id, { thrown: thrownForm(error) });
  }
}
