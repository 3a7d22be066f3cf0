/**
 * How positions cross threads: one region of shared memory per swarm, written by its layout worker, read by edges.
 *
 * A region is a header and four publications in a ring. The writer fills the next publication, then makes it the
 * latest; a reader copies the latest, then checks that its sequence is unchanged. Four, since with two a reader that
 * is descheduled in mid-copy meets the writer again after one step.
 *
 * Region:      i32 latest (ring index of the newest publication, −1 before the first) · u32 tick until which readers
 *              want all records · 56 bytes unused · 4 publications
 * Publication: 64 bytes of header, see the offsets, then `capacity` records each of
 *   q16  u16 slot (mod 65,536) · i16 x,y,z                    8 bytes, as in a frame of kind 1
 *   f32  u32 slot · f32 x,y,z                                16 bytes, as in a frame of kind 2
 *   vel  f32 x,y,z, units/s                                  12 bytes
 * All three are in ascending order of slot, so those of one block of 65,536 slots are contiguous.
 *
 * Of a swarm that moves, f32 and vel are written only while some reader wants them (region-reader.ts, wantAllRecords):
 * they are three quarters of the bytes, which pass through memory 60 times a second for few readers. Publications at
 * rest, and those with slots above 65,535, always have all.
 */
import type { MessagePort } from 'node:worker_threads';

/** Publications in a ring. */
export const RING_SLOTS = 4;
/** Byte offset in a region of the tick until which readers want all records. */
export const WANTED_UNTIL = 4;
/** Its value where all are always wanted. */
export const ALWAYS = 0xffff_ffff;
const REGION_HEADER_BYTES = 64;
const PUBLICATION_HEADER_BYTES = 64;
export const Q16_RECORD_BYTES = 8;
export const F32_RECORD_BYTES = 16;
export const VELOCITY_RECORD_BYTES = 12;

/** Byte offsets in a publication's header. */
export const PUBLICATION = {
  /** i32, atomic: odd while the writer is inside; grows by 2 with each publication. */
  sequence: 0,
  /** u32: records in use. */
  count: 4,
  /** u32: tick of the step. */
  tick: 8,
  /** u32: {@link FLAG_SETTLED}, {@link FLAG_SHORT}. */
  flags: 12,
  /** u32: slots_rev of the swarm at that step. */
  slotsRev: 16,
  /** u32: membership of the swarm at that step: it grows by one whenever an agent joins or leaves, modulo 2^32. */
  membership: 20,
  /** f32 × 3. */
  origin: 24,
  /** f32: units per i16 step, a power of two from 2^-8 to 2^8; 2^-5 reaches ±1,023 units from the origin. */
  scale: 36,
  /** f64: wall clock of the tick, ms since 1970. */
  timeMs: 40,
} as const;

/** Flag of a section and of a publication: the swarm has come to rest. */
export const FLAG_SETTLED = 2;
/** Flag of a publication: its f32 and vel records were not written. */
export const FLAG_SHORT = 4;

export function publicationBytes(capacity: number): number {
  return PUBLICATION_HEADER_BYTES + capacity * (Q16_RECORD_BYTES + F32_RECORD_BYTES + VELOCITY_RECORD_BYTES);
}

export function regionBytes(capacity: number): number {
  return REGION_HEADER_BYTES + RING_SLOTS * publicationBytes(capacity);
}

/** Byte offset of publication `index` (0–3) in its region. */
export function publicationOffset(index: number, capacity: number): number {
  return REGION_HEADER_BYTES + index * publicationBytes(capacity);
}

/** Byte offsets of the three record arrays, from the start of a publication. Capacity must be even (f32 alignment). */
export function recordOffsets(capacity: number): { q16: number; f32: number; velocity: number } {
  const q16 = PUBLICATION_HEADER_BYTES;
  const f32 = q16 + capacity * Q16_RECORD_BYTES;
  return { q16, f32, velocity: f32 + capacity * F32_RECORD_BYTES };
}

/** Where a swarm's region is. A new handle for the same swarm (it outgrew the old one) replaces the old. */
export interface RegionHandle {
  swarm: number;
  buffer: SharedArrayBuffer;
  byteOffset: number;
  /** Records per publication; even. */
  capacity: number;
}

/** What a layout worker posts to every edge, in order. */
export type LayoutEvent =
  | { kind: 'region'; handle: RegionHandle }
  | { kind: 'region-gone'; swarm: number }
  /**
   * One step of the clock, 60 times a second, also when nothing moves: edges pace themselves by it. `moved` are refs of
   * the swarms that have a new publication.
   */
  | { kind: 'tick'; tick: number; time_ms: number; moved: readonly number[] | Uint32Array<ArrayBuffer> };

/**
 * Where layout events go: a port that crosses threads (one per worker: `openPort` is called for each, and again for a
 * worker that replaces a dead one), or a function within one thread (tests).
 */
export type LayoutSink =
  { kind: 'port'; openPort: () => MessagePort } | { kind: 'direct'; post: (event: LayoutEvent) => void };

/** Rounds half away from zero and saturates to i16. Non-finite values become 0: a frame never carries nonsense. */
export function quantise(value: number, origin: number, scale: number): number {
  const steps = (value - origin) / scale;
  if (!Number.isFinite(steps)) return 0;
  const rounded = steps < 0 ? -Math.floor(0.5 - steps) : Math.floor(steps + 0.5);
  return rounded < -32_767 ? -32_767 : rounded > 32_767 ? 32_767 : rounded;
}
