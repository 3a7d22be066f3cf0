/** What a {@link DueQueue} keeps on its items. */
export interface Due {
  /** When the queue will hand the item out; Infinity while it is not queued. Owned by the queue. */
  queuedMs: number;
}

/**
 * Items by time, for deadlines that mostly move later. Moving a deadline later costs nothing: the item comes out at
 * its old time and whoever takes it schedules it again. A binary heap: O(log n) to schedule and to take.
 *
 * Holds at most one valid entry per item, and as many outdated ones as valid ones.
 */
export class DueQueue<T extends Due> {
  readonly #times: number[] = [];
  readonly #items: T[] = [];
  /** Items queued; all other entries are outdated. */
  #queued = 0;

  /** Entries held, outdated ones included. */
  get size(): number {
    return this.#items.length;
  }

  /** Makes sure that the item comes out at `dueMs` or earlier. */
  schedule(item: T, dueMs: number): void {
    if (item.queuedMs <= dueMs) return;
    if (item.queuedMs === Infinity) this.#queued++;
    item.queuedMs = dueMs;
    this.#push(dueMs, item);
    this.#tidy();
  }

  /** Takes the item out, wherever it is. */
  forget(item: T): void {
    if (item.queuedMs === Infinity) return;
    item.queuedMs = Infinity;
    this.#queued--;
    this.#tidy();
  }

  /** The item that comes out next; it stays in. */
  first(): T | undefined {
    for (;;) {
      const item = this.#items[0];
      if (item === undefined || item.queuedMs === this.#times[0]) return item;
      this.#pop();
    }
  }

  /** Hands out the item that is due first, if that is at `nowMs` or before; it is no longer queued then. */
  take(nowMs: number): T | undefined {
    const item = this.first();
    if (item === undefined || item.queuedMs > nowMs) return undefined;
    this.#pop();
    item.queuedMs = Infinity;
    this.#queued--;
    this.#tidy();
    return item;
  }

  /** Drops outdated entries once they are the majority, which makes it cheap on average. */
  #tidy(): void {
    if (this.#items.length > this.#queued * 2) this.#rebuild();
  }

  #rebuild(): void {
    const valid = new Set<T>();
    this.#items.forEach((item, i) => {
      if (item.queuedMs === this.#times[i]) valid.add(item);
    });
    this.#items.length = 0;
    this.#times.length = 0;
    for (const item of [...valid].toSorted((a, b) => a.queuedMs - b.queuedMs)) {
      this.#items.push(item);
      this.#times.push(item.queuedMs);
    }
  }

  #push(time: number, item: T): void {
    let at = this.#items.length;
    this.#items.push(item);
    this.#times.push(time);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.#times[parent] ?? -Infinity) <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#times[at] = time;
    this.#items[at] = item;
  }

  #pop(): void {
    const time = this.#times.pop();
    const item = this.#items.pop();
    if (time === undefined || item === undefined || this.#items.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#items.length) break;
      if ((this.#times[child + 1] ?? Infinity) < (this.#times[child] ?? Infinity)) child++;
      if ((this.#times[child] ?? Infinity) >= time) break;
      this.#move(child, at);
      at = child;
    }
    this.#times[at] = time;
    this.#items[at] = item;
  }

  #move(from: number, to: number): void {
    const time = this.#times[from];
    const item = this.#items[from];
    if (time === undefined || item === undefined) return;
    this.#times[to] = time;
    this.#items[to] = item;
  }
}
