/** Longest burst, as time: a tenth of a second's worth of requests may go at once, but at least one. */
const BURST_SHARE = 0.1;

/** So many requests a second, evenly: whoever comes too early is told how long to wait, in the order of asking. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /** `perSecond` 0: no limit. */
  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#burst = Math.max(1, perSecond * BURST_SHARE);
    this.#tokens = this.#burst;
    this.#at = now();
  }

  /** Takes a turn; ms until it may be used, 0 for at once. */
  take(): number {
    if (this.#perSecond === 0) return 0;
    const now = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#perSecond) / 1_000);
    this.#at = now;
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1_000) / this.#perSecond;
  }

  /** Gives back a turn that was not used. */
  giveBack(): void {
    this.#tokens += 1;
  }
}
