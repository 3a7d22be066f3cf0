import { describe, expect, test } from 'vitest';
import { agentRef } from '../../../../src/model/ids.ts';
import { SLICE_BODIES } from '../../../../src/hub/layout/kernel/physics.ts';
import { LayoutEngine } from '../../../../src/hub/layout/layout-engine.ts';
import { shapeRadius } from '../../../../src/hub/layout/shape.ts';
import { Bench, distance, swarmSeat } from './swarms.ts';

describe('regions', () => {
  test('are announced before the tick that uses them, replaced when outgrown, and gone with their swarm', () => {
    const bench = new Bench();
    bench.engine.order({ kind: 'swarm', seat: swarmSeat(3) });
    expect(bench.events).toEqual(['region 1 16']);
    bench.step();
    const seated = Array.from({ length: 30 }, (_, i) => ({ ref: agentRef(0, 3 + i), slot: 3 + i, lead: false }));
    bench.engine.order({ kind: 'change', change: { ref: 1, seated } });
    bench.step();
    expect(bench.events).toEqual(['region 1 16', 'region 1 64']);
    expect([...bench.engine.regions()]).toEqual([bench.handle()]);
    bench.engine.order({ kind: 'swarm-gone', swarm: 1 });
    bench.engine.order({ kind: 'swarm-gone', swarm: 77 });
    expect(bench.events.slice(2)).toEqual(['gone 1', 'gone 77']);
    expect(bench.step()).toEqual([]);
  });

  test('all go when the engine is cleared; orders about swarms unknown are harmless', () => {
    const bench = new Bench();
    bench.engine.order({ kind: 'swarm', seat: swarmSeat(3, 'none', { ref: 4 }) });
    bench.engine.order({ kind: 'swarm', seat: swarmSeat(3, 'none', { ref: 5 }) });
    bench.engine.order({ kind: 'clear' });
    bench.engine.order({ kind: 'change', change: { ref: 4, membership: 9 } });
    bench.engine.order({ kind: 'pin', swarm: 4, agent: 1, at: [0, 0, 0] });
    expect(bench.events.slice(2)).toEqual(['gone 4', 'gone 5']);
    expect(bench.step()).toEqual([]);
  });
});

test('swarms that a tick had no time for are the first of the next', () => {
  const bench = new Bench();
  // Large ones: time is asked for once in about a thousand bodies.
  for (const ref of [1, 2, 3, 4, 5]) bench.engine.order({ kind: 'swarm', seat: swarmSeat(1_100, 'ring', { ref }) });
  const turns: number[][] = [];
  for (let tick = 0; tick < 5; tick += 1) {
    let steps = 0;
    turns.push([...bench.engine.step(tick, 0, () => (steps += 1) < 2)]);
    expect(bench.engine.awake).toBe(5);
  }
  expect(turns).toEqual([
    [1, 2],
    [3, 4],
    [5, 1],
    [2, 3],
    [4, 5],
  ]);
});

test('a large swarm takes several ticks for a step; small ones beside it step in each', () => {
  const bench = new Bench();
  bench.engine.order({ kind: 'swarm', seat: swarmSeat(SLICE_BODIES * 2 + 1, 'none') });
  bench.engine.order({ kind: 'swarm', seat: swarmSeat(3, 'ring', { ref: 2 }) });
  expect(Array.from({ length: 6 }, () => bench.step())).toEqual([[2], [2], [1, 2], [2], [2], [1, 2]]);
});

function takeOver(steps: number, change: Partial<ReturnType<typeof swarmSeat>> = {}): [Bench, Bench] {
  const old = new Bench();
  old.engine.order({ kind: 'swarm', seat: swarmSeat(40, 'tree', { topology: 'hierarchical', centre: [300, 0, 0] }) });
  old.steps(steps);
  const heir = new Bench();
  const seat = swarmSeat(40, 'tree', {
    topology: 'hierarchical',
    centre: [300, 0, 0],
    last: old.handle(),
    ...change,
  });
  heir.engine.order({ kind: 'swarm', seat });
  return [old, heir];
}

describe('a swarm taken over from a dead worker', () => {
  test('goes on from the same places and speeds, in a region of its own', () => {
    const [old, heir] = takeOver(20);
    const before = old.places();
    old.step();
    heir.step();
    expect(heir.events).toEqual(['region 1 64']);
    for (const [ref, at] of heir.places()) {
      // Between where it was and where it would have been: less alpha, same velocity.
      expect(distance(at, before.get(ref))).toBeLessThan(16);
      expect(distance(at, old.places().get(ref))).toBeLessThan(8);
    }
  });

  test('at rest hardly stirs', () => {
    const [old, heir] = takeOver(500);
    heir.step();
    heir.settle();
    for (const [ref, at] of heir.places()) expect(distance(at, old.places().get(ref))).toBeLessThan(5);
  });

  test('that had never published begins anew', () => {
    const [, heir] = takeOver(0);
    heir.step();
    expect(heir.swarm().bodies.count).toBe(40);
  });

  test('whose slots were dealt anew meanwhile begins anew', () => {
    const [old, heir] = takeOver(500, { slotsRev: 1 });
    heir.step();
    expect(heir.swarm().alpha).toBeGreaterThan(0.9);
    expect(old.swarm().asleep).toBe(true);
  });

  test('on its way to another place goes on from where it was', () => {
    const [old, heir] = takeOver(400, { centre: [1_500, 0, 0] });
    const before = old.places();
    heir.step();
    for (const [ref, at] of heir.places()) expect(distance(at, before.get(ref))).toBeLessThan(30);
    heir.settle();
    expect(distance(heir.swarm().centre, [1_500, 0, 0])).toBeLessThan(1e-9);
    const xs = [...heir.places().values()].map(([x]) => x);
    expect(Math.abs(xs.reduce((sum, x) => sum + x, 0) / xs.length - 1_500)).toBeLessThan(30);
  });
});

test('a swarm that takes more room than is usual says so, once', () => {
  const outgrown: [number, number][] = [];
  const engine = new LayoutEngine(1, {
    onRegion: () => undefined,
    onRegionGone: () => undefined,
    onOutgrown: (swarm, radius) => outgrown.push([swarm, radius]),
  });
  // A long chain of links, which no topology announces.
  engine.order({ kind: 'swarm', seat: swarmSeat(1_000, 'ring', { ref: 3 }) });
  engine.order({ kind: 'swarm', seat: swarmSeat(50, 'ring', { ref: 4, topology: 'ring' }) });
  for (let tick = 0; tick < 30; tick += 1) engine.step(tick, 0, () => true);
  expect(outgrown.map(([swarm]) => swarm)).toEqual([3]);
  expect(outgrown[0]?.[1]).toBeGreaterThan(shapeRadius(undefined, 1_000));
});

test('costs are measured for the swarms that are awake, the dearest first', () => {
  let now = 0;
  const engine = new LayoutEngine(1, { onRegion: () => undefined, onRegionGone: () => undefined }, () => now);
  for (const ref of [1, 2, 3]) engine.order({ kind: 'swarm', seat: swarmSeat(3, 'ring', { ref }) });
  // The second takes three times as long: what passes in the first one's answer is its turn.
  const times = [1, 3, 1];
  for (let tick = 0; tick < 100; tick += 1) {
    let turn = 0;
    engine.step(tick, 0, () => {
      now += times[(turn += 1)] ?? 0;
      return true;
    });
  }
  const costs = engine.costs(2);
  expect(costs.map(([swarm]) => swarm)).toEqual([2, 3]);
  for (let tick = 100; tick < 600; tick += 1) engine.step(tick, 0, () => true);
  expect(engine.costs(2)).toEqual([]);
});
