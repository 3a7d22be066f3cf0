/**
 * Reads a swarm's region (position-region.ts) from any thread, without locks and without waiting for the writer.
 *
 * The reader looks up the newest publication, copies from it, and then checks that its sequence is still the one it
 * began with. The writer comes back to a publication only after three others, so that check fails only for a reader
 * that was held up for about three ticks.
 */
import {
  F32_RECORD_BYTES,
  FLAG_SHORT,
  PUBLICATION,
  publicationBytes,
  publicationOffset,
  Q16_RECORD_BYTES,
  recordOffsets,
  regionBytes,
  RING_SLOTS,
  VELOCITY_RECORD_BYTES,
  WANTED_UNTIL,
} from './position-region.ts';
import type { RegionHandle } from './position-region.ts';

/** Header of one publication. Reuse one object per region: {@link readHead} overwrites it. */
export interface PublicationHead {
  /** Even; tells this publication from the later ones in its place. */
  sequence: number;
  /** Place in the ring, 0–3. */
  index: number;
  /** Records in use. */
  count: number;
  tick: number;
  /** FLAG_SETTLED, FLAG_SHORT. */
  flags: number;
  slotsRev: number;
  membership: number;
  originX: number;
  originY: number;
  originZ: number;
  /** Units per i16 step. */
  scale: number;
  /** Wall clock of the tick, ms since 1970. */
  timeMs: number;
}

export type RecordKind = 'q16' | 'f32' | 'velocity';

/** Bytes of one record of each kind. */
export const RECORD_BYTES: Readonly<Record<RecordKind, number>> = {
  q16: Q16_RECORD_BYTES,
  f32: F32_RECORD_BYTES,
  velocity: VELOCITY_RECORD_BYTES,
};

/** Ticks for which a reader wants all records when it says so. */
const LEASE_TICKS = 240;

/** Attempts of one {@link readHead}; each fails only when the writer went once around the ring meanwhile. */
const READ_ATTEMPTS = 4;

interface RegionViews {
  i32: Int32Array;
  bytes: Uint8Array;
  data: DataView;
  offsets: Readonly<Record<RecordKind, number>>;
}

// Views are made once per handle, since edges read every moving swarm on every tick.
const viewsOfHandle = new WeakMap<RegionHandle, RegionViews>();

function viewsOf(handle: RegionHandle): RegionViews {
  const known = viewsOfHandle.get(handle);
  if (known !== undefined) return known;
  const length = regionBytes(handle.capacity);
  const views = {
    i32: new Int32Array(handle.buffer, handle.byteOffset, length >>> 2),
    bytes: new Uint8Array(handle.buffer, handle.byteOffset, length),
    data: new DataView(handle.buffer, handle.byteOffset, length),
    offsets: recordOffsets(handle.capacity),
  };
  viewsOfHandle.set(handle, views);
  return views;
}

/** A head to be filled by {@link readHead}. */
export function createHead(): PublicationHead {
  return {
    sequence: 0,
    index: 0,
    count: 0,
    tick: 0,
    flags: 0,
    slotsRev: 0,
    membership: 0,
    originX: 0,
    originY: 0,
    originZ: 0,
    scale: 1,
    timeMs: 0,
  };
}

/**
 * Reads the header of the newest publication into `out`.
 * @returns false when nothing was published yet, or when the writer was faster in each of a few attempts.
 */
export function readHead(handle: RegionHandle, out: PublicationHead): boolean {
  const views = viewsOf(handle);
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt += 1) {
    const index = Atomics.load(views.i32, 0);
    if (index < 0 || index >= RING_SLOTS) return false;
    const at = publicationOffset(index, handle.capacity);
    const cell = (at + PUBLICATION.sequence) >>> 2;
    const sequence = Atomics.load(views.i32, cell);
    if ((sequence & 1) === 1) continue;
    fillHead(views.data, at, out);
    if (Atomics.load(views.i32, cell) !== sequence || out.count > handle.capacity) continue;
    out.sequence = sequence;
    out.index = index;
    return true;
  }
  return false;
}

function fillHead(data: DataView, at: number, out: PublicationHead): void {
  out.count = data.getUint32(at + PUBLICATION.count, true);
  out.tick = data.getUint32(at + PUBLICATION.tick, true);
  out.flags = data.getUint32(at + PUBLICATION.flags, true);
  out.slotsRev = data.getUint32(at + PUBLICATION.slotsRev, true);
  out.membership = data.getUint32(at + PUBLICATION.membership, true);
  out.originX = data.getFloat32(at + PUBLICATION.origin, true);
  out.originY = data.getFloat32(at + PUBLICATION.origin + 4, true);
  out.originZ = data.getFloat32(at + PUBLICATION.origin + 8, true);
  out.scale = data.getFloat32(at + PUBLICATION.scale, true);
  out.timeMs = data.getFloat64(at + PUBLICATION.timeMs, true);
}

/**
 * Copies the `head.count` records of one kind of the publication that `head` describes to `target` at `targetOffset`;
 * they take `head.count × RECORD_BYTES[kind]` bytes.
 * @returns false when the writer has overtaken the reader: the bytes in `target` are then worthless; read the head again.
 * Also when the publication has no records of that kind ({@link FLAG_SHORT}).
 * @throws {RangeError} when `target` is too small.
 */
export function copyRecords(
  handle: RegionHandle,
  head: PublicationHead,
  kind: RecordKind,
  target: Uint8Array,
  targetOffset: number,
): boolean {
  if (kind !== 'q16' && (head.flags & FLAG_SHORT) !== 0) return false;
  const views = viewsOf(handle);
  const at = publicationOffset(head.index, handle.capacity);
  const from = at + views.offsets[kind];
  const length = head.count * RECORD_BYTES[kind];
  if (from + length > at + publicationBytes(handle.capacity)) return false;
  target.set(views.bytes.subarray(from, from + length), targetOffset);
  return Atomics.load(views.i32, (at + PUBLICATION.sequence) >>> 2) === head.sequence;
}

/**
 * Says that someone reads f32 or velocity records: publications have them from the next one on, for about four seconds.
 * To be repeated at every reading.
 */
export function wantAllRecords(handle: RegionHandle, tick: number): void {
  const { i32 } = viewsOf(handle);
  const cell = WANTED_UNTIL >>> 2;
  // Half of the lease is left most of the time: the writer's cache line is taken from it twice in four seconds.
  if (Atomics.load(i32, cell) >>> 0 < tick + LEASE_TICKS / 2) Atomics.store(i32, cell, tick + LEASE_TICKS);
}

type Triple = readonly [number, number, number];

/** World units, and units/s; the velocity is undefined where it was not published. */
export interface PublishedBody {
  place: Triple;
  velocity: Triple | undefined;
}

/**
 * The bodies of the publication that `head` describes, by slot; places of a short one are off by up to half its scale.
 * @returns undefined when the writer has overtaken the reader.
 */
export function readBodies(handle: RegionHandle, head: PublicationHead): Map<number, PublishedBody> | undefined {
  return (head.flags & FLAG_SHORT) === 0 ? readWhole(handle, head) : readQuantised(handle, head);
}

function readWhole(handle: RegionHandle, head: PublicationHead): Map<number, PublishedBody> | undefined {
  const places = recordsOf(handle, head, 'f32');
  const velocities = recordsOf(handle, head, 'velocity');
  if (places === undefined || velocities === undefined) return undefined;
  return bodiesOf(head.count, (i) => {
    const at = i * RECORD_BYTES.f32;
    return [
      places.getUint32(at, true),
      { place: triple(places, at + 4), velocity: triple(velocities, i * RECORD_BYTES.velocity) },
    ];
  });
}

function triple(view: DataView, at: number): Triple {
  return [view.getFloat32(at, true), view.getFloat32(at + 4, true), view.getFloat32(at + 8, true)];
}

function readQuantised(handle: RegionHandle, head: PublicationHead): Map<number, PublishedBody> | undefined {
  const records = recordsOf(handle, head, 'q16');
  if (records === undefined) return undefined;
  return bodiesOf(head.count, (i) => {
    const at = i * RECORD_BYTES.q16;
    const place: Triple = [
      head.originX + head.scale * records.getInt16(at + 2, true),
      head.originY + head.scale * records.getInt16(at + 4, true),
      head.originZ + head.scale * records.getInt16(at + 6, true),
    ];
    return [records.getUint16(at, true), { place, velocity: undefined }];
  });
}

function bodiesOf(count: number, read: (index: number) => [number, PublishedBody]): Map<number, PublishedBody> {
  return new Map(Array.from({ length: count }, (_, index) => read(index)));
}

function recordsOf(handle: RegionHandle, head: PublicationHead, kind: RecordKind): DataView | undefined {
  const bytes = new Uint8Array(head.count * RECORD_BYTES[kind]);
  return copyRecords(handle, head, kind, bytes, 0) ? new DataView(bytes.buffer) : undefined;
}
