import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/protocol/canonical-json.ts';
import { packMessage, unpackMessage } from '../../../src/protocol/codec.ts';
import {
  decodeFrame,
  FRAME_HEADER_BYTES,
  SECTION_HEADER_BYTES,
  writeFrameHeader,
  writeSectionHeader,
} from '../../../src/protocol/frames.ts';
import { entityHash, toggle } from '../../../src/protocol/state-hash.ts';

const f32 = fc.float({ noNaN: true, noDefaultInfinity: true });
const section = fc.record({
  swarmRef: fc.integer({ min: 0, max: 0x7fff_ffff }),
  flags: fc.nat(3),
  block: fc.nat(255),
  slotsRev: fc.nat(65_535),
  origin: fc.tuple(f32, f32, f32),
  scale: fc.integer({ min: -8, max: 8 }).map((exponent) => 2 ** exponent),
  records: fc.array(
    fc.record({
      slot: fc.nat(65_535),
      steps: fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: -32_767, max: 32_767 }))),
    }),
    { maxLength: 20 },
  ),
});

describe('canonical JSON', () => {
  test('parses back to the same value, whatever the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        // JSON has no -0.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });
});

describe('msgpack', () => {
  test('carries every JSON value, without extensions', () => {
    fc.assert(
      // Negative zero is no JSON value: both codings make it zero.
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(unpackMessage(packMessage(value))).toEqual(plain);
      }),
    );
  });
});

describe('frames', () => {
  test('decode what was written', () => {
    fc.assert(
      fc.property(fc.array(section, { maxLength: 5 }), fc.nat(), (sections, tick) => {
        const length = sections.reduce(
          (sum, each) => sum + SECTION_HEADER_BYTES + each.records.length * 8,
          FRAME_HEADER_BYTES,
        );
        const view = new DataView(new ArrayBuffer(length));
        writeFrameHeader(view, 0, { kind: 'q16', sections: sections.length, tick, timeMs: 0.5 });
        let at = FRAME_HEADER_BYTES;
        for (const { records, ...header } of sections) {
          writeSectionHeader(view, at, { ...header, count: records.length });
          at += SECTION_HEADER_BYTES;
          for (const { slot, steps } of records) {
            view.setUint16(at, slot, true);
            steps.forEach((step, axis) => view.setInt16(at + 2 + axis * 2, step, true));
            at += 8;
          }
        }
        const frame = decodeFrame(new Uint8Array(view.buffer));
        expect(frame.tick).toBe(tick);
        frame.sections.forEach((decoded, n) => {
          const { records, ...header } = sections[n] as (typeof sections)[number];
          expect(decoded).toMatchObject(header);
          expect([...decoded.slots]).toEqual(records.map(({ slot }) => header.block * 65_536 + slot));
          const wanted = records.flatMap(({ steps }) =>
            steps.map((step, axis) => Math.fround((header.origin[axis] ?? 0) + header.scale * step)),
          );
          expect([...decoded.positions]).toEqual(wanted);
        });
        expect(frame.sections).toHaveLength(sections.length);
      }),
    );
  });

  test('any bytes are a frame or refused, never a crash', () => {
    const tail = fc.uint8Array({ maxLength: 120 });
    const bytes = fc.oneof(
      tail,
      tail.map((rest) => Uint8Array.of(1, 1, 1, 0, ...rest)),
    );
    fc.assert(
      fc.property(bytes, (candidate) => {
        expect(outcome(candidate)).toMatch(/^(frame|MalformedFrameError)$/);
      }),
    );
  });
});

describe('state hash', () => {
  test('adding and taking away in any order leaves the rest', () => {
    const entity = fc.record({ ref: fc.nat(), id: fc.string() });
    fc.assert(
      fc.property(fc.array(entity), fc.array(entity), (stay, leave) => {
        const direct = { high: 0, low: 0 };
        for (const each of stay) toggle(direct, entityHash('task', each));
        const detour = { high: 0, low: 0 };
        for (const each of [...leave, ...stay, ...leave.toReversed()]) toggle(detour, entityHash('task', each));
        expect(detour).toEqual(direct);
      }),
    );
  });
});

function outcome(bytes: Uint8Array): string {
  try {
    decodeFrame(bytes);
    return 'frame';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => reversed(item));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).toReversed();
  // `__proto__` must stay a member of its own.
  return members.reduce<object>(
    (object, [name, member]) =>
      Object.defineProperty(object, name, {
        value: reversed(member),
        enumerable: true,
        configurable: true,
        writable: true,
      }),
    {},
  );
}
