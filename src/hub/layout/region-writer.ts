/** Writes a swarm's publications into its region (model/position-region.ts). One writer per region. */
import {
  FLAG_SETTLED,
  PUBLICATION,
  publicationOffset,
  quantise,
  recordOffsets,
  regionBytes,
  RING_SLOTS,
  SCALE_MAX_EXPONENT,
} from '../../model/position-region.ts';
import type { RegionHandle } from '../../model/position-region.ts';
import type { Bodies } from './bodies.ts';

/** 2^-5: a reach of ±1,023 units, more than most swarms ever need, at a resolution of 1/32 unit. */
const DEFAULT_EXPONENT = -5;
const Q16_LIMIT = 32_767;
/** Origins lie on multiples of this, so that an origin tells no more than a swarm's place. */
const ORIGIN_GRID = 64;
/** A finer scale is taken back only when everybody is well inside its reach. */
const STEP_DOWN_SHARE = 0.6;
const MIN_CAPACITY = 16;

/** What a publication says beside the bodies. */
export interface PublicationFacts {
  tick: number;
  timeMs: number;
  settled: boolean;
  slotsRev: number;
  membership: number;
  /** World units. */
  centre: readonly [number, number, number];
  /** By which velocities per step become velocities per second. */
  stepsPerSecond: number;
}

/** A new region for at least `count` records: even, at least 16, a power of two, so growth is rare. */
export function allocateRegion(swarm: number, count: number): RegionHandle {
  let capacity = MIN_CAPACITY;
  while (capacity < count) capacity *= 2;
  const buffer = new SharedArrayBuffer(regionBytes(capacity));
  new Int32Array(buffer, 0, 1)[0] = -1;
  return { swarm, buffer, byteOffset: 0, capacity };
}

/**
 * Records are written through typed arrays, for speed: they are little-endian, as frames are, on every platform that
 * Node and this project support.
 */
export class RegionWriter {
  readonly handle: RegionHandle;
  readonly #data: DataView;
  readonly #i32: Int32Array;
  readonly #u16: Uint16Array;
  readonly #i16: Int16Array;
  readonly #u32: Uint32Array;
  readonly #f32: Float32Array;
  #exponent: number;

  /** Goes on in a region that another writer has left, also one that died while writing. */
  constructor(handle: RegionHandle, exponent: number = DEFAULT_EXPONENT) {
    const length = regionBytes(handle.capacity);
    this.handle = handle;
    this.#data = new DataView(handle.buffer, handle.byteOffset, length);
    this.#i32 = new Int32Array(handle.buffer, handle.byteOffset, length >>> 2);
    this.#u16 = new Uint16Array(handle.buffer, handle.byteOffset, length >>> 1);
    this.#i16 = new Int16Array(handle.buffer, handle.byteOffset, length >>> 1);
    this.#u32 = new Uint32Array(handle.buffer, handle.byteOffset, length >>> 2);
    this.#f32 = new Float32Array(handle.buffer, handle.byteOffset, length >>> 2);
    this.#exponent = exponent;
  }

  /** Place of the scale in force on the ladder, to be handed to the writer of a larger region. */
  get exponent(): number {
    return this.#exponent;
  }

  publish(bodies: Bodies, facts: PublicationFacts): void {
    const { capacity } = this.handle;
    const index = (Atomics.load(this.#i32, 0) + 1) % RING_SLOTS;
    const at = publicationOffset(index, capacity);
    const cell = (at + PUBLICATION.sequence) >>> 2;
    // Odd while inside; it is odd already where a writer died inside.
    const inside = Atomics.load(this.#i32, cell) | 1;
    // An exchange and not a store: what follows may not move before it.
    Atomics.exchange(this.#i32, cell, inside);
    const origin = this.#origin(facts.centre);
    this.#exponent = this.#chooseExponent(bodies, facts.centre, origin);
    const scale = 2 ** this.#exponent;
    this.#writeHead(at, bodies.count, facts, origin, scale);
    this.#writePositions(at, bodies, facts.centre, origin, scale);
    this.#writeVelocities(at, bodies, facts.stepsPerSecond);
    Atomics.store(this.#i32, cell, (inside + 1) | 0);
    Atomics.store(this.#i32, 0, index);
  }

  #origin(centre: readonly [number, number, number]): [number, number, number] {
    return [coarse(centre[0]), coarse(centre[1]), coarse(centre[2])];
  }

  /** Up the ladder as soon as somebody is out of reach; down, not below the default, only with room to spare. */
  #chooseExponent(
    bodies: Bodies,
    centre: readonly [number, number, number],
    origin: readonly [number, number, number],
  ): number {
    const reach = Math.max(
      greatest(bodies.x, bodies.count, centre[0] - origin[0]),
      greatest(bodies.y, bodies.count, centre[1] - origin[1]),
      greatest(bodies.z, bodies.count, centre[2] - origin[2]),
    );
    let exponent = this.#exponent;
    while (exponent > DEFAULT_EXPONENT && reach < STEP_DOWN_SHARE * Q16_LIMIT * 2 ** (exponent - 1)) exponent -= 1;
    while (exponent < SCALE_MAX_EXPONENT && reach > Q16_LIMIT * 2 ** exponent) exponent += 1;
    return exponent;
  }

  #writeHead(
    at: number,
    count: number,
    facts: PublicationFacts,
    origin: readonly [number, number, number],
    scale: number,
  ): void {
    const data = this.#data;
    data.setUint32(at + PUBLICATION.count, count, true);
    data.setUint32(at + PUBLICATION.tick, facts.tick >>> 0, true);
    data.setUint32(at + PUBLICATION.flags, facts.settled ? FLAG_SETTLED : 0, true);
    data.setUint32(at + PUBLICATION.slotsRev, facts.slotsRev, true);
    data.setUint32(at + PUBLICATION.membership, facts.membership, true);
    data.setFloat32(at + PUBLICATION.origin, origin[0], true);
    data.setFloat32(at + PUBLICATION.origin + 4, origin[1], true);
    data.setFloat32(at + PUBLICATION.origin + 8, origin[2], true);
    data.setFloat32(at + PUBLICATION.scale, scale, true);
    data.setFloat64(at + PUBLICATION.timeMs, facts.timeMs, true);
  }

  /** Typed arrays, not DataView, for speed: little-endian as the frames are, on every platform that Node supports here. */
  #writePositions(
    at: number,
    bodies: Bodies,
    centre: readonly [number, number, number],
    origin: readonly [number, number, number],
    scale: number,
  ): void {
    const offsets = recordOffsets(this.handle.capacity);
    let half = (at + offsets.q16) >>> 1;
    let word = (at + offsets.f32) >>> 2;
    for (let i = 0; i < bodies.count; i += 1) {
      const slot = bodies.slots[i] as number;
      const x = (bodies.x[i] as number) + centre[0];
      const y = (bodies.y[i] as number) + centre[1];
      const z = (bodies.z[i] as number) + centre[2];
      this.#u16[half] = slot & 0xffff;
      this.#i16[half + 1] = quantise(x, origin[0], scale);
      this.#i16[half + 2] = quantise(y, origin[1], scale);
      this.#i16[half + 3] = quantise(z, origin[2], scale);
      this.#u32[word] = slot;
      this.#f32[word + 1] = x;
      this.#f32[word + 2] = y;
      this.#f32[word + 3] = z;
      half += 4;
      word += 4;
    }
  }

  #writeVelocities(at: number, bodies: Bodies, stepsPerSecond: number): void {
    let word = (at + recordOffsets(this.handle.capacity).velocity) >>> 2;
    for (let i = 0; i < bodies.count; i += 1) {
      this.#f32[word] = (bodies.vx[i] as number) * stepsPerSecond;
      this.#f32[word + 1] = (bodies.vy[i] as number) * stepsPerSecond;
      this.#f32[word + 2] = (bodies.vz[i] as number) * stepsPerSecond;
      word += 3;
    }
  }
}

function coarse(value: number): number {
  return Math.round(value / ORIGIN_GRID) * ORIGIN_GRID;
}

function greatest(values: Float64Array, count: number, shift: number): number {
  let most = 0;
  for (let i = 0; i < count; i += 1) {
    const distance = Math.abs((values[i] as number) + shift);
    if (distance > most) most = distance;
  }
  return most;
}
