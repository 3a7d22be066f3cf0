/** Skips this far apart belong to one period of pressure. */
const PERIOD_GAP_MS = 1_000;
/** Pressure that lasts this long demotes; and again after as long. */
const DEMOTE_AFTER_MS = 2_000;
/** Calm that promotes, at first and at most. */
const CALM_MIN_MS = 10_000;
const CALM_MAX_MS = 80_000;

/**
 * Tells when a client that cannot follow should be slowed, and when it may go faster again.
 *
 * One skipped send says little: a burst fills a buffer and drains. So a period of pressure (skips less than a second
 * apart) must last before it demotes. The other way, a client that is fast enough only at the lower rate would swing
 * between the two for ever: each demotion that follows a promotion doubles the calm that the next promotion needs.
 *
 * Times are monotonic ms.
 */
export class SlowClientDetector {
  #pressedSinceMs: number | undefined;
  #lastSkipMs = Number.NEGATIVE_INFINITY;
  #calmSinceMs = 0;
  #calmNeededMs = CALM_MIN_MS;
  #promotedBefore = false;

  /** A due send was skipped. True when the client should be demoted by one mode. */
  skipped(nowMs: number): boolean {
    if (this.#pressedSinceMs === undefined || nowMs - this.#lastSkipMs > PERIOD_GAP_MS) this.#pressedSinceMs = nowMs;
    this.#lastSkipMs = nowMs;
    this.#calmSinceMs = nowMs;
    if (nowMs - this.#pressedSinceMs < DEMOTE_AFTER_MS) return false;
    this.#pressedSinceMs = nowMs;
    if (this.#promotedBefore) this.#calmNeededMs = Math.min(CALM_MAX_MS, this.#calmNeededMs * 2);
    this.#promotedBefore = false;
    return true;
  }

  /** A due send went through. True when a demoted client should be promoted by one mode. */
  flowed(nowMs: number): boolean {
    if (nowMs - this.#calmSinceMs < this.#calmNeededMs) return false;
    this.#calmSinceMs = nowMs;
    this.#promotedBefore = true;
    return true;
  }
}
