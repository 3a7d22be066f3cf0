import { describe, expect, test } from 'vitest';
import { createBodies } from '../../../../../src/hub/layout/bodies.ts';
import type { Bodies } from '../../../../../src/hub/layout/bodies.ts';
import { repel } from '../../../../../src/hub/layout/forces/repulsion.ts';
import { createSprings, pullSprings } from '../../../../../src/hub/layout/forces/springs.ts';
import { RepulsionTree } from '../../../../../src/hub/layout/forces/tree-repulsion.ts';
import { REPULSION } from '../../../../../src/hub/layout/parameters.ts';
import { signedUnit } from '../../../../../src/hub/layout/random.ts';

function cloud(n: number, spread: number): Bodies {
  const bodies = createBodies(n);
  bodies.count = n;
  for (let i = 0; i < n; i += 1) {
    bodies.slots[i] = i;
    bodies.x[i] = signedUnit(1, i, 1) * spread;
    bodies.y[i] = signedUnit(1, i, 2) * spread;
    bodies.z[i] = signedUnit(1, i, 3) * spread;
  }
  return bodies;
}

const velocities = (bodies: Bodies): number[] => [...bodies.vx, ...bodies.vy, ...bodies.vz];

const rms = (v: number[]): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0) / v.length);

describe('repulsion', () => {
  test('follows its law between two bodies', () => {
    const bodies = createBodies(2);
    bodies.count = 2;
    bodies.x[0] = -5;
    bodies.x[1] = 5;
    repel(bodies, 0.5, 1);
    const expected = (0.5 * REPULSION * 10) / 101 ** 1.5;
    expect(bodies.vx[1]).toBeCloseTo(expected, 12);
    expect(bodies.vx[0]).toBeCloseTo(-expected, 12);
    expect([...bodies.vy, ...bodies.vz]).toEqual([0, 0, 0, 0]);
  });

  test('of many adds up to nothing: each push has its counterpart', () => {
    const bodies = cloud(300, 50);
    repel(bodies, 1, 1);
    for (const v of [bodies.vx, bodies.vy, bodies.vz]) expect(v.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 8);
  });

  test.each([
    { note: 'an even cloud', bodies: () => cloud(1_500, 300) },
    {
      note: 'two far clusters and an outlier',
      bodies: () => {
        const bodies = cloud(1_500, 40);
        for (let i = 0; i < 700; i += 1) bodies.x[i] = (bodies.x[i] ?? 0) + 900;
        bodies.z[3] = 100_000;
        return bodies;
      },
    },
  ])('the tree agrees with the exact sum within a few per cent: $note', ({ bodies }) => {
    const [exact, approximate] = [bodies(), bodies()];
    repel(exact, 1, 1);
    const tree = new RepulsionTree();
    tree.build(approximate);
    tree.repel(approximate, 0, 400, 1, 1);
    tree.repel(approximate, 400, 1_500, 1, 1);
    const want = velocities(exact);
    const got = velocities(approximate);
    expect(rms(want.map((value, i) => value - (got[i] ?? NaN))) / rms(want)).toBeLessThan(0.05);
  });
});

describe('springs', () => {
  test('bring two bodies to their rest length, the better linked one moving less', () => {
    const bodies = createBodies(2);
    bodies.count = 2;
    bodies.x[1] = 50;
    const springs = createSprings(1);
    springs.count = 1;
    springs.to[0] = 1;
    springs.rest[0] = 30;
    springs.strength[0] = 1;
    springs.bias[0] = 0.75;
    pullSprings(bodies, springs, 1);
    expect([bodies.vx[0], bodies.vx[1]]).toEqual([5, -15]);
  });

  test('leave coincident bodies alone', () => {
    const bodies = createBodies(2);
    bodies.count = 2;
    const springs = createSprings(1);
    springs.count = 1;
    springs.to[0] = 1;
    springs.rest[0] = 30;
    springs.strength[0] = 1;
    pullSprings(bodies, springs, 1);
    expect(velocities(bodies).every((v) => v === 0)).toBe(true);
  });
});
