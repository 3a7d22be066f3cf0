/**
 * Pulls what no link holds to the swarm's centre, the origin of its coordinates. The pull is that of each component as
 * a whole: all of its bodies are drawn by the way that its own centre has to go. So loose agents and loose teams stay
 * near, and none is crushed: a pull on every body by its own distance, which is usual, folds long chains and rings up,
 * and nothing that a layout does before can keep them open.
 */
import { f32At, Field, pointer, u32At } from "./swarm";
import { add, bodyAt, mul, ROW, splat } from "./vectors";

/** The usual case: everybody in one component. Two sums, since one alone waits for itself. */
function pullTogether(count: u32, places: usize, strength: f32): v128 {
  let even = splat(0), odd = splat(0);
  let p = places;
  for (let i: u32 = 1; i < count; i += 2, p += 2 * ROW) {
    even = add(even, v128.load(p));
    odd = add(odd, v128.load(p, ROW));
  }
  if ((count & 1) != 0) even = add(even, v128.load(p));
  return f32x4.replace_lane(mul(add(even, odd), splat(-strength / <f32>count)), 3, 0);
}

/**
 * Adds to forces what differs from component to component.
 * @param scratch 16 bytes per component.
 * @returns the force that all bodies get beside theirs.
 */
export function pullToCentre(swarm: usize, scratch: usize): v128 {
  const count = u32At(swarm, Field.count);
  const components = u32At(swarm, Field.componentCount);
  const strength = f32At(swarm, Field.centring);
  if (components == 0) return splat(0);
  if (components == 1) return pullTogether(count, pointer(swarm, Field.places), strength);
  memory.fill(scratch, 0, (<usize>components) << 4);
  let component = pointer(swarm, Field.components);
  // Charges are 1, so the fourth lane counts bodies.
  for (let i: u32 = 0, p = pointer(swarm, Field.places); i < count; i += 1, p += ROW, component += 4) {
    const sum = bodyAt(scratch, <i32>load<u32>(component));
    v128.store(sum, add(v128.load(sum), v128.load(p)));
  }
  for (let c: u32 = 0, sum = scratch; c < components; c += 1, sum += ROW) {
    const pull = mul(v128.load(sum), splat(-strength / load<f32>(sum, 12)));
    v128.store(sum, f32x4.replace_lane(pull, 3, 0));
  }
  component = pointer(swarm, Field.components);
  for (let i: u32 = 0, f = pointer(swarm, Field.forces); i < count; i += 1, f += ROW, component += 4) {
    v128.store(f, add(v128.load(f), v128.load(bodyAt(scratch, <i32>load<u32>(component)))));
  }
  return splat(0);
}
