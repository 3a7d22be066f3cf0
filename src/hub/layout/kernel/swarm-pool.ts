/**
 * Thousands of swarms in one memory. Keeps the table of rows, the blocks that they point to, and the list of swarms
 * that are not at rest; the kernel does the rest, one call per tick.
 *
 * A swarm's blocks: bodies (68 bytes for each, with a quarter of room to grow), springs (20 each), pins, a tree for
 * large swarms, and the region that it publishes to. Each grows and shrinks on its own, in place where there is room;
 * what is given back is used again. A region that was given back rests before, since a reader may still be in it.
 */
import {
  ALWAYS,
  PUBLICATION,
  publicationOffset,
  regionBytes,
  RING_SLOTS,
  WANTED_UNTIL,
} from '../../../model/position-region.ts';
import type { RegionHandle } from '../../../model/position-region.ts';
import { KernelMemory } from './kernel-memory.ts';
import { instantiateKernel } from './kernel-module.ts';
import type { KernelExports } from './kernel-module.ts';
import { CENTRING, REPULSION_WAY, SYMMETRIC_MAX, THETA } from './physics.ts';
import { FIELD, METHOD, STATE, SWARM_BYTES } from './swarm-fields.ts';
import type { Field } from './swarm-fields.ts';

const BODY_BYTES = 68;
const SPRING_BYTES = 20;
const PIN_BYTES = 16;
const OUTCOME_BYTES = 32;
const INITIAL_ROWS = 16;
const MIN_REGION = 16;
/** 2^-5: a reach of ±1,023 units, more than most swarms ever need, at a resolution of 1/32 unit. */
const DEFAULT_EXPONENT = -5;
/** Ticks before a region that was given back is used again: ten seconds, for readers that have not heard yet. */
const REGION_REST_TICKS = 600;

/** Bodies that are stepped between two looks at the clock: about 50 µs of work. */
const PATIENCE_BODIES = 1_024;
const NONE = new Uint32Array(0);

export interface TickOutcome {
  /** Swarms that made a step, or wanted to. */
  awake: number;
  /** Refs of the swarms that have a new publication. */
  moved: Uint32Array<ArrayBuffer>;
  /** Numbers of those among them that reach further than {@link FIELD.room}. */
  outgrown: Uint32Array<ArrayBuffer>;
}

/** Sizes of a swarm's blocks; 0: none. */
interface Blocks {
  bodies: number;
  bodyCapacity: number;
  springs: number;
  springCapacity: number;
  pins: number;
  pinCapacity: number;
  tree: number;
  treeBytes: number;
  region: number;
  regionCapacity: number;
}

export class SwarmPool {
  readonly memory = new KernelMemory();
  readonly kernel: KernelExports;
  /** By number of swarm; holes are free numbers. */
  readonly #blocks: (Blocks | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #resting: { at: number; bytes: number; until: number }[] = [];
  readonly #lean: boolean;
  #swarms = 0;
  #rows = 0;
  #table = 0;
  #list = 0;
  #moved = 0;
  #outgrown = 0;
  #outcome = 0;
  #scratch = 0;
  #scratchBytes = 0;
  #listed = 0;
  #first = 0;
  #tick = 0;

  /**
   * @param hasTime asked between swarms, by the number of the one before; 0 ends the tick, and the next tick goes on
   * with the next swarm.
   * @param lean of swarms that move, f32 and velocity records are published only while a reader wants them.
   */
  constructor(hasTime: (swarm: number) => number = () => 1, lean = false) {
    this.#lean = lean;
    this.kernel = instantiateKernel(this.memory.memory, { hasTime });
  }

  get swarms(): number {
    return this.#swarms;
  }

  /** Bytes taken, regions that rest included; 0 when all is given back. */
  get bytesInUse(): number {
    return this.memory.inUse;
  }

  /** An empty swarm at rest. @returns its number, which is used again after {@link remove}. */
  add(seed: number, ref = 0): number {
    const number = this.#freeNumbers.pop() ?? this.#blocks.length;
    if (number >= this.#rows) this.#growTable();
    this.#blocks[number] = {
      bodies: 0,
      bodyCapacity: 0,
      springs: 0,
      springCapacity: 0,
      pins: 0,
      pinCapacity: 0,
      tree: 0,
      treeBytes: 0,
      region: 0,
      regionCapacity: 0,
    };
    this.#swarms += 1;
    this.memory.zero(this.row(number), SWARM_BYTES);
    this.setU32(number, FIELD.seed, seed);
    this.setU32(number, FIELD.ref, ref);
    this.setU32(number, FIELD.hub, -1);
    this.setU32(number, FIELD.exponent, DEFAULT_EXPONENT);
    this.setU32(number, FIELD.steps, seed);
    this.setF32(number, FIELD.wayMax, REPULSION_WAY);
    this.setF32(number, FIELD.theta, THETA);
    this.setF32(number, FIELD.centring, CENTRING);
    return number;
  }

  remove(number: number): void {
    const blocks = this.#of(number);
    this.#unlist(number);
    if (blocks.bodyCapacity > 0) this.memory.give(blocks.bodies, blocks.bodyCapacity * BODY_BYTES);
    if (blocks.springCapacity > 0) this.memory.give(blocks.springs, blocks.springCapacity * SPRING_BYTES);
    if (blocks.pinCapacity > 0) this.memory.give(blocks.pins, blocks.pinCapacity * PIN_BYTES);
    if (blocks.treeBytes > 0) this.memory.give(blocks.tree, blocks.treeBytes);
    this.#restRegion(blocks);
    this.#blocks[number] = undefined;
    this.#freeNumbers.push(number);
    this.#swarms -= 1;
    if (this.#swarms === 0) this.#giveAllBack();
  }

  row(number: number): number {
    return this.#table + number * SWARM_BYTES;
  }
  u32(number: number, field: Field): number {
    return this.memory.u32[(this.row(number) + field) >>> 2] as number;
  }
  f32(number: number, field: Field): number {
    return this.memory.f32[(this.row(number) + field) >>> 2] as number;
  }
  setU32(number: number, field: Field, value: number): void {
    this.memory.u32[(this.row(number) + field) >>> 2] = value;
  }
  setF32(number: number, field: Field, value: number): void {
    this.memory.f32[(this.row(number) + field) >>> 2] = value;
  }

  /** Three f32 from a field on. */
  vector(number: number, field: Field): [number, number, number] {
    const at = (this.row(number) + field) >>> 2;
    const { f32 } = this.memory;
    return [f32[at] as number, f32[at + 1] as number, f32[at + 2] as number];
  }
  setVector(number: number, field: Field, [x, y, z]: readonly [number, number, number]): void {
    const at = (this.row(number) + field) >>> 2;
    this.memory.f32[at] = x;
    this.memory.f32[at + 1] = y;
    this.memory.f32[at + 2] = z;
  }

  /** The f32 that a field points to: `length` of them. Valid until the next change of any block. */
  floats(number: number, field: Field, length: number): Float32Array {
    const at = this.u32(number, field) >>> 2;
    return this.memory.f32.subarray(at, at + length);
  }
  words(number: number, field: Field, length: number): Uint32Array {
    const at = this.u32(number, field) >>> 2;
    return this.memory.u32.subarray(at, at + length);
  }

  /**
   * Makes room for `count` bodies, which are all at rest in the origin, in one component, with charge and full
   * mobility; slots, shape and springs are to be written.
   */
  resizeBodies(number: number, count: number): void {
    const blocks = this.#of(number);
    const least = Math.max(4, (count + 3) & ~3);
    if (least > blocks.bodyCapacity || least * 4 < blocks.bodyCapacity) {
      if (blocks.bodyCapacity > 0) this.memory.give(blocks.bodies, blocks.bodyCapacity * BODY_BYTES);
      blocks.bodyCapacity = (Math.ceil(least * 1.25) + 3) & ~3;
      blocks.bodies = this.memory.take(blocks.bodyCapacity * BODY_BYTES);
    }
    const { bodies, bodyCapacity: capacity } = blocks;
    this.memory.zero(bodies, capacity * BODY_BYTES);
    this.setU32(number, FIELD.count, count);
    this.setU32(number, FIELD.places, bodies);
    this.setU32(number, FIELD.velocities, bodies + capacity * 16);
    this.setU32(number, FIELD.repulsion, bodies + capacity * 32);
    this.setF32(number, FIELD.way, Infinity);
    this.setU32(number, FIELD.mobility, bodies + capacity * 48);
    this.setU32(number, FIELD.slots, bodies + capacity * 52);
    this.setU32(number, FIELD.shape, bodies + capacity * 56);
    this.setU32(number, FIELD.components, bodies + capacity * 64);
    this.setU32(number, FIELD.componentCount, Math.min(1, count));
    const places = this.floats(number, FIELD.places, count * 4);
    for (let i = 3; i < places.length; i += 4) places[i] = 1;
    this.floats(number, FIELD.mobility, count).fill(1);
    this.#resizeTree(number, blocks, count);
    const scratch = this.kernel.scratchBytes(count);
    if (scratch > this.#scratchBytes) {
      if (this.#scratchBytes > 0) this.memory.give(this.#scratch, this.#scratchBytes);
      this.#scratchBytes = scratch;
      this.#scratch = this.memory.take(scratch);
    }
  }

  /** Room for springs: offsets of their ends and constants are to be written for all of {@link FIELD.springCount}. */
  resizeSprings(number: number, count: number): void {
    const blocks = this.#of(number);
    const padded = (count + 3) & ~3;
    if (padded > blocks.springCapacity || padded * 4 < blocks.springCapacity) {
      if (blocks.springCapacity > 0) this.memory.give(blocks.springs, blocks.springCapacity * SPRING_BYTES);
      blocks.springCapacity = padded === 0 ? 0 : (Math.ceil(padded * 1.25) + 3) & ~3;
      blocks.springs = padded === 0 ? 0 : this.memory.take(blocks.springCapacity * SPRING_BYTES);
    }
    this.setU32(number, FIELD.springCount, padded);
    this.setU32(number, FIELD.springConstants, blocks.springs);
    this.setU32(number, FIELD.springEnds, blocks.springs + blocks.springCapacity * 12);
    this.memory.zero(blocks.springs, blocks.springCapacity * SPRING_BYTES);
  }

  resizePins(number: number, count: number): void {
    const blocks = this.#of(number);
    if (count !== blocks.pinCapacity) {
      if (blocks.pinCapacity > 0) this.memory.give(blocks.pins, blocks.pinCapacity * PIN_BYTES);
      blocks.pinCapacity = count;
      blocks.pins = count > 0 ? this.memory.take(count * PIN_BYTES) : 0;
    }
    this.setU32(number, FIELD.pins, blocks.pins);
    this.setU32(number, FIELD.pinCount, count);
    this.setF32(number, FIELD.way, Infinity);
  }

  /** A new region for at least `count` records (at least 16, a power of two, so growth is rare); the old one rests. */
  renewRegion(number: number, swarm: number, count: number): RegionHandle {
    const blocks = this.#of(number);
    this.#restRegion(blocks);
    let capacity = MIN_REGION;
    while (capacity < count) capacity *= 2;
    blocks.regionCapacity = capacity;
    blocks.region = this.memory.take(regionBytes(capacity));
    const { i32 } = this.memory;
    Atomics.store(i32, blocks.region >>> 2, -1);
    Atomics.store(i32, (blocks.region + WANTED_UNTIL) >>> 2, this.#lean ? 0 : ALWAYS);
    for (let index = 0; index < RING_SLOTS; index += 1) {
      Atomics.store(i32, (blocks.region + publicationOffset(index, capacity) + PUBLICATION.sequence) >>> 2, 0);
    }
    this.setU32(number, FIELD.region, blocks.region);
    this.setU32(number, FIELD.regionCapacity, capacity);
    return { swarm, buffer: this.memory.memory.buffer, byteOffset: blocks.region, capacity };
  }

  /** The swarm takes part in ticks until it is at rest; one that is at rest is only published. */
  wake(number: number, state: typeof STATE.awake | typeof STATE.publishOnce): void {
    const before = this.u32(number, FIELD.state);
    if (before === STATE.asleep) {
      this.memory.u32[(this.#list >>> 2) + this.#listed] = number;
      this.#listed += 1;
    }
    if (before !== STATE.awake) this.setU32(number, FIELD.state, state);
  }

  /**
   * One tick of all swarms that are not at rest.
   * @param patience bodies that are stepped between two questions for time; 0: asked after each swarm that is awake.
   */
  tick(tick: number, timeMs: number, patience = PATIENCE_BODIES): TickOutcome {
    this.#tick += 1;
    this.#releaseRested();
    if (this.#listed === 0) return { awake: 0, moved: NONE, outgrown: NONE };
    const { kernel } = this;
    kernel.tick(
      this.#table,
      this.#list,
      this.#listed,
      this.#first,
      this.#moved,
      this.#outgrown,
      this.#outcome,
      this.#scratch,
      tick >>> 0,
      timeMs,
      patience,
    );
    const { u32 } = this.memory;
    const at = this.#outcome >>> 2;
    this.#listed = u32[at + 2] as number;
    this.#first = u32[at + 3] as number;
    return {
      awake: u32[at] as number,
      moved: this.#listAt(this.#moved, u32[at + 1] as number),
      outgrown: this.#listAt(this.#outgrown, u32[at + 4] as number),
    };
  }

  /** A copy, and not in shared memory: it goes to other threads. */
  #listAt(at: number, length: number): Uint32Array<ArrayBuffer> {
    if (length === 0) return NONE;
    const list = new Uint32Array(length);
    list.set(this.memory.u32.subarray(at >>> 2, (at >>> 2) + length));
    return list;
  }

  /** One tick of one swarm, at rest or not, without publication. @returns whether a step was completed. */
  step(number: number): boolean {
    return this.kernel.step(this.row(number), this.#scratch) !== 0;
  }

  /** Works the repulsion on a swarm's bodies out, as {@link FIELD.repulsion} has it. */
  repel(number: number): void {
    while (this.kernel.repel(this.row(number), this.#scratch) === 0);
  }

  #of(number: number): Blocks {
    const blocks = this.#blocks[number];
    if (blocks === undefined) throw new RangeError(`no swarm has the number ${String(number)}`);
    return blocks;
  }

  #resizeTree(number: number, blocks: Blocks, count: number): void {
    const method = this.u32(number, FIELD.method);
    const usesTree = method === METHOD.fmm || (method === METHOD.auto && count > SYMMETRIC_MAX);
    const bytes = usesTree && count > 0 ? this.kernel.treeBytes(count) : 0;
    if (bytes > blocks.treeBytes || bytes * 4 < blocks.treeBytes) {
      if (blocks.treeBytes > 0) this.memory.give(blocks.tree, blocks.treeBytes);
      blocks.treeBytes = Math.ceil(bytes * 1.25);
      blocks.tree = bytes > 0 ? this.memory.take(blocks.treeBytes) : 0;
    }
    this.setU32(number, FIELD.tree, blocks.tree);
    this.setU32(number, FIELD.progress, 0);
    this.setF32(number, FIELD.sortedRadius, 0);
    this.setU32(number, FIELD.stepsSinceSort, 0);
  }

  #restRegion(blocks: Blocks): void {
    if (blocks.regionCapacity === 0) return;
    this.#resting.push({
      at: blocks.region,
      bytes: regionBytes(blocks.regionCapacity),
      until: this.#tick + REGION_REST_TICKS,
    });
    blocks.regionCapacity = 0;
  }

  #releaseRested(): void {
    while (this.#resting.length > 0 && (this.#resting[0]?.until ?? Infinity) <= this.#tick) {
      const rested = this.#resting.shift();
      if (rested !== undefined) this.memory.give(rested.at, rested.bytes);
    }
  }

  #unlist(number: number): void {
    const { u32 } = this.memory;
    const list = this.#list >>> 2;
    for (let at = 0; at < this.#listed; at += 1) {
      if (u32[list + at] !== number) continue;
      u32.copyWithin(list + at, list + at + 1, list + this.#listed);
      this.#listed -= 1;
      if (this.#first > at) this.#first -= 1;
      return;
    }
  }

  /** Twice the rows; the list and what a tick reports have an entry for each. */
  #growTable(): void {
    const rows = Math.max(INITIAL_ROWS, this.#rows * 2);
    const table = this.memory.take(rows * SWARM_BYTES);
    const list = this.memory.take(rows * 4);
    const moved = this.memory.take(rows * 4);
    const outgrown = this.memory.take(rows * 4);
    if (this.#rows > 0) {
      this.memory.copy(this.#table, table, this.#rows * SWARM_BYTES);
      this.memory.copy(this.#list, list, this.#listed * 4);
      this.#giveTable();
    } else this.#outcome = this.memory.take(OUTCOME_BYTES);
    this.#table = table;
    this.#list = list;
    this.#moved = moved;
    this.#outgrown = outgrown;
    this.#rows = rows;
  }

  #giveTable(): void {
    this.memory.give(this.#table, this.#rows * SWARM_BYTES);
    this.memory.give(this.#list, this.#rows * 4);
    this.memory.give(this.#moved, this.#rows * 4);
    this.memory.give(this.#outgrown, this.#rows * 4);
  }

  #giveAllBack(): void {
    this.#giveTable();
    this.memory.give(this.#outcome, OUTCOME_BYTES);
    if (this.#scratchBytes > 0) this.memory.give(this.#scratch, this.#scratchBytes);
    this.#scratchBytes = 0;
    this.#rows = 0;
    this.#listed = 0;
    this.#first = 0;
    this.#blocks.length = 0;
    this.#freeNumbers.length = 0;
  }
}
