import type { View } from '../views/view.ts';
import type { Pace, Paced, PaceSlot } from './pace.ts';

/** Entities hashed in one piece: about a millisecond of work. */
const ENTITIES_PER_TURN = 100;

/**
 * Hashes the entities of large views in small pieces, as bulk work, so that nobody waits for the first heartbeat of a
 * view of ten thousand agents. Holds at most the views in use.
 */
export class HashWarmer implements Paced {
  pace: PaceSlot | undefined;
  readonly #pace: Pace;
  readonly #views = new Set<View>();

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** The hash now when little has to be hashed for it, or it is urgent; else undefined, and it is worked on. */
  hashOf(view: View, isUrgent: boolean): string | undefined {
    if (isUrgent) return view.stateHash();
    const hash = view.stateHashWithin(ENTITIES_PER_TURN);
    if (hash !== undefined) return hash;
    this.#views.add(view);
    this.#pace.enqueueBulk(this);
    return undefined;
  }

  serve(): number {
    return 0;
  }

  serveBulk(): void {
    const [view] = this.#views;
    if (view === undefined) return;
    if (view.stateHashWithin(ENTITIES_PER_TURN) !== undefined) this.#views.delete(view);
    if (this.#views.size > 0) this.#pace.enqueueBulk(this);
  }
}
