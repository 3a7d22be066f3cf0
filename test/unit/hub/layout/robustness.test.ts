import { describe, expect, test } from 'vitest';
import { agentRef } from '../../../../src/model/ids.ts';
import { FIELD } from '../../../../src/hub/layout/kernel/swarm-fields.ts';
import { SwarmPool } from '../../../../src/hub/layout/kernel/swarm-pool.ts';
import type { LinkSeat, Place, SwarmSeat } from '../../../../src/hub/layout/seats.ts';
import type { SwarmSimulation } from '../../../../src/hub/layout/swarm-simulation.ts';
import { Bench, distance, lone, swarmSeat } from './swarms.ts';

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
    const { swarm, ticks } = lone(swarmSeat(n), heap(n));
    ticks(10);
    expectFinite(swarm);
    const { x, y, z } = swarm.bodies;
    const places = new Set(Array.from({ length: n }, (_, i) => `${String(x[i])} ${String(y[i])} ${String(z[i])}`));
    expect(places.size).toBe(n);
  });
});

test('positions of nonsense are not taken over from a dead thread', () => {
  const last = new Map<number, { place: Place; velocity: Place }>([
    [0, { place: [Number.NaN, 0, 0], velocity: [0, Infinity, 0] }],
    [1, { place: [Infinity, 0, 0], velocity: [0, 0, 0] }],
  ]);
  const { swarm, ticks } = lone(swarmSeat(2), last);
  ticks(10);
  expectFinite(swarm);
});

test.each([
  { note: 'a place', field: FIELD.places, value: Number.NaN },
  { note: 'a speed', field: FIELD.velocities, value: Number.NaN },
  { note: 'a speed without end', field: FIELD.velocities, value: -Infinity },
])('a body that has turned non-finite is put back near the centre and counted: $note', ({ field, value }) => {
  const pool = new SwarmPool();
  const swarm = pool.add(1);
  pool.resizeBodies(swarm, 2);
  pool.floats(swarm, FIELD.places, 8).set([500, 0, 0, 1], 4);
  pool.floats(swarm, FIELD.velocities, 8)[4] = 1;
  pool.floats(swarm, field, 8)[0] = value;
  pool.step(swarm);
  expect(pool.u32(swarm, FIELD.poisoned)).toBe(1);
  const places = pool.floats(swarm, FIELD.places, 8);
  expect(distance([...places.subarray(0, 3)], [0, 0, 0])).toBeLessThan(60);
  // The other is not spoilt by it.
  expect(places[4]).toBeGreaterThanOrEqual(500);
  expect(places[4]).toBeLessThan(501);
});

test('nobody leaves the space that there is', () => {
  const { swarm, ticks } = lone(
    swarmSeat(2),
    new Map([
      [0, { place: [2 ** 20, -(2 ** 20), 0] as const, velocity: [1e6, -1e6, 0] as const }],
      [1, { place: [0, 0, 0] as const, velocity: [0, 0, 0] as const }],
    ]),
  );
  ticks(3);
  const { x, y } = swarm.bodies;
  expect(x[0]).toBeLessThanOrEqual(2 ** 20);
  expect(y[0]).toBeGreaterThanOrEqual(-(2 ** 20));
  expectFinite(swarm);
});
