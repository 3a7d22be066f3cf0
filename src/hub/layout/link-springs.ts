/** Turns a swarm's links into springs between bodies. */
import type { Ref } from '../../model/ids.ts';
import { linkWeightAt } from '../../model/link.ts';
import { addSpring, createSprings } from './kernel/springs.ts';
import type { Springs } from './kernel/springs.ts';
import { PULL_LENGTH, PULL_STRENGTH } from './parameters.ts';
import type { LinkSeat } from './seats.ts';

/** How strongly a communication link pulls, 0–1: its decayed weight w as w / (1 + w), whatever a server counts in w. */
export function pullAt(link: LinkSeat, nowMs: number): number {
  const weight = linkWeightAt(link, nowMs);
  if (!(weight > 0)) return 0;
  return weight === Infinity ? 1 : weight / (1 + weight);
}

/** Springs, and the same links as index pairs. */
export interface CompiledLinks {
  springs: Springs;
  /** a0, b0, a1, b1, … of topology links. */
  topology: number[];
  /** The same of all links. */
  all: number[];
}

/**
 * Springs of those links whose two ends are known; the rest waits for its agents. As in d3-force, a spring is as strong
 * as its less linked end allows, and the better linked end moves less. O(links).
 * @param pulls filled with each communication link's pull as used, by ref.
 */
export function compileLinks(
  links: Iterable<LinkSeat>,
  indexOf: ReadonlyMap<Ref, number>,
  restLength: number,
  nowMs: number,
  pulls: Map<Ref, number>,
): CompiledLinks {
  const usable: LinkSeat[] = [];
  const degrees = new Uint32Array(indexOf.size);
  pulls.clear();
  for (const link of links) {
    const a = indexOf.get(link.from);
    const b = indexOf.get(link.to);
    if (link.kind === 'communication') pulls.set(link.ref, pullAt(link, nowMs));
    if (a === undefined || b === undefined || a === b) continue;
    usable.push(link);
    degrees[a] = (degrees[a] ?? 0) + 1;
    degrees[b] = (degrees[b] ?? 0) + 1;
  }
  // Sums depend on the order of addition, so the order must not depend on when links were learnt.
  usable.sort((one, other) => one.ref - other.ref);
  const compiled: CompiledLinks = { springs: createSprings(usable.length), topology: [], all: [] };
  for (const link of usable) {
    const a = indexOf.get(link.from) ?? 0;
    const b = indexOf.get(link.to) ?? 0;
    compiled.all.push(a, b);
    if (link.kind === 'topology') compiled.topology.push(a, b);
    const pull = link.kind === 'topology' ? undefined : (pulls.get(link.ref) ?? 0);
    if (pull === undefined) addSpring(compiled.springs, a, b, degrees, restLength, 1);
    else addSpring(compiled.springs, a, b, degrees, PULL_LENGTH, PULL_STRENGTH * pull);
  }
  return compiled;
}
