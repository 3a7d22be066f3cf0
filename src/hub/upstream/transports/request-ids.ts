/**
 * Between the SDK and the wire: rewrites the ids of our requests both ways. The SDK counts from 0, so that a reply meant
 * for another connection, or invented, would fit; here an id is a random UUID that nobody can guess. Replies that fit no
 * waiting request are dropped and counted, never fatal. Vendor notifications go past the SDK.
 */
/* oxlint-disable unicorn/prefer-add-event-listener -- the SDK's transports and clients have callbacks, not listeners */
import { randomUUID } from 'node:crypto';
import type {
  JSONRPCMessage,
  JSONRPCNotification,
  Transport,
  TransportSendOptions,
} from '@modelcontextprotocol/client';
import type { ConnectionCounters } from '../connection-counters.ts';
import { TooManyPendingError } from '../errors.ts';
import { isFields, lenientReply } from './lenient-message.ts';

/** Requests that may wait on one connection (the seeds' limit of operations in flight). */
const MAX_PENDING = 1_000;

interface Pending {
  sdkId: string | number;
  method: string;
}

export interface RequestIdsOptions {
  counters: ConnectionCounters;
  /** A notification that is not of the MCP specification (`telemetry.event`, `server.initialized`), as it came. */
  onNotification?: ((message: unknown) => void) | undefined;
  maxPending?: number | undefined;
}

/** A transport around another; the SDK's client owns this one, and this one the other. */
export class RequestIds implements Transport {
  onmessage?: Transport['onmessage'];
  onerror?: Transport['onerror'];
  onclose?: Transport['onclose'];
  readonly #inner: Transport;
  readonly #counters: ConnectionCounters;
  readonly #onNotification: ((message: unknown) => void) | undefined;
  readonly #maxPending: number;
  /** By the id on the wire. */
  readonly #pending = new Map<string, Pending>();
  /** By the id of the SDK. */
  readonly #wireIds = new Map<string | number, string>();

  constructor(inner: Transport, options: RequestIdsOptions) {
    this.#inner = inner;
    this.#counters = options.counters;
    this.#onNotification = options.onNotification;
    this.#maxPending = options.maxPending ?? MAX_PENDING;
  }

  get sessionId(): string | undefined {
    return this.#inner.sessionId;
  }

  get hasPerRequestStream(): boolean {
    return this.#inner.hasPerRequestStream === true;
  }

  /** Requests that wait for a reply. */
  get pending(): number {
    return this.#pending.size;
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion?.(version);
  }

  async start(): Promise<void> {
    this.#inner.onmessage = (message) => this.#receive(message);
    this.#inner.onerror = (error) => this.onerror?.(error);
    this.#inner.onclose = () => {
      this.#pending.clear();
      this.#wireIds.clear();
      this.onclose?.();
    };
    await this.#inner.start();
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  /** @throws {@link TooManyPendingError} when as many requests wait as may. */
  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (!('method' in message)) return this.#inner.send(message, options);
    if (!('id' in message)) {
      const notification = message.method === 'notifications/cancelled' ? this.#cancel(message) : message;
      return notification === undefined ? undefined : this.#inner.send(notification, options);
    }
    const wireId = this.#register(message.id, message.method, options?.requestSignal);
    try {
      await this.#inner.send({ ...message, id: wireId }, options);
    } catch (error) {
      this.#forget(wireId);
      throw error;
    }
  }

  #register(sdkId: string | number, method: string, signal: AbortSignal | undefined): string {
    if (this.#pending.size >= this.#maxPending) {
      throw new TooManyPendingError(`${this.#pending.size} requests wait on this connection`);
    }
    const wireId = randomUUID();
    this.#pending.set(wireId, { sdkId, method });
    this.#wireIds.set(sdkId, wireId);
    signal?.addEventListener('abort', () => this.#forget(wireId), { once: true });
    return wireId;
  }

  #forget(wireId: string): Pending | undefined {
    const pending = this.#pending.get(wireId);
    if (pending === undefined) return undefined;
    this.#pending.delete(wireId);
    if (this.#wireIds.get(pending.sdkId) === wireId) this.#wireIds.delete(pending.sdkId);
    return pending;
  }

  /** The SDK gave up waiting: the peer is told by the id that it knows. */
  #cancel(message: JSONRPCNotification): JSONRPCNotification | undefined {
    const sdkId = message.params?.['requestId'];
    const wireId = typeof sdkId === 'string' || typeof sdkId === 'number' ? this.#wireIds.get(sdkId) : undefined;
    if (wireId === undefined) return undefined;
    this.#forget(wireId);
    return { ...message, params: { ...message.params, requestId: wireId } };
  }

  #receive(message: unknown): void {
    if (!isFields(message)) return;
    if (typeof message['method'] !== 'string') this.#reply(message);
    else if ('id' in message || message['method'].startsWith('notifications/')) {
      this.onmessage?.(message as JSONRPCMessage);
    } else this.#onNotification?.(message);
  }

  #reply(message: Record<string, unknown>): void {
    const id = message['id'];
    const pending = typeof id === 'string' ? this.#pending.get(id) : undefined;
    const reply = pending && lenientReply(message, pending.method, pending.sdkId);
    if (typeof id !== 'string' || reply === undefined) {
      this.#counters.droppedReplies += 1;
      return;
    }
    this.#forget(id);
    this.onmessage?.(reply);
  }
}

/**
 * The same over a pipe. The SDK tells pipes by these two fields: there a silent peer, or one that closes, when asked for
 * the new protocol era is an old peer and not an outage.
 */
export class PipeRequestIds extends RequestIds {
  readonly stderr = null;
  readonly pid = null;
}
