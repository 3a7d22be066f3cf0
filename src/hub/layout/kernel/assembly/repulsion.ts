/** Repulsion of a swarm by the method that its size asks for; the large ones in slices of several ticks. */
import { FULL_MAX, REPULSION, SLICE_BODIES, SOFTENING, SYMMETRIC_MAX } from "../physics";
import { sortBodies, sortScratchBytes } from "./fmm-sort";
import { gather, layOutTree, leavesOf, orderOf, refit } from "./fmm-tree";
import { repelFar, walkScratchBytes } from "./fmm-walk";
import { repelFull } from "./repulsion-full";
import { repelSymmetric, symmetricScratchBytes } from "./repulsion-symmetric";
import { f32At, Field, i32At, pointer, u32At } from "./swarm";

export namespace Method {
  export const bySize: u32 = 0;
  export const full: u32 = 1;
  export const symmetric: u32 = 2;
  export const fmm: u32 = 3;
}

/** The order is renewed when leaves have grown by this much, and at the latest after so many uses. */
const AGED: f32 = 1.15;
const MAX_AGE: u32 = 64;

@inline export function methodOf(swarm: usize): u32 {
  const wanted = u32At(swarm, Field.method);
  if (wanted != Method.bySize) return wanted;
  const count = i32At(swarm, Field.count);
  return count <= FULL_MAX ? Method.full : count <= SYMMETRIC_MAX ? Method.symmetric : Method.fmm;
}

/** Ticks that a step of a swarm takes. */
export function ticksPerStep(swarm: usize): i32 {
  if (methodOf(swarm) != Method.fmm) return 1;
  return (i32At(swarm, Field.count) + SLICE_BODIES - 1) / SLICE_BODIES;
}

/** Forces of `count` bodies, rounded up to four. */
@inline function forcesBytes(count: i32): usize { return (<usize>((count + 3) & ~3)) << 4; }

/** Scratch for `count` bodies: for their repulsion by any method, then for forces, and centres of components beside. */
export function scratchBytes(count: i32): usize {
  const repulsion = max<usize>(symmetricScratchBytes(count), max<usize>(sortScratchBytes(count), walkScratchBytes(count)));
  return max<usize>(repulsion, forcesBytes(count) + ((<usize>count) << 4));
}

/** The scratch behind the room for a step's forces. */
@inline export function freeScratch(swarm: usize, scratch: usize): usize {
  return scratch + forcesBytes(i32At(swarm, Field.count));
}

/** Writes the repulsion on the bodies to their block. @returns false when the rest takes another tick. */
export function repel(swarm: usize, scratch: usize): bool {
  const count = i32At(swarm, Field.count);
  const method = methodOf(swarm);
  const places = pointer(swarm, Field.places), repulsion = pointer(swarm, Field.repulsion);
  if (count == 0) return true;
  if (method == Method.fmm) return repelSlice(swarm, count, places, repulsion, scratch);
  if (method == Method.full) repelFull(count, places, places, count, repulsion, <f32>REPULSION, <f32>SOFTENING);
  else repelSymmetric(count, places, repulsion, scratch, <f32>REPULSION, <f32>SOFTENING);
  return true;
}

function repelSlice(swarm: usize, count: i32, places: usize, forces: usize, scratch: usize): bool {
  const tree = pointer(swarm, Field.tree);
  const from = i32At(swarm, Field.progress);
  if (from == 0) prepare(swarm, count, places, tree, scratch);
  const leaves = leavesOf(count);
  const slice = (leaves + ticksPerStep(swarm) - 1) / ticksPerStep(swarm);
  const to = min<i32>(leaves, from + slice);
  repelFar(count, tree, forces, from, to, f32At(swarm, Field.theta), <f32>REPULSION, <f32>SOFTENING, scratch);
  store<i32>(swarm + Field.progress, to < leaves ? to : 0);
  return to >= leaves;
}

/** Tree of the present places; depends on the swarm's state alone, never on time. */
function prepare(swarm: usize, count: i32, places: usize, tree: usize, scratch: usize): void {
  const sortedRadius = f32At(swarm, Field.sortedRadius);
  const age = u32At(swarm, Field.stepsSinceSort) + 1;
  store<u32>(swarm + Field.stepsSinceSort, age);
  if (sortedRadius > 0 && age < MAX_AGE) {
    gather(count, places, tree);
    if (refit(count, tree) <= sortedRadius * AGED) return;
  }
  layOutTree(tree, count);
  sortBodies(count, (count + 3) & ~3, places, orderOf(tree), scratch);
  gather(count, places, tree);
  store<f32>(swarm + Field.sortedRadius, max<f32>(refit(count, tree), 1e-20));
  store<u32>(swarm + Field.stepsSinceSort, 0);
}
