/**
 * Multiple time stepping, as molecular dynamics has it (Streett, Tildesley and Saville, "Multiple time-step methods in
 * molecular dynamics", Mol. Phys. 35, 1978): springs change within a step, repulsion hardly does, so what was worked out
 * in one step serves some steps more. Not where things move: it is worked out anew as soon as the fastest body may have
 * gone a quarter of a link, by the criterion that lists of neighbours are renewed by (Verlet, Phys. Rev. 159, 1967),
 * with the sum of top speeds for the way.
 *
 * Steps are counted from a number that differs from swarm to swarm, so that a thousand that began together share the
 * work out among ticks.
 */
import { REPULSION_STEPS } from "../physics";
import { repel, ticksPerStep } from "./repulsion";
import { f32At, Field, i32At, pointer, u32At } from "./swarm";
import { bodyAt } from "./vectors";

/** Begins a step's forces with repulsion, new or of before. @returns false when the step goes on in the next tick. */
export function beginForces(swarm: usize, scratch: usize): bool {
  if (!stillServes(swarm)) {
    if (!repel(swarm, scratch)) return false;
    store<f32>(swarm + Field.way, 0);
  }
  const repulsion = pointer(swarm, Field.repulsion);
  // A step of several ticks has its forces in the block, since others use the scratch meanwhile.
  const forces = ticksPerStep(swarm) > 1 ? repulsion : scratch;
  store<u32>(swarm + Field.forces, <u32>forces);
  if (forces == scratch) copyRows(repulsion, scratch, i32At(swarm, Field.count));
  return true;
}

/** After a step that moved bodies. */
export function noteWay(swarm: usize): void {
  store<u32>(swarm + Field.steps, u32At(swarm, Field.steps) + 1);
  // Bodies that were put back have gone further than any speed tells; so do held ones while their swarm glides.
  const jumped = u32At(swarm, Field.poisonedNow) > 0
    || (u32At(swarm, Field.glideLeft) > 0 && u32At(swarm, Field.pinCount) > 0);
  const way = jumped ? <f32>Infinity : f32At(swarm, Field.way) + f32At(swarm, Field.topSpeed);
  store<f32>(swarm + Field.way, way);
}

@inline function stillServes(swarm: usize): bool {
  return u32At(swarm, Field.steps) % <u32>REPULSION_STEPS != 0
    && f32At(swarm, Field.way) < f32At(swarm, Field.wayMax)
    && ticksPerStep(swarm) == 1;
}

/** Rows have room for a count rounded up to four. */
function copyRows(from: usize, to: usize, count: i32): void {
  for (const end = bodyAt(from, count); from < end; from += 64, to += 64) {
    const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48);
    v128.store(to, a); v128.store(to, b, 16); v128.store(to, c, 32); v128.store(to, d, 48);
  }
}
