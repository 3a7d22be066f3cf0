import { describe, expect, test } from 'vitest';
import { graphLevels, weightedGraph } from '../../../../../src/hub/layout/kernel/graph-levels.ts';
import { createStepper } from '../../../../../src/hub/layout/kernel/layout-kernel.ts';
import { SwarmPool } from '../../../../../src/hub/layout/kernel/swarm-pool.ts';
import { unfoldedStart } from '../../../../../src/hub/layout/kernel/unfolded-start.ts';

const ringLinks = (n: number): number[] => Array.from({ length: n }, (_, i) => [i, (i + 1) % n]).flat();

/** Cliques of eight in a ring. */
function cliqueLinks(cliques: number): number[] {
  const links: number[] = [];
  for (let c = 0; c < cliques; c += 1) {
    for (let a = 0; a < 8; a += 1) for (let b = a + 1; b < 8; b += 1) links.push(c * 8 + a, c * 8 + b);
    links.push(c * 8, ((c + 1) % cliques) * 8 + 1);
  }
  return links;
}

describe('levels of a graph', () => {
  test.each([
    { note: 'a ring', count: 1_000, links: ringLinks(1_000) },
    { note: 'cliques', count: 400, links: cliqueLinks(50) },
    { note: 'a star', count: 300, links: Array.from({ length: 299 }, (_, i) => [0, i + 1]).flat() },
    { note: 'no links', count: 200, links: [] },
    { note: 'loops and double links', count: 40, links: [...ringLinks(40), ...ringLinks(40), 3, 3] },
    { note: 'one body', count: 1, links: [] },
    { note: 'nobody', count: 0, links: [] },
  ])('every body belongs to a group of a few, down to a dozen: $note', ({ count, links }) => {
    const levels = graphLevels(weightedGraph(count, links));
    levels.forEach(({ graph, groupOf }, k) => {
      const coarser = levels[k + 1]?.graph;
      expect(groupOf === undefined).toBe(coarser === undefined);
      const sizes = new Map<number, number>();
      for (const group of groupOf ?? []) sizes.set(group, (sizes.get(group) ?? 0) + 1);
      expect(sizes.size).toBe(coarser?.count ?? 0);
      expect(Math.max(0, ...sizes.values())).toBeLessThanOrEqual(4);
      // Both directions of each link, none to itself.
      for (let body = 0; body < graph.count; body += 1) {
        for (const other of graph.others.subarray(graph.offsets[body], graph.offsets[body + 1])) {
          expect(other).not.toBe(body);
          expect(graph.others.subarray(graph.offsets[other], graph.offsets[other + 1])).toContain(body);
        }
      }
    });
    // Stars shrink by a quarter of their leaves at best.
    expect(levels.at(-1)?.graph.count).toBeLessThanOrEqual(Math.max(12, count / 4));
  });
});

/** How often the ring through the bodies turns about its axis: the sum of its turns, over 2π. */
function roundness(places: Float32Array, n: number): number {
  const at = (i: number): number[] => [...places.subarray((i % n) * 3, (i % n) * 3 + 3)];
  const radii = Array.from({ length: n }, (_, i) => Math.hypot(...at(i)));
  const mean = radii.reduce((sum, r) => sum + r, 0) / n;
  return Math.sqrt(radii.reduce((sum, r) => sum + (r - mean) ** 2, 0) / n) / mean;
}

describe('an unfolded start', () => {
  test('opens a ring of a thousand to a circle, and 300 steps keep it', () => {
    const from = Array.from({ length: 1_000 }, (_, i) => i);
    const to = from.map((i) => (i + 1) % 1_000);
    const stepper = createStepper(1_000, { from, to }, { start: 'good' });
    expect(roundness(stepper.positions(), 1_000)).toBeLessThan(0.2);
    for (let k = 0; k < 300; k += 1) stepper.step(0.977 ** k);
    expect(roundness(stepper.positions(), 1_000)).toBeLessThan(0.2);
    // From a ball it stays a ball of wool.
    const folded = createStepper(1_000, { from, to }, { start: 'ball' });
    for (let k = 0; k < 300; k += 1) folded.step(0.977 ** k);
    expect(roundness(folded.positions(), 1_000)).toBeGreaterThan(0.25);
  });

  test('follows from its seed, takes all places apart, and leaves nothing in the pool', () => {
    const pool = new SwarmPool();
    const links = cliqueLinks(50);
    const places = unfoldedStart(pool, 400, links, 7);
    expect(places.every(Number.isFinite)).toBe(true);
    expect(unfoldedStart(pool, 400, links, 7)).toEqual(places);
    expect(unfoldedStart(pool, 400, links, 8)).not.toEqual(places);
    const seen = new Set(Array.from({ length: 400 }, (_, i) => String(places.subarray(i * 3, i * 3 + 3))));
    expect(seen.size).toBe(400);
    expect(pool.bytesInUse).toBe(0);
  });

  test.each([
    { note: 'no links', count: 50, links: [] },
    { note: 'two components', count: 60, links: [...ringLinks(30), ...ringLinks(30).map((end) => end + 30)] },
    { note: 'one body', count: 1, links: [] },
  ])('is finite for $note', ({ count, links }) => {
    expect(unfoldedStart(new SwarmPool(), count, links, 1).every(Number.isFinite)).toBe(true);
  });
});
