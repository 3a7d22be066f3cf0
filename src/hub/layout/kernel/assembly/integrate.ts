/**
 * Moves bodies by their damped, clamped velocities (semi-implicit Euler):
 *
 *   v ← (v + alpha × mobility × F) × retention,  |v| ≤ top speed,  p ← p + v
 *
 * Whatever forces did, places stay finite and within MAX_LOCAL of the centre: a body that turned non-finite is put back
 * near the centre, at rest, and counted.
 */
import { LINK_LENGTH, MAX_LOCAL, MAX_SPEED, RETENTION } from "../physics";
import { signedUnit } from "./random";
import { f32At, Field, pointer, u32At } from "./swarm";
import { add, laneX, laneY, laneZ, mul, normSquared, ROW, splat, sum } from "./vectors";

export function integrate(swarm: usize): void {
  const count = u32At(swarm, Field.count);
  const alpha = f32At(swarm, Field.alpha);
  const retention = splat(<f32>RETENTION), farthest = splat(<f32>MAX_LOCAL);
  const topSquared = splat(<f32>MAX_SPEED * <f32>MAX_SPEED);
  let p = pointer(swarm, Field.places), v = pointer(swarm, Field.velocities), f = pointer(swarm, Field.forces);
  let mobility = pointer(swarm, Field.mobility);
  let fastest = splat(0), reach = splat(0);
  let poisoned: u32 = 0;
  for (let i: u32 = 0; i < count; i += 1, p += ROW, v += ROW, f += ROW, mobility += 4) {
    const place = v128.load(p);
    const heat = splat(alpha * load<f32>(mobility));
    const push = mul(v128.load(f), heat);
    let velocity = mul(add(v128.load(v), push), retention);
    let squared = normSquared(velocity);
    if (!v128.any_true(f32x4.le(squared, topSquared))) {
      velocity = mul(velocity, splat(<f32>MAX_SPEED / sqrt<f32>(laneX(squared))));
      squared = topSquared;
    }
    let moved = add(place, velocity);
    if (!i32x4.all_true(f32x4.le(f32x4.abs(moved), farthest))) {
      if (isFinite(laneX(moved) + laneY(moved) + laneZ(moved))) {
        moved = f32x4.pmin(f32x4.pmax(moved, f32x4.neg(farthest)), farthest);
      } else if (isFinite(sum(place) + sum(v128.load(v)))) {
        // Somebody else's place is none, which spoils the force on everybody: stand still until it is mended.
        moved = place;
        velocity = v128.load(v);
        squared = normSquared(velocity);
      } else {
        moved = nearCentre(swarm, i);
        velocity = splat(0);
        squared = velocity;
        poisoned += 1;
      }
    }
    v128.store(v, velocity);
    v128.store(p, moved);
    fastest = f32x4.pmax(fastest, squared);
    reach = f32x4.pmax(reach, f32x4.abs(moved));
  }
  store<f32>(swarm + Field.topSpeed, sqrt<f32>(laneX(fastest)));
  store<f32>(swarm + Field.reach, max<f32>(max<f32>(laneX(reach), laneY(reach)), laneZ(reach)));
  store<u32>(swarm + Field.poisonedNow, poisoned);
  store<u32>(swarm + Field.poisoned, u32At(swarm, Field.poisoned) + poisoned);
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
