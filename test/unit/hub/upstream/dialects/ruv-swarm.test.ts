import { beforeEach, describe, expect, test } from 'vitest';
import type { DialectSession } from '../../../../../src/hub/upstream/dialects/dialect.ts';
import { ruvSwarmDialect } from '../../../../../src/hub/upstream/dialects/ruv-swarm.ts';
import { readLogLine } from '../../../../../src/hub/upstream/dialects/ruv-swarm-log.ts';
import { agentOf, call, exchanges, noiseLines, ok, only, openSession, readAll, serverInfo } from './captures.ts';

const MESH = 'swarm-1795236540989';
const RESEARCHER = 'agent-1795236541001';
const CODER = 'agent-1795236541002';

let session: DialectSession;
beforeEach(() => {
  session = openSession(ruvSwarmDialect);
});
const read = (file: string) => readAll(session, 'ruv-swarm', file);
const tools = (calls: ReturnType<DialectSession['plan']>) =>
  calls.map((each) => (each.kind === 'tool' ? [each.tool, each.args] : each));

describe('plan', () => {
  test('makes the server load first, then asks', () => {
    expect(tools(session.warmUp())).toEqual([['memory_usage', {}]]);
    expect(tools(session.plan('fast'))).toEqual([
      ['swarm_status', {}],
      ['agent_list', {}],
      ['task_status', {}],
    ]);
  });

  test('a process that is fresh again is made to load again', () => {
    read('swarm_status.empty');
    expect(tools(session.plan('fast'))[0]).toEqual(['memory_usage', {}]);
    read('memory_usage');
    expect(tools(session.plan('fast'))[0]).toEqual(['swarm_status', {}]);
    session.readPush({ jsonrpc: '2.0', method: 'server.initialized', params: {} }, 0);
    expect(tools(session.plan('fast'))[0]).toEqual(['memory_usage', {}]);
  });

  test('asks each swarm that has agents for them', () => {
    read('swarm_status');
    expect(tools(session.plan('fast'))).toEqual([
      ['swarm_status', {}],
      ['agent_list', { swarmId: MESH }],
      ['task_status', {}],
    ]);
  });

  test('with many swarms they take turns', () => {
    const swarms = Array.from({ length: 40 }, (_, index) => ({ id: `s${index}`, status: { agents: { total: 1 } } }));
    session.read(call('swarm_status'), ok({ swarms }), 0);
    const asked = new Set<unknown>();
    for (let round = 0; round < 3; round++) {
      const lists = session.plan('fast').filter((each) => each.kind === 'tool' && each.tool === 'agent_list');
      expect(lists).toHaveLength(16);
      for (const each of lists) asked.add(JSON.stringify(each));
    }
    expect(asked.size).toBe(40);
  });
});

describe('swarms', () => {
  test('the topology is remembered from the one reply that tells it', () => {
    expect(only(read('swarm_status'), 'swarm')[0]).toEqual({
      kind: 'swarm',
      swarm: MESH,
      facts: { status: 'active', created_at_ms: 1_795_236_540_989 },
      provenance: { status: 'derived', created_at_ms: 'derived' },
    });
    expect(only(read('swarm_init'), 'swarm').map((each) => each.facts.topology)).toEqual([
      'mesh',
      'hierarchical',
      'ring',
      'star',
    ]);
    const observations = read('swarm_status');
    expect(only(observations, 'swarm').map((each) => each.facts.topology)).toEqual([
      'mesh',
      'hierarchical',
      'ring',
      'star',
    ]);
    expect(only(observations, 'swarm')[0]?.facts).toMatchObject({ strategy: 'balanced', max_agents: 8 });
    expect(only(observations, 'swarm-list')[0]?.swarms).toHaveLength(4);
  });

  test('or from the log, which describes listed swarms only', () => {
    const line = '🐝 Created swarm: hierarchical-swarm-1795236540991 (swarm-1795236540991)';
    expect(session.readNoise(line, 0)).toEqual([]);
    const swarm = only(read('swarm_status'), 'swarm').find((each) => each.swarm === 'swarm-1795236540991');
    expect(swarm?.facts.topology).toBe('hierarchical');
    expect(session.readNoise('🐝 Created swarm: star-swarm-1 (swarm-1)', 0)).toEqual([]);
    expect(session.readNoise('🐝 Created swarm: ring-swarm-1 (swarm-1795236540991)', 0)).toEqual([]);
    expect(session.readNoise('🐝 Created swarm: mesh-swarm-2 (swarm-1795236540989)', 0)).toMatchObject([
      { kind: 'swarm', swarm: MESH, facts: { topology: 'mesh' } },
    ]);
  });

  test.each([
    { file: 'swarm_init.badtopology' },
    { file: 'swarm_init.toomany' },
    { file: 'swarm_status.swarmId' },
    { file: 'agent_metrics.empty' },
    { file: 'swarm_monitor.empty' },
    { file: 'memory_usage.by-agent' },
    { file: 'benchmark_run' },
    { file: 'task_results.unknown' },
    { file: 'daa_performance_metrics' },
    { file: 'daa_meta_learning' },
    { file: 'pool_stats' },
  ])('$file tells nothing', ({ file }) => {
    expect(read(file)).toEqual([]);
  });

  test('calls that the server counted; its memory is a constant and left out', () => {
    const metrics = only(read('swarm_status.restart-after-memory_usage'), 'server')[0]?.metrics;
    expect(Object.keys(metrics ?? {})).toEqual(['tool_calls', 'tool_calls_failed']);
  });
});

describe('agents', () => {
  test('asked by swarm, they are in it', () => {
    const observations = read('agent_list.swarmId');
    expect(agentOf(observations, RESEARCHER)).toEqual({
      kind: 'agent',
      swarm: MESH,
      agent: RESEARCHER,
      facts: {
        name: 'my-researcher',
        type: 'researcher',
        status: 'idle',
        status_raw: null,
        capabilities: ['a', 'b'],
        created_at_ms: 1_795_236_541_001,
        neural: { cognitive_pattern: 'adaptive', network_id: 'nn-1795236541001' },
      },
      provenance: { created_at_ms: 'derived' },
    });
    expect(agentOf(observations, 'agent-1795236541007')?.facts.lead).toBe(true);
    expect(only(observations, 'agent-list')).toMatchObject([{ swarm: MESH, scope: 'agents' }]);
    expect(only(observations, 'agent-list')[0]?.agents).toHaveLength(8);
  });

  test('a plain list belongs to the only swarm; with several nobody knows', () => {
    session.read(call('swarm_status'), ok({ swarms: [{ id: MESH }] }), 0);
    expect(agentOf(read('agent_list'), RESEARCHER)?.swarm).toBe(MESH);
    read('swarm_status');
    expect(read('agent_list')).toEqual([]);
  });

  test('a filtered list is not the list', () => {
    expect(read('agent_list.busy')).toEqual([]);
    expect(read('agent_list.badfilter')).toEqual([]);
  });

  test('spawned: told at once, with its swarm', () => {
    const observations = read('agent_spawn');
    expect(agentOf(observations, CODER)).toMatchObject({ swarm: MESH, facts: { name: 'my-coder', status: 'idle' } });
    for (const file of ['agent_spawn.noswarm', 'agent_spawn.badtype', 'agent_spawn.full'])
      expect(read(file)).toEqual([]);
  });

  test('100 agents', () => {
    expect(only(read('agent_list.many'), 'agent')).toHaveLength(100);
  });

  test('a swarm whose agents are lost is asked until it says so', () => {
    read('swarm_status');
    read('agent_list.swarmId');
    read('swarm_status.restart-after-memory_usage');
    expect(tools(session.plan('fast'))).toContainEqual(['agent_list', { swarmId: MESH }]);
    const observations = session.read(call('agent_list', { swarmId: MESH }), ok({ agents: [] }), 0);
    expect(observations).toEqual([{ kind: 'agent-list', swarm: MESH, agents: [], scope: 'agents' }]);
    expect(tools(session.plan('fast'))).not.toContainEqual(['agent_list', { swarmId: MESH }]);
  });
});

describe('tasks', () => {
  test('their text is remembered from the one reply that tells it, their agents are counted', () => {
    read('swarm_status');
    read('agent_list.swarmId');
    const [orchestrated] = only(read('task_orchestrate'), 'task');
    expect(orchestrated).toEqual({
      kind: 'task',
      task: 'task-1795236541027',
      facts: {
        swarm: MESH,
        description: 'Build a thing',
        priority: 'high',
        status: 'orchestrated',
        assignees: [RESEARCHER, CODER],
        created_at_ms: 1_795_236_541_027,
      },
    });
    const observations = read('task_status');
    expect(only(observations, 'task')[0]?.facts).toMatchObject({
      description: 'Build a thing',
      status: 'completed',
      progress: 1,
      swarm: MESH,
    });
    expect(agentOf(observations, RESEARCHER)).toMatchObject({
      swarm: MESH,
      facts: { performance: { tasks_active: 0, tasks_completed: 2 } },
      provenance: { 'performance.tasks_completed': 'derived' },
    });
    expect(agentOf(read('agent_list.swarmId'), CODER)?.facts.performance?.tasks_completed).toBe(2);
    expect(only(observations, 'message')).toEqual([]);
  });

  test.each([
    { file: 'task_status.one', tasks: 1, lists: 0 },
    { file: 'task_status.unknown', tasks: 0, lists: 0 },
    { file: 'task_status.restart-after-memory_usage', tasks: 0, lists: 1 },
    { file: 'task_orchestrate.noagents', tasks: 0, lists: 0 },
  ])('$file', ({ file, tasks: count, lists }) => {
    const observations = read(file);
    expect([only(observations, 'task').length, only(observations, 'task-list').length]).toEqual([count, lists]);
  });
});

describe('the log', () => {
  test('tells who is busy with what, by name', () => {
    read('swarm_status');
    read('agent_list.swarmId');
    const [exchange] = exchanges('ruv-swarm', 'task_orchestrate');
    const told = (exchange?.noise ?? []).flatMap((line) => session.readNoise(line, 0));
    expect(only(told, 'agent').map((each) => [each.agent, each.facts.status, each.facts.current_task])).toEqual([
      [RESEARCHER, 'busy', undefined],
      [CODER, 'busy', undefined],
      [RESEARCHER, undefined, 'Build a thing'],
      [CODER, undefined, 'Build a thing'],
      [RESEARCHER, 'idle', null],
      [CODER, 'idle', null],
    ]);
    expect(only(read('task_status'), 'task')[0]?.facts.description).toBe('Build a thing');
  });

  test('a name that two agents bear means neither, and a strange one nobody', () => {
    const agents = [
      { id: 'a', name: 'twin' },
      { id: 'b', name: 'twin' },
    ];
    session.read(call('agent_list', { swarmId: 's' }), ok({ agents }), 0);
    expect(session.readNoise('📊 Agent twin status: busy', 0)).toEqual([]);
    expect(session.readNoise('📊 Agent nobody status: busy', 0)).toEqual([]);
  });

  test('recorded lines: the events are found, the rest is nothing', () => {
    const kinds = noiseLines().map((line) => readLogLine(line)?.kind);
    const count = (kind: string) => kinds.filter((each) => each === kind).length;
    expect(count('swarm')).toBe(4);
    expect(count('status')).toBe(20);
    expect(count('executes')).toBe(10);
    expect(count('executing')).toBe(2);
    expect(count('orchestrated')).toBe(2);
  });

  test.each([
    { line: '' },
    { line: '🤖 Spawned agent: my-coder (coder)' },
    { line: '🐝 Created swarm: tree-swarm-1 (swarm-1)' },
    { line: '🐝 Created swarm: mesh-swarm-1 (../../etc)' },
    { line: '📊 Agent x status: hacked' },
    { line: `📊 Agent ${'x'.repeat(5_000)} status: busy` },
    { line: 'prefix 📊 Agent x status: busy' },
  ])('not an event: $line', ({ line }) => {
    expect(readLogLine(line)).toBeUndefined();
  });
});

describe('DAA agents', () => {
  test('are remembered from their creation and asked for one by one', () => {
    expect(tools(session.plan('slow'))).toEqual([
      ['neural_status', {}],
      ['daa_learning_status', {}],
    ]);
    expect(read('daa_learning_status')).toEqual([]);
    const created = read('daa_agent_create');
    expect(agentOf(created, 'daa-1')).toEqual({
      kind: 'agent',
      swarm: 'daa',
      agent: 'daa-1',
      facts: {
        kind: 'daa',
        status: 'active',
        status_raw: null,
        capabilities: ['x', 'y'],
        created_at_ms: Date.parse('2026-11-21T04:50:43.025Z'),
        neural: { cognitive_pattern: 'convergent' },
      },
    });
    expect(only(created, 'agent')).toHaveLength(6);
    expect(tools(session.plan('slow'))).toHaveLength(7);
    // The rates in it are random: what is told again is what was told at creation.
    expect(agentOf(read('daa_learning_status.agent'), 'daa-1')?.facts).toEqual(agentOf(created, 'daa-1')?.facts);
  });

  test('one that the server no longer finds is gone', () => {
    read('daa_agent_create');
    const [exchange] = exchanges('ruv-swarm', 'daa_learning_status.unknown');
    const outcome = exchange?.outcome ?? ok(undefined);
    expect(session.read(call('daa_learning_status', { agentId: 'nope' }), outcome, 0)).toEqual([]);
    expect(session.read(call('daa_learning_status', { agentId: 'daa-1' }), outcome, 0)).toEqual([
      { kind: 'agent-gone', swarm: 'daa', agent: 'daa-1' },
    ]);
  });

  test('adapting changes the pattern, and nothing random', () => {
    read('daa_agent_create');
    const [adapted] = only(read('daa_agent_adapt.low'), 'agent');
    expect(adapted?.facts.neural).toEqual({ cognitive_pattern: 'critical' });
    expect(adapted?.facts.performance).toBeUndefined();
    expect(only(read('daa_cognitive_pattern'), 'agent')[0]?.facts.neural?.cognitive_pattern).toBe('lateral');
  });

  test.each([{ file: 'daa_knowledge_share' }, { file: 'daa_knowledge_share.snake' }])(
    '$file is a message to each',
    ({ file }) => {
      expect(only(read(file), 'message').map(({ from, to, message_type }) => [from, to, message_type])).toEqual([
        ['daa-1', 'daa-2', 'data_exchange'],
        ['daa-1', 'daa-3', 'data_exchange'],
      ]);
    },
  );
});

test('neural_status: features found, constants left out', () => {
  expect(read('neural_status.agent')).toEqual([
    { kind: 'server', neural: { available: 1, simd_acceleration: 1, cascade_correlation: 1 } },
  ]);
});

test.each([
  { note: 'the recorded handshake', ...serverInfo('ruv-swarm'), names: [], score: 1 },
  {
    note: 'its tools',
    name: 'x',
    names: ['agent_list', 'swarm_status', 'task_orchestrate', 'features_detect'],
    score: 0.8,
  },
  { note: 'claude-flow', name: 'ruflo', names: ['agent_list', 'swarm_status'], score: 0 },
])('matches: $note', ({ name, names, score }) => {
  const peer = { name, version: undefined, protocolVersion: undefined, tools: new Set(names) };
  expect(ruvSwarmDialect.matches(peer)).toBe(score);
});
