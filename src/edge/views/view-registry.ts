/** All views of an edge: equal ones are one, counted by their clients, and those with equal filters share what they show. */
import { UNLIMITED, type Visibility } from '../../platform/auth/visibility.ts';
import type { PositionFormat } from '../../protocol/client-messages.ts';
import type { Filters } from '../../protocol/filters.ts';
import type { Replica } from '../replica/replica.ts';
import { TooManyViewsError } from './errors.ts';
import { FrameComposer } from './frame-composer.ts';
import { FrameSlab } from './frame-slab.ts';
import { ShownSet } from './shown-set.ts';
import { ViewFilter } from './view-filter.ts';
import { View, type Coding } from './view.ts';

/** About 100 KB of JSON. */
const ENTITIES_PER_MESSAGE = 250;
/** Departures that a shown set remembers; clients further behind get whole records instead. */
const DEPARTURES = 4_096;

export interface ViewRegistryOptions {
  /** Distinct views at a time. */
  maxViews: number;
  /** Departures that each set of filters remembers for slow clients (default 4,096). */
  departures?: number | undefined;
  /** Entities that one message carries (default 250). */
  entitiesPerMessage?: number | undefined;
}

interface Counted<T> {
  item: T;
  uses: number;
}

export class ViewRegistry {
  readonly #replica: Replica;
  readonly #maxViews: number;
  readonly #departures: number;
  readonly #entitiesPerMessage: number;
  readonly #views = new Map<string, Counted<View>>();
  readonly #shownSets = new Map<string, Counted<ShownSet>>();
  readonly #filterKeys = new WeakMap<View, string>();
  readonly #slab = new FrameSlab();
  readonly #composers = { q16: new FrameComposer(this.#slab, 'q16'), f32: new FrameComposer(this.#slab, 'f32') };
  #cached: View[] = [];
  #snapshots = 0;

  constructor(replica: Replica, options: ViewRegistryOptions) {
    this.#replica = replica;
    this.#maxViews = options.maxViews;
    this.#departures = options.departures ?? DEPARTURES;
    this.#entitiesPerMessage = options.entitiesPerMessage ?? ENTITIES_PER_MESSAGE;
  }

  /** Distinct views in use. */
  get size(): number {
    return this.#views.size;
  }

  /** Distinct sets of filters in use. */
  get shownSets(): number {
    return this.#shownSets.size;
  }

  /** Pieces of memory that no frame of this tick is in. */
  get spareFrameMemory(): number {
    return this.#slab.sparePieces;
  }

  /** Departures that a set of filters remembers at most. */
  get departureLimit(): number {
    return this.#departures;
  }

  /** Departures that the fullest set of filters remembers. */
  mostDepartures(): number {
    let most = 0;
    for (const { item } of this.#shownSets.values()) most = Math.max(most, item.departures.size);
    return most;
  }

  /**
   * The view of these filters, within what may be seen, shared; give it back with {@link release}.
   * @throws {@link TooManyViewsError} when it would be a new one above the bound.
   */
  acquire(filters: Filters, coding: Coding, positions: PositionFormat, visibility: Visibility = UNLIMITED): View {
    const filter = new ViewFilter(filters, visibility);
    const key = `${coding} ${positions} ${filter.key}`;
    const known = this.#views.get(key);
    if (known !== undefined) {
      known.uses++;
      return known.item;
    }
    if (this.#views.size >= this.#maxViews) throw new TooManyViewsError(this.#maxViews);
    const view = new View(
      {
        replica: this.#replica,
        composers: this.#composers,
        shown: this.#acquireShown(filter),
        entitiesPerMessage: this.#entitiesPerMessage,
        nextSnapshotId: () => ++this.#snapshots,
        noteCached: (cached) => this.#cached.push(cached),
      },
      coding,
      positions,
      key,
    );
    this.#views.set(key, { item: view, uses: 1 });
    this.#filterKeys.set(view, filter.key);
    return view;
  }

  /** Gives back one use. A view that nobody uses is forgotten. */
  release(view: View): void {
    const counted = this.#views.get(view.key);
    if (counted === undefined || counted.item !== view || --counted.uses > 0) return;
    this.#views.delete(view.key);
    const filterKey = this.#filterKeys.get(view);
    const shown = filterKey === undefined ? undefined : this.#shownSets.get(filterKey);
    if (filterKey !== undefined && shown !== undefined && --shown.uses <= 0) this.#shownSets.delete(filterKey);
  }

  /** More than one client uses the view. */
  isShared(view: View): boolean {
    return (this.#views.get(view.key)?.uses ?? 0) > 1;
  }

  /** Drops what views cached for the last tick, whose frames are not good any more. */
  beginTick(): void {
    if (this.#cached.length === 0) return;
    const cached = this.#cached;
    this.#cached = [];
    for (const view of cached) view.dropTick();
    this.#slab.reuse();
  }

  #acquireShown(filter: ViewFilter): ShownSet {
    let counted = this.#shownSets.get(filter.key);
    if (counted === undefined) {
      counted = { item: new ShownSet(this.#replica, filter, this.#departures), uses: 0 };
      this.#shownSets.set(filter.key, counted);
    }
    counted.uses++;
    return counted.item;
  }
}
