/**
 * Moves bodies by their damped, clamped velocities (semi-implicit Euler):
 *
 *   v ← (v + alpha × mobility × F) × retention,  |v| ≤ top speed,  p ← p + v
 *
 * Whatever forces did, places stay finite and within MAX_LOCAL of the centre: a body that turned non-finite is put back
 * near the centre, at rest, and counted.
 *
 * Four bodies at a time, whose speeds are told in one transposition, as long as none of them needs more than that; else
 * one by one, with the same bits. Rows beyond the last body have no mobility and stay in the origin.
 */
import { LINK_LENGTH, MAX_LOCAL, MAX_SPEED, RETENTION } from "../physics";
import { signedUnit } from "./random";
import { f32At, Field, pointer, u32At } from "./swarm";
import {
  add, allW, allX, allY, allZ, highHalves, interleaveHigh, interleaveLow, laneW, laneX, laneY, laneZ, lowHalves, mul,
  normSquared, ROW, splat, sum,
} from "./vectors";

/** As of the step before, and pushed. */
@inline function pushed(velocity: v128, force: v128, all: v128, heat: v128): v128 {
  return mul(add(velocity, mul(add(force, all), heat)), splat(<f32>RETENTION));
}

/**
 * Inlined, as asc warns of exported functions that take vectors.
 * @param all a force that all bodies get beside theirs.
 */
@inline export function integrate(swarm: usize, all: v128): void {
  const count = u32At(swarm, Field.count), alpha = splat(f32At(swarm, Field.alpha));
  const farthest = splat(<f32>MAX_LOCAL), topSquared = splat(<f32>MAX_SPEED * <f32>MAX_SPEED);
  let p = pointer(swarm, Field.places), v = pointer(swarm, Field.velocities), f = pointer(swarm, Field.forces);
  let mobility = pointer(swarm, Field.mobility);
  let fastest = splat(0), reach = splat(0);
  store<u32>(swarm + Field.poisonedNow, 0);
  for (let i: u32 = 0; i < count; i += 4, p += 4 * ROW, v += 4 * ROW, f += 4 * ROW, mobility += 16) {
    const heat = mul(alpha, v128.load(mobility));
    const v0 = pushed(v128.load(v), v128.load(f), all, allX(heat));
    const v1 = pushed(v128.load(v, 16), v128.load(f, 16), all, allY(heat));
    const v2 = pushed(v128.load(v, 32), v128.load(f, 32), all, allZ(heat));
    const v3 = pushed(v128.load(v, 48), v128.load(f, 48), all, allW(heat));
    const p0 = add(v128.load(p), v0), p1 = add(v128.load(p, 16), v1);
    const p2 = add(v128.load(p, 32), v2), p3 = add(v128.load(p, 48), v3);
    const squared = squares(v0, v1, v2, v3);
    const a0 = f32x4.abs(p0), a1 = f32x4.abs(p1), a2 = f32x4.abs(p2), a3 = f32x4.abs(p3);
    // A sum, unlike a maximum, is NaN where one of them is.
    const within = f32x4.le(add(add(a0, a1), add(a2, a3)), farthest);
    if (i32x4.all_true(v128.and(within, f32x4.le(squared, topSquared)))) {
      v128.store(v, v0); v128.store(v, v1, 16); v128.store(v, v2, 32); v128.store(v, v3, 48);
      v128.store(p, p0); v128.store(p, p1, 16); v128.store(p, p2, 32); v128.store(p, p3, 48);
      fastest = f32x4.pmax(fastest, squared);
      reach = f32x4.pmax(reach, f32x4.pmax(f32x4.pmax(a0, a1), f32x4.pmax(a2, a3)));
      continue;
    }
    for (let k = i, row: usize = 0, end = min<u32>(i + 4, count); k < end; k += 1, row += ROW) {
      const one = splat(laneX(alpha) * load<f32>(mobility + (row >> 2)));
      fastest = f32x4.pmax(fastest, moveOne(swarm, k, p + row, v + row, pushed(v128.load(v + row), v128.load(f + row), all, one)));
      reach = f32x4.pmax(reach, f32x4.abs(v128.load(p + row)));
    }
  }
  const top = max<f32>(max<f32>(laneX(fastest), laneY(fastest)), max<f32>(laneZ(fastest), laneW(fastest)));
  store<f32>(swarm + Field.topSpeed, sqrt<f32>(top));
  store<f32>(swarm + Field.reach, max<f32>(max<f32>(laneX(reach), laneY(reach)), laneZ(reach)));
  store<u32>(swarm + Field.poisoned, u32At(swarm, Field.poisoned) + u32At(swarm, Field.poisonedNow));
}

/** Of four rows, x² + y² + z² of each in its lane: added up in the order of {@link normSquared}. */
@inline function squares(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = interleaveLow(a, b), cd = interleaveLow(c, d);
  const x = lowHalves(ab, cd), y = highHalves(ab, cd), z = lowHalves(interleaveHigh(a, b), interleaveHigh(c, d));
  return add(add(mul(x, x), mul(y, y)), mul(z, z));
}

/** Body `index`, at `p` with the velocity at `v`. @returns its squared speed in all lanes. */
function moveOne(swarm: usize, index: u32, p: usize, v: usize, wanted: v128): v128 {
  const farthest = splat(<f32>MAX_LOCAL), topSquared = splat(<f32>MAX_SPEED * <f32>MAX_SPEED);
  const place = v128.load(p), before = v128.load(v);
  let velocity = wanted, squared = normSquared(wanted);
  if (!v128.any_true(f32x4.le(squared, topSquared))) {
    velocity = mul(velocity, splat(<f32>MAX_SPEED / sqrt<f32>(laneX(squared))));
    squared = topSquared;
  }
  let moved = add(place, velocity);
  if (!i32x4.all_true(f32x4.le(f32x4.abs(moved), farthest))) {
    if (isFinite(laneX(moved) + laneY(moved) + laneZ(moved))) {
      moved = f32x4.pmin(f32x4.pmax(moved, f32x4.neg(farthest)), farthest);
    } else if (isFinite(sum(place) + sum(before))) {
      // Somebody else's place is none, which spoils the force on everybody: stand still until it is mended.
      moved = place;
      velocity = before;
      squared = normSquared(velocity);
    } else {
      moved = nearCentre(swarm, index);
      velocity = splat(0);
      squared = velocity;
      store<u32>(swarm + Field.poisonedNow, u32At(swarm, Field.poisonedNow) + 1);
    }
  }
  v128.store(v, velocity);
  v128.store(p, moved);
  return squared;
}

/** A place that a body's slot decides, with its charge. */
function nearCentre(swarm: usize, index: u32): v128 {
  const seed = u32At(swarm, Field.seed);
  const slot = load<u32>(pointer(swarm, Field.slots) + ((<usize>index) << 2));
  const spread = <f32>LINK_LENGTH;
  return f32x4(
    signedUnit(seed, slot, 11) * spread, signedUnit(seed, slot, 12) * spread, signedUnit(seed, slot, 13) * spread, 1,
  );
}
