import type { IBackoff, IBackoffFactory } from 'cockatiel';

/**
 * How long an open circuit stays open, by the monotonic clock. cockatiel compares the wall clock with the duration that
 * it reads here at every request; a wall clock that is set back would keep the circuit open for as long. So the duration
 * answers by itself: endless while the recovery time runs, over already once it has passed.
 */
export class CircuitTimer implements IBackoffFactory<unknown> {
  readonly #recoveryMs: number;
  readonly #now: () => number;
  #openedAt: number | undefined;

  constructor(recoveryMs: number, now: () => number) {
    this.#recoveryMs = recoveryMs;
    this.#now = now;
  }

  /** The circuit opens: its time begins. */
  next(): IBackoff<unknown> {
    const openedAt = this.#now();
    this.#openedAt = openedAt;
    const isOver = (): boolean => this.#now() - openedAt >= this.#recoveryMs;
    return {
      get duration() {
        return isOver() ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
      },
      next: () => this.next(),
    };
  }

  /** Time until requests may try again; 0 when they may. */
  get remainingMs(): number {
    return this.#openedAt === undefined ? 0 : Math.max(0, this.#openedAt + this.#recoveryMs - this.#now());
  }
}
