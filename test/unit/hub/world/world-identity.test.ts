import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../../src/model/observation.ts';
import { agentSeen, counts, WorldHarness } from './world-harness.ts';

describe('agents whose swarm was not named', () => {
  test('the only agent of that id on the server is meant', () => {
    const world = new WorldHarness().server().agent('w/a').agent('a', { status: 'busy' });
    expect(world.keys()).toEqual(['s/w/a']);
    expect(world.agentNow('w/a')?.status).toBe('busy');
  });

  test('an unknown one waits in unassigned', () => {
    expect(new WorldHarness().server().agent('a').keys()).toEqual(['s/unassigned/a']);
  });

  test('one of several is not guessed', () => {
    const world = new WorldHarness().server().agent('w/a').agent('x/a').agent('a', { status: 'busy' });
    expect(world.keys()).toEqual(['s/unassigned/a', 's/w/a', 's/x/a']);
    expect(world.agentNow('w/a')?.status).toBe('unknown');
    world.agent('a', { status: 'idle' });
    expect(world.agentNow('unassigned/a')?.status).toBe('idle');
  });

  test('agents of other servers are not meant', () => {
    const world = new WorldHarness().server().server('t').agent('w/a');
    world.observeOn('t', agentSeen('a', { status: 'busy' }));
    expect(world.keys()).toEqual(['s/w/a', 't/unassigned/a']);
  });

  test.each<{ note: string; naming: Observation }>([
    { note: 'an observation', naming: agentSeen('w/a') },
    { note: 'a list', naming: { kind: 'agent-list', swarm: 'w', agents: ['a'], scope: 'agents' } },
  ])('$note that names the swarm moves it there, with its facts', ({ naming }) => {
    const world = new WorldHarness().server();
    world.observe({
      kind: 'agent',
      swarm: undefined,
      agent: 'a',
      facts: { type: 'coder', health: 1, performance: { throughput_tps: 50 } },
      provenance: { health: 'simulated' },
    });
    const before = world.agentNow('unassigned/a');
    world.observe(naming);
    const batch = world.flush();
    expect(batch?.agents?.removed).toEqual([before?.ref]);
    expect(batch?.agents?.added).toMatchObject([
      {
        key: 's/w/a',
        type: 'coder',
        visual: { size: 10 },
        provenance: { health: 'simulated', visual: 'derived' },
        slot: 0,
      },
    ]);
    expect(batch?.agents?.added?.[0]?.ref).not.toBe(before?.ref);
    expect(counts(batch?.swarms)).toEqual({ added: 1, removed: 1 });
  });
});

test('equal ids on three servers never meet', () => {
  const world = new WorldHarness().server('x').server('y').server('z');
  const facts = { x: { type: 'one' }, y: { type: 'two' }, z: { type: 'three' } };
  for (const [server, told] of Object.entries(facts)) {
    world.observeOn(
      server,
      { kind: 'swarm', swarm: 'w', facts: { topology: 'mesh' } },
      agentSeen('w/a', told),
      agentSeen('w/b', told),
      { kind: 'task', task: 't', facts: { swarm: 'w', assignees: ['a'], description: told.type } },
      { kind: 'message', swarm: 'w', from: 'a', to: 'b', message_type: 'coordination' },
    );
  }
  const { swarms, agents, tasks, links } = world.settled();
  expect(agents.map(({ key, type }) => `${key} ${type}`)).toEqual(
    Object.entries(facts).flatMap(([server, { type }]) => [`${server}/w/a ${type}`, `${server}/w/b ${type}`]),
  );
  for (const records of [swarms, agents, tasks, links]) {
    expect(new Set(records.map(({ ref }) => ref)).size).toBe(records.length);
  }
  const serverOf = new Map(agents.map(({ ref, server_id: server }) => [ref, server]));
  expect(links).toHaveLength(6);
  expect(links.every(({ from, to }) => serverOf.get(from) === serverOf.get(to))).toBe(true);
  expect(tasks.every((task) => serverOf.get(task.assignees?.[0] ?? 0) === task.server_id)).toBe(true);

  world.world.removeServer('y');
  expect(world.keys()).toEqual(['x/w/a', 'x/w/b', 'z/w/a', 'z/w/b']);
});

test('keys with slashes do not collide', () => {
  const world = new WorldHarness().server();
  world.observe(
    { kind: 'agent', swarm: 'w/x', agent: 'a', facts: {} },
    { kind: 'agent', swarm: 'w', agent: 'x/a', facts: {} },
  );
  expect(world.keys()).toEqual(['s/w%2Fx/a', 's/w/x%2Fa']);
});

const list = (agents: string[], swarm: string | undefined = 'w', scope = 'agents'): Observation => ({
  kind: 'agent-list',
  swarm,
  agents,
  scope,
});

describe('lists', () => {
  test.each<{ note: string; lists: Observation[]; left: string[] }>([
    { note: 'the first list removes nobody', lists: [list(['a'])], left: ['a', 'b', 'c'] },
    { note: 'the next removes whom it names no more', lists: [list(['a', 'b']), list(['a'])], left: ['a', 'c'] },
    { note: 'an empty list removes all that were listed', lists: [list(['a', 'b']), list([])], left: ['c'] },
    { note: 'scopes are apart', lists: [list(['a', 'b']), list(['c'], 'w', 'hive')], left: ['a', 'b', 'c'] },
    { note: 'swarms are apart', lists: [list(['a', 'b']), list(['c'], 'x')], left: ['a', 'b', 'c'] },
    {
      note: 'a list of the whole server reaches into swarms',
      lists: [
        { kind: 'agent-list', swarm: undefined, agents: ['a', 'b', 'c'], scope: 'all' },
        { kind: 'agent-list', swarm: undefined, agents: ['c'], scope: 'all' },
      ],
      left: ['c'],
    },
    {
      note: 'an agent may be listed before it is known',
      lists: [list(['late']), agentSeen('w/late'), list([])],
      left: ['a', 'b', 'c'],
    },
    { note: 'agent-gone needs no list', lists: [{ kind: 'agent-gone', swarm: 'w', agent: 'b' }], left: ['a', 'c'] },
    { note: 'agent-gone by bare id', lists: [{ kind: 'agent-gone', swarm: undefined, agent: 'b' }], left: ['a', 'c'] },
  ])('$note', ({ lists, left }) => {
    const world = new WorldHarness().server().agent('w/a').agent('w/b').agent('w/c');
    world.flush();
    world.observe(...lists);
    expect(world.keys()).toEqual(left.map((id) => `s/w/${id}`));
  });

  test('a list adds nobody: it tells no facts', () => {
    expect(
      new WorldHarness()
        .server()
        .observe(list(['a']))
        .keys(),
    ).toEqual([]);
  });

  test('an empty list makes no swarm', () => {
    expect(new WorldHarness().server().observe(list([])).settled().swarms).toEqual([]);
  });

  test('swarms and tasks are listed alike', () => {
    const world = new WorldHarness().server().swarm('w').swarm('x').agent('x/a').task('t').task('u');
    world.observe(
      { kind: 'swarm-list', swarms: ['w', 'x'], scope: 'swarms' },
      { kind: 'task-list', tasks: ['t', 'u'], scope: 'tasks' },
    );
    world.flush();
    world.observe(
      { kind: 'swarm-list', swarms: ['w'], scope: 'swarms' },
      { kind: 'task-list', tasks: ['u'], scope: 'tasks' },
    );
    const batch = world.flush();
    expect(counts(batch?.swarms)).toEqual({ removed: 1 });
    expect(counts(batch?.agents)).toEqual({ removed: 1 });
    expect(counts(batch?.tasks)).toEqual({ removed: 1 });
  });

  test('too many scopes are refused and counted', () => {
    const world = new WorldHarness().server().agent('w/a');
    for (let i = 0; i < 70; i++) world.observe(list(['a'], 'w', `scope ${i}`));
    expect(world.world.stats().refused_lists_total).toBe(6);
  });
});

describe('removal', () => {
  test('a swarm takes its agents and links along, all listed; its tasks lose it', () => {
    const world = new WorldHarness().server().swarm('w', { topology: 'ring' }).agent('w/a').agent('w/b').agent('x/c');
    world
      .message('a', 'b')
      .message('c', 'a')
      .task('t', { swarm: 'w', assignees: ['a', 'c'] });
    world.flush();
    world.observe({ kind: 'swarm-gone', swarm: 'w' });
    const batch = world.flush();
    expect(counts(batch?.swarms)).toEqual({ removed: 1 });
    expect(counts(batch?.agents)).toEqual({ removed: 2 });
    expect(counts(batch?.links)).toEqual({ removed: 3 });
    expect(batch?.tasks?.updated).toMatchObject([{ swarm: null, assignees: [world.agentNow('x/c')?.ref] }]);
    expect(batch?.membership).toBeUndefined();
  });

  test('a server takes all it had along, and nothing is kept', () => {
    const world = new WorldHarness().server();
    const empty = world.world.stats();
    const fill = () =>
      world
        .server('t')
        .observeOn(
          't',
          { kind: 'swarm', swarm: 'w', facts: { topology: 'mesh' } },
          ...['w/a', 'w/b', 'c'].map((path) => agentSeen(path)),
          { kind: 'task', task: 't', facts: { swarm: 'w', assignees: ['a'], status: 'completed' } },
          { kind: 'message', swarm: 'w', from: 'a', to: 'b', message_type: 'heartbeat' },
          { kind: 'agent-list', swarm: undefined, agents: ['a', 'b'], scope: 'all' },
        );
    fill().flush();
    world.world.disconnected('t', world.nowMs);
    world.world.removeServer('t');
    const batch = world.flush();
    expect([batch?.servers, batch?.swarms, batch?.agents, batch?.links, batch?.tasks].map(counts)).toEqual([
      { removed: 1 },
      { removed: 2 },
      { removed: 3 },
      { removed: 2 },
      { removed: 1 },
    ]);
    fill();
    world.world.removeServer('t');
    expect(world.flush()).toBeUndefined();
    const gauges = [
      'servers',
      'swarms',
      'agents',
      'tasks',
      'records',
      'queued',
      'waiting',
      'pending_messages',
    ] as const;
    for (const gauge of gauges) expect([gauge, world.world.stats()[gauge]]).toEqual([gauge, empty[gauge]]);
    expect(world.world.stats()).toMatchObject({
      topology_links: 0,
      communication_links: 0,
      stale_agents: 0,
      finished_tasks: 0,
    });
  });
});
