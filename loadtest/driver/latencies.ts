/** Latencies in bins of a tenth of a millisecond; what takes 2 s or more stands in the last bin. */
const BIN_MS = 0.1;
const BINS = 20_000;

export interface LatencySummary {
  count: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
}

export class Latencies {
  readonly #bins = new Uint32Array(BINS + 1);
  #count = 0;
  #maxMs = 0;

  record(ms: number): void {
    const bin = ms <= 0 ? 0 : Math.min(BINS, Math.floor(ms / BIN_MS));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#count++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  reset(): void {
    this.#bins.fill(0);
    this.#count = 0;
    this.#maxMs = 0;
  }

  /** Upper edges of the bins in which the percentiles lie. */
  summary(): LatencySummary {
    return { count: this.#count, p50_ms: this.#percentile(0.5), p99_ms: this.#percentile(0.99), max_ms: this.#maxMs };
  }

  #percentile(share: number): number {
    let seen = 0;
    for (let bin = 0; bin <= BINS; bin++) {
      seen += this.#bins[bin] ?? 0;
      if (seen > 0 && seen >= share * this.#count) return (bin + 1) * BIN_MS;
    }
    return 0;
  }
}
