/**
 * The layout kernel by itself: forces and integration of many swarms in one WebAssembly memory, without life, slots,
 * shapes or regions. Benches and tests use it directly; the engine (layout-engine.ts) adds the rest.
 */
import { signedUnit } from '../random.ts';
import { LINK_LENGTH } from './physics.ts';
import { plainSprings, writeComponents, writeSprings } from './springs.ts';
import { FIELD, METHOD } from './swarm-fields.ts';
import type { KernelMethod } from './swarm-fields.ts';
import { SwarmPool } from './swarm-pool.ts';
import { unfoldedStart } from './unfolded-start.ts';

/** Links as springs, by body index: `from[k]`–`to[k]`. */
export interface KernelEdges {
  from: ArrayLike<number>;
  to: ArrayLike<number>;
}

export interface KernelSwarmOptions {
  /** u32; positions of those that have none follow from it. Default 1. */
  seed?: number;
  /** x, y, z per body, world units; `good` unfolds large graphs coarse first (default), `ball` takes a seeded ball. */
  start?: ArrayLike<number> | 'good' | 'ball';
  /** Default `auto`: by size. */
  method?: KernelMethod;
  /** Accuracy of `fmm`: smaller is more accurate and slower. Default 1.2. */
  theta?: number;
  /** Default false: repulsion serves some steps (assembly/multistep.ts); true: it is worked out in each. */
  eachStep?: boolean;
}

/** One swarm, stepped by the caller. */
export interface SwarmStepper {
  readonly count: number;
  /** One step at the given heat (1 hot … 0 frozen). @returns the greatest speed of a body, units per step. */
  step(alpha: number): number;
  /** x, y, z per body: a copy. */
  positions(): Float32Array;
  /** Repulsion on each body at the present positions, x, y, z per body: what accuracy is measured by. */
  repulsion(): Float32Array;
}

/** Many swarms in one memory, all stepped by one call. */
interface StepperPool {
  /** @returns a number that names the swarm in this pool. */
  add(count: number, edges: KernelEdges, options?: KernelSwarmOptions): number;
  remove(swarm: number): void;
  /** One step of all swarms. */
  step(alpha: number): void;
  positions(swarm: number): Float32Array;
  /** Bytes taken by swarms; 0 when none is left. */
  readonly bytesInUse: number;
}

/** A swarm in a memory of its own. */
export function createStepper(count: number, edges: KernelEdges, options: KernelSwarmOptions = {}): SwarmStepper {
  const pool = new SwarmPool();
  const swarm = addSwarm(pool, count, edges, options);
  return {
    count,
    step: (alpha) => {
      pool.setF32(swarm, FIELD.alpha, alpha);
      while (!pool.step(swarm));
      return pool.f32(swarm, FIELD.topSpeed);
    },
    positions: () => triples(pool.floats(swarm, FIELD.places, count * 4)),
    repulsion: () => {
      pool.repel(swarm);
      return triples(pool.floats(swarm, FIELD.repulsion, count * 4));
    },
  };
}

/** An empty pool with a memory of its own. */
export function createStepperPool(): StepperPool {
  const pool = new SwarmPool();
  const swarms = new Map<number, number>();
  return {
    add: (count, edges, options = {}) => {
      const swarm = addSwarm(pool, count, edges, options);
      swarms.set(swarm, count);
      return swarm;
    },
    remove: (swarm) => {
      if (swarms.delete(swarm)) pool.remove(swarm);
    },
    step: (alpha) => {
      // As the engine does it: one call for all, which go to sleep by themselves and are kept from it by heat.
      for (const swarm of swarms.keys()) {
        pool.setF32(swarm, FIELD.alpha, alpha);
        pool.setU32(swarm, FIELD.restingSteps, 0);
        pool.wake(swarm, 1);
      }
      pool.tick(0, 0);
    },
    positions: (swarm) => triples(pool.floats(swarm, FIELD.places, (swarms.get(swarm) ?? 0) * 4)),
    get bytesInUse() {
      return pool.bytesInUse;
    },
  };
}

function addSwarm(pool: SwarmPool, count: number, edges: KernelEdges, options: KernelSwarmOptions): number {
  const seed = (options.seed ?? 1) >>> 0;
  const swarm = pool.add(seed);
  pool.setU32(swarm, FIELD.method, METHOD[options.method ?? 'auto']);
  if (options.eachStep === true) pool.setF32(swarm, FIELD.wayMax, 0);
  if (options.theta !== undefined) pool.setF32(swarm, FIELD.theta, options.theta);
  pool.resizeBodies(swarm, count);
  pool.words(swarm, FIELD.slots, count).forEach((_, i, slots) => {
    slots[i] = i;
  });
  const links = pairs(edges);
  writeSprings(pool, swarm, plainSprings(count, links, LINK_LENGTH));
  writeComponents(pool, swarm, count, links);
  const places = startPlaces(pool, count, links, options);
  const rows = pool.floats(swarm, FIELD.places, count * 4);
  for (let i = 0; i < count; i += 1) rows.set(places.subarray(i * 3, i * 3 + 3), i * 4);
  return swarm;
}

function startPlaces(pool: SwarmPool, count: number, links: Uint32Array, options: KernelSwarmOptions): Float32Array {
  const { start = 'good', seed = 1 } = options;
  if (start === 'good') return unfoldedStart(pool, count, links, seed >>> 0);
  if (start !== 'ball') return Float32Array.from(start);
  const radius = LINK_LENGTH * 0.75 * Math.cbrt(count);
  return Float32Array.from({ length: count * 3 }, (_, k) => signedUnit(seed >>> 0, k, 1) * radius);
}

function pairs({ from, to }: KernelEdges): Uint32Array {
  const links = new Uint32Array(from.length * 2);
  for (let k = 0; k < from.length; k += 1) links.set([from[k] as number, to[k] as number], k * 2);
  return links;
}

function triples(rows: Float32Array): Float32Array {
  const out = new Float32Array((rows.length / 4) * 3);
  for (let i = 0; i * 4 < rows.length; i += 1) out.set(rows.subarray(i * 4, i * 4 + 3), i * 3);
  return out;
}
