import { beforeEach, describe, expect, test } from 'vitest';
import type { Call, DialectSession, Outcome } from '../../../../../src/hub/upstream/dialects/dialect.ts';
import { seedDialect } from '../../../../../src/hub/upstream/dialects/seed.ts';
import { agentOf, call, ok, only, openSession, serverInfo } from './captures.ts';

const NOW = Date.parse('2024-08-16T12:00:03Z');
const REFUSED: Outcome = { ok: false, code: -32_601, message: 'Method not found' };
const method = (name: string, params: Record<string, unknown> = {}): Call => ({ kind: 'method', method: name, params });

let session: DialectSession;
beforeEach(() => {
  session = openSession(seedDialect, ['agent_spawn', 'agent_list', 'swarm_status']);
});

// The examples of seed 000, as they stand there.
const STATUS = {
  type: 'agent.status',
  timestamp: '2024-08-16T12:00:00Z',
  data: {
    agent_id: 'agent-001',
    status: 'active',
    cpu_usage: 45.2,
    memory_usage_mb: 128.5,
    tasks_active: 3,
    tokens_used: 1523,
    position: { x: 150.5, y: -75.2 },
    connections: ['agent-002', 'agent-005'],
  },
};
const FLOW = {
  type: 'message.flow',
  timestamp: '2024-08-16T12:00:01Z',
  data: {
    from_agent: 'agent-001',
    to_agent: 'agent-002',
    message_type: 'coordination',
    content_hash: 'sha256:abc123...',
    size_bytes: 1024,
    latency_ms: 15,
  },
};
const METRICS = {
  type: 'metrics.performance',
  timestamp: '2024-08-16T12:00:02Z',
  data: {
    agent_id: 'agent-001',
    metrics: {
      response_time_ms: 250,
      success_rate: 0.98,
      error_count: 2,
      throughput_tps: 45.7,
      queue_depth: 3,
    },
  },
};

/** Every form in which one event may come. */
const forms = (event: { type: string; timestamp: string; data: object }) => [
  { form: 'bare', event },
  { form: 'params with data', event: { method: event.type, params: { timestamp: event.timestamp, data: event.data } } },
  { form: 'params as data', event: { method: event.type, params: { ...event.data, timestamp: event.timestamp } } },
  { form: 'in telemetry.event', event: { jsonrpc: '2.0', method: 'telemetry.event', params: event } },
];

describe('pushed events', () => {
  test.each(forms(STATUS))('agent.status ($form): CPU from percent; no place, no connections', ({ event }) => {
    expect(session.readPush(event, NOW)).toEqual([
      {
        kind: 'agent',
        swarm: undefined,
        agent: 'agent-001',
        facts: {
          status: 'active',
          status_raw: null,
          performance: { cpu_usage: 0.452, memory_mb: 128.5, tasks_active: 3, tokens_used: 1523 },
        },
      },
    ]);
  });

  test.each(forms(FLOW))('message.flow ($form)', ({ event }) => {
    expect(session.readPush(event, NOW)).toEqual([
      {
        kind: 'message',
        swarm: undefined,
        from: 'agent-001',
        to: 'agent-002',
        message_type: 'coordination',
        at_ms: Date.parse('2024-08-16T12:00:01Z'),
        size_bytes: 1024,
        latency_ms: 15,
      },
    ]);
  });

  test.each(forms(METRICS))('metrics.performance ($form)', ({ event }) => {
    expect(session.readPush(event, NOW)).toEqual([
      { kind: 'agent', swarm: undefined, agent: 'agent-001', facts: { performance: METRICS.data.metrics } },
    ]);
  });

  test.each([
    { note: 'ahead', timestamp: '2030-01-01T00:00:00Z' },
    { note: 'an hour behind', timestamp: '2024-08-16T10:00:00Z' },
    { note: 'nonsense', timestamp: 'yesterday' },
    { note: 'missing', timestamp: undefined },
  ])('a clock that is $note: the time of arrival', ({ timestamp }) => {
    expect(only(session.readPush({ ...FLOW, timestamp }, NOW), 'message')[0]?.at_ms).toBe(NOW);
  });

  test.each([
    { spelling: 'documents', data: { id: 'a', type: 'coder', name: 'n', status: 'idle', swarm_id: 's', health: 100 } },
    {
      spelling: 'agent_id',
      data: { agent_id: 'a', agent_type: 'coder', name: 'n', status: 'idle', swarm_id: 's', health: 1 },
    },
    {
      spelling: 'camelCase',
      data: { agentId: 'a', agentType: 'coder', name: 'n', status: 'idle', swarmId: 's', health: 1 },
    },
    {
      spelling: 'nested',
      data: { swarm_id: 's', agent: { id: 'a', type: 'coder', name: 'n', status: 'idle', health: 1 } },
    },
  ])('agent.spawned, spelling $spelling', ({ data }) => {
    const facts = { type: 'coder', name: 'n', status: 'idle', status_raw: null, health: 1 };
    expect(session.readPush({ type: 'agent.spawned', data }, NOW)).toEqual([
      { kind: 'agent', swarm: 's', agent: 'a', facts },
    ]);
  });

  test.each([
    { event: { type: 'agent.terminated', data: { agent_id: 'a', swarm_id: 's' } }, swarm: 's' },
    { event: { type: 'agent.terminated', data: { agent_id: 'a' } }, swarm: undefined },
    { event: { method: 'agent.terminated', params: { agent_id: 'a' } }, swarm: undefined },
    { event: { type: 'agent.status', data: { agent_id: 'a', status: 'terminated' } }, swarm: undefined },
  ])('an agent goes: $event', ({ event, swarm }) => {
    expect(session.readPush(event, NOW)).toEqual([{ kind: 'agent-gone', swarm, agent: 'a' }]);
  });

  test('coordination.event is a message, a task, or a swarm, by what it names', () => {
    const event = (data: object) => session.readPush({ type: 'coordination.event', timestamp: '', data }, NOW);
    expect(event({ from_agent: 'a', to_agent: 'b' })).toMatchObject([
      { kind: 'message', message_type: 'coordination' },
    ]);
    expect(
      event({ event: 'task.started', task_id: 't', swarm_id: 's', status: 'in_progress', assigned_agents: ['a'] }),
    ).toEqual([{ kind: 'task', task: 't', facts: { swarm: 's', status: 'in_progress', assignees: ['a'] } }]);
    expect(event({ event: 'swarm.created', swarm_id: 's', topology: 'ring' })).toMatchObject([
      { kind: 'swarm', swarm: 's', facts: { topology: 'ring' } },
    ]);
    expect(event({ event: 'swarm.dissolved', swarm_id: 's', topology: 'ring' })).toEqual([
      { kind: 'swarm-gone', swarm: 's' },
    ]);
    expect(event({ swarm_id: 's', status: 'consensus_reached' })).toEqual([]);
  });

  test.each([
    { event: { type: 'heartbeat', timestamp: '', data: { agents: 4 } } },
    { event: { method: 'notifications/message', params: { data: 'x' } } },
    { event: { type: 'agent.exploded', data: { agent_id: 'a' } } },
    { event: { type: 'message.flow', data: { from_agent: 'a', message_type: 'x' } } },
    { event: { type: 'metrics.performance', data: { agent_id: 'a', metrics: {} } } },
    { event: { method: 'telemetry.event', params: { method: 'telemetry.event' } } },
  ])('nothing: $event', ({ event }) => {
    expect(session.readPush(event, NOW)).toEqual([]);
  });
});

describe('polls', () => {
  test('the subscription asks for each event by name', () => {
    expect(seedDialect.subscribe?.({ intervalMs: 100, bufferSize: 1_000 })).toEqual(
      method('telemetry.subscribe', {
        events: [
          'agent.status',
          'agent.spawned',
          'agent.terminated',
          'message.flow',
          'metrics.performance',
          'coordination.event',
        ],
        interval_ms: 100,
        buffer_size: 1_000,
        compression: 'none',
        include_metadata: true,
      }),
    );
  });

  test('agent.list: one list per swarm, so that equal ids do not collide', () => {
    const agents = [
      { agent_id: 'a', swarm_id: 's1', type: 'coder', status: 'idle', health: 85 },
      { agent_id: 'a', swarm_id: 's2', type: 'tester', status: 'busy' },
      { agent_id: 'c', type: 'queen', status: 'active', current_task: null },
    ];
    const first = session.read(method('agent.list'), ok({ agents, total_count: 3 }), NOW);
    expect(only(first, 'agent').map(({ swarm, agent, facts }) => [swarm, agent, facts.type, facts.health])).toEqual([
      ['s1', 'a', 'coder', 0.85],
      ['s2', 'a', 'tester', undefined],
      [undefined, 'c', 'queen', undefined],
    ]);
    expect(agentOf(first, 'c')?.facts).toMatchObject({ lead: true, current_task: null });
    const second = session.read(method('agent.list'), ok({ agents: agents.slice(1) }), NOW);
    expect(only(second, 'agent-list')).toEqual([
      { kind: 'agent-list', swarm: 's2', agents: ['a'], scope: 'agents' },
      { kind: 'agent-list', swarm: undefined, agents: ['c'], scope: 'agents' },
      { kind: 'agent-list', swarm: 's1', agents: [], scope: 'agents' },
    ]);
  });

  test('a page is not the list', () => {
    const observations = session.read(method('agent.list'), ok({ agents: [{ agent_id: 'a' }], total_count: 2 }), NOW);
    expect(only(observations, 'agent')).toHaveLength(1);
    expect(only(observations, 'agent-list')).toEqual([]);
  });

  test('methods first, then tools, and a refused one is not asked again', () => {
    expect(session.plan('fast')).toEqual([method('agent.list')]);
    session.read(method('agent.list'), { ok: false, code: -32_603, message: 'Internal error' }, NOW);
    expect(session.plan('fast')).toEqual([method('agent.list')]);
    session.read(method('agent.list'), REFUSED, NOW);
    expect(session.plan('fast')).toEqual([call('agent_list')]);
    session.read(call('agent_list'), REFUSED, NOW);
    expect(session.plan('fast')).toEqual([call('swarm_status')]);
    session.read(call('swarm_status'), ok({ swarmId: 's', agents: [] }), NOW);
    expect(session.plan('fast')).toEqual([call('swarm_status', { swarmId: 's' })]);
  });

  test('slow: swarms and tasks where the server lists them, else the status of those that were named', () => {
    expect(session.plan('slow')).toEqual([method('swarm.list'), method('task.list')]);
    session.read(method('swarm.list'), REFUSED, NOW);
    session.read(method('task.list'), REFUSED, NOW);
    expect(session.plan('slow')).toEqual([]);
    session.readPush({ type: 'agent.spawned', data: { agent_id: 'a', swarm_id: 's' } }, NOW);
    expect(session.plan('slow')).toEqual([method('swarm.status', { swarm_id: 's' })]);
    session.read(method('swarm.status', { swarm_id: 's' }), REFUSED, NOW);
    expect(session.plan('slow')).toEqual([call('swarm_status', { swarmId: 's' })]);
  });

  test('swarm.status of seed 000 names no swarm: it is the one asked for', () => {
    const answer = ok({ status: 'running', active_agents: 3, task_progress: 0.5 });
    expect(session.read(method('swarm.status', { swarm_id: 'swarm_1757880683494_x' }), answer, NOW)).toEqual([
      {
        kind: 'swarm',
        swarm: 'swarm_1757880683494_x',
        facts: { status: 'running', created_at_ms: 1_757_880_683_494 },
        provenance: { created_at_ms: 'derived' },
      },
    ]);
  });

  test('the swarm_status tool of seed 002', () => {
    const payload = {
      swarmId: 'swarm_123',
      topology: 'mesh',
      agents: [
        { id: 'agent_001', type: 'coordinator', status: 'active', health: 100, currentTask: null },
        { id: 'agent_002', type: 'coder', status: 'busy', health: 85, currentTask: 'task_456' },
      ],
      metrics: { tasksCompleted: 45, avgCompletionTime: 120, successRate: 0.92 },
    };
    expect(session.read(call('swarm_status', { swarmId: 'swarm_123' }), ok(payload), NOW)).toEqual([
      { kind: 'swarm', swarm: 'swarm_123', facts: { topology: 'mesh' } },
      {
        kind: 'agent',
        swarm: 'swarm_123',
        agent: 'agent_001',
        facts: { type: 'coordinator', status: 'active', status_raw: null, health: 1, lead: true, current_task: null },
      },
      {
        kind: 'agent',
        swarm: 'swarm_123',
        agent: 'agent_002',
        facts: { type: 'coder', status: 'busy', status_raw: null, health: 0.85, current_task: 'task_456' },
      },
      { kind: 'agent-list', swarm: 'swarm_123', agents: ['agent_001', 'agent_002'], scope: 'agents' },
    ]);
  });
});

describe('replies to what this gateway did', () => {
  test('agent_spawn of seed 002', () => {
    const payload = {
      agentId: 'agent_1757967065850_dv2zg7',
      swarmId: 'swarm_1757880683494_yl81sece5',
      status: 'spawning',
      tcpEndpoint: 'multi-agent-container:9500',
      capabilities: ['python', 'rust', 'typescript'],
    };
    expect(session.read(call('agent_spawn', { agentType: 'coder' }), ok(payload), NOW)).toEqual([
      {
        kind: 'agent',
        swarm: 'swarm_1757880683494_yl81sece5',
        agent: 'agent_1757967065850_dv2zg7',
        facts: {
          type: 'coder',
          status: 'idle',
          status_raw: 'spawning',
          capabilities: ['python', 'rust', 'typescript'],
          created_at_ms: 1_757_967_065_850,
        },
        provenance: { created_at_ms: 'derived' },
      },
    ]);
  });

  test('agent.spawn, agent.status, agent.terminate of seed 000', () => {
    const spawned = { agent_id: 'agent-001', status: 'initializing', spawn_time: '2024-08-16T12:00:00Z' };
    expect(session.read(method('agent.spawn', { type: 'coordinator' }), ok(spawned), NOW)).toMatchObject([
      { agent: 'agent-001', facts: { type: 'coordinator', lead: true, status: 'idle', status_raw: 'initializing' } },
    ]);
    const status = { status: 'active', metrics: { success_rate: 0.5 } };
    expect(session.read(method('agent.status', { agent_id: 'agent-001' }), ok(status), NOW)).toMatchObject([
      { agent: 'agent-001', facts: { status: 'active', performance: { success_rate: 0.5 } } },
    ]);
    const terminate = method('agent.terminate', { agent_id: 'agent-001', graceful: true });
    expect(session.read(terminate, ok({ success: false }), NOW)).toEqual([]);
    expect(session.read(terminate, ok({ success: true }), NOW)).toEqual([
      { kind: 'agent-gone', swarm: undefined, agent: 'agent-001' },
    ]);
  });

  test('task_orchestrate of seed 002', () => {
    const asked = { swarmId: 's', task: { description: 'Analyze', priority: 'high', timeout: 300 } };
    const payload = {
      taskId: 'task_1757967065850_abc123',
      swarmId: 's',
      status: 'orchestrating',
      assignedAgents: [
        { agentId: 'a', role: 'coordinator' },
        { agentId: 'b', role: 'worker' },
      ],
    };
    expect(session.read(call('task_orchestrate', asked), ok(payload), NOW)).toEqual([
      {
        kind: 'task',
        task: 'task_1757967065850_abc123',
        facts: {
          swarm: 's',
          description: 'Analyze',
          status: 'orchestrating',
          priority: 'high',
          assignees: ['a', 'b'],
          created_at_ms: 1_757_967_065_850,
        },
      },
    ]);
  });

  test('swarm.initialize and swarm.dissolve', () => {
    const made = session.read(method('swarm.initialize', {}), ok({ swarm_id: 's', topology: 'star' }), NOW);
    expect(made).toEqual([{ kind: 'swarm', swarm: 's', facts: { topology: 'star' } }]);
    expect(session.read(method('swarm.dissolve', { swarm_id: 's' }), ok({ success: true }), NOW)).toEqual([
      { kind: 'swarm-gone', swarm: 's' },
    ]);
  });

  test('lists of swarms and tasks', () => {
    const swarms = [{ swarm_id: 's', topology: 'ring', strategy: 'balanced', max_agents: 8, status: 'active' }];
    expect(session.read(method('swarm.list'), ok({ swarms, total_count: 1 }), NOW)).toEqual([
      { kind: 'swarm', swarm: 's', facts: { topology: 'ring', status: 'active', strategy: 'balanced', max_agents: 8 } },
      { kind: 'swarm-list', swarms: ['s'], scope: 'swarms' },
    ]);
    const tasks = [{ task_id: 't', status: 'pending', progress: 0.5 }, { status: 'pending' }];
    expect(session.read(method('task.list'), ok({ tasks }), NOW)).toEqual([
      { kind: 'task', task: 't', facts: { status: 'pending', progress: 0.5 } },
    ]);
  });
});

test.each([
  { note: 'the seeds’ server', name: 'claude-flow', version: '2.0.0-alpha.101', tools: ['agent_spawn'], score: 0.9 },
  { note: 'method names among its tools', name: 'x', version: '1', tools: ['agent.list'], score: 1 },
  { note: 'tools of seed 002', name: 'x', version: '1', tools: ['agent_spawn', 'agent_task'], score: 0.5 },
  {
    note: 'the recorded claude-flow',
    ...serverInfo('claude-flow'),
    tools: ['agent_spawn', 'swarm_init', 'task_list'],
    score: 0,
  },
  {
    note: 'ruv-swarm',
    name: 'ruv-swarm',
    version: '1',
    tools: ['agent_spawn', 'swarm_init', 'features_detect'],
    score: 0,
  },
])('matches: $note', ({ name, version, tools, score }) => {
  expect(seedDialect.matches({ name, version, protocolVersion: undefined, tools: new Set(tools) })).toBe(score);
});
