import { describe, expect, test } from 'vitest';
import { FIELD, STATE } from '../../../../src/hub/layout/kernel/swarm-fields.ts';
import { SwarmPool } from '../../../../src/hub/layout/kernel/swarm-pool.ts';
import { FLAG_SHORT } from '../../../../src/model/position-region.ts';
import type { RegionHandle } from '../../../../src/model/position-region.ts';
import { copyRecords, createHead, readBodies, readHead, wantAllRecords } from '../../../../src/model/region-reader.ts';

const TIME_MS = 1_700_000_000_123.5;

/** A swarm that publishes without moving. */
class Publisher {
  readonly pool: SwarmPool;
  readonly swarm: number;
  readonly handle: RegionHandle;

  constructor(slots: readonly number[], centre: readonly [number, number, number] = [0, 0, 0], lean = false) {
    this.pool = new SwarmPool(() => 1, lean);
    this.swarm = this.pool.add(1);
    this.pool.resizeBodies(this.swarm, slots.length);
    this.pool.words(this.swarm, FIELD.slots, slots.length).set(slots);
    this.pool.setVector(this.swarm, FIELD.centre, centre);
    this.handle = this.pool.renewRegion(this.swarm, 9, slots.length);
  }

  publish(places: readonly (readonly [number, number, number])[], tick = 77): void {
    places.forEach((place, i) => {
      this.pool.floats(this.swarm, FIELD.places, places.length * 4).set(place, i * 4);
    });
    this.pool.setF32(this.swarm, FIELD.reach, Math.max(...places.flat().map(Math.abs)));
    this.pool.wake(this.swarm, STATE.publishOnce);
    this.pool.tick(tick, TIME_MS);
  }
}

describe('a publication', () => {
  // Offsets as position-region.ts documents them, written out, so that writer and constants can't be wrong together.
  test('has the documented bytes', () => {
    const publisher = new Publisher([5, 70_000], [100, -100, 0]);
    const { pool, swarm, handle } = publisher;
    pool.setU32(swarm, FIELD.slotsRev, 3);
    pool.setU32(swarm, FIELD.membership, 4_000_000_000);
    pool.floats(swarm, FIELD.velocities, 8).set([0.5, -0.25, 0], 4);
    publisher.publish([
      [1, 2, 3],
      [-4.02, 5.01, 6],
    ]);
    const data = new DataView(handle.buffer, handle.byteOffset);
    expect(handle.capacity).toBe(16);
    expect(data.getInt32(0, true)).toBe(0);
    const at = 64;
    expect(data.getInt32(at, true)).toBe(2);
    expect([4, 8, 12, 16, 20].map((field) => data.getUint32(at + field, true))).toEqual([2, 77, 2, 3, 4_000_000_000]);
    expect([24, 28, 32, 36].map((field) => data.getFloat32(at + field, true))).toEqual([128, -128, 0, 1 / 32]);
    expect(data.getFloat64(at + 40, true)).toBe(TIME_MS);
    const q16 = at + 64 + 8;
    expect(data.getUint16(q16, true)).toBe(70_000 - 65_536);
    const quantised = [2, 4, 6].map((field) => data.getInt16(q16 + field, true));
    expect(quantised).toEqual([95.98 - 128, -94.99 + 128, 6].map((steps) => Math.round(steps * 32)));
    const f32 = at + 64 + 16 * 8 + 16;
    expect(data.getUint32(f32, true)).toBe(70_000);
    [95.98, -94.99, 6].forEach((value, axis) => {
      expect(data.getFloat32(f32 + 4 + axis * 4, true)).toBeCloseTo(value, 4);
    });
    const velocity = at + 64 + 16 * 24 + 12;
    expect([0, 4, 8].map((field) => data.getFloat32(velocity + field, true))).toEqual([30, -15, 0]);
  });

  test('takes the next place of the ring, and its sequence grows by two each time round', () => {
    const publisher = new Publisher([0]);
    const head = createHead();
    const seen: number[][] = [];
    for (let i = 0; i < 9; i += 1) {
      publisher.publish([[0, 0, 0]], i);
      readHead(publisher.handle, head);
      seen.push([head.index, head.sequence, head.tick]);
    }
    expect(seen.map(([index]) => index)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0]);
    expect(seen.map(([, sequence]) => sequence)).toEqual([2, 2, 2, 2, 4, 4, 4, 4, 6]);
  });

  test('is not there before the first', () => {
    expect(readHead(new Publisher([0]).handle, createHead())).toBe(false);
  });

  test('goes on where a writer died inside one', () => {
    const publisher = new Publisher([0]);
    const { handle } = publisher;
    publisher.publish([[1, 0, 0]], 1);
    const i32 = new Int32Array(handle.buffer, handle.byteOffset);
    const second = (64 + 64 + 16 * 36) / 4;
    i32[second] = 1;
    const head = createHead();
    expect(readHead(handle, head) && head.tick).toBe(1);
    publisher.publish([[1, 0, 0]], 2);
    expect(readHead(handle, head)).toBe(true);
    expect([head.tick, head.index, head.sequence]).toEqual([2, 1, 2]);
  });
});

describe('the reader', () => {
  test('refuses what was overwritten since', () => {
    const publisher = new Publisher([0]);
    const { handle } = publisher;
    const head = createHead();
    const target = new Uint8Array(16);
    publisher.publish([[1, 0, 0]]);
    readHead(handle, head);
    for (let i = 0; i < 3; i += 1) publisher.publish([[2, 0, 0]]);
    expect(copyRecords(handle, head, 'f32', target, 0)).toBe(true);
    publisher.publish([[3, 0, 0]]);
    expect(copyRecords(handle, head, 'f32', target, 0)).toBe(false);
  });

  test('writes at the offset asked for and refuses a target that is too small', () => {
    const publisher = new Publisher([0]);
    const { handle } = publisher;
    publisher.publish([[1, 0, 0]]);
    const head = createHead();
    readHead(handle, head);
    const target = new Uint8Array(20);
    expect(copyRecords(handle, head, 'q16', target, 12)).toBe(true);
    expect(target.subarray(0, 12)).toEqual(new Uint8Array(12));
    expect(() => copyRecords(handle, head, 'f32', target, 12)).toThrow(RangeError);
  });
});

describe('of a swarm that moves', () => {
  /** One publication of two bodies on the move. */
  function shortAt(publisher: Publisher, tick: number): { short: boolean; whole: boolean; slots: number[] } {
    const { pool, swarm, handle } = publisher;
    pool.setF32(swarm, FIELD.alpha, 0.5);
    pool.wake(swarm, STATE.awake);
    pool.tick(tick, TIME_MS);
    const head = createHead();
    readHead(handle, head);
    const bytes = new Uint8Array(2 * 28);
    const kinds = (['f32', 'velocity'] as const).map((kind) => copyRecords(handle, head, kind, bytes, 0));
    const bodies = readBodies(handle, head);
    expect(bodies?.get(1)?.place.every((axis, k) => Math.abs(axis - (100 + (k === 0 ? 5 : 0))) < 20)).toBe(true);
    expect(bodies?.get(1)?.velocity !== undefined).toBe(kinds[1]);
    return { short: (head.flags & FLAG_SHORT) !== 0, whole: kinds.every(Boolean), slots: [...(bodies?.keys() ?? [])] };
  }
  const moving = (slots: readonly number[]): Publisher => {
    const publisher = new Publisher(slots, [100, 100, 100], true);
    publisher.pool.floats(publisher.swarm, FIELD.places, 8).set([-5, 0, 0, 1, 5, 0, 0, 1]);
    return publisher;
  };

  test('all records are published only while a reader wants them', () => {
    const publisher = moving([0, 1]);
    expect(shortAt(publisher, 10)).toEqual({ short: true, whole: false, slots: [0, 1] });
    wantAllRecords(publisher.handle, 10);
    expect(shortAt(publisher, 11)).toEqual({ short: false, whole: true, slots: [0, 1] });
    expect(shortAt(publisher, 250)).toEqual({ short: false, whole: true, slots: [0, 1] });
    expect(shortAt(publisher, 251)).toEqual({ short: true, whole: false, slots: [0, 1] });
  });

  test('slots that a q16 record has no room for are published whole', () => {
    expect(shortAt(moving([1, 65_536]), 10)).toEqual({ short: false, whole: true, slots: [1, 65_536] });
  });

  test('at rest, all records are there', () => {
    const publisher = new Publisher([0], [0, 0, 0], true);
    publisher.publish([[1, 2, 3]]);
    const head = createHead();
    readHead(publisher.handle, head);
    expect(head.flags & FLAG_SHORT).toBe(0);
    expect(readBodies(publisher.handle, head)?.get(0)?.place).toEqual([1, 2, 3]);
  });
});

const scaleAt = (publisher: Publisher, reach: number): number => {
  publisher.publish([[reach, 0, 0]]);
  const head = createHead();
  readHead(publisher.handle, head);
  return head.scale;
};

describe('the scale', () => {
  test('steps up as soon as somebody is out of reach, and down only with room to spare', () => {
    const publisher = new Publisher([0]);
    const reaches = [10, 1_023, 1_025, 1_000, 700, 620, 610, 10, 5_000, 2_000_000, 1e9, 0];
    expect(reaches.map((reach) => Math.log2(scaleAt(publisher, reach)))).toEqual([
      -5, -5, -4, -4, -4, -4, -5, -5, -2, 6, 8, -5,
    ]);
  });

  test('tells nothing of where agents are inside its reach', () => {
    const publisher = new Publisher([0]);
    const heads = [0, 5, 900, -900].map((x) => {
      scaleAt(publisher, x);
      const head = createHead();
      readHead(publisher.handle, head);
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
  const pool = new SwarmPool();
  expect(pool.renewRegion(pool.add(1), 1, count).capacity).toBe(capacity);
});
