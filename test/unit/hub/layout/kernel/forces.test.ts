import { describe, expect, test } from 'vitest';
import { createStepper } from '../../../../../src/hub/layout/kernel/layout-kernel.ts';
import {
  CENTRING,
  MAX_LOCAL,
  MAX_SPEED,
  REPULSION,
  RETENTION,
  SOFTENING,
} from '../../../../../src/hub/layout/kernel/physics.ts';
import { FIELD } from '../../../../../src/hub/layout/kernel/swarm-fields.ts';
import type { KernelMethod } from '../../../../../src/hub/layout/kernel/swarm-fields.ts';
import { SwarmPool } from '../../../../../src/hub/layout/kernel/swarm-pool.ts';
import { signedUnit } from '../../../../../src/hub/layout/random.ts';
import { repelTwin } from './exact-twin.ts';

const NO_LINKS = { from: [], to: [] };

function cloud(n: number, spread: number): Float32Array {
  return Float32Array.from({ length: n * 3 }, (_, k) => signedUnit(1, Math.floor(k / 3), (k % 3) + 1) * spread);
}

function repulsion(places: Float32Array, method: KernelMethod, theta?: number): Float32Array {
  const options = theta === undefined ? {} : { theta };
  return createStepper(places.length / 3, NO_LINKS, { start: places, method, ...options }).repulsion();
}

const rms = (v: ArrayLike<number>): number => Math.sqrt(Array.from(v, (x) => x * x).reduce((a, b) => a + b, 0));
const error = (got: Float32Array, want: Float32Array): number =>
  rms(want.map((value, i) => value - (got[i] ?? NaN))) / (rms(want) + 1e-30);

describe('exact repulsion', () => {
  test('follows its law between two bodies', () => {
    const forces = repulsion(Float32Array.of(-5, 0, 0, 5, 0, 0), 'full');
    const expected = (REPULSION * 10) / 101 ** 1.5;
    expect(forces[3]).toBeCloseTo(expected, 5);
    expect(forces[0]).toBeCloseTo(-expected, 5);
    expect([1, 2, 4, 5].map((k) => Math.abs(forces[k] ?? NaN))).toEqual([0, 0, 0, 0]);
  });

  test.each([1, 2, 3, 4, 5, 7, 16, 20, 21, 203, 500])('equals its twin bit for bit: %i bodies', (n) => {
    const places = cloud(n, 20 * Math.cbrt(n));
    const want = repelTwin(places, REPULSION, SOFTENING);
    const got = repulsion(places, 'full');
    expect(Buffer.from(got.buffer).equals(Buffer.from(want.buffer))).toBe(true);
  });

  test('equals its twin where bodies coincide and stand at the end of the world', () => {
    const places = Float32Array.of(1, 2, 3, 1, 2, 3, 1_048_576, -1_048_576, 0, 1e-30, 0, 0, 0, 0, 0);
    expect([...repulsion(places, 'full')]).toEqual([...repelTwin(places, REPULSION, SOFTENING)]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 50, 203, 320])('by pairs agrees with the full sum: %i bodies', (n) => {
    const places = cloud(n, 20 * Math.cbrt(n));
    expect(error(repulsion(places, 'symmetric'), repulsion(places, 'full'))).toBeLessThan(2e-6);
  });

  test('by pairs adds up to nothing: each push has its counterpart', () => {
    const forces = repulsion(cloud(300, 50), 'symmetric');
    for (const axis of [0, 1, 2]) {
      const sum = forces.filter((_, k) => k % 3 === axis).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum) / rms(forces)).toBeLessThan(1e-5);
    }
  });
});

const withOutliers = (): Float32Array => {
  const places = cloud(1_500, 40);
  for (let i = 0; i < 700; i += 1) places[i * 3] = (places[i * 3] ?? 0) + 900;
  places[11] = 100_000;
  places[300] = -1_000_000;
  return places;
};

describe('the fast multipole method', () => {
  test.each([
    { note: 'one body', places: () => cloud(1, 1) },
    { note: 'five bodies', places: () => cloud(5, 20) },
    { note: 'an even cloud', places: () => cloud(1_500, 300) },
    { note: 'two dense clusters far apart and two outliers', places: withOutliers },
    { note: 'a plane', places: () => cloud(1_000, 300).map((value, k) => (k % 3 === 2 ? 7 : value)) },
  ])('agrees with the exact sum within some per cent: $note', ({ places }) => {
    const want = repulsion(places(), 'full');
    const got = repulsion(places(), 'fmm');
    expect(got.every(Number.isFinite)).toBe(true);
    expect(error(got, want)).toBeLessThan(0.2);
  });

  test('stays finite where bodies share two places', () => {
    const places = Float32Array.from({ length: 3_000 }, (_, k) => (k % 2 === 0 ? 10 : -10));
    expect(repulsion(places, 'fmm').every(Number.isFinite)).toBe(true);
  });

  test('is as accurate as is asked for', () => {
    const places = cloud(3_000, 300);
    const want = repulsion(places, 'full');
    const errors = [1.4, 1.2, 0.8, 0.4].map((theta) => error(repulsion(places, 'fmm', theta), want));
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
    expect(errors[3]).toBeLessThan(0.005);
  });

  test('keeps its order while leaves stay small, and renews it when they have grown', () => {
    const stepper = createStepper(2_000, NO_LINKS, { start: cloud(2_000, 2), method: 'fmm' });
    for (let k = 0; k < 40; k += 1) stepper.step(1);
    const places = stepper.positions();
    expect(places.every(Number.isFinite)).toBe(true);
    expect(error(stepper.repulsion(), repulsion(places, 'full'))).toBeLessThan(0.1);
  });
});

describe('springs', () => {
  test('bring two bodies to their rest length, the better linked one moving less', () => {
    // 0–1 and 0–2 are stretched; 0 has two links, the others one.
    const stepper = createStepper(
      3,
      { from: [0, 0], to: [1, 2] },
      { start: [0, 0, 0, 100_030, 0, 0, 0, 100_030, 0], method: 'full' },
    );
    stepper.step(1e-4);
    const [x0, , , x1] = stepper.positions();
    const pull = 1e-4 * 100_000 * RETENTION;
    // All of them are drawn to the centre by the way that their middle has to go.
    const centring = 1e-4 * CENTRING * (100_030 / 3) * RETENTION;
    expect(x0).toBeCloseTo(pull / 3 - centring, 2);
    expect((x1 ?? NaN) - 100_030).toBeCloseTo((-pull * 2) / 3 - centring, 1);
  });

  test('leave coincident bodies alone', () => {
    const stepper = createStepper(2, { from: [0], to: [1] }, { start: [3, 3, 3, 3, 3, 3] });
    stepper.step(1);
    expect(stepper.positions().every(Number.isFinite)).toBe(true);
  });
});

describe('a step', () => {
  const COUNT = 10;
  const coordinates = (rows: Float32Array): Float32Array => rows.filter((_, k) => k % 4 < 3);

  interface Outcome {
    rows: Float32Array;
    /** How far each body went. */
    ways: number[];
    topSpeed: number;
    reach: number;
  }

  /** Ten bodies of different mobility make one step. */
  function stepped(
    prepare: (places: Float32Array, velocities: Float32Array, mobility: Float32Array) => void = () => undefined,
  ): Outcome {
    const pool = new SwarmPool();
    const swarm = pool.add(1);
    pool.resizeBodies(swarm, COUNT);
    const places = pool.floats(swarm, FIELD.places, COUNT * 4);
    cloud(COUNT, 40).forEach((value, k) => {
      places[Math.floor(k / 3) * 4 + (k % 3)] = value;
    });
    const mobility = pool.floats(swarm, FIELD.mobility, COUNT);
    mobility.forEach((_, k) => {
      mobility[k] = 1 / (k + 1);
    });
    prepare(places, pool.floats(swarm, FIELD.velocities, COUNT * 4), mobility);
    const before = places.slice();
    pool.setF32(swarm, FIELD.alpha, 0.1);
    pool.step(swarm);
    const rows = places.slice();
    const ways = Array.from({ length: COUNT }, (_, body) =>
      Math.hypot(...[0, 1, 2].map((axis) => (rows[body * 4 + axis] ?? NaN) - (before[body * 4 + axis] ?? NaN))),
    );
    return { rows, ways, topSpeed: pool.f32(swarm, FIELD.topSpeed), reach: pool.f32(swarm, FIELD.reach) };
  }

  const calm = stepped();

  // Bodies move in fours unless one of the four needs care.
  test.each([0, 3, 6, 9])('moves body %i no further than the top speed, and the others as without it', (fast) => {
    const { rows, ways, topSpeed, reach } = stepped((_, velocities) => {
      velocities[fast * 4] = 1_000;
    });
    expect(ways[fast]).toBeCloseTo(MAX_SPEED, 3);
    expect(topSpeed).toBeCloseTo(MAX_SPEED, 5);
    const others = (all: Float32Array): Float32Array => all.filter((_, k) => Math.floor(k / 4) !== fast);
    expect(others(rows)).toEqual(others(calm.rows));
    expect(reach).toBe(Math.max(...coordinates(rows).map(Math.abs)));
  });

  test.each(Array.from({ length: COUNT }, (_, k) => k))('tells the greatest speed and reach: of body %i', (first) => {
    const { rows, ways, topSpeed, reach } = stepped((places, velocities) => {
      places[first * 4 + 1] = -300;
      velocities[first * 4 + 2] = 10;
    });
    expect(topSpeed).toBeCloseTo(ways[first] ?? NaN, 3);
    expect(topSpeed).toBeGreaterThan(5);
    expect(reach).toBe(Math.abs(rows[first * 4 + 1] ?? NaN));
  });

  test.each([0, 5, 9])('leads body %i, slow as it is, to the end of the world and no further', (far) => {
    const { rows } = stepped((places, velocities, mobility) => {
      mobility[far] = 0;
      places[far * 4] = MAX_LOCAL - 1;
      velocities[far * 4] = 10;
    });
    expect(rows[far * 4]).toBe(MAX_LOCAL);
  });
});
