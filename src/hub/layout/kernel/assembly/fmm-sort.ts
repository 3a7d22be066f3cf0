/**
 * Orders bodies along Hilbert's curve, so that bodies next to each other in the order are near each other in space:
 * runs of four are then the leaves of a tree that needs no building. A Morton curve is cheaper to compute, but its
 * jumps make leaves large: the forces cost 2.5 times as much.
 *
 * Keys have 10 bits per axis, worked out four bodies at a time after J. Skilling, "Programming the Hilbert curve", AIP
 * Conf. Proc. 707 (2004). Sorted by three passes of a radix sort of 10 bits, which is stable: equal keys keep the order
 * of bodies.
 *
 * The grid spans what holds most bodies (six standard deviations at most): a body far outside would otherwise make all
 * others share a cell. Bodies outside get the key of the nearest border cell.
 */
import {
  add, allX, allY, allZ, bodyAt, highHalves, interleaveHigh, interleaveLow, laneX, laneY, laneZ, lowHalves, mul, ROW,
  splat, sub,
} from "./vectors";

const CELLS: f32 = 1023;
const DIGITS: usize = 1024;
/** Half the grid's width is at most this many standard deviations of the axis that varies most. */
const SPREAD: f64 = 6;

/** Scratch that {@link sortBodies} needs: two lists of keys and three histograms. */
export function sortScratchBytes(count: i32): usize {
  return 2 * listBytes(count) + 3 * DIGITS * 4;
}

@inline function listBytes(count: i32): usize { return ((<usize>count) << 3) + 64; }

/**
 * Writes the byte offset in `places` of each body to `order` (u32), along the curve; the last is repeated until
 * `padded` entries are full.
 */
export function sortBodies(count: i32, padded: i32, places: usize, order: usize, scratch: usize): void {
  const first = scratch, second = first + listBytes(count), histograms = second + listBytes(count);
  writeKeys(count, places, first);
  countDigits(count, first, histograms);
  distribute(count, first, second, histograms, 32);
  distribute(count, second, first, histograms + DIGITS * 4, 42);
  distribute(count, first, second, histograms + 2 * DIGITS * 4, 52);
  let last: u32 = 0;
  for (let i = 0; i < padded; i += 1) {
    if (i < count) last = load<u32>(second + ((<usize>i) << 3)) << 4;
    store<u32>(order + ((<usize>i) << 2), last);
  }
}

/** Lower corner of the grid in x, y, z and cells per unit in w. */
function gridOf(count: i32, places: usize): v128 {
  let low = v128.load(places), high = low;
  let sx: f64 = 0, sy: f64 = 0, sz: f64 = 0, xx: f64 = 0, yy: f64 = 0, zz: f64 = 0;
  const end = bodyAt(places, count);
  for (let p = places; p < end; p += ROW) {
    const place = v128.load(p);
    low = f32x4.pmin(low, place);
    high = f32x4.pmax(high, place);
    const x = <f64>laneX(place), y = <f64>laneY(place), z = <f64>laneZ(place);
    sx += x; sy += y; sz += z;
    xx += x * x; yy += y * y; zz += z * z;
  }
  const n = <f64>count;
  const widest = max<f64>(max<f64>(variance(n, sx, xx), variance(n, sy, yy)), variance(n, sz, zz));
  const reach = <f32>(SPREAD * sqrt<f64>(widest));
  const mean = f32x4(<f32>(sx / n), <f32>(sy / n), <f32>(sz / n), 0);
  low = f32x4.pmax(low, sub(mean, splat(reach)));
  high = f32x4.pmin(high, add(mean, splat(reach)));
  const extent = sub(high, low);
  let width = max<f32>(max<f32>(laneX(extent), laneY(extent)), laneZ(extent));
  if (!(width > 1e-20)) width = 1e-20;
  return f32x4.replace_lane(low, 3, CELLS / width);
}

@inline function variance(n: f64, sum: f64, squares: f64): f64 {
  return max<f64>(squares / n - (sum / n) * (sum / n), 0);
}

/** One u64 per body: its index in the low half, its key in the high one. */
function writeKeys(count: i32, places: usize, keys: usize): void {
  const grid = gridOf(count, places);
  const scale = v128.shuffle<f32>(grid, grid, 3, 3, 3, 3);
  const lowX = allX(grid), lowY = allY(grid), lowZ = allZ(grid);
  for (let i = 0; i < count; i += 4) {
    const row = bodyAt(places, i);
    const xy01 = interleaveLow(v128.load(row), v128.load(row, 16));
    const xy23 = interleaveLow(v128.load(row, 32), v128.load(row, 48));
    const zw01 = interleaveHigh(v128.load(row), v128.load(row, 16));
    const zw23 = interleaveHigh(v128.load(row, 32), v128.load(row, 48));
    const key = hilbert(
      cell(lowHalves(xy01, xy23), lowX, scale),
      cell(highHalves(xy01, xy23), lowY, scale),
      cell(lowHalves(zw01, zw23), lowZ, scale),
    );
    const index = i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3));
    const at = keys + ((<usize>i) << 3);
    v128.store(at, v128.shuffle<i32>(index, key, 0, 4, 1, 5));
    v128.store(at, v128.shuffle<i32>(index, key, 2, 6, 3, 7), 16);
  }
}

@inline function cell(values: v128, low: v128, scale: v128): v128 {
  return i32x4.min_s(i32x4.trunc_sat_f32x4_u(mul(sub(values, low), scale)), i32x4.splat(1023));
}

/** Skilling's transposition for three axes of ten bits, without branches. */
@inline function hilbert(x: v128, y: v128, z: v128): v128 {
  for (let bit = 512; bit > 1; bit >>= 1) {
    const q = i32x4.splat(bit), below = i32x4.splat(bit - 1);
    x = v128.xor(x, v128.and(below, i32x4.eq(v128.and(x, q), q)));
    const inY = i32x4.eq(v128.and(y, q), q);
    const swapY = v128.andnot(v128.and(v128.xor(x, y), below), inY);
    x = v128.xor(v128.xor(x, v128.and(below, inY)), swapY);
    y = v128.xor(y, swapY);
    const inZ = i32x4.eq(v128.and(z, q), q);
    const swapZ = v128.andnot(v128.and(v128.xor(x, z), below), inZ);
    x = v128.xor(v128.xor(x, v128.and(below, inZ)), swapZ);
    z = v128.xor(z, swapZ);
  }
  y = v128.xor(y, x);
  z = v128.xor(z, y);
  // Bit by bit, the parity of the bits of z above.
  let parity = v128.xor(z, i32x4.shr_u(z, 1));
  parity = v128.xor(parity, i32x4.shr_u(parity, 2));
  parity = v128.xor(parity, i32x4.shr_u(parity, 4));
  parity = i32x4.shr_u(v128.xor(parity, i32x4.shr_u(parity, 8)), 1);
  x = v128.xor(x, parity);
  y = v128.xor(y, parity);
  z = v128.xor(z, parity);
  return v128.or(v128.or(i32x4.shl(everyThird(x), 2), i32x4.shl(everyThird(y), 1)), everyThird(z));
}

/** Ten bits spread to every third place. */
@inline function everyThird(v: v128): v128 {
  v = v128.and(v128.or(v, i32x4.shl(v, 16)), i32x4.splat(0x030000ff));
  v = v128.and(v128.or(v, i32x4.shl(v, 8)), i32x4.splat(0x0300f00f));
  v = v128.and(v128.or(v, i32x4.shl(v, 4)), i32x4.splat(0x030c30c3));
  return v128.and(v128.or(v, i32x4.shl(v, 2)), i32x4.splat(0x09249249));
}

/** Per digit, where the first entry with it belongs. */
function countDigits(count: i32, keys: usize, histograms: usize): void {
  memory.fill(histograms, 0, 3 * DIGITS * 4);
  const end = keys + ((<usize>count) << 3);
  for (let at = keys; at < end; at += 8) {
    const key = load<u32>(at, 4);
    bump(histograms + ((<usize>(key & 1023)) << 2));
    bump(histograms + DIGITS * 4 + ((<usize>((key >> 10) & 1023)) << 2));
    bump(histograms + 2 * DIGITS * 4 + ((<usize>(key >> 20)) << 2));
  }
  for (let pass: usize = 0; pass < 3; pass += 1) {
    let total: u32 = 0;
    const base = histograms + pass * DIGITS * 4;
    for (let at = base; at < base + DIGITS * 4; at += 4) {
      const here = load<u32>(at);
      store<u32>(at, total);
      total += here;
    }
  }
}

@inline function bump(cell: usize): u32 {
  const before = load<u32>(cell);
  store<u32>(cell, before + 1);
  return before;
}

function distribute(count: i32, from: usize, to: usize, histogram: usize, shift: u64): void {
  const end = from + ((<usize>count) << 3);
  for (let at = from; at < end; at += 8) {
    const entry = load<u64>(at);
    const place = bump(histogram + ((<usize>((entry >> shift) & 1023)) << 2));
    store<u64>(to + ((<usize>place) << 3), entry);
  }
}
