import { describe, expect, test } from 'vitest';
import { AgentField, STRIDE } from '../../../../src/dashboard/graph/agent-field.ts';

type Point = [number, number, number];

/** A gateway's positions by ref. */
function world(positions: Map<number, Point>) {
  return (agent: number, _timeMs: number, out: Point) => {
    const at = positions.get(agent);
    if (at !== undefined) out.splice(0, 3, ...at);
    return at;
  };
}

function shown(field: AgentField, ref: number): Point {
  const index = field.indexOf(ref);
  if (index === undefined) throw new Error(`no agent ${ref}`);
  const at = index * STRIDE;
  return [field.data[at] ?? NaN, field.data[at + 1] ?? NaN, field.data[at + 2] ?? NaN];
}

function settle(field: AgentField, positions: Map<number, Point>, smoothingMs = 40): void {
  for (let i = 0; i < 200; i++) field.advance({ timeMs: 0, elapsedMs: 50, smoothingMs }, world(positions));
}

/** Two swarms of ten on circles, far apart, of two servers. */
function twoSwarms(): { field: AgentField; positions: Map<number, Point> } {
  const field = new AgentField();
  const positions = new Map<number, Point>();
  for (let i = 0; i < 20; i++) {
    const swarm = i < 10 ? 1 : 2;
    const angle = (i / 10) * 2 * Math.PI;
    positions.set(i, [Math.cos(angle) * 40 + swarm * 5_000, Math.sin(angle) * 40, 0]);
    field.add(i, swarm, swarm === 1 ? 'a' : 'b');
  }
  return { field, positions };
}

describe('agent field', () => {
  test('within a swarm distances are the gateway’s; swarms stand side by side wherever the gateway has them', () => {
    const { field, positions } = twoSwarms();
    settle(field, positions);
    const distance = (a: Point, b: Point) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    expect(distance(shown(field, 0), shown(field, 5))).toBeCloseTo(80, 1);
    const [a, b] = [field.swarms.get(1), field.swarms.get(2)];
    const apart = Math.hypot((a?.x ?? 0) - (b?.x ?? 0), (a?.y ?? 0) - (b?.y ?? 0));
    expect(apart).toBeGreaterThan(80);
    expect(apart).toBeLessThan(400);
  });

  test('an agent that joins moves nobody else', () => {
    const { field, positions } = twoSwarms();
    settle(field, positions);
    const before = [...positions.keys()].map((ref) => shown(field, ref));
    field.add(99, 1, 'a');
    positions.set(99, [5_000, 3, 0]);
    settle(field, positions);
    const after = Array.from({ length: 20 }, (_, ref) => shown(field, ref));
    for (const [i, point] of after.entries()) {
      for (let axis = 0; axis < 3; axis++) expect(point[axis]).toBeCloseTo(before[i]?.[axis] ?? NaN, 1);
    }
  });

  test('a swarm that breathes comes to rest: it outgrows its room once, and then moves nobody', () => {
    const { field, positions } = twoSwarms();
    const breathe = (radius: number): void => {
      const angles = [...positions].filter(([ref]) => ref >= 10);
      for (const [ref] of angles) {
        const angle = (ref / 10) * 2 * Math.PI;
        positions.set(ref, [Math.cos(angle) * radius + 10_000, Math.sin(angle) * radius, 0]);
      }
      settle(field, positions);
    };
    breathe(40);
    breathe(80);
    const there = shown(field, 0);
    // Another that outgrows its room has all arranged anew: not because of this one.
    const rooms = [...field.swarms.values()].map(({ room }) => room);
    for (const radius of [50, 80, 45, 80]) {
      breathe(radius);
      expect(shown(field, 0)).toEqual(there);
    }
    breathe(50);
    field.add(200, 3, 'a');
    positions.set(200, [20_000, 0, 0]);
    settle(field, positions);
    expect([...field.swarms.values()].slice(0, 2).map(({ room }) => room)).toEqual(rooms);
  });

  test('a step is followed smoothly, never past its end, and then everything rests', () => {
    const { field, positions } = twoSwarms();
    settle(field, positions);
    const start = shown(field, 0)[0];
    positions.set(0, [(positions.get(0)?.[0] ?? 0) - 10, 0, 0]);
    let last = start;
    for (let i = 0; i < 5; i++) {
      expect(field.advance({ timeMs: 0, elapsedMs: 16, smoothingMs: 40 }, world(positions))).toBe(true);
      const now = shown(field, 0)[0];
      expect(now).toBeLessThan(last);
      expect(now).toBeGreaterThan(start - 10.01);
      last = now;
    }
    settle(field, positions);
    expect(field.advance({ timeMs: 0, elapsedMs: 16, smoothingMs: 40 }, world(positions))).toBe(false);
    expect(shown(field, 0)[0]).toBeCloseTo(start - 10, 0);
  });

  test('without motion, everything is where it belongs at once', () => {
    const { field, positions } = twoSwarms();
    field.advance({ timeMs: 0, elapsedMs: 16, smoothingMs: 0 }, world(positions));
    expect(field.advance({ timeMs: 0, elapsedMs: 16, smoothingMs: 0 }, world(positions))).toBe(false);
  });

  test('one that goes leaves the others where they are; one without a position is not seen', () => {
    const { field, positions } = twoSwarms();
    settle(field, positions);
    const kept = shown(field, 19);
    field.remove(3);
    field.remove(3);
    expect(field.size).toBe(19);
    expect(field.indexOf(3)).toBeUndefined();
    expect(shown(field, 19)).toEqual(kept);
    const index = field.add(500, 1, 'a');
    settle(field, positions);
    expect(field.data[index * STRIDE + 3]).toBe(0);
  });

  test('grows beyond its first room', () => {
    const field = new AgentField();
    const positions = new Map<number, Point>();
    for (let i = 0; i < 1_000; i++) {
      field.add(i, i % 7, 's');
      positions.set(i, [i % 50, Math.floor(i / 50), 0]);
    }
    settle(field, positions, 0);
    expect(field.size).toBe(1_000);
    expect(field.data.length).toBeGreaterThanOrEqual(1_000 * STRIDE);
    expect(shown(field, 999).every(Number.isFinite)).toBe(true);
  });
});
