/**
 * Every body is pulled to the swarm's centre, the origin of its coordinates, so that parts without links stay near.
 * Used by integrate.ts as it goes through the bodies, which saves a pass.
 */
import { mul, sub } from "./vectors";

/** `strength` has 0 in its fourth lane, where a place has the body's charge. */
@inline export function pullToCentre(force: v128, place: v128, strength: v128): v128 {
  return sub(force, mul(place, strength));
}

@inline export function centringStrength(strength: f32): v128 {
  return f32x4.replace_lane(f32x4.splat(strength), 3, 0);
}
