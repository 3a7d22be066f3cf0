/** Writes to one server: one at a time, and a little apart. */
import { setTimeout as delay } from 'node:timers/promises';

/** ruv-swarm names things by the millisecond and dies of two in one: writes keep this distance. */
export const WRITE_GAP_MS = 5;

export class SpacedWrites {
  readonly #pause: (ms: number) => Promise<unknown>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(pause: (ms: number) => Promise<unknown> = delay) {
    this.#pause = pause;
  }

  /** In the order of asking; begins {@link WRITE_GAP_MS} after the end of the one before, also of one that failed: it may have got there. */
  inTurn<T>(write: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(write);
    const pause = () => this.#pause(WRITE_GAP_MS);
    this.#last = turn.then(pause, pause);
    return turn;
  }
}
