import type { Clock } from '../../platform/clock.ts';
import type { ClientMessageType, RequestId } from '../../protocol/client-messages.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import type { ServerMessage, ServerPayloads } from '../../protocol/server-messages.ts';
import type { ClientCounters } from './client-counters.ts';
import type { Coding } from './client-socket.ts';
import type { Outlet } from './outlet.ts';
import type { Refusal } from './protocol-messages.ts';
import { encodeServerMessage } from './server-message.ts';

/** What one client is told at once, outside its pace: answers, errors, mode, heartbeats, goodbye. */
export class Replies {
  readonly #shared: { clock: Clock; counters: ClientCounters };
  readonly #outlet: Outlet;
  readonly #coding: Coding;

  constructor(shared: { clock: Clock; counters: ClientCounters }, outlet: Outlet, coding: Coding) {
    this.#shared = shared;
    this.#outlet = outlet;
    this.#coding = coding;
  }

  send<T extends ServerMessage['type']>(type: T, payload: ServerPayloads[T]): void {
    const message = { type, timestamp: this.#shared.clock.now(), payload } as ServerMessage;
    this.#outlet.control(encodeServerMessage(message, this.#coding));
  }

  /** The answer to a request; requests without an id get none. */
  ok(id: RequestId | undefined, of: ClientMessageType, payload: Record<string, unknown>): void {
    if (id !== undefined) this.send('ok', { id, of, payload });
  }

  refuse(refusal: Refusal, retryAfterMs?: number): void {
    this.#shared.counters.errorsSentTotal++;
    const { id, message } = refusal;
    const code: ErrorCode = refusal.code;
    this.send('error', { id, code, message, retry_after_ms: retryAfterMs });
  }

  refuseRate(id: RequestId | undefined, what: string, retryAfterMs: number): void {
    this.#shared.counters.rateLimitedTotal++;
    this.refuse({ id, code: 'rate_limited', message: `too many ${what}` }, retryAfterMs);
  }

  pong(): void {
    this.#outlet.control('pong');
  }
}
