import { beforeEach, describe, expect, test } from 'vitest';
import { createStepper } from '../../../../../src/hub/layout/kernel/layout-kernel.ts';
import { REPULSION_STEPS, REPULSION_WAY, SLICE_BODIES } from '../../../../../src/hub/layout/kernel/physics.ts';
import { plainSprings, writeComponents, writeSprings } from '../../../../../src/hub/layout/kernel/springs.ts';
import { FIELD, STATE } from '../../../../../src/hub/layout/kernel/swarm-fields.ts';
import { SwarmPool } from '../../../../../src/hub/layout/kernel/swarm-pool.ts';
import { signedUnit } from '../../../../../src/hub/layout/random.ts';

const COUNT = 30;
const RING = Array.from({ length: COUNT }, (_, i) => [i, (i + 1) % COUNT]).flat();
/** So little heat that nobody goes far in many steps. */
const MILD = 0.01;

const ball = (seed: number): Float32Array =>
  Float32Array.from({ length: COUNT * 3 }, (_, k) => signedUnit(seed, k, 1) * 60);

let pool: SwarmPool;

beforeEach(() => {
  pool = new SwarmPool();
});

function ringOf(seed: number): number {
  const swarm = pool.add(seed);
  seat(swarm, seed);
  writeSprings(pool, swarm, plainSprings(COUNT, RING, 30));
  writeComponents(pool, swarm, COUNT, RING);
  return swarm;
}

function seat(swarm: number, seed: number): void {
  pool.resizeBodies(swarm, COUNT);
  const places = pool.floats(swarm, FIELD.places, COUNT * 4);
  ball(seed).forEach((value, k) => {
    places[Math.floor(k / 3) * 4 + (k % 3)] = value;
  });
}

const repulsionOf = (swarm: number): string => pool.floats(swarm, FIELD.repulsion, COUNT * 4).join();

/** One step. @returns whether repulsion was worked out in it: all bodies move, so it is never twice the same. */
function step(swarm: number, alpha = MILD): boolean {
  const before = repulsionOf(swarm);
  pool.setF32(swarm, FIELD.alpha, alpha);
  pool.step(swarm);
  return repulsionOf(swarm) !== before;
}

const steps = (swarm: number, count: number, alpha?: number): boolean[] =>
  Array.from({ length: count }, () => step(swarm, alpha));

/** Right after a step in which repulsion was worked out, which now serves others. */
function justWorkedOut(): number {
  const swarm = ringOf(4);
  while (!step(swarm) || pool.u32(swarm, FIELD.steps) % REPULSION_STEPS !== 1);
  return swarm;
}

describe('repulsion', () => {
  test('of a swarm that moves slowly serves four steps', () => {
    const swarm = justWorkedOut();
    expect(steps(swarm, 8)).toEqual([false, false, false, true, false, false, false, true]);
  });

  test('is that of the places where it was worked out', () => {
    const swarm = justWorkedOut();
    steps(swarm, 3);
    const places = pool.floats(swarm, FIELD.places, COUNT * 4).filter((_, k) => k % 4 < 3);
    expect(step(swarm)).toBe(true);
    const got = pool.floats(swarm, FIELD.repulsion, COUNT * 4).filter((_, k) => k % 4 < 3);
    expect(got).toEqual(createStepper(COUNT, { from: [], to: [] }, { start: places }).repulsion());
  });

  test('is worked out in each step while somebody is fast', () => {
    const swarm = ringOf(1);
    expect(steps(swarm, 5, 1)).toEqual([true, true, true, true, true]);
    expect(pool.f32(swarm, FIELD.topSpeed)).toBeGreaterThan(REPULSION_WAY);
  });

  test('is worked out anew once somebody has gone too far, at whatever speed', () => {
    const swarm = justWorkedOut();
    pool.setF32(swarm, FIELD.way, REPULSION_WAY * 0.99);
    expect(step(swarm)).toBe(false);
    pool.setF32(swarm, FIELD.way, REPULSION_WAY);
    expect(step(swarm)).toBe(true);
    const { topSpeed, way } = { topSpeed: pool.f32(swarm, FIELD.topSpeed), way: pool.f32(swarm, FIELD.way) };
    expect([way, way > 0]).toEqual([topSpeed, true]);
    step(swarm);
    expect(pool.f32(swarm, FIELD.way)).toBeCloseTo(topSpeed + pool.f32(swarm, FIELD.topSpeed), 5);
  });

  test.each<[string, (swarm: number) => void]>([
    ['agents came or went', (swarm) => seat(swarm, 5)],
    ['an agent is held or let go', (swarm) => pool.resizePins(swarm, 0)],
  ])('is worked out anew when %s', (_, change) => {
    const swarm = justWorkedOut();
    change(swarm);
    expect(step(swarm)).toBe(true);
  });

  test('is worked out anew after a body was put back', () => {
    const swarm = justWorkedOut();
    pool.floats(swarm, FIELD.places, 1)[0] = Number.NaN;
    expect(step(swarm)).toBe(false);
    expect(pool.u32(swarm, FIELD.poisonedNow)).toBe(1);
    expect(step(swarm)).toBe(true);
  });

  test.each([
    ['with somebody held: in each step', 1, [false, true, true, true, true]],
    ['as a whole: as at rest', 0, [false, false, false, true, false]],
  ])('while a swarm moves to another place %s', (_, pins, worked) => {
    const swarm = ringOf(4);
    pool.resizePins(swarm, pins);
    pool.words(swarm, FIELD.pins, pins).fill(3);
    while (!step(swarm) || pool.u32(swarm, FIELD.steps) % REPULSION_STEPS !== 1);
    pool.setVector(swarm, FIELD.glideTo, [100, 0, 0]);
    pool.setU32(swarm, FIELD.glideLeft, 60);
    expect(steps(swarm, 5)).toEqual(worked);
  });

  test('of swarms that began together is worked out in turns', () => {
    const swarms = Array.from({ length: 80 }, (_, k) => ringOf(k));
    const tick = (): number => {
      const before = swarms.map(repulsionOf);
      for (const swarm of swarms) {
        pool.setF32(swarm, FIELD.alpha, MILD);
        pool.wake(swarm, STATE.awake);
      }
      pool.tick(0, 0);
      return swarms.filter((swarm, k) => repulsionOf(swarm) !== before[k]).length;
    };
    expect(tick()).toBe(80);
    tick();
    const turns = Array.from({ length: REPULSION_STEPS }, tick);
    expect(turns.reduce((sum, turn) => sum + turn)).toBe(80);
    expect(Math.max(...turns)).toBeLessThan(40);
  });

  test('of a swarm whose steps take several ticks is worked out in each step', () => {
    const count = SLICE_BODIES + 1;
    const start = Float32Array.from({ length: count * 3 }, (_, k) => signedUnit(1, k, 1) * 900);
    const [some, each] = [false, true].map((eachStep) => {
      const stepper = createStepper(count, { from: [0], to: [1] }, { start, eachStep });
      for (let k = 0; k < 3; k += 1) stepper.step(MILD);
      return Buffer.from(stepper.positions().buffer);
    }) as [Buffer, Buffer];
    expect(some.equals(each)).toBe(true);
    expect(some.equals(Buffer.from(start.buffer))).toBe(false);
  });

  test('in each step leads to the same picture', () => {
    const links = { from: RING.filter((_, k) => k % 2 === 0), to: RING.filter((_, k) => k % 2 === 1) };
    const settled = createStepper(COUNT, links, { start: ball(2) });
    for (let k = 0; k < 400; k += 1) settled.step(0.98 ** k);
    const [some, each] = [false, true].map((eachStep) => {
      const stepper = createStepper(COUNT, links, { start: settled.positions(), eachStep });
      for (let k = 0; k < 300; k += 1) stepper.step(0.1 * 0.98 ** k);
      return stepper.positions();
    }) as [Float32Array, Float32Array];
    const apart = some.map((value, k) => Math.abs(value - (each[k] as number)));
    expect(Math.max(...apart)).toBeGreaterThan(0);
    expect(Math.max(...apart)).toBeLessThan(0.3);
  });
});
