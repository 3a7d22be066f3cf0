/** What a bucket lets pass: `burst` things at once, `perSecond` on average. Shared by all buckets of a kind. */
export interface Allowance {
  perSecond: number;
  burst: number;
}

/**
 * Lets things pass at a rate. It keeps one number: the time up to which what has passed is paid for, which runs ahead
 * of the clock by at most the time that a burst takes.
 */
export class TokenBucket {
  #paidUntilMs = 0;

  /** 0 when one may pass now (and it is counted); otherwise ms until the next may. `nowMs` is monotonic. */
  take(allowance: Allowance, nowMs: number): number {
    const costMs = 1_000 / allowance.perSecond;
    const paidUntilMs = Math.max(this.#paidUntilMs, nowMs) + costMs;
    const earlyMs = paidUntilMs - nowMs - allowance.burst * costMs;
    if (earlyMs > 0) return Math.max(1, Math.ceil(earlyMs));
    this.#paidUntilMs = paidUntilMs;
    return 0;
  }
}
