/** Position frames of one view: sections of the swarms that it shows, gathered by slot, so that nothing hidden is in them. */
import {
  FLAG_FULL,
  FRAME_HEADER_BYTES,
  MAX_FRAME_BYTES,
  MAX_SECTION_RECORDS,
  SECTION_HEADER_BYTES,
  writeFrameHeader,
  type FrameKind,
} from '../../protocol/frames.ts';
import type { Replica } from '../replica/replica.ts';
import type { BlockRun, LoadedPositions } from '../replica/swarm-positions.ts';
import type { FrameSlab } from './frame-slab.ts';
import type { ShownSwarm } from './shown-swarm.ts';

const WORDS_PER_RECORD = { q16: 2, f32: 4 } as const;
const SECTION_HEADER_WORDS = SECTION_HEADER_BYTES / 4;
/** A publication may be read before its tick is heard of; one that is further ahead is of another epoch's clock. */
const MAX_TICKS_AHEAD = 60;
/** Copying fewer words one by one costs less than making the subarray. */
const WORDS_WORTH_A_SUBARRAY = 128;

/** Writes frames of one kind, for all views of an edge, one after the other. They stay as they are until the slab is reused. */
export class FrameComposer {
  readonly #slab: FrameSlab;
  readonly #kind: FrameKind;
  readonly #words: number;
  #frames: Uint8Array[] = [];
  #start = 0;
  #at = 0;
  #limit = 0;
  #sections = 0;
  #tick = 0;
  #timeMs = 0;

  constructor(slab: FrameSlab, kind: FrameKind) {
    this.#slab = slab;
    this.#kind = kind;
    this.#words = WORDS_PER_RECORD[kind];
  }

  /**
   * Frames of at most 128 KiB that hold every shown agent of `swarms` that has a position, and no other. Each swarm's
   * {@link ShownSwarm.loaded} is set.
   */
  compose(replica: Replica, swarms: readonly ShownSwarm[]): readonly Uint8Array[] {
    this.#frames = [];
    this.#tick = replica.tick;
    this.#timeMs = replica.positions.tickTimeMs;
    let bytes = FRAME_HEADER_BYTES;
    for (const view of swarms) {
      const { loaded } = view;
      if (loaded === undefined) continue;
      bytes += this.#bound(view, loaded);
      // The newest step is in the frame; a swarm at rest is where it was, at any later tick.
      if (loaded.head.tick <= this.#tick || loaded.head.tick > replica.tick + MAX_TICKS_AHEAD) continue;
      this.#tick = loaded.head.tick;
      this.#timeMs = loaded.head.timeMs;
    }
    this.#open(Math.min(bytes, MAX_FRAME_BYTES));
    for (const view of swarms) {
      const { loaded } = view;
      if (loaded === undefined) continue;
      if (this.#bound(view, loaded) > this.#limit - this.#at && this.#sections > 0) {
        this.#finish();
        this.#open(MAX_FRAME_BYTES);
      }
      this.#append(view, loaded);
    }
    this.#finish();
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  // Bytes that its sections take at most, unless it has to be cut. One record too many, so that the last section of
  // several may turn out empty.
  #bound(view: ShownSwarm, loaded: LoadedPositions): number {
    const records = Math.min(view.size, loaded.head.count);
    return loaded.runs.length * SECTION_HEADER_BYTES + (records + 1) * this.#words * 4;
  }

  #open(capacity: number): void {
    this.#start = this.#slab.open(capacity);
    this.#limit = this.#start + capacity;
    this.#at = this.#start + FRAME_HEADER_BYTES;
    this.#sections = 0;
  }

  #finish(): void {
    if (this.#sections === 0) return;
    const header = { kind: this.#kind, sections: this.#sections, tick: this.#tick, timeMs: this.#timeMs };
    writeFrameHeader(this.#slab.data, this.#start, header);
    this.#frames.push(this.#slab.close(this.#at));
    this.#sections = 0;
  }

  #append(view: ShownSwarm, loaded: LoadedPositions): void {
    const firstSection = this.#at;
    const frames = this.#frames.length;
    const isWhole = isWholeIn(view, loaded);
    let written = 0;
    for (const run of loaded.runs) {
      written += isWhole ? this.#appendRange(loaded, run) : this.#appendShown(view, loaded, run);
    }
    if (written !== view.size || this.#frames.length !== frames) return;
    const { bytes, halves } = this.#slab;
    for (let at = firstSection; at < this.#at;) {
      bytes[at + 6] = (bytes[at + 6] ?? 0) | FLAG_FULL;
      at += SECTION_HEADER_BYTES + (halves[(at + 4) >>> 1] ?? 0) * this.#words * 4;
    }
  }

  // A swarm of which nothing is hidden: its records as they are.
  #appendRange(loaded: LoadedPositions, run: BlockRun): number {
    const { words } = loaded;
    for (let index = run.start; index < run.end;) {
      const section = this.#openSection();
      const count = Math.min(run.end - index, this.#room());
      const target = this.#at >>> 2;
      const first = index * this.#words;
      const length = count * this.#words;
      const { words: into } = this.#slab;
      if (length > WORDS_WORTH_A_SUBARRAY) into.set(words.subarray(first, first + length), target);
      else for (let i = 0; i < length; i++) into[target + i] = words[first + i] ?? 0;
      this.#at += length * 4;
      index += count;
      this.#closeSection(section, loaded, run.block, count);
    }
    return run.end - run.start;
  }

  // Any other swarm: the records of those that the view shows.
  #appendShown(view: ShownSwarm, loaded: LoadedPositions, run: BlockRun): number {
    const indexes = view.indexesIn(loaded);
    let next = firstAtLeast(indexes, run.start);
    const end = run.end >= loaded.head.count ? indexes.length : firstAtLeast(indexes, run.end);
    const written = end - next;
    while (next < end) {
      const section = this.#openSection();
      const count = Math.min(end - next, this.#room());
      const { words } = this.#slab;
      if (this.#kind === 'q16') copyPairs(loaded.words, indexes, next, count, words, this.#at >>> 2);
      else copyQuads(loaded.words, indexes, next, count, words, this.#at >>> 2);
      this.#at += count * this.#words * 4;
      next += count;
      this.#closeSection(section, loaded, run.block, count);
    }
    return written;
  }

  // Leaves room for a header, in a new frame if this one is full.
  #openSection(): number {
    if (this.#at + SECTION_HEADER_BYTES + this.#words * 4 > this.#limit) {
      this.#finish();
      this.#open(MAX_FRAME_BYTES);
    }
    const section = this.#at;
    this.#at += SECTION_HEADER_BYTES;
    return section;
  }

  #room(): number {
    return Math.min(MAX_SECTION_RECORDS, Math.floor((this.#limit - this.#at) / (this.#words * 4)));
  }

  #closeSection(section: number, loaded: LoadedPositions, block: number, count: number): void {
    if (count === 0) {
      this.#at = section;
      return;
    }
    const { sectionHeader } = loaded;
    const { words, halves, bytes } = this.#slab;
    const first = section >>> 2;
    for (let i = 0; i < SECTION_HEADER_WORDS; i++) words[first + i] = sectionHeader[i] ?? 0;
    // Beside the flags: the records, and which 65,536 slots they are of, where they carry no whole ones.
    halves[(section + 4) >>> 1] = count;
    if (this.#kind === 'q16') bytes[section + 7] = block;
    this.#sections++;
  }
}

/** Place of the first index ≥ `index`. */
function firstAtLeast(indexes: Uint32Array, index: number): number {
  if (index === 0) return 0;
  let low = 0;
  let high = indexes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((indexes[middle] ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Two loops for two sizes of records: this is what filtered views cost.
function copyPairs(
  from: Uint32Array,
  indexes: Uint32Array,
  start: number,
  count: number,
  words: Uint32Array,
  to: number,
): void {
  for (let i = 0, target = to; i < count; i++, target += 2) {
    const source = (indexes[start + i] ?? 0) * 2;
    words[target] = from[source] ?? 0;
    words[target + 1] = from[source + 1] ?? 0;
  }
}

function copyQuads(
  from: Uint32Array,
  indexes: Uint32Array,
  start: number,
  count: number,
  words: Uint32Array,
  to: number,
): void {
  for (let i = 0, target = to; i < count; i++, target += 4) {
    const source = (indexes[start + i] ?? 0) * 4;
    words[target] = from[source] ?? 0;
    words[target + 1] = from[source + 1] ?? 0;
    words[target + 2] = from[source + 2] ?? 0;
    words[target + 3] = from[source + 3] ?? 0;
  }
}

/** True when every record of the publication is of an agent that the view shows. */
function isWholeIn(view: ShownSwarm, { head }: LoadedPositions): boolean {
  return view.size === head.count && view.whole && view.swarm.membership === head.membership;
}
