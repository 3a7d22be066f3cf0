/** One swarm's newest positions, copied out of shared memory at most once a tick and kind, for all views. */
import {
  FLAG_SETTLED,
  FLAG_SHORT,
  publicationOffset,
  recordOffsets,
  type RegionHandle,
} from '../../model/position-region.ts';
import {
  copyRecords,
  createHead,
  readHead,
  RECORD_BYTES,
  wantAllRecords,
  type PublicationHead,
  type RecordKind,
} from '../../model/region-reader.ts';
import { SECTION_HEADER_BYTES, writeSectionHeader } from '../../protocol/frames.ts';

/** `raw` is f32 with velocities. */
export type PositionKind = 'q16' | 'f32' | 'raw';

/** Records of one block of 65,536 slots: `start` ≤ index < `end`. */
export interface BlockRun {
  block: number;
  start: number;
  end: number;
}

let slotLists = 0;

const COPY_ATTEMPTS = 4;
const BLOCK_SLOTS = 65_536;

/**
 * A private, consistent copy of one publication. Records ascend by slot. `words` and `halves` are the same bytes: 2
 * words a record for q16, 4 for f32 and raw. `velocities` is filled for raw alone, 3 floats a record.
 */
export class LoadedPositions {
  readonly head: PublicationHead = createHead();
  /** Header of a section of these records, without count, block and the flag of a full one. */
  readonly sectionHeader = new Uint32Array(SECTION_HEADER_BYTES / 4);
  words = new Uint32Array(0);
  halves = new Uint16Array(0);
  velocities = new Float32Array(0);
  /** One run for f32 and raw, whose records carry whole slots. */
  runs: readonly BlockRun[] = [];
  /** Which news of the swarm it has taken in; −1: none. */
  generation = -1;
  /** Unique to a list of slots: as long as it stays, record `index` is that of the same slot. */
  slotList = 0;
  readonly #kind: PositionKind;
  readonly #header = new DataView(this.sectionHeader.buffer);
  #slotsRev = -1;
  #membership = -1;
  #count = -1;
  #bytes = new Uint8Array(0);
  #velocityBytes = new Uint8Array(0);
  // Whole slots of q16 records, only where they don't fit 16 bits.
  #slots: Uint32Array | undefined;

  constructor(kind: PositionKind) {
    this.#kind = kind;
  }

  /** Slot of record `index`, whole. */
  slotAt(index: number): number {
    if (this.#kind !== 'q16') return this.words[index * 4] ?? 0;
    return this.#slots === undefined ? (this.halves[index * 4] ?? 0) : (this.#slots[index] ?? 0);
  }

  /**
   * Takes the newest publication. `overtaken`: it can't be had now, since the writer was faster in every attempt, or has
   * not heard yet that all records are wanted.
   */
  load(handle: RegionHandle, data: DataView): 'loaded' | 'nothing' | 'overtaken' {
    if (data.getInt32(0, true) < 0) return 'nothing';
    const known = this.generation >= 0 ? this.head.sequence * 4 + this.head.index : -1;
    for (let attempt = 0; attempt < COPY_ATTEMPTS; attempt++) {
      if (!readHead(handle, this.head)) return 'overtaken';
      if (this.head.sequence * 4 + this.head.index === known && attempt === 0) return 'loaded';
      // The next one will have them.
      if (this.#kind !== 'q16' && (this.head.flags & FLAG_SHORT) !== 0) return 'overtaken';
      if (!this.#copy(handle, data)) continue;
      this.#prepareHeader(handle.swarm);
      this.#noteSlots();
      return 'loaded';
    }
    return 'overtaken';
  }

  #prepareHeader(swarmRef: number): void {
    const { flags, slotsRev, originX, originY, originZ, scale } = this.head;
    writeSectionHeader(this.#header, 0, {
      swarmRef,
      count: 0,
      flags: flags & FLAG_SETTLED,
      block: 0,
      slotsRev: slotsRev & 0xffff,
      origin: [originX, originY, originZ],
      scale,
    });
  }

  // Agents that join or leave change the membership, slots dealt anew their revision; nothing else moves records.
  #noteSlots(): void {
    const { slotsRev, membership, count } = this.head;
    if (slotsRev === this.#slotsRev && membership === this.#membership && count === this.#count) return;
    this.#slotsRev = slotsRev;
    this.#membership = membership;
    this.#count = count;
    this.slotList = ++slotLists;
  }

  #copy(handle: RegionHandle, data: DataView): boolean {
    const { count } = this.head;
    this.#reserve(count);
    if (this.#kind === 'q16') {
      // Read before the copy, whose check of the sequence then covers it too.
      const small = count === 0 || (this.head.flags & FLAG_SHORT) !== 0;
      const last = small ? 0 : lastSlot(handle, data, this.head);
      if (!copyRecords(handle, this.head, 'q16', this.#bytes, 0)) return false;
      if (last < BLOCK_SLOTS) {
        this.#slots = undefined;
        this.runs = [{ block: 0, start: 0, end: count }];
        return true;
      }
      return this.#copySlots(handle);
    }
    this.runs = [{ block: 0, start: 0, end: count }];
    if (!copyRecords(handle, this.head, 'f32', this.#bytes, 0)) return false;
    return this.#kind === 'f32' || copyRecords(handle, this.head, 'velocity', this.#velocityBytes, 0);
  }

  #copySlots(handle: RegionHandle): boolean {
    const { count } = this.head;
    const wide = new Uint8Array(count * RECORD_BYTES.f32);
    if (!copyRecords(handle, this.head, 'f32', wide, 0)) return false;
    const words = new Uint32Array(wide.buffer);
    const slots = new Uint32Array(count);
    const runs: BlockRun[] = [];
    for (let i = 0; i < count; i++) {
      const slot = words[i * 4] ?? 0;
      slots[i] = slot;
      const block = Math.floor(slot / BLOCK_SLOTS);
      const run = runs.at(-1);
      if (run?.block === block) run.end = i + 1;
      else runs.push({ block, start: i, end: i + 1 });
    }
    this.#slots = slots;
    this.runs = runs;
    return true;
  }

  #reserve(count: number): void {
    const kind: RecordKind = this.#kind === 'q16' ? 'q16' : 'f32';
    const bytes = count * RECORD_BYTES[kind];
    if (this.#bytes.byteLength < bytes) {
      this.#bytes = new Uint8Array(Math.ceil(bytes / 1024) * 1024);
      this.words = new Uint32Array(this.#bytes.buffer);
      this.halves = new Uint16Array(this.#bytes.buffer);
    }
    const velocityBytes = this.#kind === 'raw' ? count * RECORD_BYTES.velocity : 0;
    if (this.#velocityBytes.byteLength < velocityBytes) {
      this.#velocityBytes = new Uint8Array(Math.ceil(velocityBytes / 1024) * 1024);
      this.velocities = new Float32Array(this.#velocityBytes.buffer);
    }
  }
}

export class SwarmPositions {
  readonly #handle: RegionHandle;
  readonly #data: DataView;
  readonly #loaded: Partial<Record<PositionKind, LoadedPositions>> = {};
  #movedTick: number;
  #generation = 0;

  constructor(handle: RegionHandle, movedTick: number) {
    this.#handle = handle;
    this.#data = new DataView(handle.buffer, handle.byteOffset);
    this.#movedTick = movedTick;
  }

  /** Tick at which this edge heard of the newest publication (position-store.ts). */
  get movedTick(): number {
    return this.#movedTick;
  }

  /** There is a newer publication. */
  moved(stamp: number): void {
    this.#movedTick = stamp;
    this.#generation++;
  }

  /** The newest publication, copied once after each move. Undefined when there is none yet. */
  load(kind: PositionKind, tick: number): LoadedPositions | undefined {
    const loaded = (this.#loaded[kind] ??= new LoadedPositions(kind));
    if (loaded.generation === this.#generation) return loaded;
    if (kind !== 'q16') wantAllRecords(this.#handle, tick);
    const result = loaded.load(this.#handle, this.#data);
    if (result === 'loaded') {
      loaded.generation = this.#generation;
      return loaded;
    }
    loaded.generation = -1;
    // Whoever asks now goes without; stamped anew, so that the next tick makes it good.
    if (result === 'overtaken') this.moved(tick + 1);
    return undefined;
  }
}

function lastSlot(handle: RegionHandle, data: DataView, head: PublicationHead): number {
  const at = publicationOffset(head.index, handle.capacity) + recordOffsets(handle.capacity).f32;
  return data.getUint32(at + (head.count - 1) * RECORD_BYTES.f32, true);
}
