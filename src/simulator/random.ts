const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz';

/**
 * Random numbers that depend on a 32-bit seed alone (the mulberry32 construction: a Weyl sequence and two
 * xor-multiply rounds). Good enough to look alive; not for secrets.
 */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** @throws RangeError when the list is empty. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from');
    return list[this.below(list.length)] as T;
  }

  /** `length` characters of 0–9 and a–z. */
  base36(length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) text += BASE36.charAt(this.below(36));
    return text;
  }

  /** Shaped like a version 4 UUID. */
  uuid(): string {
    let hex = '';
    for (let i = 0; i < 32; i++) hex += (i === 12 ? 4 : i === 16 ? 8 + this.below(4) : this.below(16)).toString(16);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}
