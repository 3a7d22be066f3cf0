/** First index in `from` ≤ index < slots.length whose slot is ≥ `slot`; the length when there is none. Gallops, then bisects. */
export function indexOfSlot(slots: Uint32Array, slot: number, from: number): number {
  const end = slots.length;
  if (from >= end || (slots[from] ?? 0) >= slot) return from;
  let step = 1;
  let low = from;
  while (low + step < end && (slots[low + step] ?? 0) < slot) {
    low += step;
    step *= 2;
  }
  // Slots at `low` are smaller than `slot`, those at `high` are not.
  let high = Math.min(low + step, end);
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((slots[middle] ?? 0) < slot) low = middle;
    else high = middle;
  }
  return high;
}
