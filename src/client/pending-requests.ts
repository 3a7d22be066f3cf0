import type { RequestFailure } from './errors.ts';
import { RequestError } from './errors.ts';

/** Requests that may wait for an answer at once; more are refused. */
const MAX_PENDING_REQUESTS = 64;

interface Pending {
  of: string;
  onOk: ((payload: Record<string, unknown>) => void) | undefined;
  resolve: (payload: Record<string, unknown>) => void;
  reject: (error: RequestError) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** Requests that wait for `ok` or `error`, by id. Each has a timer; the map is bounded and emptied on close. */
export class PendingRequests {
  readonly #pending = new Map<number, Pending>();
  readonly #timeoutMs: number;
  #lastId = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#pending.size;
  }

  /**
   * Registers a request and has `send` send it under its id. `onOk` runs before the message after the `ok` is read,
   * which a `then` would not.
   * @throws {@link RequestError} through the promise: the gateway's error, `timeout`, `closed`, or `too_many_pending`.
   */
  open(
    of: string,
    send: (id: number) => void,
    onOk?: (payload: Record<string, unknown>) => void,
  ): Promise<Record<string, unknown>> {
    if (this.#pending.size >= MAX_PENDING_REQUESTS) {
      const message = `${MAX_PENDING_REQUESTS} requests are already waiting`;
      return Promise.reject(new RequestError(of, 'too_many_pending', message));
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.fail(id, 'timeout', `no answer within ${this.#timeoutMs} ms`);
      }, this.#timeoutMs);
      this.#pending.set(id, { of, onOk, resolve, reject, timer });
      send(id);
    });
  }

  /** Answers with `ok`. Ids that nobody waits for are ignored. */
  settle(id: unknown, payload: Record<string, unknown>): void {
    const pending = this.#take(id);
    pending?.onOk?.(payload);
    pending?.resolve(payload);
  }

  /** Answers with an error. True when somebody waited for that id. */
  fail(id: unknown, code: RequestFailure, message: string, retryAfterMs?: number): boolean {
    const pending = this.#take(id);
    pending?.reject(new RequestError(pending.of, code, message, retryAfterMs));
    return pending !== undefined;
  }

  rejectAll(code: RequestFailure, message: string): void {
    for (const id of this.#pending.keys()) this.fail(id, code, message);
  }

  #take(id: unknown): Pending | undefined {
    if (typeof id !== 'number') return undefined;
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    return pending;
  }
}
