import { describe, expect, test } from 'vitest';
import { agentRef } from '../../../../src/model/ids.ts';
import { WorldShadow } from '../../../../src/hub/layout/world-shadow.ts';
import { agentRecord, batchOf, swarmRecord, topologyLink, worldOf } from './swarms.ts';

const talk = {
  ...topologyLink(70, 1, 0, 2),
  kind: 'communication',
  source: 'reported',
  weight: 2,
  at_ms: 5,
  half_life_ms: 9,
} as const;

function shadowOf(...sizes: number[]): WorldShadow {
  const shadow = new WorldShadow();
  shadow.reset(worldOf(sizes));
  return shadow;
}

describe('a snapshot', () => {
  test('becomes one order per swarm, whole', () => {
    const orders = new WorldShadow().reset(worldOf([3, 0]));
    expect(orders).toHaveLength(2);
    expect(orders[0]).toMatchObject({
      kind: 'swarm',
      seat: { ref: 1, slotsRev: 0, membership: 3, agents: [{ slot: 0 }, { slot: 1 }, { slot: 2 }] },
    });
    expect(orders[1]).toMatchObject({ kind: 'swarm', seat: { ref: 2, agents: [], links: [] } });
  });

  test('forgets what was before', () => {
    const shadow = shadowOf(3, 3);
    shadow.reset(worldOf([2]));
    expect([shadow.swarmCount, shadow.agentCount, shadow.hasSwarm(2)]).toEqual([1, 2, false]);
    expect(shadow.pin(agentRef(0, 5), [0, 0, 0])).toBeUndefined();
  });
});

describe('a batch becomes orders', () => {
  const rows = [
    {
      note: 'an agent joins, with its link',
      batch: batchOf({
        agents: { added: [agentRecord(1, 9, 3, { lead: true })] },
        links: { added: [topologyLink(50, 1, 0, 9)] },
        membership: [[1, 4]],
      }),
      change: { ref: 1, membership: 4, seated: [{ ref: agentRef(0, 9), slot: 3, lead: true }], linked: [{ ref: 50 }] },
    },
    {
      note: 'an agent leaves, with its links',
      batch: batchOf({ agents: { removed: [agentRef(0, 1)] }, links: { removed: [1, 2] }, membership: [[1, 4]] }),
      change: { ref: 1, membership: 4, left: [agentRef(0, 1)], unlinked: [1, 2] },
    },
    {
      note: 'slots are dealt anew',
      batch: batchOf({
        swarms: { updated: [{ ref: 1, slots_rev: 1 }] },
        agents: { updated: [{ ref: agentRef(0, 2), slot: 0 }] },
      }),
      change: { ref: 1, slotsRev: 1, seated: [{ ref: agentRef(0, 2), slot: 0, lead: false }] },
    },
    {
      note: 'the topology changes',
      batch: batchOf({ swarms: { updated: [{ ref: 1, topology: 'star' }] } }),
      change: { ref: 1, topology: { name: 'star' } },
    },
    {
      note: 'the topology becomes unknown',
      batch: batchOf({ swarms: { updated: [{ ref: 1, topology: null }] } }),
      change: { ref: 1, topology: { name: undefined } },
    },
    {
      note: 'an agent takes the lead',
      batch: batchOf({ agents: { updated: [{ ref: agentRef(0, 0), lead: true }] } }),
      change: { ref: 1, seated: [{ ref: agentRef(0, 0), slot: 0, lead: true }] },
    },
  ];
  test.each(rows)('$note', ({ batch, change }) => {
    const orders = shadowOf(3).follow(batch);
    expect(orders).toHaveLength(1);
    expect(orders[0]).toMatchObject({ kind: 'change', change });
  });

  test('a new swarm comes whole, with what the same batch says of it', () => {
    const orders = shadowOf(3).follow(
      batchOf({ swarms: { added: [swarmRecord(8)] }, agents: { added: [agentRecord(8, 9, 0)] }, membership: [[8, 1]] }),
    );
    expect(orders).toMatchObject([{ kind: 'swarm', seat: { ref: 8, membership: 1, agents: [{ slot: 0 }] } }]);
  });

  test('a swarm goes, and nothing else is said of it', () => {
    const shadow = shadowOf(3);
    const removed = [0, 1, 2].map((n) => agentRef(0, n));
    const orders = shadow.follow(
      batchOf({ swarms: { removed: [1] }, agents: { removed }, links: { removed: [1, 2, 3] } }),
    );
    expect(orders).toEqual([{ kind: 'swarm-gone', swarm: 1 }]);
    expect([shadow.swarmCount, shadow.agentCount]).toEqual([0, 0]);
  });

  test('a weight that is patched comes as the whole link', () => {
    const shadow = shadowOf(3);
    shadow.follow(batchOf({ links: { added: [talk] } }));
    const orders = shadow.follow(batchOf({ links: { updated: [{ ref: 70, weight: 7, message_count: 3 }] } }));
    expect(orders).toMatchObject([{ change: { linked: [{ ref: 70, weight: 7, at_ms: 5, half_life_ms: 9 }] } }]);
  });

  test.each([
    {
      note: 'metrics',
      batch: batchOf({ agents: { updated: [{ ref: agentRef(0, 0), health: 1, performance: { cpu_usage: 1 } }] } }),
    },
    { note: 'messages counted', batch: batchOf({ links: { updated: [{ ref: 1, message_count: 3 }] } }) },
    { note: 'an agent of an unknown swarm', batch: batchOf({ agents: { added: [agentRecord(99, 50, 0)] } }) },
    { note: 'a link of an unknown swarm', batch: batchOf({ links: { added: [topologyLink(90, 99, 0, 1)] } }) },
    {
      note: 'removals of unknown refs',
      batch: batchOf({ swarms: { removed: [99] }, agents: { removed: [99] }, links: { removed: [99] } }),
    },
    { note: 'a membership that is known', batch: batchOf({ membership: [[1, 3]] }) },
    { note: 'an empty batch', batch: batchOf({}) },
  ])('or none: $note', ({ batch }) => {
    expect(shadowOf(3).follow(batch)).toEqual([]);
  });
});

test('pins are part of a swarm described from scratch, until its agent goes', () => {
  const shadow = shadowOf(3);
  shadow.pin(agentRef(0, 1), [1, 2, 3]);
  shadow.pin(agentRef(0, 2), [4, 5, 6]);
  shadow.pin(agentRef(0, 2), undefined);
  expect(shadow.seat(1)?.pins).toEqual([[agentRef(0, 1), [1, 2, 3]]]);
  shadow.follow(batchOf({ agents: { removed: [agentRef(0, 1)] } }));
  expect(shadow.seat(1)?.pins).toEqual([]);
});

test('a swarm that outgrows its place gets another; the others stay', () => {
  const shadow = shadowOf(5, 5, 5);
  const centres = [1, 2, 3].map((ref) => shadow.seat(ref)?.centre);
  const added = Array.from({ length: 300 }, (_, i) => agentRecord(2, 100 + i, 5 + i));
  const orders = shadow.follow(batchOf({ agents: { added } }));
  expect(orders).toHaveLength(1);
  expect(shadow.seat(2)?.centre).not.toEqual(centres[1]);
  expect([1, 3].map((ref) => shadow.seat(ref)?.centre)).toEqual([centres[0], centres[2]]);
});

test('the place of a swarm that went is taken by the next', () => {
  const shadow = shadowOf(5, 5, 5);
  const place = shadow.seat(2)?.centre;
  shadow.follow(batchOf({ swarms: { removed: [2] } }));
  shadow.follow(batchOf({ swarms: { added: [swarmRecord(9)] } }));
  expect(shadow.seat(9)?.centre).toEqual(place);
});

describe('a swarm that takes more room than is usual', () => {
  test('is given another place, once, and keeps it', () => {
    const shadow = shadowOf(3, 3);
    const order = shadow.outgrown(1, 900);
    expect(order).toMatchObject({ kind: 'change', change: { ref: 1 } });
    const centre = shadow.seat(1)?.centre ?? [0, 0, 0];
    expect(order).toMatchObject({ change: { centre } });
    // Away from its neighbour by both radii.
    const other = shadow.seat(2)?.centre ?? [0, 0, 0];
    expect(Math.max(Math.abs(centre[0] - other[0]), Math.abs(centre[1] - other[1]))).toBeGreaterThan(900);
    expect(shadow.outgrown(1, 900)).toBeUndefined();
    expect(shadow.outgrown(1, 950)).toBeUndefined();
    expect(shadow.follow(batchOf({ agents: { added: [agentRecord(1, 9, 3)] } }))).toEqual([
      { kind: 'change', change: { ref: 1, seated: [expect.objectContaining({ slot: 3 })] } },
    ]);
  });

  test.each([
    { note: 'unknown', swarm: 9, radius: 900 },
    { note: 'of nonsense', swarm: 1, radius: Number.NaN },
    { note: 'without end', swarm: 1, radius: Infinity },
    { note: 'as large as usual', swarm: 1, radius: 20 },
  ])('$note: nothing', ({ swarm, radius }) => {
    expect(shadowOf(3).outgrown(swarm, radius)).toBeUndefined();
  });
});
