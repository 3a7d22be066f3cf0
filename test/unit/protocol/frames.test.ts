import { describe, expect, test } from 'vitest';
import {
  decodeFrame,
  FRAME_HEADER_BYTES,
  MalformedFrameError,
  SECTION_HEADER_BYTES,
  writeFrameHeader,
  writeSectionHeader,
} from '../../../src/protocol/frames.ts';

// Written by hand from PROTOCOL.md: a settled, full section of two agents, origin (0, -1, 0.5), scale 1/32.
const Q16_GOLDEN = [
  '01',
  '01',
  '0100',
  '2a000000',
  '0000c096d1a97942', // magic, kind, sections, tick 42, time 1763715600384.0
  '05000000',
  '0200',
  '03',
  '01',
  '0700',
  '0000', // swarm 5, two records, full + settled, block 1, slots_rev 7
  '00000000',
  '000080bf',
  '0000003f',
  '0000003d',
  '0000',
  '2000',
  'e0ff',
  '0000', // slot 65,536: +1, -1 - 1, 0.5
  'ffff',
  'ff7f',
  '0180',
  '0100', // slot 131,071: the extremes
].join('');
const F32_GOLDEN = [
  '01',
  '02',
  '0100',
  'ffffffff',
  '0000000000000000',
  'ffffff7f',
  '0100',
  '00',
  '00',
  '0000',
  '0000',
  '00000000',
  '00000000',
  '00000000',
  '0000803f',
  '03000100',
  '0000c03f',
  '000010c0',
  '00000000', // slot 65,539: 1.5, -2.25, 0
].join('');

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

describe('frames', () => {
  test('q16 by hand', () => {
    const frame = decodeFrame(bytes(Q16_GOLDEN));
    expect(frame).toMatchObject({ kind: 'q16', tick: 42 });
    expect(frame.timeMs).toBe(Buffer.from('0000c096d1a97942', 'hex').readDoubleLE());
    expect(frame.sections).toHaveLength(1);
    expect(frame.sections[0]).toMatchObject({ swarmRef: 5, count: 2, flags: 3, block: 1, slotsRev: 7, scale: 1 / 32 });
    expect([...(frame.sections[0]?.slots ?? [])]).toEqual([65_536, 131_071]);
    expect([...(frame.sections[0]?.positions ?? [])]).toEqual([
      1,
      -2,
      0.5,
      32_767 / 32,
      -1 - 32_767 / 32,
      0.5 + 1 / 32,
    ]);
  });

  test('f32 by hand: slots are whole', () => {
    const frame = decodeFrame(bytes(F32_GOLDEN));
    expect(frame).toMatchObject({ kind: 'f32', tick: 0xffff_ffff, timeMs: 0 });
    expect([...(frame.sections[0]?.slots ?? [])]).toEqual([65_539]);
    expect([...(frame.sections[0]?.positions ?? [])]).toEqual([1.5, -2.25, 0]);
  });

  test('headers are written as they are read', () => {
    const target = new Uint8Array(FRAME_HEADER_BYTES + SECTION_HEADER_BYTES + 16);
    const view = new DataView(target.buffer);
    writeFrameHeader(view, 0, {
      kind: 'q16',
      sections: 1,
      tick: 42,
      timeMs: Buffer.from('0000c096d1a97942', 'hex').readDoubleLE(),
    });
    writeSectionHeader(view, FRAME_HEADER_BYTES, {
      swarmRef: 5,
      count: 2,
      flags: 3,
      block: 1,
      slotsRev: 7,
      origin: [0, -1, 0.5],
      scale: 1 / 32,
    });
    const headers = FRAME_HEADER_BYTES + SECTION_HEADER_BYTES;
    expect(Buffer.from(target.subarray(0, headers)).toString('hex')).toBe(Q16_GOLDEN.slice(0, headers * 2));
  });

  test('a frame in the middle of a buffer', () => {
    const frame = bytes(Q16_GOLDEN);
    const padded = new Uint8Array(frame.byteLength + 9);
    padded.set(frame, 5);
    expect(decodeFrame(padded.subarray(5, 5 + frame.byteLength))).toEqual(decodeFrame(frame));
  });

  const malformed = [
    { note: 'empty', hex: '' },
    { note: 'shorter than a header', hex: Q16_GOLDEN.slice(0, 30) },
    { note: 'another first byte', hex: `02${Q16_GOLDEN.slice(2)}` },
    { note: 'a kind that is not known', hex: `0103${Q16_GOLDEN.slice(4)}` },
    { note: 'a section header cut short', hex: Q16_GOLDEN.slice(0, 60) },
    { note: 'records cut short', hex: Q16_GOLDEN.slice(0, -2) },
    { note: 'trailing bytes', hex: `${Q16_GOLDEN}00` },
    { note: 'more sections than there are', hex: `01010200${Q16_GOLDEN.slice(8)}` },
  ];
  test.each(malformed)('refused: $note', ({ hex }) => {
    expect(() => decodeFrame(bytes(hex))).toThrow(MalformedFrameError);
  });
});
