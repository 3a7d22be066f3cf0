/**
 * The layout kernel: steps the swarms of one worker thread in shared memory, and publishes them from there. Compiled to
 * WebAssembly by asc (`npm run build`); kernel/kernel-module.ts describes it to the host.
 *
 * One call per tick goes through the list of swarms that are not at rest. A step of a swarm is: repulsion (repulsion.ts
 * chooses among the exact sums and the fast multipole method; multistep.ts, in which steps), springs, shape, centring
 * and integration; then the swarm's way to another place, held agents, cooling; then its publication.
 */
import { STEP_HZ } from "../physics";
import { pullToCentre } from "./centring";
import { integrate } from "./integrate";
import { cool, glide, holdPins, State } from "./life";
import { beginForces, noteWay } from "./multistep";
import { publish } from "./publish";
import { freeScratch, repel, scratchBytes, ticksPerStep } from "./repulsion";
import { pullToShape } from "./shape";
import { pullSprings } from "./springs";
import { f32At, Field, i32At, pointer, SWARM_BYTES, u32At } from "./swarm";

export { shake } from "./life";
export { layOutTree, orderOf as treeOrder, treeBytes } from "./fmm-tree";
export { repel, scratchBytes, ticksPerStep };

/** Asked between swarms: 0 when there is no time for another. @param swarm number of the one before. */
@external("host", "hasTime")
declare function hasTime(swarm: u32): i32;

/**
 * What {@link tick} leaves for the host: u32 awake, u32 moved, u32 length of the list, u32 first of the next tick, u32
 * outgrown.
 */
namespace Outcome {
  export const awake: usize = 0;
  export const moved: usize = 4;
  export const listed: usize = 8;
  export const first: usize = 12;
  export const outgrown: usize = 16;
}

/**
 * One tick of the listed swarms, beginning with number `first` of the list. Those that come to rest leave the list.
 * @param list u32 numbers of swarms in `table`.
 * @param moved u32 room for as many: refs of swarms that have a new publication.
 * @param outgrown u32 room for as many: numbers of those among them that reach further than they have room.
 * @param patience bodies that are stepped between two questions for time: asking takes as long as stepping a few.
 */
export function tick(
  table: usize, list: usize, listed: u32, first: u32, moved: usize, outgrown: usize, outcome: usize, scratch: usize,
  time: u32, timeMs: f64, patience: u32,
): void {
  let awake: u32 = 0, movedCount: u32 = 0, outgrownCount: u32 = 0, next = first, bodies: u32 = 0;
  let late = false;
  for (let k: u32 = 0; k < listed; k += 1) {
    const at = (first + k) % listed;
    const number = load<u32>(list + ((<usize>at) << 2));
    const swarm = table + (<usize>number) * SWARM_BYTES;
    const wasAwake = u32At(swarm, Field.state) == State.awake;
    if (wasAwake) awake += 1;
    if (late) continue;
    if (!wasAwake || step(swarm, scratch)) {
      publish(swarm, time, timeMs, <f32>STEP_HZ / <f32>ticksPerStep(swarm));
      if (!wasAwake) store<u32>(swarm + Field.state, State.asleep);
      store<u32>(moved + ((<usize>movedCount) << 2), u32At(swarm, Field.ref));
      movedCount += 1;
      if (f32At(swarm, Field.reach) > f32At(swarm, Field.room)) {
        store<u32>(outgrown + ((<usize>outgrownCount) << 2), number);
        outgrownCount += 1;
      }
    }
    if (!wasAwake) continue;
    bodies += u32At(swarm, Field.count);
    if (bodies < patience) continue;
    bodies = 0;
    if (hasTime(number) == 0) {
      late = true;
      next = at + 1;
    }
  }
  compact(table, list, listed, late ? next : 0, outcome);
  store<u32>(outcome, awake, Outcome.awake);
  store<u32>(outcome, movedCount, Outcome.moved);
  store<u32>(outcome, outgrownCount, Outcome.outgrown);
}

/** Takes sleepers out of the list; the others keep their order. */
function compact(table: usize, list: usize, listed: u32, next: u32, outcome: usize): void {
  let kept: u32 = 0, first: u32 = 0;
  for (let at: u32 = 0; at < listed; at += 1) {
    if (at == next) first = kept;
    const number = load<u32>(list + ((<usize>at) << 2));
    if (u32At(table + (<usize>number) * SWARM_BYTES, Field.state) == State.asleep) continue;
    store<u32>(list + ((<usize>kept) << 2), number);
    kept += 1;
  }
  store<u32>(outcome, kept, Outcome.listed);
  store<u32>(outcome, first, Outcome.first);
}

/** One tick of a swarm's physics. @returns whether it completed a step. */
export function step(swarm: usize, scratch: usize): bool {
  if (!beginForces(swarm, scratch)) return false;
  pullSprings(
    i32At(swarm, Field.springCount),
    pointer(swarm, Field.springEnds),
    pointer(swarm, Field.springConstants),
    pointer(swarm, Field.places),
    pointer(swarm, Field.forces),
  );
  pullToShape(swarm);
  integrate(swarm, pullToCentre(swarm, freeScratch(swarm, scratch)));
  glide(swarm);
  holdPins(swarm);
  noteWay(swarm);
  cool(swarm);
  return true;
}
