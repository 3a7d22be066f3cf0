/**
 * Finds a place for one body while all others stand still: where the forces on it are least. A newcomer that begins
 * there hardly disturbs the others.
 */
import { REPULSION, SOFTENING } from "../physics";
import { f32At, Field, i32At, pointer } from "./swarm";
import { add, bodyAt, lengthSquared, mul, ROW, splat, sub } from "./vectors";

/** Greatest way in one iteration, in units; it shrinks from one to the next. */
const STRIDE: f32 = 10;

/**
 * Moves body `index` along the force on it, `iterations` times. O(iterations × bodies).
 * @returns its potential energy there, by which several beginnings are compared.
 */
export function settleBody(swarm: usize, index: i32, iterations: i32): f32 {
  const row = bodyAt(pointer(swarm, Field.places), index);
  let place = v128.load(row);
  for (let k = 0; k < iterations; k += 1) {
    const force = forceAt(swarm, index, place);
    const size = sqrt<f32>(lengthSquared(force));
    const stride = STRIDE * <f32>(iterations - k) / <f32>iterations;
    place = add(place, mul(force, splat(size > stride ? stride / size : 1)));
  }
  v128.store(row, f32x4.replace_lane(place, 3, 1));
  return energyAt(swarm, index, place);
}

function forceAt(swarm: usize, index: i32, place: v128): v128 {
  const count = i32At(swarm, Field.count), places = pointer(swarm, Field.places);
  let force = splat(0);
  for (let j = 0; j < count; j += 1) {
    if (j == index) continue;
    const d = sub(place, v128.load(bodyAt(places, j)));
    const r2 = lengthSquared(d) + <f32>SOFTENING;
    force = add(force, mul(d, splat(<f32>REPULSION / (r2 * sqrt<f32>(r2)))));
  }
  const offset = <u32>(index << 4);
  const springs = i32At(swarm, Field.springCount);
  let ends = pointer(swarm, Field.springEnds), constants = pointer(swarm, Field.springConstants);
  let isLoose = true;
  for (let s = 0; s < springs; s += 1, ends += 8, constants += ROW) {
    const a = load<u32>(ends), b = load<u32>(ends, 4);
    if (a == b || (a != offset && b != offset)) continue;
    isLoose = false;
    const d = sub(v128.load(places + <usize>(a == offset ? b : a)), place);
    const length = sqrt<f32>(lengthSquared(d)) + <f32>1e-6;
    force = add(force, mul(d, splat((length - load<f32>(constants)) / length * load<f32>(constants, 4))));
  }
  if (isLoose) force = sub(force, mul(place, splat(f32At(swarm, Field.centring))));
  return f32x4.replace_lane(force, 3, 0);
}

function energyAt(swarm: usize, index: i32, place: v128): f32 {
  const count = i32At(swarm, Field.count), places = pointer(swarm, Field.places);
  let energy: f32 = 0;
  for (let j = 0; j < count; j += 1) {
    if (j == index) continue;
    energy += <f32>REPULSION / sqrt<f32>(lengthSquared(sub(place, v128.load(bodyAt(places, j)))) + <f32>SOFTENING);
  }
  const offset = <u32>(index << 4);
  const springs = i32At(swarm, Field.springCount);
  let ends = pointer(swarm, Field.springEnds), constants = pointer(swarm, Field.springConstants);
  let isLoose = true;
  for (let s = 0; s < springs; s += 1, ends += 8, constants += ROW) {
    const a = load<u32>(ends), b = load<u32>(ends, 4);
    if (a == b || (a != offset && b != offset)) continue;
    isLoose = false;
    const length = sqrt<f32>(lengthSquared(sub(v128.load(places + <usize>(a == offset ? b : a)), place)));
    const stretch = length - load<f32>(constants);
    energy += <f32>0.5 * load<f32>(constants, 4) * stretch * stretch;
  }
  if (!isLoose) return energy;
  return energy + <f32>0.5 * f32At(swarm, Field.centring) * lengthSquared(place);
}
