import { describe, expect, test } from 'vitest';
import { RefSpaceExhaustedError } from '../../../../src/hub/world/errors.ts';
import { AGENT_BIT } from '../../../../src/model/ids.ts';
import { counts, START_MS, WorldHarness } from './world-harness.ts';

describe('what a batch holds', () => {
  test('everything at first, with keys, refs, slots and the version', () => {
    const world = new WorldHarness().server().swarm('w', { topology: 'ring', max_agents: 5 });
    world.agent('w/a', { status: 'busy', status_raw: 'working', type: 'coder' }).agent('w/b');
    const batch = world.flush();
    expect(batch).toMatchObject({
      epoch: 'e1',
      version: 1,
      time_ms: START_MS,
      servers: { added: [{ id: 's', health: { state: 'unknown' } }] },
      swarms: {
        added: [{ key: 's/w', id: 'w', server_id: 's', server_type: 'ruv-swarm', topology: 'ring', max_agents: 5 }],
      },
      agents: {
        added: [
          { key: 's/w/a', id: 'a', status: 'busy', status_raw: 'working', type: 'coder', slot: 0 },
          { key: 's/w/b', id: 'b', status: 'unknown', slot: 1 },
        ],
      },
      links: { added: [{ kind: 'topology', source: 'derived' }] },
    });
    const { swarms, agents, links } = world.world.snapshot();
    const [a, b] = agents.map(({ ref }) => ref);
    const swarm = swarms[0]?.ref;
    expect(batch?.membership).toEqual([[swarm, 1]]);
    expect(agents.map((agent) => agent.swarm)).toEqual([swarm, swarm]);
    expect(agents.every(({ ref }) => (ref & AGENT_BIT) !== 0)).toBe(true);
    expect(links).toMatchObject([{ swarm, from: a, to: b }]);
  });

  test('absent facts are absent fields, not undefined ones', () => {
    const batch = new WorldHarness().server().agent('w/a').flush();
    expect(Object.keys(batch?.agents?.added?.[0] ?? {}).toSorted()).toEqual(
      ['id', 'key', 'ref', 'server_id', 'server_type', 'slot', 'status', 'swarm'].toSorted(),
    );
  });

  test('afterwards only fields that differ', () => {
    const world = new WorldHarness().server().agent('w/a', { status: 'busy', capabilities: ['x'], health: 0.5 });
    world.flush();
    world.agent('w/a', { status: 'idle', capabilities: ['x'], health: 0.5 });
    const batch = world.flush();
    expect(batch).toMatchObject({ version: 2 });
    expect(Object.keys(batch ?? {})).toEqual(['epoch', 'version', 'time_ms', 'agents']);
    expect(batch?.agents).toEqual({ updated: [{ ref: world.agentNow('w/a')?.ref, status: 'idle' }] });
  });

  test.each([
    { note: 'the same facts again', change: (w: WorldHarness) => w.agent('w/a', { status: 'busy', health: 1 }) },
    { note: 'hearing of an agent', change: (w: WorldHarness) => w.agent('w/a') },
    {
      note: 'a field that changed and changed back',
      change: (w: WorldHarness) => w.agent('w/a', { status: 'idle' }).agent('w/a', { status: 'busy' }),
    },
    {
      note: 'an agent that came and went',
      change: (w: WorldHarness) => w.agent('w/new').observe({ kind: 'agent-gone', swarm: 'w', agent: 'new' }),
    },
    {
      note: 'an agent named by no observation',
      change: (w: WorldHarness) => w.observe({ kind: 'agent-gone', swarm: 'w', agent: 'nobody' }),
    },
    { note: 'a number that is none', change: (w: WorldHarness) => w.agent('w/a', { health: Number.NaN }) },
    { note: 'time', change: (w: WorldHarness) => w.pass(1_000) },
    {
      note: 'an agent that moved in and left between flushes',
      change: (w: WorldHarness) =>
        w.agent('other').agent('w/other').observe({ kind: 'agent-gone', swarm: 'w', agent: 'other' }),
    },
  ])('nothing for $note', ({ change }) => {
    const world = new WorldHarness().server().agent('w/a', { status: 'busy', health: 1 });
    world.flush();
    change(world);
    expect(world.flush()).toBeUndefined();
    expect(world.world.dirty).toBe(false);
    expect(world.world.version).toBe(1);
  });

  test('an entity that was added and changed is just added', () => {
    const world = new WorldHarness().server().agent('w/a').agent('w/a', { status: 'busy' });
    expect(counts(world.flush()?.agents)).toEqual({ added: 1 });
    expect(world.agentNow('w/a')?.status).toBe('busy');
  });

  test('an entity that changed and went is just removed', () => {
    const world = new WorldHarness().server().agent('w/a');
    world.flush();
    world.agent('w/a', { status: 'busy' }).observe({ kind: 'agent-gone', swarm: 'w', agent: 'a' });
    expect(counts(world.flush()?.agents)).toEqual({ removed: 1 });
  });

  test('an agent that went and came back between flushes is another incarnation', () => {
    const world = new WorldHarness().server().agent('w/a', { type: 'coder' });
    const before = world.agentNow('w/a')?.ref;
    world.observe({ kind: 'agent-gone', swarm: 'w', agent: 'a' }).agent('w/a');
    const batch = world.flush();
    expect(batch?.agents?.removed).toEqual([before]);
    expect(batch?.agents?.added).toMatchObject([{ key: 's/w/a' }]);
    expect(batch?.agents?.added?.[0]).not.toHaveProperty('type');
    expect(batch?.agents?.added?.[0]?.ref).not.toBe(before);
  });

  test('a field that became unknown is null, and gone from the record', () => {
    const world = new WorldHarness().server().agent('w/a', { current_task: 't', performance: { cpu_usage: 1 } });
    world.flush();
    world.agent('w/a', { current_task: null, performance: null });
    const { ref } = world.world.snapshot().agents[0] ?? {};
    expect(world.flush()?.agents?.updated).toEqual([{ ref, current_task: null, performance: null }]);
    expect(world.agentNow('w/a')).not.toHaveProperty('current_task');
  });

  test('performance is merged field by field', () => {
    const world = new WorldHarness().server().agent('w/a', { performance: { cpu_usage: 0.5, error_count: 2 } });
    world.flush();
    world.agent('w/a', { performance: { cpu_usage: 0.75 } });
    expect(world.flush()?.agents?.updated).toMatchObject([{ performance: { cpu_usage: 0.75, error_count: 2 } }]);
  });

  test('records that were handed out do not change afterwards', () => {
    const world = new WorldHarness().server().agent('w/a', { performance: { cpu_usage: 0.5 }, capabilities: ['x'] });
    const added = world.flush()?.agents?.added?.[0];
    const snapshot = world.world.snapshot().agents[0];
    world.agent('w/a', { performance: { cpu_usage: 0.75 }, capabilities: ['y'], status: 'busy' });
    world.flush();
    for (const record of [added, snapshot]) {
      expect(record).toMatchObject({ performance: { cpu_usage: 0.5 }, capabilities: ['x'], status: 'unknown' });
    }
  });
});

describe('statuses and sources', () => {
  test('an old raw word does not outlive its status', () => {
    const world = new WorldHarness().server().agent('w/a', { status: 'offline', status_raw: 'terminated' });
    world.flush();
    world.agent('w/a', { status: 'idle' });
    expect(world.flush()?.agents?.updated).toMatchObject([{ status: 'idle', status_raw: null }]);
  });

  test('a status that became unknown is the word unknown', () => {
    const world = new WorldHarness().server().agent('w/a', { status: 'busy' }).agent('w/a', { status: null });
    expect(world.agentNow('w/a')?.status).toBe('unknown');
  });

  test('sources follow the newest fact of each field', () => {
    const world = new WorldHarness().server();
    world.observe({
      kind: 'agent',
      swarm: 'w',
      agent: 'a',
      facts: { health: 1, performance: { memory_mb: 5, cpu_usage: 0.1 } },
      provenance: { health: 'derived', 'performance.memory_mb': 'simulated' },
    });
    expect(world.agentNow('w/a')?.provenance).toEqual({ health: 'derived', 'performance.memory_mb': 'simulated' });
    world.agent('w/a', { health: 0.5 });
    expect(world.flush()?.agents?.updated).toMatchObject([
      { health: 0.5, provenance: { 'performance.memory_mb': 'simulated' } },
    ]);
    world.agent('w/a', { performance: null });
    expect(world.flush()?.agents?.updated).toMatchObject([{ performance: null, provenance: null }]);
  });

  test('looks are there where their metric is, and marked as derived', () => {
    const world = new WorldHarness().server().agent('w/a', { performance: { cpu_usage: 1 } });
    expect(world.agentNow('w/a')).not.toHaveProperty('visual');
    world.agent('w/a', { performance: { success_rate: 0.9 } });
    expect(world.flush()?.agents?.updated).toMatchObject([
      { visual: { color: '#f0e442' }, provenance: { visual: 'derived' } },
    ]);
    world.agent('w/a', { performance: null });
    expect(world.flush()?.agents?.updated).toMatchObject([{ visual: null, provenance: null }]);
  });
});

describe('snapshot and versions', () => {
  test('a snapshot is of the last flush, whatever was observed since', () => {
    const world = new WorldHarness().server().agent('w/a', { status: 'idle' });
    world.flush();
    const before = world.world.snapshot();
    world.agent('w/a', { status: 'busy' }).agent('w/b').observe({ kind: 'swarm-gone', swarm: 'w' });
    world.nowMs += 5;
    expect(world.world.snapshot()).toEqual(before);
    world.flush();
    expect(world.world.snapshot()).toMatchObject({ version: 2, time_ms: START_MS + 5, agents: [], swarms: [] });
  });

  test('dirty is told once until the next flush', () => {
    const world = new WorldHarness().server();
    world.agent('w/a').agent('w/b');
    expect(world.dirtyCalls).toBe(1);
    expect(world.world.dirty).toBe(true);
    world.flush();
    expect(world.world.dirty).toBe(false);
    world.agent('w/b', { status: 'busy' });
    expect(world.dirtyCalls).toBe(2);
  });
});

describe('epochs', () => {
  test('running out of refs loses nothing: a new epoch deals them anew', () => {
    const world = new WorldHarness({}, { refsPerEpoch: 8 }).server().agent('w/a');
    for (let i = 0; i < 6; i++) {
      world.observe({ kind: 'agent-gone', swarm: 'w', agent: 'a' }).agent('w/a');
      world.flush();
    }
    const before = world.world.snapshot();
    world.observe({ kind: 'agent-gone', swarm: 'w', agent: 'a' }).agent('w/a', { status: 'busy' }).agent('w/b');
    expect(() => world.flush()).toThrow(RefSpaceExhaustedError);
    expect(world.world.snapshot()).toEqual(before);
    expect(world.world.dirty).toBe(true);
    world.world.newEpoch('e2');
    const after = world.world.snapshot();
    expect(after).toMatchObject({ epoch: 'e2', version: 0 });
    expect(after.agents).toMatchObject([{ key: 's/w/a', status: 'busy', ref: AGENT_BIT + 1 }, { key: 's/w/b' }]);
    expect(world.flush()).toBeUndefined();
    expect(world.agent('w/b', { status: 'idle' }).flush()).toMatchObject({ epoch: 'e2', version: 1 });
  });

  test('references between records survive', () => {
    const world = new WorldHarness().server().swarm('w', { topology: 'mesh' });
    world
      .agent('w/gone')
      .agent('w/a')
      .agent('w/b')
      .task('t', { swarm: 'w', assignees: ['a'] })
      .message('b', 'a')
      .flush();
    world.observe({ kind: 'agent-gone', swarm: 'w', agent: 'gone' });
    world.world.newEpoch('e2');
    const { swarms, agents, links, tasks, membership } = world.world.snapshot();
    const [a, b] = agents;
    expect(agents.map(({ key, swarm }) => [key, swarm])).toEqual([
      ['s/w/a', swarms[0]?.ref],
      ['s/w/b', swarms[0]?.ref],
    ]);
    expect(links.toSorted((x, y) => y.kind.localeCompare(x.kind))).toMatchObject([
      { kind: 'topology', from: a?.ref, to: b?.ref },
      { kind: 'communication', from: b?.ref, to: a?.ref },
    ]);
    expect(tasks).toMatchObject([{ swarm: swarms[0]?.ref, assignees: [a?.ref] }]);
    expect(membership).toEqual([[swarms[0]?.ref, 2]]);
    expect(world.world.messages()).toEqual([]);
  });

  test('hubs have refs of their own', () => {
    const refs = [0, 1, 255].map((hub) => new WorldHarness({}, { hub }).server().agent('w/a').agentNow('w/a')?.ref);
    expect(new Set(refs).size).toBe(3);
    expect(refs[2]).toBe(0xff80_0001);
  });
});

describe('bounds', () => {
  test.each([
    {
      note: 'agents',
      config: { max_agents: 2 },
      add: (w: WorldHarness) => w.agent('w/a').agent('w/b').agent('w/c'),
      kind: 'agents' as const,
      held: 2,
      counter: 'refused_agents_total' as const,
    },
    {
      note: 'swarms, as many as agents',
      config: { max_agents: 1 },
      add: (w: WorldHarness) => w.swarm('w').swarm('x'),
      kind: 'swarms' as const,
      held: 1,
      counter: 'refused_swarms_total' as const,
    },
    {
      note: 'topology links',
      config: { max_links: 2 },
      add: (w: WorldHarness) => w.swarm('w', { topology: 'mesh' }).agent('w/a').agent('w/b').agent('w/c'),
      kind: 'links' as const,
      held: 2,
      counter: 'refused_links_total' as const,
    },
    {
      note: 'tasks',
      config: { max_tasks: 1 },
      add: (w: WorldHarness) => w.task('t1').task('t2'),
      kind: 'tasks' as const,
      held: 1,
      counter: 'refused_tasks_total' as const,
    },
    {
      note: 'ids that are too long or empty',
      config: {},
      add: (w: WorldHarness) =>
        w
          .agent(`w/${'x'.repeat(257)}`)
          .swarm('')
          .task('')
          .agent(`w/${'x'.repeat(256)}`),
      kind: 'agents' as const,
      held: 1,
      counter: 'refused_ids_total' as const,
    },
  ])('$note: refused and counted', ({ config, add, kind, held, counter }) => {
    const world = new WorldHarness(config).server();
    add(world);
    expect(world.settled()[kind]).toHaveLength(held);
    expect(world.world.stats()[counter]).toBeGreaterThanOrEqual(1);
  });

  test('an agent that is held moves to its swarm though the world is full', () => {
    const world = new WorldHarness({ max_agents: 2 }).server().agent('x/y').agent('a').agent('w/a');
    // Swarms are bounded as agents are: `x` and `unassigned` fill them, so the move has to wait for room.
    expect(world.keys()).toEqual(['s/unassigned/a', 's/x/y']);
    world.observe({ kind: 'swarm-gone', swarm: 'x' }).agent('unassigned/b').agent('w/a');
    expect(world.keys()).toEqual(['s/unassigned/b', 's/w/a']);
  });

  test.each([
    { note: 'observe', say: (w: WorldHarness) => w.observeOn('nobody', { kind: 'swarm', swarm: 'w', facts: {} }) },
    { note: 'disconnected', say: (w: WorldHarness) => w.world.disconnected('nobody', START_MS) },
    { note: 'identify', say: (w: WorldHarness) => w.world.identify('nobody', { name: 'x' }) },
    { note: 'removeServer', say: (w: WorldHarness) => w.world.removeServer('nobody') },
  ])('$note of an unknown server is counted and dropped', ({ say }) => {
    const world = new WorldHarness();
    say(world);
    expect(world.flush()).toBeUndefined();
    expect(world.world.stats().unknown_server_total).toBe(1);
  });
});
