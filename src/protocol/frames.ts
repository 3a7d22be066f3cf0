/**
 * Binary frames of positions, little-endian (PROTOCOL.md, Positions).
 *
 *   frame    u8 0x01 · u8 kind (1 q16, 2 f32) · u16 sections · u32 tick · f64 time_ms                             16 bytes
 *   section  u32 swarm_ref · u16 count · u8 flags · u8 block · u16 slots_rev · u16 0 · f32 origin x,y,z · f32 scale   28 bytes
 *   q16      count × { u16 slot · i16 x,y,z }      position = origin + scale × i16; slot = block × 65,536 + u16
 *   f32      count × { u32 slot · f32 x,y,z }
 */
export const FRAME_MAGIC = 0x01;
export const FRAME_HEADER_BYTES = 16;
export const SECTION_HEADER_BYTES = 28;
export const RAW28_RECORD_BYTES = 28;
/** A larger set of positions is split over several frames of the same tick. */
export const MAX_FRAME_BYTES = 131_072;
export const MAX_SECTION_RECORDS = 16_384;

export const FRAME_KIND = { q16: 1, f32: 2 } as const;
export type FrameKind = keyof typeof FRAME_KIND;

/** Every agent of the swarm that the view shows is in this frame. */
export const FLAG_FULL = 1;

export interface SectionHeader {
  swarmRef: number;
  count: number;
  flags: number;
  block: number;
  slotsRev: number;
  origin: readonly [number, number, number];
  scale: number;
}

export interface DecodedSection extends SectionHeader {
  /** Absolute slots, `count` of them. */
  slots: Uint32Array;
  /** x, y, z per slot, world units. */
  positions: Float32Array;
}

export interface DecodedFrame {
  kind: FrameKind;
  tick: number;
  timeMs: number;
  sections: DecodedSection[];
}

export function writeFrameHeader(
  view: DataView,
  offset: number,
  header: { kind: FrameKind; sections: number; tick: number; timeMs: number },
): void {
  view.setUint8(offset, FRAME_MAGIC);
  view.setUint8(offset + 1, FRAME_KIND[header.kind]);
  view.setUint16(offset + 2, header.sections, true);
  view.setUint32(offset + 4, header.tick >>> 0, true);
  view.setFloat64(offset + 8, header.timeMs, true);
}

export function writeSectionHeader(view: DataView, offset: number, section: SectionHeader): void {
  view.setUint32(offset, section.swarmRef, true);
  view.setUint16(offset + 4, section.count, true);
  view.setUint8(offset + 6, section.flags);
  view.setUint8(offset + 7, section.block);
  view.setUint16(offset + 8, section.slotsRev, true);
  view.setUint16(offset + 10, 0, true);
  view.setFloat32(offset + 12, section.origin[0], true);
  view.setFloat32(offset + 16, section.origin[1], true);
  view.setFloat32(offset + 20, section.origin[2], true);
  view.setFloat32(offset + 24, section.scale, true);
}

export class MalformedFrameError extends Error {
  override name = 'MalformedFrameError';
}

/** @throws {@link MalformedFrameError} when the bytes are not exactly one frame of a known kind. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < FRAME_HEADER_BYTES || view.getUint8(0) !== FRAME_MAGIC) {
    throw new MalformedFrameError('not a frame of positions');
  }
  const kind = frameKind(view.getUint8(1));
  const sections: DecodedSection[] = [];
  const recordBytes = RECORD_BYTES[kind];
  // One piece of memory for all sections: an allocation of its own costs each of them more than its records do.
  const memory = new ArrayBuffer((bytes.byteLength / recordBytes) * BYTES_PER_SLOT);
  let used = 0;
  let offset = FRAME_HEADER_BYTES;
  for (let left = view.getUint16(2, true); left > 0; left--) {
    const section = decodeSection(view, offset, kind, memory, used);
    sections.push(section);
    used += section.count * BYTES_PER_SLOT;
    offset += SECTION_HEADER_BYTES + section.count * recordBytes;
  }
  if (offset !== bytes.byteLength) throw new MalformedFrameError('trailing bytes after the last section');
  return { kind, tick: view.getUint32(4, true), timeMs: view.getFloat64(8, true), sections };
}

function frameKind(code: number): FrameKind {
  if (code === FRAME_KIND.q16) return 'q16';
  if (code === FRAME_KIND.f32) return 'f32';
  throw new MalformedFrameError(`unknown frame kind ${code}`);
}

const RECORD_BYTES: Readonly<Record<FrameKind, number>> = { q16: 8, f32: 16 };
/** Decoded: a slot, and x, y, z. */
const BYTES_PER_SLOT = 16;

function decodeSection(
  view: DataView,
  offset: number,
  kind: FrameKind,
  memory: ArrayBuffer,
  used: number,
): DecodedSection {
  if (offset + SECTION_HEADER_BYTES > view.byteLength) throw new MalformedFrameError('section header cut short');
  const count = view.getUint16(offset + 4, true);
  const first = offset + SECTION_HEADER_BYTES;
  if (first + count * RECORD_BYTES[kind] > view.byteLength) throw new MalformedFrameError('section records cut short');
  const header = readSectionHeader(view, offset);
  const slots = new Uint32Array(memory, used, count);
  const positions = new Float32Array(memory, used + count * 4, count * 3);
  const section = { ...header, slots, positions };
  if (kind === 'q16') readQ16(view, first, section);
  else readF32(view, first, section);
  return section;
}

// Axes are written out: clients run this for every agent of every frame.
function readQ16(view: DataView, first: number, { slots, positions, block, origin, scale }: DecodedSection): void {
  const base = block * 65_536;
  const [x, y, z] = origin;
  for (let i = 0, at = first; i < slots.length; i++, at += 8) {
    slots[i] = base + view.getUint16(at, true);
    positions[i * 3] = x + scale * view.getInt16(at + 2, true);
    positions[i * 3 + 1] = y + scale * view.getInt16(at + 4, true);
    positions[i * 3 + 2] = z + scale * view.getInt16(at + 6, true);
  }
}

function readF32(view: DataView, first: number, { slots, positions }: DecodedSection): void {
  for (let i = 0, at = first; i < slots.length; i++, at += 16) {
    slots[i] = view.getUint32(at, true);
    positions[i * 3] = view.getFloat32(at + 4, true);
    positions[i * 3 + 1] = view.getFloat32(at + 8, true);
    positions[i * 3 + 2] = view.getFloat32(at + 12, true);
  }
}

function readSectionHeader(view: DataView, offset: number): SectionHeader {
  return {
    swarmRef: view.getUint32(offset, true),
    count: view.getUint16(offset + 4, true),
    flags: view.getUint8(offset + 6),
    block: view.getUint8(offset + 7),
    slotsRev: view.getUint16(offset + 8, true),
    origin: [
      view.getFloat32(offset + 12, true),
      view.getFloat32(offset + 16, true),
      view.getFloat32(offset + 20, true),
    ],
    scale: view.getFloat32(offset + 24, true),
  };
}
