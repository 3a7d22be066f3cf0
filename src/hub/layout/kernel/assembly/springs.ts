/**
 * Links pull their ends to rest length, as springs of d3-force do (Bostock, d3-force, "link"): as strong as the less
 * linked end allows, and the better linked end moves less; both are worked out by the host, once per change of links.
 *
 * Lengths and pulls of four springs are computed side by side; the four are then added to their ends one after the
 * other, since springs of one group may share an end. Coincident ends get no pull: repulsion parts them.
 */
import {
  add, allW, allX, allY, allZ, highHalves, interleaveHigh, interleaveLow, lowHalves, mul, splat, sub,
} from "./vectors";

/** Keeps the length of a spring between coincident ends from being 0. */
const TINY: f32 = 1e-12;

/** Adds the pull of `count` (a multiple of four) springs to forces. */
export function pullSprings(count: i32, ends: usize, constants: usize, places: usize, forces: usize): void {
  const tiny = splat(TINY);
  for (let s = 0; s < count; s += 4) {
    const a0 = <usize>load<u32>(ends), b0 = <usize>load<u32>(ends, 4);
    const a1 = <usize>load<u32>(ends, 8), b1 = <usize>load<u32>(ends, 12);
    const a2 = <usize>load<u32>(ends, 16), b2 = <usize>load<u32>(ends, 20);
    const a3 = <usize>load<u32>(ends, 24), b3 = <usize>load<u32>(ends, 28);
    const d0 = sub(v128.load(places + b0), v128.load(places + a0));
    const d1 = sub(v128.load(places + b1), v128.load(places + a1));
    const d2 = sub(v128.load(places + b2), v128.load(places + a2));
    const d3 = sub(v128.load(places + b3), v128.load(places + a3));
    const xy01 = interleaveLow(d0, d1), xy23 = interleaveLow(d2, d3);
    const x = lowHalves(xy01, xy23), y = highHalves(xy01, xy23);
    const z = lowHalves(interleaveHigh(d0, d1), interleaveHigh(d2, d3));
    const length = f32x4.sqrt(add(add(add(mul(x, x), mul(y, y)), mul(z, z)), tiny));
    const k0 = v128.load(constants), k1 = v128.load(constants, 16);
    const k2 = v128.load(constants, 32), k3 = v128.load(constants, 48);
    const restStrength01 = interleaveLow(k0, k1), restStrength23 = interleaveLow(k2, k3);
    const rest = lowHalves(restStrength01, restStrength23);
    const strength = highHalves(restStrength01, restStrength23);
    const pull = mul(f32x4.div(sub(length, rest), length), strength);
    apply(forces + a0, forces + b0, mul(d0, allX(pull)), k0);
    apply(forces + a1, forces + b1, mul(d1, allY(pull)), k1);
    apply(forces + a2, forces + b2, mul(d2, allZ(pull)), k2);
    apply(forces + a3, forces + b3, mul(d3, allW(pull)), k3);
    ends += 32;
    constants += 64;
  }
}

/** Shares of the pull: the spring's third constant is that of the end at `a`, the fourth that of the end at `b`. */
@inline function apply(a: usize, b: usize, pull: v128, constants: v128): void {
  const g = f32x4.replace_lane(pull, 3, 0);
  v128.store(a, add(v128.load(a), mul(g, allZ(constants))));
  v128.store(b, sub(v128.load(b), mul(g, allW(constants))));
}
