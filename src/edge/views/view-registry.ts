/** All views of an edge: equal ones are one, counted by their clients. */
import type { PositionFormat } from '../../protocol/client-messages.ts';
import type { Filters } from '../../protocol/filters.ts';
import type { Replica } from '../replica/replica.ts';
import { TooManyViewsError } from './errors.ts';
import { View, type Coding } from './view.ts';

interface Entry {
  view: View;
  uses: number;
}

export class ViewRegistry {
  readonly #replica: Replica;
  readonly #maxViews: number;
  readonly #views = new Map<string, Entry>();

  constructor(replica: Replica, options: { maxViews: number }) {
    this.#replica = replica;
    this.#maxViews = options.maxViews;
  }

  /**
   * The view of these filters, shared; give it back with {@link release}.
   * @throws {@link TooManyViewsError} when it would be a new one above the bound.
   */
  acquire(filters: Filters, coding: Coding, positions: PositionFormat): View {
    const key = `${coding} ${positions} ${JSON.stringify(filters)}`;
    let entry = this.#views.get(key);
    if (entry === undefined) {
      if (this.#views.size >= this.#maxViews) throw new TooManyViewsError(this.#maxViews);
      entry = { view: new View(this.#replica, filters, coding, positions, key), uses: 0 };
      this.#views.set(key, entry);
    }
    entry.uses++;
    return entry.view;
  }

  release(view: View): void {
    const entry = this.#views.get(view.key);
    if (entry === undefined || entry.view !== view) return;
    if (--entry.uses <= 0) this.#views.delete(view.key);
  }

  get size(): number {
    return this.#views.size;
  }

  /** Drops per-tick caches. */
  beginTick(): void {}
}
