/**
 * Who feels a change. A swarm that were warmed as a whole by every join would stir everywhere, mostly to finish what it
 * had left undone when it fell asleep. So heat is given where the change is, and falls off along links: those next to
 * the change make room, the rest keeps its place.
 */
import { HEAT_FALLOFF } from './parameters.ts';

/** Links in both directions: neighbours of body i are `others` from `offsets[i]` to `offsets[i + 1]`. */
export interface Neighbours {
  offsets: Uint32Array;
  others: Uint32Array;
}

/** O(n + links). @param links index pairs. */
export function neighboursOf(count: number, links: readonly number[]): Neighbours {
  const offsets = new Uint32Array(count + 1);
  for (const end of links) offsets[end + 1] = (offsets[end + 1] as number) + 1;
  for (let i = 0; i < count; i += 1) offsets[i + 1] = (offsets[i + 1] as number) + (offsets[i] as number);
  const others = new Uint32Array(links.length);
  const next = offsets.slice();
  for (let k = 0; k + 1 < links.length; k += 2) {
    const a = links[k] as number;
    const b = links[k + 1] as number;
    others[next[a] as number] = b;
    next[a] = (next[a] as number) + 1;
    others[next[b] as number] = a;
    next[b] = (next[b] as number) + 1;
  }
  return { offsets, others };
}

/**
 * Heat of each body: that of the sources, falling off from body to body along links, and nowhere less than `floor`.
 * O(n + links) per kind of heat.
 * @param sources body and heat.
 */
export function spreadHeat(
  { offsets, others }: Neighbours,
  sources: readonly (readonly [body: number, heat: number])[],
  floor: number,
): Float32Array {
  const heats = new Float32Array(offsets.length - 1).fill(floor);
  // The hottest first: whoever was reached by a hotter one need not be visited again by a cooler one.
  let front: number[] = [];
  for (const [body, heat] of sources.toSorted((one, other) => other[1] - one[1])) {
    if (heat <= (heats[body] as number)) continue;
    heats[body] = heat;
    front.push(body);
  }
  while (front.length > 0) {
    const next: number[] = [];
    for (const body of front) {
      const passed = (heats[body] as number) * HEAT_FALLOFF;
      for (let k = offsets[body] as number; k < (offsets[body + 1] as number); k += 1) {
        const other = others[k] as number;
        if (passed <= (heats[other] as number)) continue;
        heats[other] = passed;
        next.push(other);
      }
    }
    front = next;
  }
  return heats;
}
