import type { Mode } from '../../protocol/modes.ts';

/** A phase takes this much more than its fair share of clients, so that a group can stay together. */
const MAX_SHARE = 1.25;
/** And this many more, while clients are few. */
const SLACK_CLIENTS = 8;

type Sized = { readonly clients: number };

/** Which phase a client's turns come in. Keeps nothing of groups that are gone. */
export class PhasePlan {
  /** Where each group began. */
  readonly #phases = new WeakMap<object, Partial<Record<Mode, number>>>();

  /** The phase of the group, or one after it with room; `buckets`: who stands in each phase of the mode. O(phases). */
  phaseFor(mode: Mode, group: object, buckets: readonly Sized[]): number {
    const known = this.#phases.get(group);
    const first = known?.[mode] ?? emptiest(buckets);
    if (known === undefined) this.#phases.set(group, { [mode]: first });
    else known[mode] = first;
    return withRoom(buckets, first);
  }
}

function emptiest(buckets: readonly Sized[]): number {
  let phase = 0;
  for (let i = 1; i < buckets.length; i++) {
    if (sizeOf(buckets, i) < sizeOf(buckets, phase)) phase = i;
  }
  return phase;
}

// The fair share is below the bound, so that there is always one with room.
function withRoom(buckets: readonly Sized[], first: number): number {
  let clients = 1;
  for (const bucket of buckets) clients += bucket.clients;
  const bound = (clients / buckets.length) * MAX_SHARE + SLACK_CLIENTS;
  for (let i = 0; i < buckets.length; i++) {
    const phase = (first + i) % buckets.length;
    if (sizeOf(buckets, phase) < bound) return phase;
  }
  return first;
}

function sizeOf(buckets: readonly Sized[], phase: number): number {
  return buckets[phase]?.clients ?? 0;
}
