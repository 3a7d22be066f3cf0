import { describe, expect, test } from 'vitest';
import { createBodies } from '../../../../src/hub/layout/bodies.ts';
import type { Bodies } from '../../../../src/hub/layout/bodies.ts';
import { allocateRegion, RegionWriter } from '../../../../src/hub/layout/region-writer.ts';
import type { PublicationFacts } from '../../../../src/hub/layout/region-writer.ts';
import { copyRecords, createHead, readHead } from '../../../../src/model/region-reader.ts';

const FACTS: PublicationFacts = {
  tick: 77,
  timeMs: 1_700_000_000_123.5,
  settled: false,
  slotsRev: 3,
  membership: 4_000_000_000,
  centre: [100, -100, 0],
  stepsPerSecond: 60,
};

function bodiesAt(places: readonly (readonly [number, number, number])[], slots?: readonly number[]): Bodies {
  const bodies = createBodies(places.length);
  bodies.count = places.length;
  places.forEach(([x, y, z], i) => {
    bodies.slots[i] = slots?.[i] ?? i;
    bodies.x[i] = x;
    bodies.y[i] = y;
    bodies.z[i] = z;
    bodies.vx[i] = 0.5;
    bodies.vy[i] = -0.25;
  });
  return bodies;
}

describe('a publication', () => {
  // Offsets as position-region.ts documents them, written out, so that writer and constants can't be wrong together.
  test('has the documented bytes', () => {
    const handle = allocateRegion(9, 2);
    new RegionWriter(handle).publish(
      bodiesAt(
        [
          [1, 2, 3],
          [-4.02, 5.01, 6],
        ],
        [5, 70_000],
      ),
      FACTS,
    );
    const data = new DataView(handle.buffer);
    expect(handle.capacity).toBe(16);
    expect(handle.buffer.byteLength).toBe(64 + 4 * (64 + 16 * 36));
    expect(data.getInt32(0, true)).toBe(0);
    const at = 64;
    expect(data.getInt32(at, true)).toBe(2);
    expect([4, 8, 12, 16, 20].map((field) => data.getUint32(at + field, true))).toEqual([2, 77, 0, 3, 4_000_000_000]);
    expect([24, 28, 32, 36].map((field) => data.getFloat32(at + field, true))).toEqual([128, -128, 0, 1 / 32]);
    expect(data.getFloat64(at + 40, true)).toBe(1_700_000_000_123.5);
    const q16 = at + 64 + 8;
    expect(data.getUint16(q16, true)).toBe(70_000 - 65_536);
    const quantised = [2, 4, 6].map((field) => data.getInt16(q16 + field, true));
    expect(quantised).toEqual([95.98 - 128, -94.99 + 128, 6].map((steps) => Math.round(steps * 32)));
    const f32 = at + 64 + 16 * 8 + 16;
    expect(data.getUint32(f32, true)).toBe(70_000);
    expect([4, 8, 12].map((field) => data.getFloat32(f32 + field, true))).toEqual([95.98, -94.99, 6].map(Math.fround));
    const velocity = at + 64 + 16 * 24 + 12;
    expect([0, 4, 8].map((field) => data.getFloat32(velocity + field, true))).toEqual([30, -15, 0]);
  });

  test('takes the next place of the ring, and its sequence grows by two each time round', () => {
    const handle = allocateRegion(1, 1);
    const writer = new RegionWriter(handle);
    const head = createHead();
    const seen: number[][] = [];
    for (let i = 0; i < 9; i += 1) {
      writer.publish(bodiesAt([[0, 0, 0]]), { ...FACTS, tick: i });
      readHead(handle, head);
      seen.push([head.index, head.sequence, head.tick]);
    }
    expect(seen.map(([index]) => index)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0]);
    expect(seen.map(([, sequence]) => sequence)).toEqual([2, 2, 2, 2, 4, 4, 4, 4, 6]);
  });

  test('is not there before the first', () => {
    expect(readHead(allocateRegion(1, 1), createHead())).toBe(false);
  });

  test('goes on where a writer died inside one', () => {
    const handle = allocateRegion(1, 1);
    new RegionWriter(handle).publish(bodiesAt([[1, 0, 0]]), { ...FACTS, tick: 1 });
    const i32 = new Int32Array(handle.buffer);
    const second = (64 + 64 + 16 * 36) / 4;
    i32[second] = 1;
    const head = createHead();
    expect(readHead(handle, head) && head.tick).toBe(1);
    new RegionWriter(handle).publish(bodiesAt([[1, 0, 0]]), { ...FACTS, tick: 2 });
    expect(readHead(handle, head)).toBe(true);
    expect([head.tick, head.index, head.sequence]).toEqual([2, 1, 2]);
  });
});

describe('the reader', () => {
  test('refuses what was overwritten since', () => {
    const handle = allocateRegion(1, 1);
    const writer = new RegionWriter(handle);
    const head = createHead();
    const target = new Uint8Array(16);
    writer.publish(bodiesAt([[1, 0, 0]]), FACTS);
    readHead(handle, head);
    for (let i = 0; i < 3; i += 1) writer.publish(bodiesAt([[2, 0, 0]]), FACTS);
    expect(copyRecords(handle, head, 'f32', target, 0)).toBe(true);
    writer.publish(bodiesAt([[3, 0, 0]]), FACTS);
    expect(copyRecords(handle, head, 'f32', target, 0)).toBe(false);
  });

  test('writes at the offset asked for and refuses a target that is too small', () => {
    const handle = allocateRegion(1, 1);
    new RegionWriter(handle).publish(bodiesAt([[1, 0, 0]]), FACTS);
    const head = createHead();
    readHead(handle, head);
    const target = new Uint8Array(20);
    expect(copyRecords(handle, head, 'q16', target, 12)).toBe(true);
    expect(target.subarray(0, 12)).toEqual(new Uint8Array(12));
    expect(() => copyRecords(handle, head, 'f32', target, 12)).toThrow(RangeError);
  });
});

const scaleAt = (writer: RegionWriter, reach: number): number => {
  writer.publish(bodiesAt([[reach, 0, 0]]), { ...FACTS, centre: [0, 0, 0] });
  const head = createHead();
  readHead(writer.handle, head);
  return head.scale;
};

describe('the scale', () => {
  test('steps up as soon as somebody is out of reach, and down only with room to spare', () => {
    const writer = new RegionWriter(allocateRegion(1, 1));
    const reaches = [10, 1_023, 1_025, 1_000, 700, 620, 610, 10, 5_000, 2_000_000, 1e9, 0];
    expect(reaches.map((reach) => Math.log2(scaleAt(writer, reach)))).toEqual([
      -5, -5, -4, -4, -4, -4, -5, -5, -2, 6, 8, -5,
    ]);
  });

  test('tells nothing of where agents are inside its reach', () => {
    const writer = new RegionWriter(allocateRegion(1, 1));
    const heads = [0, 5, 900, -900].map((x) => {
      scaleAt(writer, x);
      const head = createHead();
      readHead(writer.handle, head);
      return [head.scale, head.originX, head.originY, head.originZ];
    });
    expect(new Set(heads.map(String)).size).toBe(1);
  });
});

test.each([
  [0, 16],
  [1, 16],
  [16, 16],
  [17, 32],
  [1_000, 1_024],
  [100_000, 131_072],
])('a region for %i has a capacity of %i', (count, capacity) => {
  expect(allocateRegion(1, count).capacity).toBe(capacity);
});
