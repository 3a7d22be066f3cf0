/** Samples kept: one a second. */
const SAMPLES = 60;
const GAP_MS = 1_000;

/** Messages per second over the last minute, or since there are any, from a count that only grows. */
export class MessageRate {
  readonly #samples: { atMs: number; total: number }[] = [];

  /** The count at monotonic `nowMs`; more often than once a second changes nothing. A smaller count starts anew. */
  sample(total: number, nowMs: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && total < last.total) this.#samples.length = 0;
    else if (last !== undefined && nowMs - last.atMs < GAP_MS) return;
    this.#samples.push({ atMs: nowMs, total });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** Undefined before there are two samples. */
  get perSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs === first.atMs) return undefined;
    return ((last.total - first.total) * 1_000) / (last.atMs - first.atMs);
  }
}
