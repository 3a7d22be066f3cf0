import { describe, expect, test } from 'vitest';
import { compareMembers, type TopologyMember, topologyLinks } from '../../../../src/hub/world/topology-links.ts';
import { TOPOLOGIES } from '../../../../src/model/swarm.ts';

const members = (count: number, leads: number[] = []): TopologyMember[] =>
  Array.from({ length: count }, (_, i) => ({ id: `a${i}`, ...(leads.includes(i) && { lead: true as const }) }));

const pairsOf = (topology: string | undefined, of: TopologyMember[]): string[] => {
  const flat = topologyLinks(topology, of);
  const pairs: string[] = [];
  for (let p = 0; p < flat.length; p += 2) {
    const ends = [flat[p] ?? -1, flat[p + 1] ?? -1].toSorted((a, b) => a - b);
    pairs.push(ends.join('-'));
  }
  return pairs.toSorted();
};

const degrees = (pairs: string[]): number[] => {
  const of = new Map<string, number>();
  for (const end of pairs.flatMap((pair) => pair.split('-'))) of.set(end, (of.get(end) ?? 0) + 1);
  return [...of.values()];
};

describe('small shapes', () => {
  test.each([
    { note: 'no topology, no links', topology: undefined, of: members(5), pairs: [] },
    { note: 'one member', topology: 'mesh', of: members(1), pairs: [] },
    {
      note: 'a mesh has all pairs',
      topology: 'mesh',
      of: members(4),
      pairs: ['0-1', '0-2', '0-3', '1-2', '1-3', '2-3'],
    },
    { note: 'a ring of two is one link', topology: 'ring', of: members(2), pairs: ['0-1'] },
    { note: 'a ring closes', topology: 'ring', of: members(4), pairs: ['0-1', '0-3', '1-2', '2-3'] },
    { note: 'a star without a lead: the first', topology: 'star', of: members(4), pairs: ['0-1', '0-2', '0-3'] },
    { note: 'a star around its lead', topology: 'star', of: members(4, [2]), pairs: ['0-2', '1-2', '2-3'] },
    {
      note: 'a tree of fan-out 4',
      topology: 'hierarchical',
      of: members(7),
      pairs: ['0-1', '0-2', '0-3', '0-4', '1-5', '1-6'],
    },
    {
      note: 'leads are at the top of a tree',
      topology: 'hierarchical',
      of: members(6, [3, 5]),
      pairs: ['0-3', '1-3', '2-3', '3-5', '4-5'],
    },
    {
      note: 'tree, and mesh among its inner nodes: 1 and 2 both have children',
      topology: 'hierarchical-mesh',
      of: members(10),
      pairs: ['0-1', '0-2', '0-3', '0-4', '1-2', '1-5', '1-6', '1-7', '1-8', '2-9'],
    },
  ])('$note', ({ topology, of, pairs }) => expect(pairsOf(topology, of)).toEqual(pairs));

  test.each(['hybrid', 'adaptive', 'pheromone-adaptive', 'spaghetti'])('%s is drawn as a hierarchical mesh', (word) => {
    expect(pairsOf(word, members(40, [7]))).toEqual(pairsOf('hierarchical-mesh', members(40, [7])));
  });
});

test('a mesh is whole at 30 members and thin at 31', () => {
  expect(pairsOf('mesh', members(30))).toHaveLength(435);
  const thin = pairsOf('mesh', members(31));
  expect(thin.length).toBeLessThan(31 * 3);
  expect(Math.max(...degrees(thin))).toBeLessThanOrEqual(6);
});

test('adding a member to a thin mesh changes few links', () => {
  const before = new Set(pairsOf('mesh', members(200)));
  const after = new Set(pairsOf('mesh', members(201)));
  expect([...before].filter((pair) => !after.has(pair))).toEqual(['0-199']);
  expect([...after].filter((pair) => !before.has(pair)).toSorted()).toEqual(['0-200', '199-200', '99-200']);
});

describe.each(TOPOLOGIES)('%s', (topology) => {
  test.each([2, 3, 5, 12, 13, 30, 31, 50, 53, 54, 200, 1_000])(
    '%i members: connected, no pair twice, bounded',
    (count) => {
      const pairs = pairsOf(topology, members(count, [1]));
      expect(new Set(pairs).size).toBe(pairs.length);
      const joined = pairs.map((pair) => pair.split('-').map(Number));
      expect(joined.every(([a, b]) => a !== b)).toBe(true);
      expect(reachable(joined)).toBe(count);
      expect(pairs.length).toBeLessThanOrEqual(Math.max(435, count * 3));
    },
  );
});

test('members are sorted by age, those of unknown age last, then by id', () => {
  const sorted: TopologyMember[] = [
    { id: 'z', created_at_ms: 1 },
    { id: 'a', created_at_ms: 2 },
    { id: 'b', created_at_ms: 2 },
    { id: 'a' },
    { id: 'c' },
  ];
  expect(sorted.toReversed().toSorted(compareMembers)).toEqual(sorted);
});

function reachable(pairs: number[][]): number {
  const next = new Map<number, number[]>();
  for (const [a = -1, b = -1] of pairs) {
    next.set(a, [...(next.get(a) ?? []), b]);
    next.set(b, [...(next.get(b) ?? []), a]);
  }
  const seen = new Set([0]);
  for (const node of seen) for (const other of next.get(node) ?? []) seen.add(other);
  return seen.size;
}
