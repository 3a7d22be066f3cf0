import { TokenBucket, type Allowance } from './token-bucket.ts';

/** A client floods that has so many bursts' worth of messages refused within the window. */
const FLOOD_FACTOR = 5;
const FLOOD_WINDOW_MS = 10_000;

/** Messages of one client: so many at a rate, and an end to asking beyond it. */
export class MessageLimit {
  readonly #bucket = new TokenBucket();
  #refused = 0;
  #windowStartMs = 0;

  /** As {@link TokenBucket.take}. */
  take(allowance: Allowance, nowMs: number): number {
    const retryAfterMs = this.#bucket.take(allowance, nowMs);
    if (retryAfterMs === 0) return 0;
    if (nowMs - this.#windowStartMs > FLOOD_WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#refused = 0;
    }
    this.#refused++;
    return retryAfterMs;
  }

  /** True when so many were refused that it will not stop by being told. */
  isFlooded({ burst }: Allowance): boolean {
    return this.#refused > burst * FLOOD_FACTOR;
  }
}
