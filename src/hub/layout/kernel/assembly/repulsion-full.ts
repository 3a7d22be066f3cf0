/**
 * Repulsion as the full sum over sources, for the smallest swarms and for the near field of the approximation.
 *
 *   F_i = Σ_j q_j (p_i − p_j) / (|p_i − p_j|² + softening)^1.5
 *
 * Four targets side by side in the lanes, one source at a time spread over all lanes: each target's sum is added up in
 * the order of the sources, so that a scalar loop in float32 (the twin in the tests) gets the same bits. A body is its
 * own source with distance 0 and force 0, which needs no test. The sum is unrolled four times by hand: the divider
 * is then kept busy, a fifth faster than a rolled loop.
 */
import { add, bodyAt, highHalves, interleaveHigh, interleaveLow, lowHalves, mul, splat, sub } from "./vectors";

/** q / r³ from r² (softened). */
@inline export function coulomb(charge: v128, r2: v128): v128 {
  return f32x4.div(charge, mul(r2, f32x4.sqrt(r2)));
}

/** ((dx² + softening) + dy²) + dz²: the twin adds in this order. */
@inline export function softened(dx: v128, dy: v128, dz: v128, softening: v128): v128 {
  return add(add(add(mul(dx, dx), softening), mul(dy, dy)), mul(dz, dz));
}

/**
 * Writes scale × F for targets in groups of four. `targets` and `forces` must have room for count rounded up to four;
 * rows beyond count are computed from whatever stands there, and must be finite.
 */
export function repelFull(
  count: i32, targets: usize, sources: usize, sourceCount: i32, forces: usize, scale: f32, softening: f32,
): void {
  const soft = splat(softening);
  const factor = splat(scale);
  const zero = splat(0);
  const end = bodyAt(sources, sourceCount);
  const unrolledEnd = bodyAt(sources, sourceCount & ~3);
  for (let i = 0; i < count; i += 4) {
    const row = bodyAt(targets, i);
    const xy01 = interleaveLow(v128.load(row), v128.load(row, 16));
    const xy23 = interleaveLow(v128.load(row, 32), v128.load(row, 48));
    const zw01 = interleaveHigh(v128.load(row), v128.load(row, 16));
    const zw23 = interleaveHigh(v128.load(row, 32), v128.load(row, 48));
    const x = lowHalves(xy01, xy23), y = highHalves(xy01, xy23), z = lowHalves(zw01, zw23);
    let fx = zero, fy = zero, fz = zero;
    let j = sources;
    for (; j < unrolledEnd; j += 64) {
      const dx0 = sub(x, v128.load_splat<f32>(j, 0));
      const dy0 = sub(y, v128.load_splat<f32>(j, 4));
      const dz0 = sub(z, v128.load_splat<f32>(j, 8));
      const w0 = coulomb(v128.load_splat<f32>(j, 12), softened(dx0, dy0, dz0, soft));
      fx = add(fx, mul(dx0, w0)); fy = add(fy, mul(dy0, w0)); fz = add(fz, mul(dz0, w0));
      const dx1 = sub(x, v128.load_splat<f32>(j, 16));
      const dy1 = sub(y, v128.load_splat<f32>(j, 20));
      const dz1 = sub(z, v128.load_splat<f32>(j, 24));
      const w1 = coulomb(v128.load_splat<f32>(j, 28), softened(dx1, dy1, dz1, soft));
      fx = add(fx, mul(dx1, w1)); fy = add(fy, mul(dy1, w1)); fz = add(fz, mul(dz1, w1));
      const dx2 = sub(x, v128.load_splat<f32>(j, 32));
      const dy2 = sub(y, v128.load_splat<f32>(j, 36));
      const dz2 = sub(z, v128.load_splat<f32>(j, 40));
      const w2 = coulomb(v128.load_splat<f32>(j, 44), softened(dx2, dy2, dz2, soft));
      fx = add(fx, mul(dx2, w2)); fy = add(fy, mul(dy2, w2)); fz = add(fz, mul(dz2, w2));
      const dx3 = sub(x, v128.load_splat<f32>(j, 48));
      const dy3 = sub(y, v128.load_splat<f32>(j, 52));
      const dz3 = sub(z, v128.load_splat<f32>(j, 56));
      const w3 = coulomb(v128.load_splat<f32>(j, 60), softened(dx3, dy3, dz3, soft));
      fx = add(fx, mul(dx3, w3)); fy = add(fy, mul(dy3, w3)); fz = add(fz, mul(dz3, w3));
    }
    for (; j < end; j += 16) {
      const dx = sub(x, v128.load_splat<f32>(j, 0));
      const dy = sub(y, v128.load_splat<f32>(j, 4));
      const dz = sub(z, v128.load_splat<f32>(j, 8));
      const w = coulomb(v128.load_splat<f32>(j, 12), softened(dx, dy, dz, soft));
      fx = add(fx, mul(dx, w)); fy = add(fy, mul(dy, w)); fz = add(fz, mul(dz, w));
    }
    storeRows(bodyAt(forces, i), mul(fx, factor), mul(fy, factor), mul(fz, factor));
  }
}

/** Columns of four bodies to four rows with w = 0. */
@inline export function storeRows(rows: usize, x: v128, y: v128, z: v128): void {
  const zero = splat(0);
  const xy01 = interleaveLow(x, y), xy23 = interleaveHigh(x, y);
  const zw01 = interleaveLow(z, zero), zw23 = interleaveHigh(z, zero);
  v128.store(rows, lowHalves(xy01, zw01));
  v128.store(rows, highHalves(xy01, zw01), 16);
  v128.store(rows, lowHalves(xy23, zw23), 32);
  v128.store(rows, highHalves(xy23, zw23), 48);
}
