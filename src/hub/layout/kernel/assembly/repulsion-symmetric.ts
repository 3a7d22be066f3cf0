/**
 * Repulsion with each pair computed once: what i does to j, j does to i with the sign turned (Newton's third law). The
 * law is that of repulsion-full.ts for bodies of charge 1.
 *
 * Bodies are first spread into blocks of four, in which all x stand side by side, then all y and so on, and the forces
 * behind them: one address serves all six columns of a block. Within a block, each lane meets its neighbours by
 * rotation: with lane k + 1 both learn the force; with lane k + 2 each pair is found twice, which saves the way back.
 * Then, body by body, all later blocks, whose forces are read, changed and written back; the four bodies' own sums are
 * added up across lanes together, in one transposition.
 *
 * A quarter less than the full sum at twenty bodies, about alike at eight. Sums are added up in a fixed order, another
 * than the full sum's, so results differ from it in the last bits.
 */
import {
  add, bodyAt, highHalves, interleaveHigh, interleaveLow, lowHalves, mul, rotateDown, rotateUp, splat, sub, swapHalves,
} from "./vectors";
import { coulomb, softened, storeRows } from "./repulsion-full";

/** Rows that fill up the last block stand so far away, and so far apart, that their force is 0. */
const FAR: f32 = 1e15;

/** Byte offsets in a block: f32 × 4 each; x is at 0. */
const Y: usize = 16, Z: usize = 32, FX: usize = 48, FY: usize = 64, FZ: usize = 80;
const BLOCK_BYTES: usize = 96;
/** The sums of four bodies: three vectors for each. */
const BODY_SUMS_BYTES: usize = 48;
const SUMS_BYTES: usize = 4 * BODY_SUMS_BYTES;

@inline function blocksBytes(count: i32): usize { return (<usize>((count + 3) >> 2)) * BLOCK_BYTES; }

/** Scratch that {@link repelSymmetric} needs. */
export function symmetricScratchBytes(count: i32): usize { return SUMS_BYTES + blocksBytes(count); }

/** Writes scale × F for all bodies; `rows` and `forces` have room for count rounded up to four. */
export function repelSymmetric(
  count: i32, rows: usize, forces: usize, scratch: usize, scale: f32, softening: f32,
): void {
  const sums = scratch, blocks = scratch + SUMS_BYTES, end = blocks + blocksBytes(count);
  spread(count, rows, blocks);
  const soft = splat(softening), charge = splat(scale);
  for (let block = blocks; block < end; block += BLOCK_BYTES) {
    meetWithin(block, charge, soft);
    for (let lane: usize = 0; lane < 4; lane += 1) {
      meetLater(block, lane << 2, end, charge, soft, sums + lane * BODY_SUMS_BYTES);
    }
    addSums(block + FX, sums);
    addSums(block + FY, sums + 16);
    addSums(block + FZ, sums + 32);
  }
  for (let block = blocks; block < end; block += BLOCK_BYTES, forces += 64) {
    storeRows(forces, v128.load(block, FX), v128.load(block, FY), v128.load(block, FZ));
  }
}

/** The forces of four bodies on each other. */
@inline function meetWithin(block: usize, charge: v128, soft: v128): void {
  const x = v128.load(block), y = v128.load(block, Y), z = v128.load(block, Z);
  let dx = sub(x, rotateDown(x)), dy = sub(y, rotateDown(y)), dz = sub(z, rotateDown(z));
  let w = coulomb(charge, softened(dx, dy, dz, soft));
  const gx = mul(dx, w), gy = mul(dy, w), gz = mul(dz, w);
  dx = sub(x, swapHalves(x)); dy = sub(y, swapHalves(y)); dz = sub(z, swapHalves(z));
  w = coulomb(charge, softened(dx, dy, dz, soft));
  v128.store(block, add(v128.load(block, FX), add(sub(gx, rotateUp(gx)), mul(dx, w))), FX);
  v128.store(block, add(v128.load(block, FY), add(sub(gy, rotateUp(gy)), mul(dy, w))), FY);
  v128.store(block, add(v128.load(block, FZ), add(sub(gz, rotateUp(gz)), mul(dz, w))), FZ);
}

/** One body, `lane` bytes into its block, and all later blocks. Leaves the forces on it, lane by lane, in `sums`. */
@inline function meetLater(block: usize, lane: usize, end: usize, charge: v128, soft: v128, sums: usize): void {
  const body = block + lane;
  const x = v128.load_splat<f32>(body), y = v128.load_splat<f32>(body, Y), z = v128.load_splat<f32>(body, Z);
  let ax = splat(0), ay = splat(0), az = splat(0);
  for (let other = block + BLOCK_BYTES; other < end; other += BLOCK_BYTES) {
    const dx = sub(x, v128.load(other)), dy = sub(y, v128.load(other, Y)), dz = sub(z, v128.load(other, Z));
    const w = coulomb(charge, softened(dx, dy, dz, soft));
    const gx = mul(dx, w), gy = mul(dy, w), gz = mul(dz, w);
    ax = add(ax, gx); ay = add(ay, gy); az = add(az, gz);
    v128.store(other, sub(v128.load(other, FX), gx), FX);
    v128.store(other, sub(v128.load(other, FY), gy), FY);
    v128.store(other, sub(v128.load(other, FZ), gz), FZ);
  }
  v128.store(sums, ax); v128.store(sums, ay, 16); v128.store(sums, az, 32);
}

/** Adds, for one axis, the sums of four bodies to their forces. */
@inline function addSums(force: usize, sums: usize): void {
  const a = v128.load(sums), b = v128.load(sums, 48), c = v128.load(sums, 96), d = v128.load(sums, 144);
  const ab = add(interleaveLow(a, b), interleaveHigh(a, b)), cd = add(interleaveLow(c, d), interleaveHigh(c, d));
  v128.store(force, add(v128.load(force), add(lowHalves(ab, cd), highHalves(ab, cd))));
}

/** Places into blocks, with no force yet. */
function spread(count: i32, rows: usize, blocks: usize): void {
  const zero = splat(0);
  let block = blocks;
  for (let i = 0; i < count; i += 4, block += BLOCK_BYTES) {
    const row = bodyAt(rows, i);
    const xy01 = interleaveLow(v128.load(row), v128.load(row, 16));
    const xy23 = interleaveLow(v128.load(row, 32), v128.load(row, 48));
    const zw01 = interleaveHigh(v128.load(row), v128.load(row, 16));
    const zw23 = interleaveHigh(v128.load(row, 32), v128.load(row, 48));
    v128.store(block, lowHalves(xy01, xy23));
    v128.store(block, highHalves(xy01, xy23), Y);
    v128.store(block, lowHalves(zw01, zw23), Z);
    v128.store(block, zero, FX); v128.store(block, zero, FY); v128.store(block, zero, FZ);
  }
  for (let i = count; (i & 3) != 0; i += 1) {
    const at = block - BLOCK_BYTES + ((<usize>(i & 3)) << 2);
    store<f32>(at, FAR * <f32>(i - count + 1));
    store<f32>(at, FAR, Y);
    store<f32>(at, FAR, Z);
  }
}
