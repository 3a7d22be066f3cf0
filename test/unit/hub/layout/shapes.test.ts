import { describe, expect, test } from 'vitest';
import { agentRef } from '../../../../src/model/ids.ts';
import { ringRadius, shapeRadius, starRadius } from '../../../../src/hub/layout/shape.ts';
import { Bench, lone, swarmSeat } from './swarms.ts';

const link = (ref: number, a: number, b: number) =>
  ({ ref, from: agentRef(0, a), to: agentRef(0, b), kind: 'topology' }) as const;

function rest(n: number, graph: 'ring' | 'star' | 'tree' | 'mesh', topology: string): [number, number, number][] {
  const bench = new Bench();
  bench.engine.order({ kind: 'swarm', seat: swarmSeat(n, graph, { topology }) });
  bench.settle();
  return Array.from({ length: n }, (_, i) => bench.places().get(agentRef(0, i)) ?? [NaN, NaN, NaN]);
}

const mean = (v: number[]): number => v.reduce((s, x) => s + x, 0) / v.length;

const correlation = (a: number[], b: number[]): number => {
  const [ma, mb] = [mean(a), mean(b)];
  const dot = a.reduce((s, x, i) => s + (x - ma) * ((b[i] ?? 0) - mb), 0);
  return dot / Math.sqrt(a.reduce((s, x) => s + (x - ma) ** 2, 0) * b.reduce((s, x) => s + (x - mb) ** 2, 0));
};

describe.each([12, 50, 200])('%i agents', (n) => {
  test('a ring is a flat circle, its members in order', () => {
    const places = rest(n, 'ring', 'ring');
    for (const [x, y, z] of places) {
      expect(Math.hypot(x, y)).toBeGreaterThan(0.75 * ringRadius(n));
      expect(Math.hypot(x, y)).toBeLessThan(1.25 * ringRadius(n));
      expect(Math.abs(z)).toBeLessThan(0.25 * ringRadius(n));
    }
    // Walking the ring turns once around the centre.
    let turn = 0;
    places.forEach(([x, y], i) => {
      const [nx, ny] = places[(i + 1) % n] ?? [0, 0];
      turn += Math.atan2(x * ny - y * nx, x * nx + y * ny);
    });
    expect(Math.abs(turn)).toBeCloseTo(2 * Math.PI, 3);
  });

  test('a star has its hub in the middle and the others on a shell', () => {
    const [hub, ...others] = rest(n, 'star', 'star');
    expect(Math.hypot(...(hub ?? [NaN]))).toBeLessThan(6);
    for (const place of others) {
      expect(Math.hypot(...place)).toBeGreaterThan(0.7 * starRadius(n));
      expect(Math.hypot(...place)).toBeLessThan(1.3 * starRadius(n));
    }
  });

  test('a hierarchy stands in layers, the root on top', () => {
    const places = rest(n, 'tree', 'hierarchical');
    const depth = (i: number): number => (i === 0 ? 0 : 1 + depth(Math.floor((i - 1) / 4)));
    const depths = places.map((_, i) => depth(i));
    expect(
      correlation(
        depths,
        places.map(([, y]) => -y),
      ),
    ).toBeGreaterThan(0.9);
    expect(Math.max(...places.map(([, y]) => y))).toBe(places[0]?.[1]);
  });

  test.each([
    ['ring', 'ring'],
    ['star', 'star'],
    ['hierarchical', 'tree'],
  ] as const)('%s keeps to the room that it was given', (topology, graph) => {
    for (const place of rest(n, graph, topology)) expect(Math.hypot(...place)).toBeLessThan(shapeRadius(topology, n));
  });
});

test('a ring that gains a member makes room without turning', () => {
  const bench = new Bench();
  bench.engine.order({ kind: 'swarm', seat: swarmSeat(20, 'ring', { topology: 'ring' }) });
  bench.settle();
  const before = bench.places();
  bench.engine.order({
    kind: 'change',
    change: {
      ref: 1,
      seated: [{ ref: agentRef(0, 20), slot: 20, lead: false }],
      linked: [link(700, 19, 20), link(701, 0, 20)],
      unlinked: [20],
    },
  });
  bench.step();
  bench.settle();
  let turn = 0;
  for (const [ref, [x, y]] of before) {
    const [nx, ny] = bench.places().get(ref) ?? [NaN, NaN];
    turn += Math.atan2(x * ny - y * nx, x * nx + y * ny) / before.size;
  }
  expect(Math.abs(turn)).toBeLessThan(0.1);
});

test('a ring that runs the other way round stays as it is', () => {
  const bench = new Bench();
  bench.engine.order({ kind: 'swarm', seat: swarmSeat(20, 'ring', { topology: 'ring' }) });
  bench.settle();
  const mirrored = new Map(
    Array.from({ length: 20 }, (_, i) => {
      const [x, y, z] = bench.places().get(agentRef(0, i)) ?? [NaN, NaN, NaN];
      return [i, { place: [x, -y, z] as const, velocity: [0, 0, 0] as const }];
    }),
  );
  const { swarm: heir, ticks } = lone(swarmSeat(20, 'ring', { topology: 'ring' }), mirrored);
  heir.change({ ref: 1, topology: { name: undefined } });
  heir.change({ ref: 1, topology: { name: 'ring' } });
  ticks(100);
  const { bodies } = heir;
  for (let i = 0; i < 20; i += 1) {
    const [x, y] = mirrored.get(i)?.place ?? [NaN, NaN];
    expect(Math.hypot((bodies.x[i] ?? NaN) - x, (bodies.y[i] ?? NaN) - y)).toBeLessThan(10);
  }
});
