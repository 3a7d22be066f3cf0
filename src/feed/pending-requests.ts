import { FeedBusyError, FeedClosedError, FeedRequestError, type ThrownForm } from './errors.ts';
import { MAX_PENDING_REQUESTS } from './feed.ts';

interface Waiter {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** Requests that wait for the other side's reply, by id. Bounded by {@link MAX_PENDING_REQUESTS}. */
export class PendingRequests {
  readonly #waiters = new Map<number, Waiter>();
  #nextId = 1;
  #closed = false;

  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Makes a place for a reply, then calls `send` with its id.
   * Rejects with {@link FeedClosedError}, {@link FeedBusyError}, or {@link FeedRequestError} when the other side threw.
   */
  ask(send: (id: number) => void): Promise<unknown> {
    if (this.#closed) return Promise.reject(new FeedClosedError());
    if (this.#waiters.size >= MAX_PENDING_REQUESTS) return Promise.reject(new FeedBusyError(MAX_PENDING_REQUESTS));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      try {
        send(id);
      } catch (error) {
        this.#waiters.delete(id);
        reject(new FeedClosedError({ cause: error }));
      }
    });
  }

  /** A reply to an id that nobody waits for is ignored: its asker gave up. */
  settle(id: number, reply: { value: unknown } | { thrown: ThrownForm }): void {
    const waiter = this.#waiters.get(id);
    if (waiter === undefined) return;
    this.#waiters.delete(id);
    if ('thrown' in reply) waiter.reject(new FeedRequestError(reply.thrown));
    else waiter.resolve(reply.value);
  }

  close(): void {
    this.#closed = true;
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(new FeedClosedError());
  }
}

/** The values of those that fulfil within `timeoutMs`; the others are left out. */
export async function answersWithin<T>(answers: readonly Promise<T>[], timeoutMs: number): Promise<T[]> {
  const values: T[] = [];
  const gathered = Promise.allSettled(
    answers.map(async (answer) => {
      values.push(await answer);
    }),
  );
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([gathered, deadline]);
  clearTimeout(timer);
  return [...values];
}
