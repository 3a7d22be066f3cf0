/**
 * Links pull their ends to rest length, as springs of d3-force do (Bostock, d3-force, "link"): as strong as the less
 * linked end allows, and the better linked end moves less; both are worked out by the host, once per change of links.
 *
 * Lengths and pulls of four springs are computed side by side, from constants that stand so: four rest lengths, four
 * strengths, and four shares of the pull that the first end takes. The four are then added to their ends one after the
 * other, since springs of one group may share an end. Coincident ends get no pull: repulsion parts them.
 *
 * The fourth number of every place is the same, so a difference of places has 0 there, and so has the force.
 */
import { add, allW, allX, allY, allZ, highHalves, interleaveHigh, interleaveLow, lowHalves, mul, splat, sub } from "./vectors";

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
    const rest = v128.load(constants), strength = v128.load(constants, 16), share = v128.load(constants, 32);
    const pull = mul(f32x4.div(sub(length, rest), length), strength);
    const pullA = mul(pull, share), pullB = sub(pull, pullA);
    apply(forces + a0, forces + b0, d0, allX(pullA), allX(pullB));
    apply(forces + a1, forces + b1, d1, allY(pullA), allY(pullB));
    apply(forces + a2, forces + b2, d2, allZ(pullA), allZ(pullB));
    apply(forces + a3, forces + b3, d3, allW(pullA), allW(pullB));
    ends += 32;
    constants += 48;
  }
}

@inline function apply(a: usize, b: usize, difference: v128, pullA: v128, pullB: v128): void {
  v128.store(a, add(v128.load(a), mul(difference, pullA)));
  v128.store(b, sub(v128.load(b), mul(difference, pullB)));
}
