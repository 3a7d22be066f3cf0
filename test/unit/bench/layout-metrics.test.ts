import { describe, expect, test } from 'vitest';

/** Plain modules without types of their own; these are the parts under test. */
interface Metrics {
  stress: (graph: Links, positions: readonly number[]) => number;
  linkLengthSpread: (graph: Links, positions: readonly number[]) => number;
  forceError: (forces: readonly number[], reference: readonly number[]) => number;
  diameter: (places: Iterable<readonly number[]>) => number;
  meanDisplacement: (before: Places, after: Places, concerned: ReadonlySet<number>) => number;
  quantile: (values: readonly number[], share: number) => number;
}
interface Links {
  count: number;
  from: number[];
  to: number[];
}
interface Graphs {
  swarmGraph: (count: number, seed?: number) => Links & { start: Float64Array };
  ringOfCliques: (count: number) => Links;
}
type Places = ReadonlyMap<number, readonly number[]>;

const folder = '../../../bench/layout';
const metrics = (await import(`${folder}/metrics.mjs`)) as Metrics;
const graphs = (await import(`${folder}/graphs.mjs`)) as Graphs;

/** n nodes, each linked to the next. */
const path = (count: number): Links => ({
  count,
  from: Array.from({ length: count - 1 }, (_, k) => k),
  to: Array.from({ length: count - 1 }, (_, k) => k + 1),
});
/** n places on a line, a step apart. */
const line = (count: number, step = 1): number[] => Array.from({ length: count }, (_, k) => [k * step, 0, 0]).flat();

describe('stress', () => {
  test('is 0 for a path laid out straight, at any scale', () => {
    expect(metrics.stress(path(9), line(9))).toBeCloseTo(0, 12);
    expect(metrics.stress(path(9), line(9, 250))).toBeCloseTo(0, 12);
  });

  test('tells a folded path from a straight one', () => {
    const folded = [0, 1, 2, 3, 4, 3, 2, 1, 0].flatMap((x) => [x, 0, 0]);
    expect(metrics.stress(path(9), folded)).toBeGreaterThan(0.1);
  });

  test('does not mind parts that no link joins, and is 1 when all are in one place', () => {
    const apart: Links = { count: 4, from: [0, 2], to: [1, 3] };
    expect(metrics.stress(apart, [0, 0, 0, 1, 0, 0, 50, 0, 0, 51, 0, 0])).toBeCloseTo(0, 12);
    expect(metrics.stress(path(3), line(3, 0))).toBe(1);
  });
});

test('spread of link lengths is their standard deviation by their mean', () => {
  expect(metrics.linkLengthSpread(path(5), line(5, 7))).toBe(0);
  expect(metrics.linkLengthSpread(path(3), [0, 0, 0, 1, 0, 0, 4, 0, 0])).toBeCloseTo(0.5, 12);
});

test('force error is relative to the reference', () => {
  expect(metrics.forceError([1, 2, 3], [1, 2, 3])).toBe(0);
  expect(metrics.forceError([1.1, -2.2, 3.3], [1, -2, 3])).toBeCloseTo(0.1, 12);
});

describe('displacement', () => {
  const before = new Map([
    [1, [0, 0, 0]],
    [2, [10, 0, 0]],
    [3, [0, 10, 0]],
  ]);

  test('counts those who are in both pictures and not concerned', () => {
    const after = new Map([
      [1, [0, 3, 4]],
      [2, [90, 0, 0]],
      [4, [1, 1, 1]],
    ]);
    expect(metrics.meanDisplacement(before, after, new Set([2, 4]))).toBe(5);
  });

  test('is not taken out by a shift of the whole, which an operator sees', () => {
    const shifted = new Map([...before].map(([id, [x = 0, y = 0, z = 0]]) => [id, [x + 2, y, z]]));
    expect(metrics.meanDisplacement(before, shifted, new Set())).toBe(2);
  });

  test('diameter is the longest way between two', () => {
    expect(metrics.diameter(before.values())).toBeCloseTo(Math.sqrt(200), 12);
  });
});

test('quantiles are values that occurred', () => {
  expect(metrics.quantile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(metrics.quantile([5, 1, 4, 2, 3], 1)).toBe(5);
});

describe('graphs', () => {
  test('a swarm graph has about three links per agent and is the same for the same seed', () => {
    const graph = graphs.swarmGraph(200, 3);
    expect(graph.from).toHaveLength(596);
    expect(graphs.swarmGraph(200, 3)).toEqual(graph);
    expect(graphs.swarmGraph(200, 4).to).not.toEqual(graph.to);
    expect(graph.from.every((from, k) => from !== graph.to[k] && from < 200 && (graph.to[k] ?? 200) < 200)).toBe(true);
    expect(graph.start.every(Number.isFinite)).toBe(true);
  });

  test('a ring of cliques closes', () => {
    const graph = graphs.ringOfCliques(80);
    expect(graph.from).toHaveLength(10 * 28 + 10);
    expect([graph.from.at(-1), graph.to.at(-1)]).toEqual([72, 1]);
  });
});
