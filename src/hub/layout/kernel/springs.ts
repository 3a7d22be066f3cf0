import { FIELD } from './swarm-fields.ts';
import type { SwarmPool } from './swarm-pool.ts';

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

/**
 * A spring for each of `links` (index pairs), all of the same rest length. As in d3-force, a spring is as strong as its
 * less linked end allows, and the better linked end moves less.
 */
export function plainSprings(count: number, links: ArrayLike<number>, rest: number): Springs {
  const springs = createSprings(links.length / 2);
  const degrees = new Uint32Array(count);
  for (let k = 0; k < links.length; k += 1) {
    const end = links[k] as number;
    degrees[end] = (degrees[end] as number) + 1;
  }
  for (let k = 0; k + 1 < links.length; k += 2)
    addSpring(springs, links[k] as number, links[k + 1] as number, degrees, rest, 1);
  return springs;
}

/** @param pull strength as a share of that of a plain link. */
export function addSpring(
  springs: Springs,
  a: number,
  b: number,
  degrees: Uint32Array,
  rest: number,
  pull: number,
): void {
  const s = springs.count;
  const degreeA = degrees[a] ?? 1;
  const degreeB = degrees[b] ?? 1;
  springs.from[s] = a;
  springs.to[s] = b;
  springs.rest[s] = rest;
  springs.strength[s] = pull / Math.min(degreeA, degreeB);
  springs.bias[s] = degreeA / (degreeA + degreeB);
  springs.count = s + 1;
}

/**
 * Springs of one body often follow each other, and each would wait for the one before to be added: so many of others
 * come in between.
 */
const NEIGHBOURS_APART = 8;

/** Hands springs to the kernel, whose springs of the swarm they replace. */
export function writeSprings(pool: SwarmPool, swarm: number, springs: Springs): void {
  pool.resizeSprings(swarm, springs.count);
  const padded = pool.u32(swarm, FIELD.springCount);
  const ends = pool.words(swarm, FIELD.springEnds, padded * 2);
  const constants = pool.floats(swarm, FIELD.springConstants, padded * 3);
  const stride = Math.ceil(springs.count / NEIGHBOURS_APART);
  for (let k = 0, s = 0; k < springs.count; k += 1, s += stride) {
    if (s >= springs.count) s = (s % stride) + 1;
    ends[k * 2] = (springs.from[s] as number) << 4;
    ends[k * 2 + 1] = (springs.to[s] as number) << 4;
    // Four of each side by side.
    const at = (k >> 2) * 12 + (k & 3);
    constants[at] = springs.rest[s] as number;
    constants[at + 4] = springs.strength[s] as number;
    constants[at + 8] = 1 - (springs.bias[s] as number);
  }
}

/** Tells the kernel which bodies belong together, for centring. O(n + links). @param links index pairs. */
export function writeComponents(pool: SwarmPool, swarm: number, count: number, links: ArrayLike<number>): void {
  const parents = Uint32Array.from({ length: count }, (_, i) => i);
  const rootOf = (body: number): number => {
    let at = body;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at] as number] as number;
      at = parents[at] as number;
    }
    return at;
  };
  for (let k = 0; k + 1 < links.length; k += 2) {
    const a = rootOf(links[k] as number);
    const b = rootOf(links[k + 1] as number);
    parents[Math.max(a, b)] = Math.min(a, b);
  }
  const components = pool.words(swarm, FIELD.components, count);
  let found = 0;
  for (let body = 0; body < count; body += 1) {
    // A component's root is its first body, so it has its number already.
    const root = rootOf(body);
    components[body] = root === body ? found : (components[root] as number);
    if (root === body) found += 1;
  }
  pool.setU32(swarm, FIELD.componentCount, found);
}
