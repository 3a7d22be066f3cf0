/** One swarm's newest positions, copied out of shared memory at most once a tick and kind, for all views. */
import { publicationOffset, recordOffsets, RING_SLOTS, type RegionHandle } from '../../model/position-region.ts';
import {
  copyRecords,
  createHead,
  readHead,
  RECORD_BYTES,
  type PublicationHead,
  type RecordKind,
} from '../../model/region-reader.ts';

/** `raw` is f32 with velocities. */
export type PositionKind = 'q16' | 'f32' | 'raw';

/** Records of one block of 65,536 slots: `start` ≤ index < `end`. */
export interface BlockRun {
  block: number;
  start: number;
  end: number;
}

const COPY_ATTEMPTS = 4;
const BLOCK_SLOTS = 65_536;
const Q16_WORDS = 2;
const F32_WORDS = 4;
const LOW_HALF = 0xffff;
const WHOLE = 0xffff_ffff;

/**
 * A private, consistent copy of one publication. Records ascend by slot: 2 words a record for q16, 4 for f32 and raw.
 * `velocities` is filled for raw alone, 3 floats a record.
 */
export class LoadedPositions {
  readonly head: PublicationHead = createHead();
  origin: readonly [number, number, number] = [0, 0, 0];
  words = new Uint32Array(0);
  velocities = new Float32Array(0);
  /** Whole slots, one a record. */
  slots = new Uint32Array(0);
  /** Grows when the slots of the records change: until then, what stands where is the same in every publication. */
  slotsGeneration = 0;
  /** Runs of records by block; one run for f32 and raw, whose records carry whole slots. */
  runs: readonly BlockRun[] = [];
  /** Which news of the swarm it has taken in; −1: none. */
  generation = -1;
  readonly #kind: PositionKind;
  #bytes = new Uint8Array(0);
  #velocityBytes = new Uint8Array(0);

  constructor(kind: PositionKind) {
    this.#kind = kind;
  }

  /** Takes the newest publication. `overtaken`: the writer was faster in every attempt. */
  load(handle: RegionHandle, data: DataView): 'loaded' | 'nothing' | 'overtaken' {
    if (data.getInt32(0, true) < 0) return 'nothing';
    const known = this.generation >= 0 ? this.head.sequence * RING_SLOTS + this.head.index : -1;
    for (let attempt = 0; attempt < COPY_ATTEMPTS; attempt++) {
      if (!readHead(handle, this.head)) return 'overtaken';
      if (this.head.sequence * RING_SLOTS + this.head.index === known && attempt === 0) return 'loaded';
      if (!this.#copy(handle, data)) continue;
      this.origin = [this.head.originX, this.head.originY, this.head.originZ];
      return 'loaded';
    }
    return 'overtaken';
  }

  #copy(handle: RegionHandle, data: DataView): boolean {
    const { count } = this.head;
    this.#reserve(count);
    if (this.#kind !== 'q16') {
      if (!copyRecords(handle, this.head, 'f32', this.#bytes, 0)) return false;
      if (this.#kind === 'raw' && !copyRecords(handle, this.head, 'velocity', this.#velocityBytes, 0)) return false;
      this.#takeSlots(this.words, F32_WORDS, WHOLE);
      return true;
    }
    // Read before the copy, whose check of the sequence then covers it too.
    const last = count === 0 ? 0 : lastSlot(handle, data, this.head);
    if (!copyRecords(handle, this.head, 'q16', this.#bytes, 0)) return false;
    if (last < BLOCK_SLOTS) {
      this.#takeSlots(this.words, Q16_WORDS, LOW_HALF);
      return true;
    }
    // Records of q16 hold the low half of a slot; where that is not all, the f32 records of the same step tell.
    const wide = new Uint8Array(count * RECORD_BYTES.f32);
    if (!copyRecords(handle, this.head, 'f32', wide, 0)) return false;
    this.#takeSlots(new Uint32Array(wide.buffer), F32_WORDS, WHOLE);
    return true;
  }

  // Once a tick and swarm, so that no view has to look whether records moved.
  #takeSlots(words: Uint32Array, wordsPerRecord: number, mask: number): void {
    const { count } = this.head;
    const { slots } = this;
    if (slots.length === count) {
      let same = true;
      for (let n = 0; same && n < count; n++) same = ((words[n * wordsPerRecord] ?? 0) & mask) >>> 0 === slots[n];
      if (same && this.slotsGeneration > 0) return;
    }
    const taken = new Uint32Array(count);
    for (let n = 0; n < count; n++) taken[n] = (words[n * wordsPerRecord] ?? 0) & mask;
    this.slots = taken;
    this.slotsGeneration++;
    this.runs = this.#kind === 'q16' ? blockRuns(taken) : [{ block: 0, start: 0, end: count }];
  }

  #reserve(count: number): void {
    const kind: RecordKind = this.#kind === 'q16' ? 'q16' : 'f32';
    const bytes = count * RECORD_BYTES[kind];
    if (this.#bytes.byteLength < bytes) {
      this.#bytes = new Uint8Array(Math.ceil(bytes / 1024) * 1024);
      this.words = new Uint32Array(this.#bytes.buffer);
    }
    const velocityBytes = this.#kind === 'raw' ? count * RECORD_BYTES.velocity : 0;
    if (this.#velocityBytes.byteLength < velocityBytes) {
      this.#velocityBytes = new Uint8Array(Math.ceil(velocityBytes / 1024) * 1024);
      this.velocities = new Float32Array(this.#velocityBytes.buffer);
    }
  }
}

function blockRuns(slots: Uint32Array): BlockRun[] {
  const runs: BlockRun[] = [];
  let run: BlockRun | undefined;
  for (let n = 0; n < slots.length; n++) {
    const block = Math.floor((slots[n] ?? 0) / BLOCK_SLOTS);
    if (run?.block === block) run.end = n + 1;
    else runs.push((run = { block, start: n, end: n + 1 }));
  }
  return runs;
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
