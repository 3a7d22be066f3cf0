import { describe, expect, test } from 'vitest';
import { agentRef } from '../../../../src/model/ids.ts';
import { createBodies } from '../../../../src/hub/layout/bodies.ts';
import { integrate } from '../../../../src/hub/layout/forces/integrate.ts';
import type { LinkSeat, Place, SwarmSeat } from '../../../../src/hub/layout/seats.ts';
import { SwarmSimulation } from '../../../../src/hub/layout/swarm-simulation.ts';
import { Bench, distance, swarmSeat } from './swarms.ts';

const talk = (weight: number | undefined, extra: Partial<LinkSeat> = {}): LinkSeat => ({
  ref: 900,
  from: agentRef(0, 0),
  to: agentRef(0, 1),
  kind: 'communication',
  weight,
  at_ms: 0,
  half_life_ms: 1_000,
  ...extra,
});

function expectFinite(simulation: SwarmSimulation): void {
  const { bodies } = simulation;
  for (const values of [bodies.x, bodies.y, bodies.z, bodies.vx, bodies.vy, bodies.vz]) {
    expect(values.every(Number.isFinite)).toBe(true);
  }
}

describe('positions stay finite', () => {
  const rows: { note: string; seat: SwarmSeat; steps?: number }[] = [
    { note: 'a weight that is NaN', seat: swarmSeat(6, 'ring', { links: [talk(Number.NaN)] }) },
    { note: 'a weight that is infinite', seat: swarmSeat(6, 'ring', { links: [talk(Infinity)] }) },
    { note: 'a negative weight', seat: swarmSeat(6, 'ring', { links: [talk(-5)] }) },
    { note: 'a half-life of zero', seat: swarmSeat(6, 'ring', { links: [talk(1, { half_life_ms: 0 })] }) },
    { note: 'a weight from the far future', seat: swarmSeat(6, 'ring', { links: [talk(1, { at_ms: 1e300 })] }) },
    { note: 'no weight', seat: swarmSeat(6, 'ring', { links: [talk(undefined)] }) },
    { note: 'a link to itself', seat: swarmSeat(2, 'none', { links: [talk(1, { to: agentRef(0, 0) })] }) },
    { note: 'a link to nobody', seat: swarmSeat(2, 'none', { links: [talk(1, { to: agentRef(0, 99) })] }) },
    {
      note: 'the same link 200 times',
      seat: swarmSeat(2, 'none', { links: Array.from({ length: 200 }, (_, i) => talk(9, { ref: i + 1 })) }),
    },
    {
      note: 'two agents in one slot',
      seat: swarmSeat(2, 'none', { agents: [0, 1].map((i) => ({ ref: agentRef(0, i), slot: 4, lead: false })) }),
    },
    { note: 'a topology that nobody knows', seat: swarmSeat(9, 'ring', { topology: '__proto__' }) },
    { note: 'a hierarchy without links', seat: swarmSeat(9, 'none', { topology: 'hierarchical' }) },
    { note: 'an empty ring', seat: swarmSeat(0, 'none', { topology: 'ring' }) },
    {
      note: 'a held agent at the end of the world',
      seat: swarmSeat(6, 'ring', { pins: [[agentRef(0, 0), [1e300, -1e300, 0]]] }),
    },
    { note: '5,000 agents', seat: swarmSeat(5_000, 'sparse'), steps: 9 },
  ];
  test.each(rows)('$note', ({ seat, steps }) => {
    const bench = new Bench();
    bench.engine.order({ kind: 'swarm', seat });
    bench.steps(steps ?? 120);
    expectFinite(bench.swarm());
    expect(bench.swarm().bodies.count).toBe(seat.agents.length);
    // Bad input is kept out of the physics; putting bodies back is for what nobody thought of.
    expect(bench.engine.poisoned).toBe(0);
  });
});

const heap = (n: number): ReadonlyMap<number, { place: Place; velocity: Place }> =>
  new Map(Array.from({ length: n }, (_, slot) => [slot, { place: [3, 3, 3], velocity: [0, 0, 0] }]));

describe('coincident agents part', () => {
  test.each([
    { note: 'two, exactly', n: 2 },
    { note: 'fifty, exactly', n: 50 },
    { note: 'two thousand, in the tree', n: 2_000 },
  ])('$note', ({ n }) => {
    const simulation = new SwarmSimulation(swarmSeat(n), 1, heap(n));
    for (let i = 0; i < 10; i += 1) simulation.tick(0);
    expectFinite(simulation);
    const { x, y, z } = simulation.bodies;
    const places = new Set(Array.from({ length: n }, (_, i) => `${String(x[i])} ${String(y[i])} ${String(z[i])}`));
    expect(places.size).toBe(n);
  });
});

test('positions of nonsense are not taken over from a dead thread', () => {
  const last = new Map<number, { place: Place; velocity: Place }>([
    [0, { place: [Number.NaN, 0, 0], velocity: [0, Infinity, 0] }],
    [1, { place: [Infinity, 0, 0], velocity: [0, 0, 0] }],
  ]);
  const simulation = new SwarmSimulation(swarmSeat(2), 1, last);
  for (let i = 0; i < 10; i += 1) simulation.tick(0);
  expectFinite(simulation);
});

test('a body that has turned NaN is put back near the centre, counted, and the step goes on', () => {
  const bodies = createBodies(2);
  bodies.count = 2;
  bodies.x[0] = Number.NaN;
  bodies.vx[1] = 1;
  const motion = { maxSpeed: 0, poisoned: 0 };
  integrate(bodies, 1, motion);
  expect(motion.poisoned).toBe(1);
  expect(distance([bodies.x[0] ?? NaN, bodies.y[0] ?? NaN, bodies.z[0] ?? NaN], [0, 0, 0])).toBeLessThan(60);
  expect(bodies.x[1]).toBeCloseTo(0.9);
});
