/**
 * Repulsion with each pair computed once: what i does to j, j does to i with the sign turned (Newton's third law). The
 * law is that of repulsion-full.ts for bodies of charge 1.
 *
 * Bodies are first spread into columns (all x, all y, all z), so that four sources stand side by side. Blocks of four
 * targets: their mutual forces as a full sum of four by four; then, target by target, all later blocks, whose forces
 * are read, changed and written back. A third cheaper than the full sum from about twenty bodies on. Sums are added up
 * in a fixed order, another than the full sum's, so results differ from it in the last bits.
 */
import {
  add, bodyAt, highHalves, interleaveHigh, interleaveLow, lowHalves, mul, splat, sub, sum,
} from "./vectors";
import { coulomb, softened, storeRows } from "./repulsion-full";

/** Rows that fill up the last block stand so far away, and so far apart, that their force is 0. */
const FAR: f32 = 1e15;

/** Bytes of one column. */
@inline function columnBytes(count: i32): usize { return (<usize>((count + 3) & ~3)) << 2; }

/** Scratch that {@link repelSymmetric} needs. */
export function symmetricScratchBytes(count: i32): usize { return 6 * columnBytes(count); }

/** Writes scale × F for all bodies; `rows` and `forces` have room for count rounded up to four. */
export function repelSymmetric(
  count: i32, rows: usize, forces: usize, scratch: usize, scale: f32, softening: f32,
): void {
  const bytes = columnBytes(count);
  const px = scratch, py = px + bytes, pz = py + bytes;
  const fx = pz + bytes, fy = fx + bytes, fz = fy + bytes;
  spread(count, rows, px, py, pz);
  memory.fill(fx, 0, 3 * bytes);
  const soft = splat(softening), charge = splat(scale);
  for (let block: usize = 0; block < bytes; block += 16) {
    withinBlock(px + block, py + block, pz + block, fx + block, fy + block, fz + block, charge, soft);
    for (let i = block; i < block + 16; i += 4) {
      const x = v128.load_splat<f32>(px + i), y = v128.load_splat<f32>(py + i), z = v128.load_splat<f32>(pz + i);
      let ax = splat(0), ay = splat(0), az = splat(0);
      for (let j = block + 16; j < bytes; j += 16) {
        const dx = sub(x, v128.load(px + j)), dy = sub(y, v128.load(py + j)), dz = sub(z, v128.load(pz + j));
        const w = coulomb(charge, softened(dx, dy, dz, soft));
        const gx = mul(dx, w), gy = mul(dy, w), gz = mul(dz, w);
        ax = add(ax, gx); ay = add(ay, gy); az = add(az, gz);
        v128.store(fx + j, sub(v128.load(fx + j), gx));
        v128.store(fy + j, sub(v128.load(fy + j), gy));
        v128.store(fz + j, sub(v128.load(fz + j), gz));
      }
      store<f32>(fx + i, load<f32>(fx + i) + sum(ax));
      store<f32>(fy + i, load<f32>(fy + i) + sum(ay));
      store<f32>(fz + i, load<f32>(fz + i) + sum(az));
    }
  }
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    storeRows(bodyAt(forces, i), v128.load(fx + at), v128.load(fy + at), v128.load(fz + at));
  }
}

/** The forces of four bodies on each other. */
@inline function withinBlock(
  px: usize, py: usize, pz: usize, fx: usize, fy: usize, fz: usize, charge: v128, soft: v128,
): void {
  const x = v128.load(px), y = v128.load(py), z = v128.load(pz);
  let ax = splat(0), ay = splat(0), az = splat(0);
  for (let k: usize = 0; k < 16; k += 4) {
    const dx = sub(x, v128.load_splat<f32>(px + k));
    const dy = sub(y, v128.load_splat<f32>(py + k));
    const dz = sub(z, v128.load_splat<f32>(pz + k));
    const w = coulomb(charge, softened(dx, dy, dz, soft));
    ax = add(ax, mul(dx, w)); ay = add(ay, mul(dy, w)); az = add(az, mul(dz, w));
  }
  v128.store(fx, add(v128.load(fx), ax));
  v128.store(fy, add(v128.load(fy), ay));
  v128.store(fz, add(v128.load(fz), az));
}

function spread(count: i32, rows: usize, px: usize, py: usize, pz: usize): void {
  for (let i = 0; i < count; i += 4) {
    const row = bodyAt(rows, i), at = (<usize>i) << 2;
    const xy01 = interleaveLow(v128.load(row), v128.load(row, 16));
    const xy23 = interleaveLow(v128.load(row, 32), v128.load(row, 48));
    const zw01 = interleaveHigh(v128.load(row), v128.load(row, 16));
    const zw23 = interleaveHigh(v128.load(row, 32), v128.load(row, 48));
    v128.store(px + at, lowHalves(xy01, xy23));
    v128.store(py + at, highHalves(xy01, xy23));
    v128.store(pz + at, lowHalves(zw01, zw23));
  }
  for (let i = count; (i & 3) != 0; i += 1) {
    const at = (<usize>i) << 2;
    store<f32>(px + at, FAR * <f32>(i - count + 1));
    store<f32>(py + at, FAR);
    store<f32>(pz + at, FAR);
  }
}
