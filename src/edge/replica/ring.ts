/**
 * The newest `capacity` items, each with a version; older ones are forgotten. Versions never fall from one push to
 * the next. Storage grows with use, up to the capacity.
 */
export class VersionedRing<T> {
  readonly capacity: number;
  readonly #items: T[] = [];
  readonly #versions: number[] = [];
  #next = 0;
  /** Version of the newest item that was forgotten: what is newer than a version ≥ this is complete. */
  floor = 0;

  constructor(capacity: number) {
    this.capacity = Math.max(1, capacity);
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T, version: number): void {
    if (this.#items.length < this.capacity) {
      this.#items.push(item);
      this.#versions.push(version);
      return;
    }
    this.floor = this.#versions[this.#next] ?? this.floor;
    this.#items[this.#next] = item;
    this.#versions[this.#next] = version;
    this.#next = (this.#next + 1) % this.capacity;
  }

  /** Visits items newer than `version`, newest first. */
  newerThan(version: number, visit: (item: T, version: number) => void): void {
    const length = this.#items.length;
    for (let back = 1; back <= length; back++) {
      const at = (this.#next + length - back) % length;
      const itemVersion = this.#versions[at] ?? 0;
      if (itemVersion <= version) return;
      visit(this.#items[at] as T, itemVersion);
    }
  }

  /** Forgets everything; nothing older than `floor` is known from now on. */
  clear(floor: number): void {
    this.#items.length = 0;
    this.#versions.length = 0;
    this.#next = 0;
    this.floor = floor;
  }
}
