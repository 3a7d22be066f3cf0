/**
 * Writes a swarm's publication into its region of shared memory: format and protocol are those of
 * model/position-region.ts, whose offsets are repeated here. Readers are in other threads: the sequence is odd while
 * a publication is written, and all of its cells are atomic.
 *
 * Origins lie on multiples of 64 units near the swarm's centre, so that an origin tells no more than a swarm's place.
 * The scale is a power of two: up the ladder as soon as somebody is out of reach; down, not below the default, only
 * with room to spare.
 */
import { f32At, Field, i32At, pointer, u32At } from "./swarm";
import { add, ROW, splat, sub, laneX, laneY, laneZ, mul } from "./vectors";
import { State } from "./life";

namespace Head {
  export const sequence: usize = 0;
  export const count: usize = 4;
  export const tick: usize = 8;
  export const flags: usize = 12;
  export const slotsRev: usize = 16;
  export const membership: usize = 20;
  export const origin: usize = 24;
  export const scale: usize = 36;
  export const timeMs: usize = 40;
}
const REGION_HEADER_BYTES: usize = 64;
const PUBLICATION_HEADER_BYTES: usize = 64;
const Q16_BYTES: usize = 8;
const F32_BYTES: usize = 16;
const VELOCITY_BYTES: usize = 12;
const RING_SLOTS: i32 = 4;
const FLAG_SETTLED: u32 = 2;
const FLAG_SHORT: u32 = 4;
const WANTED_UNTIL: usize = 4;
/** Slots up to this fit a q16 record. */
const LAST_NARROW_SLOT: u32 = 65535;
const Q16_LIMIT: f32 = 32767;
const DEFAULT_EXPONENT = -5;
const MAX_EXPONENT = 8;
const ORIGIN_GRID: f32 = 64;
const STEP_DOWN_SHARE: f32 = 0.6;

/** @param stepsPerSecond turns velocities per step into velocities per second. */
export function publish(swarm: usize, tick: u32, timeMs: f64, stepsPerSecond: f32): void {
  const region = pointer(swarm, Field.region);
  if (region == 0) return;
  const capacity = <usize>u32At(swarm, Field.regionCapacity);
  const index = (atomic.load<i32>(region) + 1) % RING_SLOTS;
  const at = region + REGION_HEADER_BYTES
    + (<usize>index) * (PUBLICATION_HEADER_BYTES + capacity * (Q16_BYTES + F32_BYTES + VELOCITY_BYTES));
  // Odd while inside; it is odd already where a writer died inside. An exchange and not a store: what follows may not
  // move before it.
  const inside = atomic.load<i32>(at) | 1;
  atomic.xchg<i32>(at, inside);
  const centre = v128.load(swarm + Field.centre);
  const origin = mul(f32x4.nearest(mul(centre, splat(1 / ORIGIN_GRID))), splat(ORIGIN_GRID));
  const exponent = chooseExponent(swarm, sub(centre, origin));
  const scale = powerOfTwo(exponent);
  store<i32>(swarm + Field.exponent, exponent);
  const count = u32At(swarm, Field.count);
  store<u32>(at, count, Head.count);
  store<u32>(at, tick, Head.tick);
  const awake = u32At(swarm, Field.state) == State.awake;
  const short = awake && tick > atomic.load<u32>(region, WANTED_UNTIL) && lastSlot(swarm, count) <= LAST_NARROW_SLOT;
  store<u32>(at, (awake ? 0 : FLAG_SETTLED) | (short ? FLAG_SHORT : 0), Head.flags);
  store<u32>(at, u32At(swarm, Field.slotsRev), Head.slotsRev);
  store<u32>(at, u32At(swarm, Field.membership), Head.membership);
  store<f32>(at, laneX(origin), Head.origin);
  store<f32>(at, laneY(origin), Head.origin + 4);
  store<f32>(at, laneZ(origin), Head.origin + 8);
  store<f32>(at, scale, Head.scale);
  store<f64>(at, timeMs, Head.timeMs);
  const records = at + PUBLICATION_HEADER_BYTES;
  writeQuantised(swarm, count, records, sub(centre, origin), 1 / scale);
  if (!short) writeWhole(swarm, count, records + capacity * Q16_BYTES, capacity, centre, stepsPerSecond);
  atomic.store<i32>(at, inside + 1);
  atomic.store<i32>(region, index);
}

@inline function powerOfTwo(exponent: i32): f32 { return reinterpret<f32>((exponent + 127) << 23); }

function chooseExponent(swarm: usize, shift: v128): i32 {
  const most = f32x4.abs(shift);
  const reach = f32At(swarm, Field.reach) + max<f32>(max<f32>(laneX(most), laneY(most)), laneZ(most));
  let exponent = i32At(swarm, Field.exponent);
  while (exponent > DEFAULT_EXPONENT && reach < STEP_DOWN_SHARE * Q16_LIMIT * powerOfTwo(exponent - 1)) exponent -= 1;
  while (exponent < MAX_EXPONENT && reach > Q16_LIMIT * powerOfTwo(exponent)) exponent += 1;
  return exponent;
}

/** Slots ascend. */
@inline function lastSlot(swarm: usize, count: u32): u32 {
  return count == 0 ? 0 : load<u32>(pointer(swarm, Field.slots) + ((<usize>(count - 1)) << 2));
}

/**
 * Two records at a time: rows and records have room for an even number, and nobody reads one behind an odd last.
 * @param shift from the origin to the swarm's centre.
 */
function writeQuantised(swarm: usize, count: u32, q16: usize, shift: v128, perScale: f32): void {
  let p = pointer(swarm, Field.places), slots = pointer(swarm, Field.slots);
  const steps = splat(perScale), lowest = i16x8.splat(-32767), lowHalf = i64x2.splat(0xffff);
  for (let i: u32 = 0; i < count; i += 2) {
    const first = rounded(mul(add(v128.load(p), shift), steps));
    const second = rounded(mul(add(v128.load(p, ROW), shift), steps));
    const narrow = i16x8.max_s(i16x8.narrow_i32x4_s(first, second), lowest);
    const slot = v128.and(v128.load_ext<u32>(slots), lowHalf);
    v128.store(q16, v128.or(i64x2.shl(narrow, 16), slot));
    q16 += 2 * Q16_BYTES;
    p += 2 * ROW;
    slots += 8;
  }
}

/** Half away from zero; NaN becomes 0, what is out of reach saturates. */
@inline function rounded(a: v128): v128 {
  const sign = i32x4.splat(0x80000000);
  return i32x4.trunc_sat_f32x4_s(add(a, v128.or(v128.and(a, sign), splat(0.5))));
}

function writeWhole(swarm: usize, count: u32, f32s: usize, capacity: usize, centre: v128, stepsPerSecond: f32): void {
  let velocities = f32s + capacity * F32_BYTES;
  let p = pointer(swarm, Field.places), v = pointer(swarm, Field.velocities), slots = pointer(swarm, Field.slots);
  const rate = splat(stepsPerSecond);
  for (let i: u32 = 0; i < count; i += 1) {
    v128.store(f32s, v128.shuffle<f32>(i32x4.splat(load<u32>(slots)), add(v128.load(p), centre), 0, 4, 5, 6));
    const speed = mul(v128.load(v), rate);
    v128.store64_lane(velocities, speed, 0);
    store<f32>(velocities, laneZ(speed), 8);
    f32s += F32_BYTES;
    velocities += VELOCITY_BYTES;
    p += ROW;
    v += ROW;
    slots += 4;
  }
}
