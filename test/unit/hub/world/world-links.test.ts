import { describe, expect, test } from 'vitest';
import { linkWeightAt } from '../../../../src/model/link.ts';
import { counts, START_MS, WorldHarness } from './world-harness.ts';

const pair = (config = {}) => {
  const world = new WorldHarness(config).server().agent('w/a').agent('w/b').agent('w/c');
  world.flush();
  return world;
};

describe('communication links', () => {
  test.each([
    { type: 'coordination', weight: 1 },
    { type: 'data_exchange', weight: 0.8 },
    { type: 'status_update', weight: 0.3 },
    { type: 'heartbeat', weight: 0.1 },
    { type: 'gossip', weight: 0.5 },
  ])('$type weighs $weight', ({ type, weight }) => {
    const world = pair().message('a', 'b', type);
    const [a, b] = world.world.snapshot().agents;
    expect(world.flush()?.links?.added).toEqual([
      {
        ref: 1,
        swarm: a?.swarm,
        from: a?.ref,
        to: b?.ref,
        kind: 'communication',
        source: 'reported',
        weight,
        at_ms: START_MS,
        half_life_ms: 30_000,
        message_count: 1,
      },
    ]);
  });

  test('what was said before counts half after a half-life', () => {
    const world = pair().message('a', 'b');
    world.flush();
    world.nowMs += 30_000;
    world.message('a', 'b', 'status_update');
    expect(world.flush()?.links?.updated).toEqual([
      { ref: 1, weight: 0.8, at_ms: START_MS + 30_000, message_count: 2 },
    ]);
  });

  test('the order of messages does not matter', () => {
    const stamps = [-20_000, -10_000, 0];
    const weights = [stamps, stamps.toReversed()].map((order) => {
      const world = pair();
      for (const stamp of order) world.message('a', 'b', 'coordination', START_MS + stamp);
      return world.settled().links[0]?.weight;
    });
    expect(weights[0]).toBe(weights[1]);
    expect(weights[0]).toBeCloseTo(1 + 2 ** (-1 / 3) + 2 ** (-2 / 3), 3);
  });

  test('a link of many messages changes once per flush', () => {
    const world = pair().message('a', 'b');
    world.flush();
    for (let i = 0; i < 100; i++) world.message('a', 'b');
    expect(counts(world.flush()?.links)).toEqual({ updated: 1 });
  });

  test('each direction is a link of its own; a message to oneself is none', () => {
    const world = pair().message('a', 'b').message('b', 'a').message('c', 'c');
    expect(world.settled().links).toHaveLength(2);
    expect(world.world.messages()).toHaveLength(3);
  });

  test('decay is no change; below the floor the link goes', () => {
    const world = pair().message('a', 'b');
    world.flush();
    const floorMs = 30_000 * Math.log2(1 / 0.05);
    for (let at = 0; at + 5_000 < floorMs; at += 5_000) {
      world.pass(5_000).agent('w/a').agent('w/b').agent('w/c');
      expect(world.flush()).toBeUndefined();
    }
    const [link] = world.world.snapshot().links;
    expect(link && linkWeightAt(link, world.nowMs)).toBeGreaterThan(0.05);
    world.pass(5_000);
    expect(counts(world.flush()?.links)).toEqual({ removed: 1 });
    expect(world.world.stats()).toMatchObject({ expired_links_total: 1, communication_links: 0 });
  });

  test('a message of long ago makes no link', () => {
    const world = pair().message('a', 'b', 'coordination', START_MS - 3_600_000);
    expect(world.flush()).toMatchObject({ flow: [{ at_ms: START_MS - 3_600_000 }] });
    expect(world.settled().links).toEqual([]);
  });

  test('a clock that runs ahead makes no link that never decays', () => {
    const world = pair().message('a', 'b', 'coordination', START_MS + 3_600_000);
    expect(world.flush()).toMatchObject({ flow: [{ at_ms: START_MS + 3_600_000 }] });
    expect(world.settled().links).toMatchObject([{ at_ms: START_MS }]);
  });

  test('when full, the link of least weight makes room', () => {
    const world = pair({ max_links: 2 }).message('a', 'b', 'coordination').message('b', 'c', 'status_update');
    world.flush();
    world.message('c', 'a', 'data_exchange');
    expect(counts(world.flush()?.links)).toEqual({ added: 1, removed: 1 });
    expect(world.settled().links.map(({ weight }) => weight)).toEqual([1, 0.8]);
    world.message('a', 'c', 'heartbeat');
    expect(world.flush()?.links).toBeUndefined();
    expect(world.world.stats()).toMatchObject({ evicted_links_total: 1, refused_links_total: 1 });
  });

  test('weight is compared as it is now, not as it was', () => {
    const world = pair({ max_links: 2, communication_half_life_ms: 1_000 }).message('a', 'b', 'coordination');
    world.nowMs += 3_000;
    world.message('b', 'c', 'status_update').message('c', 'a', 'status_update');
    expect(world.settled().links.map(({ at_ms: at }) => at)).toEqual([START_MS + 3_000, START_MS + 3_000]);
  });

  test('a link that was strengthened is not the weakest any more', () => {
    const world = pair({ max_links: 2 }).message('a', 'b', 'heartbeat').message('b', 'c', 'status_update');
    for (let i = 0; i < 9; i++) world.message('a', 'b', 'heartbeat');
    world.message('c', 'a', 'data_exchange');
    expect(world.settled().links.map(({ weight }) => weight)).toEqual([1, 0.8]);
  });

  test('a link that was strengthened outlives its first deadline', () => {
    const world = pair().message('a', 'b', 'heartbeat').message('a', 'b', 'coordination');
    // One heartbeat meets the floor after one half-life.
    world.pass(30_000);
    expect(world.settled().links).toHaveLength(1);
    world.pass(110_000);
    expect(world.settled().links).toHaveLength(0);
  });

  test('topology links take room from communication', () => {
    const world = pair({ max_links: 3 })
      .message('a', 'b')
      .message('b', 'c', 'heartbeat')
      .swarm('w', { topology: 'star' });
    expect(world.settled().links.map(({ kind }) => kind)).toEqual(['communication', 'topology', 'topology']);
  });

  test.each(['nobody', 'b'])('a message between %s and a stranger is counted, not invented', (from) => {
    const world = pair().message(from, 'stranger');
    expect(world.flush()).toBeUndefined();
    expect(world.world.stats()).toMatchObject({ unknown_sender_total: 1, agents: 3 });
  });
});

describe('flow', () => {
  test('messages travel in the batch with refs, size and latency', () => {
    const world = pair();
    world.observe({
      kind: 'message',
      swarm: 'w',
      from: 'a',
      to: 'b',
      message_type: 'coordination',
      at_ms: START_MS - 5,
      size_bytes: 0,
      latency_ms: 2.5,
    });
    const [a, b] = world.world.snapshot().agents;
    expect(world.flush()?.flow).toEqual([
      {
        swarm: a?.swarm,
        from: a?.ref,
        to: b?.ref,
        message_type: 'coordination',
        at_ms: START_MS - 5,
        size_bytes: 0,
        latency_ms: 2.5,
      },
    ]);
    expect(world.flush()).toBeUndefined();
  });

  test('the first words of an agent come with it', () => {
    const world = pair().agent('w/d').message('d', 'a');
    const batch = world.flush();
    expect(batch?.flow).toMatchObject([{ from: batch?.agents?.added?.[0]?.ref }]);
  });

  test('the last words of an agent that goes are kept; those of one that never was are not', () => {
    const world = pair().message('a', 'b').observe({ kind: 'agent-gone', swarm: 'w', agent: 'a' });
    expect(world.flush()?.flow).toHaveLength(1);
    world.agent('w/d').message('d', 'b').observe({ kind: 'agent-gone', swarm: 'w', agent: 'd' });
    expect(world.flush()?.flow).toBeUndefined();
  });

  test('the history holds the newest', () => {
    const world = pair({ message_history: 3 });
    for (let i = 0; i < 5; i++) world.message('a', 'b', 'coordination', START_MS + i);
    world.flush();
    expect(world.world.messages().map(({ at_ms: at }) => at - START_MS)).toEqual([2, 3, 4]);
    const none = pair({ message_history: 0 }).message('a', 'b');
    none.flush();
    expect(none.world.messages()).toEqual([]);
  });

  test('a flood is cut per batch and counted, the newest stay in order; weights count all of it', () => {
    const world = pair();
    for (let i = 0; i < 1_005; i++) world.message('a', 'b', 'coordination', START_MS + i);
    const batch = world.flush();
    expect(batch?.flow?.map(({ at_ms: at }) => at - START_MS)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 5));
    expect(batch?.links?.added).toMatchObject([{ message_count: 1_005 }]);
    expect(world.world.stats().flow_dropped_total).toBe(5);
  });
});

describe('topology links', () => {
  test('follow members and topology; a pair that stays keeps its ref', () => {
    const world = pair().swarm('w', { topology: 'ring' });
    const before = world.settled().links;
    expect(before).toHaveLength(3);
    expect(before.every(({ from, to, source }) => from < to && source === 'derived')).toBe(true);
    world.agent('w/d');
    const batch = world.flush();
    expect(counts(batch?.links)).toEqual({ added: 2, removed: 1 });
    const after = world.world.snapshot().links;
    expect(after.filter(({ ref }) => before.some((link) => link.ref === ref))).toHaveLength(2);
    world.swarm('w', { topology: 'mesh' });
    expect(counts(world.flush()?.links)).toEqual({ added: 2 });
    world.swarm('w', { topology: null });
    expect(counts(world.flush()?.links)).toEqual({ removed: 6 });
  });

  test('an agent takes its links along', () => {
    const world = pair().swarm('w', { topology: 'star' });
    world.flush();
    world.observe({ kind: 'agent-gone', swarm: 'w', agent: 'c' });
    expect(counts(world.flush()?.links)).toEqual({ removed: 1 });
  });

  test('the hub moves to whoever leads', () => {
    const world = pair().swarm('w', { topology: 'star' });
    world.flush();
    world.agent('w/c', { lead: true });
    const hub = world.settled().agents.find(({ id }) => id === 'c')?.ref ?? 0;
    expect(world.world.snapshot().links.every(({ from, to }) => from === hub || to === hub)).toBe(true);
  });

  test('an age that is learned later counts', () => {
    const world = pair().swarm('w', { topology: 'star' });
    world.flush();
    world.agent('w/c', { created_at_ms: 1 });
    expect(counts(world.flush()?.links)).toEqual({ added: 1, removed: 1 });
  });

  test('from < to by ref, whatever the order of age', () => {
    const world = new WorldHarness().server().swarm('w', { topology: 'star' });
    world.agent('w/young', { created_at_ms: 2 }).agent('w/old', { created_at_ms: 1 });
    expect(world.settled().links.every(({ from, to }) => from < to)).toBe(true);
  });

  test('a large swarm rests between derivations, then catches up', () => {
    const world = new WorldHarness({ max_agents: 5_000 }).server().swarm('w', { topology: 'star' });
    for (let i = 0; i < 2_000; i++) world.agent(`w/${i}`);
    expect(world.flush()?.links?.added).toHaveLength(1_999);
    world.agent('w/late');
    world.nowMs += 16;
    expect(world.flush()).toMatchObject({ agents: { added: [{ id: 'late' }] } });
    expect(world.world.stats()).toMatchObject({ topology_links: 1_999, waiting: 1 });
    world.pass(100);
    expect(world.world.dirty).toBe(false);
    world.pass(100);
    expect(world.world.dirty).toBe(true);
    expect(counts(world.flush()?.links)).toEqual({ added: 1 });
    expect(world.world.stats().waiting).toBe(0);
  });
});
