import { describe, expect, test } from 'vitest';
import { agentSeen, counts, START_MS, WorldHarness } from './world-harness.ts';

const oneAgent = () => {
  const world = new WorldHarness().server().agent('w/a');
  world.flush();
  return world;
};

describe('silence', () => {
  test('an agent is stale after stale_after_ms, and says since when', () => {
    const world = oneAgent().pass(9_999);
    expect(world.flush()).toBeUndefined();
    world.pass(1);
    expect(world.flush()?.agents?.updated).toMatchObject([{ stale: true, stale_since_ms: START_MS }]);
    expect(world.world.stats().stale_agents).toBe(1);
  });

  test('it is removed remove_after_ms later, and its empty swarm with it', () => {
    const world = oneAgent().pass(10_000);
    world.flush();
    world.pass(59_999);
    expect(world.flush()).toBeUndefined();
    world.pass(1);
    const batch = world.flush();
    expect(counts(batch?.agents)).toEqual({ removed: 1 });
    expect(counts(batch?.swarms)).toEqual({ removed: 1 });
    expect(world.world.stats()).toMatchObject({
      expired_agents_total: 1,
      expired_swarms_total: 1,
      queued: 0,
      records: 1,
    });
  });

  test('after a long pause of this process agents turn stale first', () => {
    const world = oneAgent().pass(3_600_000);
    expect(counts(world.flush()?.agents)).toEqual({ updated: 1 });
  });

  test.each([
    { note: 'an observation', hear: (w: WorldHarness) => w.agent('w/a') },
    { note: 'an observation by bare id', hear: (w: WorldHarness) => w.agent('a') },
    {
      note: 'a list of its swarm',
      hear: (w: WorldHarness) => w.observe({ kind: 'agent-list', swarm: 'w', agents: ['a'], scope: 'x' }),
    },
    {
      note: 'a list of the server',
      hear: (w: WorldHarness) => w.observe({ kind: 'agent-list', swarm: undefined, agents: ['a'], scope: 'x' }),
    },
    { note: 'a message', hear: (w: WorldHarness) => w.message('a', 'a') },
  ])('$note clears it and starts the wait anew', ({ hear }) => {
    const world = oneAgent().pass(50_000);
    world.flush();
    hear(world);
    expect(world.flush()?.agents?.updated).toMatchObject([{ stale: null, stale_since_ms: null }]);
    world.pass(9_999);
    expect(world.flush()).toBeUndefined();
    world.pass(1);
    expect(world.flush()?.agents?.updated).toMatchObject([{ stale: true, stale_since_ms: START_MS + 50_000 }]);
  });

  test('a slow poll that lists an agent every 5 s keeps it fresh without a change', () => {
    const world = oneAgent();
    for (let poll = 0; poll < 30; poll++) {
      world.pass(5_000).observe({ kind: 'agent-list', swarm: 'w', agents: ['a'], scope: 'agents' });
      expect(world.flush()).toBeUndefined();
    }
    expect(world.keys()).toEqual(['s/w/a']);
  });

  test('an empty swarm stays while it is listed, and goes when it is not', () => {
    const world = new WorldHarness().server().swarm('w').swarm('x');
    for (let poll = 0; poll < 20; poll++) {
      world.pass(5_000).observe({ kind: 'swarm-list', swarms: ['w'], scope: `scope` });
    }
    expect(world.settled().swarms.map(({ id }) => id)).toEqual(['w']);
  });
});

describe('a server that went away', () => {
  test('its agents are stale at once, then go; the others do not notice', () => {
    const world = oneAgent().server('t').observeOn('t', agentSeen('w/a')).task('t1');
    world.flush();
    world.pass(500);
    world.world.disconnected('s', world.nowMs);
    const batch = world.flush();
    expect(batch?.agents?.updated).toHaveLength(1);
    expect(world.agentNow('w/a')).toMatchObject({ stale: true, stale_since_ms: START_MS });
    for (let at = 0; at < 12; at++) world.pass(5_000).observeOn('t', agentSeen('w/a'));
    expect(world.keys()).toEqual(['t/w/a']);
    world.pass(0);
    expect(world.settled()).toMatchObject({ tasks: [], swarms: [{ key: 't/w' }], servers: [{ id: 's' }, { id: 't' }] });
    expect(world.world.stats().expired_tasks_total).toBe(1);
  });

  test('hearing of an agent again clears it, and the time until removal starts anew', () => {
    const world = oneAgent().task('t1').task('t2');
    world.world.disconnected('s', world.nowMs);
    world.flush();
    world.pass(50_000).agent('w/a').task('t1');
    world.flush();
    world.world.disconnected('s', world.nowMs);
    world.pass(50_000);
    expect(world.settled()).toMatchObject({ agents: [{ stale: true }], tasks: [{ id: 't1' }, { id: 't2' }] });
    world.pass(10_000);
    expect(world.settled()).toMatchObject({ agents: [], tasks: [] });
  });

  test('tasks and swarms that were heard of since stay', () => {
    const world = oneAgent().swarm('empty').swarm('silent').task('listed').task('told').task('silent');
    world.world.disconnected('s', world.nowMs);
    world.pass(1_000).swarm('empty').task('told');
    world.observe({ kind: 'task-list', tasks: ['listed'], scope: 'tasks' });
    world.pass(60_000);
    expect(world.settled()).toMatchObject({
      swarms: [{ id: 'empty' }],
      tasks: [{ id: 'listed' }, { id: 'told' }],
    });
  });
});
