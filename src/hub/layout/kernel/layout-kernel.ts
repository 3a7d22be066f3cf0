/**
 * The layout kernel by itself: forces and integration of many swarms in one WebAssembly memory, without life, slots,
 * shapes or regions. Benches and tests use it directly; the engine (layout-engine.ts) adds the rest.
 */

/** Links as springs, by body index: `from[k]`–`to[k]`. */
export interface KernelEdges {
  from: ArrayLike<number>;
  to: ArrayLike<number>;
}

/** How repulsion is computed; `auto` chooses by size. */
export type KernelMethod = 'auto' | 'full' | 'symmetric' | 'fmm';

export interface KernelSwarmOptions {
  /** u32; positions of those that have none follow from it. Default 1. */
  seed?: number;
  /** x, y, z per body, world units; `good` unfolds large graphs coarse first (default), `ball` takes a seeded ball. */
  start?: ArrayLike<number> | 'good' | 'ball';
  method?: KernelMethod;
  /** Accuracy of `fmm`: smaller is more accurate and slower. Default 1.2. */
  theta?: number;
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
  dispose(): void;
}

/** Many swarms in one memory, all stepped by one call. */
export interface StepperPool {
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
export declare function createStepper(count: number, edges: KernelEdges, options?: KernelSwarmOptions): SwarmStepper;

/** An empty pool with a memory of its own. */
export declare function createStepperPool(): StepperPool;
