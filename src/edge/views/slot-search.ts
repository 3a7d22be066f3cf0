import type { LoadedPositions } from '../replica/swarm-positions.ts';

/** Index of the first record in `from` ≤ index < `end` whose slot is ≥ `slot`; `end` when there is none. Gallops, then bisects. */
export function indexOfSlot(loaded: LoadedPositions, slot: number, from: number, end: number): number {
  if (from >= end || loaded.slotAt(from) >= slot) return from;
  let step = 1;
  let low = from;
  while (low + step < end && loaded.slotAt(low + step) < slot) {
    low += step;
    step *= 2;
  }
  // Slots at `low` are smaller than `slot`, those at `high` are not.
  let high = Math.min(low + step, end);
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (loaded.slotAt(middle) < slot) low = middle;
    else high = middle;
  }
  return high;
}
