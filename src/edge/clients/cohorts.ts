/** The cohorts of an edge, by view: who may share its turns with others does. */
import type { View } from '../views/view.ts';
import type { ViewRegistry } from '../views/view-registry.ts';
import { Cohort, MAX_AGENTS, type CohortContext, type Standing } from './cohort.ts';
import type { PaceSlot } from './pace.ts';

/** Ticks after which a view that had too much for one turn is tried again. */
const ALONE_TICKS = 600;

export class Cohorts {
  readonly #context: CohortContext;
  readonly #views: ViewRegistry;
  readonly #byView = new Map<View, Cohort[]>();
  /** Tick at which each view last had more than one turn of a cohort may bring. */
  readonly #tooLargeAt = new WeakMap<View, number>();
  #size = 0;

  constructor(context: Omit<CohortContext, 'tooLarge'>, views: ViewRegistry) {
    this.#context = { ...context, tooLarge: (view) => this.#tooLargeAt.set(view, context.replica.tick) };
    this.#views = views;
  }

  get size(): number {
    return this.#size;
  }

  /** Clients that share their turns. O(cohorts). */
  countMembers(): number {
    let members = 0;
    for (const cohorts of this.#byView.values()) for (const { size } of cohorts) members += size;
    return members;
  }

  /**
   * The cohort that one may join who is served in `view` with turns in the phase of `slot` and has just been brought to
   * `standing`; `new`: there is none with room. Undefined when it shares the view with nobody, or when the one with room
   * stands elsewhere now: two small cohorts would remain two. O(cohorts of the view).
   */
  find(
    view: View,
    slot: PaceSlot | undefined,
    standing: { version: number; positionsTick: number },
  ): Cohort | 'new' | undefined {
    if (slot === undefined || slot.joins !== undefined || slot.queued) return undefined;
    if (!this.#views.isShared(view) || !this.#isSmall(view)) return undefined;
    let found: Cohort | 'new' | undefined = 'new';
    for (const cohort of this.#byView.get(view) ?? []) {
      if (!cohort.hasRoom(slot)) continue;
      if (cohort.standsAt(standing)) return cohort;
      found = undefined;
    }
    return found;
  }

  #isSmall(view: View): boolean {
    const largeAt = this.#tooLargeAt.get(view) ?? Number.NEGATIVE_INFINITY;
    const agoTicks = this.#context.replica.tick - largeAt;
    // A new epoch counts ticks anew.
    return view.agentCount <= MAX_AGENTS && (agoTicks < 0 || agoTicks >= ALONE_TICKS);
  }

  /** A cohort without members, which one joins next. */
  create(view: View, slot: PaceSlot, standing: Standing): Cohort {
    const meter = this.#context.counters.meter(slot.mode, view.kind);
    const cohort = new Cohort(this.#context, view, standing, { meter, onEmpty: this.#forget });
    const cohorts = this.#byView.get(view);
    if (cohorts === undefined) this.#byView.set(view, [cohort]);
    else cohorts.push(cohort);
    this.#size++;
    return cohort;
  }

  readonly #forget = (cohort: Cohort): void => {
    const cohorts = this.#byView.get(cohort.view);
    const index = cohorts?.indexOf(cohort) ?? -1;
    if (cohorts === undefined || index < 0) return;
    this.#size--;
    cohorts.splice(index, 1);
    if (cohorts.length === 0) this.#byView.delete(cohort.view);
  };
}
