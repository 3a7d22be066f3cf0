/** How often one subject may ask: a bucket for reads and one for writes. */
import type { Clock } from '../../platform/clock.ts';

/** Subjects remembered; the one that asked longest ago is forgotten, which gives it a full bucket. */
const MAX_SUBJECTS = 10_000;
/** A bucket holds this share of a minute's allowance, and at least one. */
const BURST_SHARE = 1 / 3;

export interface OperationAllowance {
  reads_per_minute: number;
  writes_per_minute: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

export class OperationLimits {
  readonly #buckets = new Map<string, Bucket>();
  /** Holds from the next request on, also for those who have asked before. */
  allowance: OperationAllowance;
  readonly #clock: Clock;

  constructor(allowance: OperationAllowance, clock: Clock) {
    this.allowance = allowance;
    this.#clock = clock;
  }

  get subjects(): number {
    return this.#buckets.size;
  }

  /** Takes one; ms until there is one when there is none, else 0. */
  take(subject: string, kind: 'read' | 'write'): number {
    const perMinute = kind === 'read' ? this.allowance.reads_per_minute : this.allowance.writes_per_minute;
    const burst = Math.max(1, perMinute * BURST_SHARE);
    const key = `${kind} ${subject}`;
    const nowMs = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perMinute) / 60_000);
    bucket.atMs = nowMs;
    // Last used, last in the map.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > 2 * MAX_SUBJECTS) this.#forgetOldest();
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 60_000) / perMinute);
    bucket.tokens -= 1;
    return 0;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
