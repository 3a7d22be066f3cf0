/** The cohorts of an edge, by view: who may share its turns with others does. */
import type { View } from '../views/view.ts';
import type { ViewRegistry } from '../views/view-registry.ts';
import { Cohort, type CohortContext, type Standing } from './cohort.ts';
import type { PaceSlot } from './pace.ts';

/**
 * Agents of a view whose clients share turns: more are more bytes than one turn may leave in a socket's buffer, and
 * sending them costs so much that nothing would be gained.
 */
const MAX_AGENTS = 2_000;

export class Cohorts {
  readonly #context: CohortContext & { views: ViewRegistry };
  readonly #byView = new Map<View, Cohort[]>();
  #size = 0;

  constructor(context: CohortContext & { views: ViewRegistry }) {
    this.#context = context;
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
    if (!this.#context.views.isShared(view) || view.agentCount > MAX_AGENTS) return undefined;
    let found: Cohort | 'new' | undefined = 'new';
    for (const cohort of this.#byView.get(view) ?? []) {
      if (!cohort.hasRoom(slot)) continue;
      if (cohort.standsAt(standing)) return cohort;
      found = undefined;
    }
    return found;
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
