import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { agentRef } from '../../../../src/model/ids.ts';
import { FLAG_SETTLED } from '../../../../src/model/position-region.ts';
import { createHead, readHead } from '../../../../src/model/region-reader.ts';
import { MAX_SPEED } from '../../../../src/hub/layout/kernel/physics.ts';
import { HEAT } from '../../../../src/hub/layout/parameters.ts';
import type { LinkSeat } from '../../../../src/hub/layout/seats.ts';
import { Bench, distance, linkSeats, swarmSeat } from './swarms.ts';
import type { Graph } from './swarms.ts';

function settled(n: number, graph: Graph, topology?: string): Bench {
  const bench = new Bench();
  bench.engine.order({ kind: 'swarm', seat: swarmSeat(n, graph, { topology }) });
  bench.settle();
  return bench;
}

const talk = (weight: number, atMs: number): LinkSeat => ({
  ref: 900,
  from: agentRef(0, 0),
  to: agentRef(0, 5),
  kind: 'communication',
  weight,
  at_ms: atMs,
  half_life_ms: 10_000,
});

describe('a swarm settles and sleeps', () => {
  test.each([
    { note: 'no agent', n: 0, graph: 'none' as const },
    { note: 'one agent', n: 1, graph: 'none' as const },
    { note: 'two linked agents', n: 2, graph: 'ring' as const },
    { note: 'no links', n: 30, graph: 'none' as const },
    { note: 'a full mesh', n: 12, graph: 'mesh' as const },
    { note: 'a tree', n: 50, graph: 'tree' as const },
    { note: 'a star', n: 50, graph: 'star' as const },
    { note: 'a sparse graph', n: 120, graph: 'sparse' as const },
  ])('$note', ({ n, graph }) => {
    const bench = new Bench();
    bench.engine.order({ kind: 'swarm', seat: swarmSeat(n, graph) });
    const steps = bench.settle();
    expect(steps).toBeLessThan(360);
    const head = createHead();
    expect(readHead(bench.handle(), head)).toBe(true);
    expect(head.flags & FLAG_SETTLED).toBe(FLAG_SETTLED);
    expect(head.count).toBe(n);
    const { sequence, tick } = head;
    for (let i = 0; i < 50; i += 1) expect(bench.step()).toEqual([]);
    readHead(bench.handle(), head);
    expect([head.sequence, head.tick]).toEqual([sequence, tick]);
    expect(bench.engine.awake).toBe(0);
  });

  test('publications before the last are not marked settled', () => {
    const bench = new Bench();
    bench.engine.order({ kind: 'swarm', seat: swarmSeat(5, 'ring') });
    const head = createHead();
    bench.step();
    readHead(bench.handle(), head);
    expect(head.flags).toBe(0);
  });
});

describe('a change wakes a swarm with just enough heat', () => {
  test('one agent joins: 0.1, and it begins beside the agent it is linked to', () => {
    const bench = settled(40, 'tree');
    const byReach = [...bench.places()].toSorted(([, a], [, b]) => Math.hypot(...b) - Math.hypot(...a));
    const [hostRef, host] = byReach[0] ?? [0, [NaN]];
    expect(Math.hypot(...host)).toBeGreaterThan(75);
    bench.engine.order({
      kind: 'change',
      change: {
        ref: 1,
        membership: 41,
        seated: [{ ref: agentRef(0, 40), slot: 40, lead: false }],
        linked: [{ ref: 800, from: hostRef, to: agentRef(0, 40), kind: 'topology' }],
      },
    });
    expect(bench.step()).toEqual([1]);
    expect(bench.swarm().alpha).toBeGreaterThan(HEAT.member * 0.9);
    expect(bench.swarm().alpha).toBeLessThanOrEqual(HEAT.member);
    expect(distance(bench.places().get(agentRef(0, 40)), host)).toBeLessThan(45);
  });

  test('one agent leaves: 0.1, the count and the membership go with it', () => {
    const bench = settled(40, 'tree');
    bench.engine.order({ kind: 'change', change: { ref: 1, membership: 41, left: [agentRef(0, 39)] } });
    expect(bench.step()).toEqual([1]);
    const head = createHead();
    readHead(bench.handle(), head);
    expect([head.count, head.membership]).toEqual([39, 41]);
    expect(bench.swarm().alpha).toBeGreaterThan(HEAT.member * 0.9);
    expect(bench.swarm().alpha).toBeLessThanOrEqual(HEAT.member);
  });

  test('a new topology: 0.3', () => {
    const bench = settled(12, 'ring');
    bench.engine.order({ kind: 'change', change: { ref: 1, topology: { name: 'ring' } } });
    bench.step();
    expect(bench.swarm().alpha).toBeGreaterThan(0.29);
    expect(bench.swarm().alpha).toBeLessThanOrEqual(HEAT.topology);
  });

  test('the same topology again: nothing', () => {
    const bench = settled(12, 'ring', 'ring');
    bench.engine.order({ kind: 'change', change: { ref: 1, topology: { name: 'ring' } } });
    expect(bench.step()).toEqual([]);
  });

  test('half of the agents join at once: more heat than one', () => {
    const bench = settled(10, 'none');
    const seated = Array.from({ length: 10 }, (_, i) => ({ ref: agentRef(0, 10 + i), slot: 10 + i, lead: false }));
    bench.engine.order({ kind: 'change', change: { ref: 1, seated } });
    bench.step();
    expect(bench.swarm().alpha).toBeGreaterThan(0.45);
  });

  test('a communication link appears: little heat; its weight is updated: none, unless it pulls markedly otherwise', () => {
    const bench = settled(12, 'ring');
    bench.engine.order({ kind: 'change', change: { ref: 1, linked: [talk(1, bench.tick * 16)] } });
    bench.step();
    expect(bench.swarm().alpha).toBeLessThanOrEqual(HEAT.communication);
    bench.settle();
    bench.engine.order({ kind: 'change', change: { ref: 1, linked: [talk(1.2, bench.tick * 16)] } });
    expect(bench.step()).toEqual([]);
    bench.engine.order({ kind: 'change', change: { ref: 1, linked: [talk(40, bench.tick * 16)] } });
    expect(bench.step()).toEqual([1]);
    bench.settle();
    bench.engine.order({ kind: 'change', change: { ref: 1, unlinked: [900] } });
    expect(bench.step()).toEqual([1]);
  });

  test('slots dealt anew are published at once, from sleep, without movement', () => {
    const bench = settled(6, 'ring');
    const before = bench.places();
    const seated = Array.from({ length: 6 }, (_, i) => ({ ref: agentRef(0, i), slot: 5 - i, lead: false }));
    bench.engine.order({ kind: 'change', change: { ref: 1, slotsRev: 1, seated } });
    expect(bench.step()).toEqual([1]);
    expect(bench.places()).toEqual(new Map([...before].toReversed()));
    const head = createHead();
    readHead(bench.handle(), head);
    expect([head.slotsRev, head.flags]).toEqual([1, FLAG_SETTLED]);
    expect(bench.step()).toEqual([]);
  });
});

describe('calm', () => {
  test('a joining agent moves the others by little', () => {
    const bench = settled(50, 'tree');
    const before = bench.places();
    bench.engine.order({
      kind: 'change',
      change: {
        ref: 1,
        seated: [{ ref: agentRef(0, 50), slot: 50, lead: false }],
        linked: [{ ref: 800, from: agentRef(0, 20), to: agentRef(0, 50), kind: 'topology' }],
      },
    });
    bench.step();
    bench.settle();
    const moves = [...before]
      .filter(([ref]) => ref !== agentRef(0, 20))
      .map(([ref, at]) => distance(bench.places().get(ref), at));
    const mean = moves.reduce((sum, move) => sum + move, 0) / moves.length;
    expect(mean).toBeLessThan(0.01 * 230);
  });

  test('communication brings two agents closer', () => {
    const bench = settled(12, 'ring');
    const apart = (): number => distance(bench.places().get(agentRef(0, 0)), bench.places().get(agentRef(0, 5)));
    const before = apart();
    bench.engine.order({ kind: 'change', change: { ref: 1, linked: [talk(20, bench.tick * 16)] } });
    bench.step();
    bench.settle();
    expect(apart()).toBeLessThan(before);
  });

  test('a swarm that is given another place glides there and keeps its shape', () => {
    const bench = settled(12, 'ring');
    const before = bench.places();
    bench.engine.order({ kind: 'change', change: { ref: 1, centre: [512, -256, 0] } });
    let last = before.get(agentRef(0, 0));
    for (let i = 0; i < 59; i += 1) {
      bench.step();
      const at = bench.places().get(agentRef(0, 0));
      expect(distance(at, last)).toBeLessThan(20);
      last = at;
    }
    bench.settle();
    for (const [ref, at] of bench.places()) {
      expect(distance(at, before.get(ref))).toBeCloseTo(Math.hypot(512, 256), 0);
    }
  });

  test('nobody is faster than the clamp', () => {
    const bench = new Bench();
    bench.engine.order({ kind: 'swarm', seat: swarmSeat(60, 'mesh') });
    for (let i = 0; i < 60; i += 1) {
      bench.step();
      const { vx, vy, vz } = bench.swarm().bodies;
      for (let b = 0; b < 60; b += 1) {
        expect(Math.hypot(vx[b] ?? 0, vy[b] ?? 0, vz[b] ?? 0)).toBeLessThanOrEqual(MAX_SPEED * 1.000_001);
      }
    }
  });
});

describe('pins', () => {
  test('a held agent stands where it is held, and is let go', () => {
    const bench = settled(8, 'ring');
    bench.engine.order({ kind: 'pin', swarm: 1, agent: agentRef(0, 3), at: [200, 10, -5] });
    expect(bench.step()).toEqual([1]);
    expect(bench.places().get(agentRef(0, 3))).toEqual([200, 10, -5]);
    bench.settle();
    expect(bench.places().get(agentRef(0, 3))).toEqual([200, 10, -5]);
    bench.engine.order({ kind: 'pin', swarm: 1, agent: agentRef(0, 3), at: null });
    bench.step();
    bench.settle();
    expect(distance(bench.places().get(agentRef(0, 3)), [200, 10, -5])).toBeGreaterThan(20);
  });

  test('a place that is no place is ignored', () => {
    const bench = settled(8, 'ring');
    bench.engine.order({ kind: 'pin', swarm: 1, agent: agentRef(0, 3), at: [Number.NaN, 0, 0] });
    expect(bench.step()).toEqual([]);
  });
});

function hashOfRun(seed: number, others: number): string {
  const bench = new Bench(seed);
  for (let i = 0; i < others; i += 1)
    bench.engine.order({ kind: 'swarm', seat: swarmSeat(9, 'ring', { ref: 50 + i }) });
  bench.engine.order({ kind: 'swarm', seat: swarmSeat(40, 'sparse', { topology: 'hierarchical' }) });
  bench.steps(30);
  const newcomer = { ref: agentRef(0, 40), slot: 40, lead: false };
  const link: LinkSeat = { ref: 800, from: agentRef(0, 1), to: agentRef(0, 40), kind: 'topology' };
  bench.engine.order({ kind: 'change', change: { ref: 1, seated: [newcomer], linked: [link, talk(2, 100)] } });
  bench.steps(30);
  bench.engine.order({ kind: 'change', change: { ref: 1, left: [agentRef(0, 5)] } });
  bench.steps(60);
  const { x, y, z } = bench.swarm().bodies;
  return createHash('sha256').update(x).update(y).update(z).digest('hex');
}

const run = (links: LinkSeat[]): number[] => {
  const bench = new Bench(3);
  bench.engine.order({ kind: 'swarm', seat: swarmSeat(20, 'none', { links }) });
  bench.steps(40);
  return [...bench.swarm().bodies.x];
};

describe('determinism', () => {
  test('same seed and changes: same positions, whatever else the worker does', () => {
    expect(hashOfRun(7, 0)).toBe(hashOfRun(7, 0));
    expect(hashOfRun(7, 5)).toBe(hashOfRun(7, 0));
  });

  test('another seed: other positions', () => {
    expect(hashOfRun(8, 0)).not.toBe(hashOfRun(7, 0));
  });

  test('the order in which links are learnt does not matter', () => {
    expect(run(linkSeats('sparse', 20).toReversed())).toEqual(run(linkSeats('sparse', 20)));
  });
});
