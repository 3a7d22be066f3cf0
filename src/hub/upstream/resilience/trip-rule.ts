import type { IBreaker } from 'cockatiel';

/** Buckets of the sliding window: memory and precision of one twentieth of it. */
const BUCKETS = 20;

export interface TripRuleOptions {
  /** Failures in a row that open the circuit. Read anew at each failure, so that it may be adapted. */
  failureThreshold: () => number;
  /** Share of failures above which it opens, 0–1, over `windowMs` and at least `minimumRequests`. */
  errorRate: number;
  windowMs: number;
  minimumRequests: number;
  /** Monotonic ms. */
  now: () => number;
}

/**
 * When a closed circuit opens: so many failures in a row, or too large a share of them within a window of time.
 *
 * cockatiel's sampling breaker wants its minimum per second (5 in 30 s can't be said where it rounds up), and advances
 * by calls, so that a server polled every few seconds is judged by minutes. Here old buckets go with time alone.
 */
export class TripRule implements IBreaker {
  readonly #options: TripRuleOptions;
  readonly #successes = new Uint32Array(BUCKETS);
  readonly #failures = new Uint32Array(BUCKETS);
  #bucket = 0;
  #inARow = 0;

  constructor(options: TripRuleOptions) {
    this.#options = options;
    this.#bucket = this.#bucketNow();
  }

  /** For cockatiel's serialisation, which is not used. */
  get state(): unknown {
    return { inARow: this.#inARow, ...this.window() };
  }
  set state(_value: unknown) {
    throw new Error('a circuit is not restored from outside');
  }

  /** Requests within the window so far. */
  window(): { successes: number; failures: number } {
    this.#advance();
    return { successes: sum(this.#successes), failures: sum(this.#failures) };
  }

  success(): void {
    this.#count(this.#successes);
    this.#inARow = 0;
  }

  /** True when the circuit should open. What led to it is forgotten then: the server starts anew after recovery. */
  failure(): boolean {
    this.#count(this.#failures);
    this.#inARow += 1;
    const { failureThreshold, errorRate, minimumRequests } = this.#options;
    const { successes, failures } = this.window();
    const total = successes + failures;
    const trips = this.#inARow >= failureThreshold() || (total >= minimumRequests && failures > errorRate * total);
    if (trips) this.forget();
    return trips;
  }

  #count(counts: Uint32Array): void {
    this.#advance();
    const index = this.#bucket % BUCKETS;
    counts[index] = (counts[index] ?? 0) + 1;
  }

  #advance(): void {
    const now = this.#bucketNow();
    if (now - this.#bucket >= BUCKETS) {
      this.#successes.fill(0);
      this.#failures.fill(0);
    } else {
      for (let bucket = this.#bucket + 1; bucket <= now; bucket += 1) {
        this.#successes[bucket % BUCKETS] = 0;
        this.#failures[bucket % BUCKETS] = 0;
      }
    }
    this.#bucket = Math.max(this.#bucket, now);
  }

  #bucketNow(): number {
    return Math.floor(this.#options.now() / (this.#options.windowMs / BUCKETS));
  }

  /** Starts anew. */
  forget(): void {
    this.#inARow = 0;
    this.#successes.fill(0);
    this.#failures.fill(0);
  }
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
