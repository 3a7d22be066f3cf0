/** Turns a swarm's links into springs between bodies. */
import type { Ref } from '../../model/ids.ts';
import { linkWeightAt } from '../../model/link.ts';
import { FIELD } from './kernel/swarm-fields.ts';
import type { SwarmPool } from './kernel/swarm-pool.ts';
import { PULL_LENGTH, PULL_STRENGTH } from './parameters.ts';
import type { LinkSeat } from './seats.ts';

/** How strongly a communication link pulls, 0–1: its decayed weight w as w / (1 + w), whatever a server counts in w. */
export function pullAt(link: LinkSeat, nowMs: number): number {
  const weight = linkWeightAt(link, nowMs);
  if (!(weight > 0)) return 0;
  return weight === Infinity ? 1 : weight / (1 + weight);
}

/** Links as springs, by body index. Stride 1 each. */
export interface Springs {
  count: number;
  from: Int32Array;
  to: Int32Array;
  /** World units. */
  rest: Float64Array;
  /** Share of the stretch that is taken back per step at alpha 1. */
  strength: Float64Array;
  /** Share of the correction that `to` takes; `from` takes the rest. The better linked body moves less. */
  bias: Float64Array;
}

export function createSprings(capacity: number): Springs {
  return {
    count: 0,
    from: new Int32Array(capacity),
    to: new Int32Array(capacity),
    rest: new Float64Array(capacity),
    strength: new Float64Array(capacity),
    bias: new Float64Array(capacity),
  };
}

/** Hands springs to the kernel, whose springs of the swarm they replace. */
export function writeSprings(pool: SwarmPool, swarm: number, springs: Springs): void {
  pool.resizeSprings(swarm, springs.count);
  const padded = pool.u32(swarm, FIELD.springCount);
  const ends = pool.words(swarm, FIELD.springEnds, padded * 2);
  const constants = pool.floats(swarm, FIELD.springConstants, padded * 4);
  for (let s = 0; s < springs.count; s += 1) {
    ends[s * 2] = (springs.from[s] as number) << 4;
    ends[s * 2 + 1] = (springs.to[s] as number) << 4;
    constants[s * 4] = springs.rest[s] as number;
    constants[s * 4 + 1] = springs.strength[s] as number;
    constants[s * 4 + 2] = 1 - (springs.bias[s] as number);
    constants[s * 4 + 3] = springs.bias[s] as number;
  }
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
    addSpring(compiled.springs, a, b, degrees, restLength, link.kind === 'topology' ? undefined : pulls.get(link.ref));
  }
  return compiled;
}

function addSpring(
  springs: Springs,
  a: number,
  b: number,
  degrees: Uint32Array,
  restLength: number,
  pull: number | undefined,
): void {
  const s = springs.count;
  const degreeA = degrees[a] ?? 1;
  const degreeB = degrees[b] ?? 1;
  springs.from[s] = a;
  springs.to[s] = b;
  springs.rest[s] = pull === undefined ? restLength : PULL_LENGTH;
  springs.strength[s] = (pull === undefined ? 1 : PULL_STRENGTH * pull) / Math.min(degreeA, degreeB);
  springs.bias[s] = degreeA / (degreeA + degreeB);
  springs.count = s + 1;
}
