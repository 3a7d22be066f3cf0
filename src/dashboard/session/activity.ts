/** Counts per second over the last minutes, for a sparkline. Pure. */

/** Seconds remembered. */
export const ACTIVITY_SECONDS = 300;

export class Activity {
  readonly #counts = new Float64Array(ACTIVITY_SECONDS);
  #second = 0;
  /** The first second counted; what lies before is unknown, not zero. */
  #since: number | undefined;

  /** Adds to the second of `atMs`; times before the newest second count in it. */
  add(count: number, atMs: number): void {
    this.#advance(atMs);
    const index = this.#second % ACTIVITY_SECONDS;
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
  }

  /** Counts of complete seconds, oldest first; at most {@link ACTIVITY_SECONDS} − 1. */
  read(nowMs: number): number[] {
    if (this.#since === undefined) return [];
    this.#advance(nowMs);
    const first = Math.max(this.#since, this.#second - ACTIVITY_SECONDS + 1);
    const counts: number[] = [];
    for (let second = first; second < this.#second; second++) counts.push(this.#counts[second % ACTIVITY_SECONDS] ?? 0);
    return counts;
  }

  #advance(atMs: number): void {
    const second = Math.floor(atMs / 1_000);
    if (this.#since === undefined) {
      this.#since = second;
      this.#second = second;
    }
    if (second - this.#second >= ACTIVITY_SECONDS) {
      this.#counts.fill(0);
      this.#second = second;
    }
    while (this.#second < second) this.#counts[++this.#second % ACTIVITY_SECONDS] = 0;
  }
}
