/**
 * Who may use which bytes of a memory. First fit over the free gaps, which are kept in order of address and melt
 * together when neighbours are freed; above the last block everything is free. So blocks stay near the start, and when
 * all are given back nothing is left over. O(gaps) per call.
 */
export class FreeSpace {
  readonly #start: number;
  readonly #granule: number;
  /** Starts and ends of gaps, ascending: s0, e0, s1, e1, … */
  readonly #gaps: number[] = [];
  #top: number;
  #inUse = 0;

  /** @param granule blocks begin at and take multiples of this. `start` is one. */
  constructor(start: number, granule: number) {
    this.#start = start;
    this.#granule = granule;
    this.#top = start;
  }

  /** Bytes in blocks, rounded up to granules. */
  get inUse(): number {
    return this.#inUse;
  }

  /** The lowest address above which nothing is in use. */
  get top(): number {
    return this.#top;
  }

  /** @returns the address of a block; its contents are whatever stood there. */
  take(bytes: number): number {
    const size = this.#rounded(bytes);
    this.#inUse += size;
    for (let g = 0; g < this.#gaps.length; g += 2) {
      const from = this.#gaps[g] as number;
      const to = this.#gaps[g + 1] as number;
      if (to - from < size) continue;
      if (to - from === size) this.#gaps.splice(g, 2);
      else this.#gaps[g] = from + size;
      return from;
    }
    const from = this.#top;
    this.#top += size;
    return from;
  }

  /** Gives back what {@link take} gave, with the same size. */
  give(from: number, bytes: number): void {
    const size = this.#rounded(bytes);
    const to = from + size;
    this.#inUse -= size;
    let g = 0;
    while (g < this.#gaps.length && (this.#gaps[g] as number) < from) g += 2;
    const joinsBefore = g > 0 && this.#gaps[g - 1] === from;
    const joinsAfter = this.#gaps[g] === to;
    if (joinsBefore && joinsAfter) this.#gaps.splice(g - 1, 2);
    else if (joinsBefore) this.#gaps[g - 1] = to;
    else if (joinsAfter) this.#gaps[g] = from;
    else this.#gaps.splice(g, 0, from, to);
    if (this.#gaps.at(-1) === this.#top) {
      this.#top = this.#gaps.at(-2) ?? this.#start;
      this.#gaps.length -= 2;
    }
  }

  #rounded(bytes: number): number {
    return Math.max(1, Math.ceil(bytes / this.#granule)) * this.#granule;
  }
}
