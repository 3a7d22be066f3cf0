import { describe, expect, test } from 'vitest';
import { daaDialect } from '../../../../../src/hub/upstream/dialects/daa.ts';
import { agentOf, call, ok, only, openSession, readAll } from './captures.ts';

const UUID = '3f2b8c1e-0d5a-4b7e-9c3d-2a1b4c5d6e7f';
const CRATE = ['spawn_agent', 'list_agents', 'list_tasks', 'get_swarm_status', 'get_system_metrics'];

describe('the daa-mcp crate', () => {
  const session = openSession(daaDialect, CRATE);

  test('plan', () => {
    expect(session.plan('fast')).toEqual([call('list_agents'), call('list_tasks')]);
    expect(session.plan('slow')).toEqual([call('get_swarm_status'), call('get_system_metrics')]);
  });

  test('list_agents', () => {
    const agent = {
      id: UUID,
      name: 'treasurer',
      agent_type: 'treasury',
      status: 'running',
      capabilities: ['trading'],
      endpoint: 'http://localhost:3002',
      created_at: '2025-06-01T00:00:00.123456789Z',
      last_seen: '2025-06-01T00:00:01Z',
      metadata: { api_key: 'secret' },
    };
    const observations = session.read(call('list_agents'), ok({ agents: [agent], total_count: 1 }), 0);
    expect(observations).toEqual([
      {
        kind: 'agent',
        swarm: 'daa',
        agent: UUID,
        facts: {
          name: 'treasurer',
          type: 'treasury',
          kind: 'daa',
          status: 'active',
          status_raw: 'running',
          capabilities: ['trading'],
          created_at_ms: Date.parse('2025-06-01T00:00:00.123Z'),
        },
      },
      { kind: 'agent-list', swarm: 'daa', agents: [UUID], scope: 'daa' },
    ]);
  });

  test.each([
    ['starting', 'idle'],
    ['running', 'active'],
    ['paused', 'idle'],
    ['stopping', 'offline'],
    ['stopped', 'offline'],
    ['error', 'error'],
    ['pondering', 'unknown'],
  ])('status %s is %s', (word, status) => {
    const observations = session.read(call('list_agents'), ok({ agents: [{ id: 'a', status: word }] }), 0);
    expect(agentOf(observations, 'a')?.facts).toMatchObject({ status, status_raw: word === status ? null : word });
  });

  test('a swarm that the metadata names', () => {
    const agents = [{ id: 'a', metadata: { swarm_id: 's' } }, { id: 'b' }];
    expect(only(session.read(call('list_agents'), ok({ agents }), 0), 'agent-list')).toEqual([
      { kind: 'agent-list', swarm: 's', agents: ['a'], scope: 'daa' },
      { kind: 'agent-list', swarm: 'daa', agents: ['b'], scope: 'daa' },
    ]);
  });

  test('list_tasks', () => {
    const task = {
      id: 't',
      task_type: 'analysis',
      description: 'Analyze',
      parameters: { password: 'secret' },
      priority: 'high',
      dependencies: [],
      assigned_agents: [UUID],
    };
    const tasks = [{ task, result: { output: 'secret' }, status: 'running' }];
    expect(session.read(call('list_tasks'), ok({ tasks, total_count: 1 }), 0)).toEqual([
      {
        kind: 'task',
        task: 't',
        facts: { description: 'Analyze', status: 'running', priority: 'high', assignees: [UUID] },
      },
      { kind: 'task-list', tasks: ['t'], scope: 'tasks' },
    ]);
  });

  test('plain English replies to writes', () => {
    const spawn = call('spawn_agent', { config: { name: 'n', agent_type: 'treasury', capabilities: ['x'] } });
    expect(session.read(spawn, ok(`Successfully spawned agent 'n' with ID: ${UUID}`), 0)).toMatchObject([
      { agent: UUID, facts: { name: 'n', type: 'treasury', status: 'idle', status_raw: 'starting' } },
    ]);
    expect(session.read(spawn, ok('no agent today'), 0)).toEqual([]);
    const send = call('send_swarm_message', {
      from_agent: 'a',
      to_agents: ['b'],
      message_type: 'state_sync',
      payload: 1,
    });
    expect(session.read(send, ok('Successfully sent swarm message with ID: m'), 7)).toEqual([
      { kind: 'message', swarm: undefined, from: 'a', to: 'b', message_type: 'state_sync', at_ms: 7 },
    ]);
    expect(session.read(call('stop_agent', { agent_id: 'a' }), ok('Successfully stopped agent: a'), 0)).toMatchObject([
      { agent: 'a', facts: { status: 'offline', status_raw: 'stopped' } },
    ]);
  });

  test('numbers of the server; its words of health are not read', () => {
    const status = { total_agents: 3, active_agents: 2, total_messages: 9 };
    expect(session.read(call('get_swarm_status'), ok(status), 0)).toEqual([{ kind: 'server', metrics: status }]);
    const metrics = { agents: { total: 3, running: 2, secret: 1 }, tasks: { total: 1 }, system: { uptime: 'running' } };
    expect(session.read(call('get_system_metrics'), ok(metrics), 0)).toEqual([
      { kind: 'server', metrics: { agents_total: 3, agents_running: 2, tasks_total: 1 } },
    ]);
  });
});

describe('daa_* tools alone', () => {
  test('claude-flow’s list of learners is the list of agents', () => {
    const session = openSession(daaDialect, ['daa_agent_create', 'daa_learning_status']);
    expect(session.plan('fast')).toEqual([call('daa_learning_status')]);
    const created = readAll(session, 'claude-flow', 'daa_agent_create');
    expect(agentOf(created, 'daa-1')?.facts).toMatchObject({
      name: 'D1',
      type: 'scout',
      kind: 'daa',
      capabilities: ['c1'],
    });
    const observations = readAll(session, 'claude-flow', 'daa_learning_status');
    expect(agentOf(observations, 'daa-1')).toMatchObject({
      swarm: 'daa',
      facts: { name: 'D1', status: 'active', performance: { success_rate: 0.8 }, neural: { adaptations: 1 } },
    });
    expect(only(observations, 'agent-list')).toEqual([
      { kind: 'agent-list', swarm: 'daa', agents: ['daa-1', 'daa-2'], scope: 'daa' },
    ]);
    expect(session.plan('fast')).toEqual([call('daa_learning_status')]);
    expect(agentOf(readAll(session, 'claude-flow', 'daa_learning_status.agent'), 'daa-1')?.facts.neural).toEqual({
      cognitive_pattern: 'lateral',
      learning_rate: 0.02,
      adaptations: 1,
    });
    expect(agentOf(readAll(session, 'claude-flow', 'daa_agent_adapt'), 'daa-1')?.facts).toMatchObject({
      performance: { success_rate: 0.8 },
      neural: { cognitive_pattern: 'lateral', adaptations: 1 },
    });
    expect(
      only(readAll(session, 'claude-flow', 'daa_cognitive_pattern.change'), 'agent')[0]?.facts.neural,
    ).toMatchObject({
      cognitive_pattern: 'systems',
    });
    expect(readAll(session, 'claude-flow', 'daa_knowledge_share')).toEqual([
      {
        kind: 'message',
        swarm: undefined,
        from: 'daa-1',
        to: 'daa-2',
        message_type: 'data_exchange',
        at_ms: Date.parse('2026-11-21T05:05:59.586Z'),
      },
    ]);
    for (const file of ['daa_workflow_execute', 'daa_workflow_create', 'daa_performance_metrics']) {
      expect(readAll(session, 'claude-flow', file)).toEqual([]);
    }
  });

  test('ruv-swarm’s shapes: asked one by one', () => {
    const session = openSession(daaDialect, ['daa_agent_create', 'daa_learning_status']);
    readAll(session, 'ruv-swarm', 'daa_learning_status');
    expect(session.plan('fast')).toEqual([call('daa_learning_status')]);
    readAll(session, 'ruv-swarm', 'daa_agent_create');
    expect(session.plan('fast')).toHaveLength(6);
    expect(session.plan('fast')[0]).toEqual(call('daa_learning_status', { agentId: 'daa-1' }));
  });
});

test.each([
  { note: 'the crate by name', name: 'daa-mcp-server', tools: CRATE, score: 0.97 },
  { note: 'the crate by tools', name: 'x', tools: CRATE, score: 0.7 },
  { note: 'daa tools alone', name: 'x', tools: ['daa_agent_create'], score: 0.7 },
  { note: 'daa tools beside others', name: 'x', tools: ['daa_agent_create', 'agent_list'], score: 0 },
  { note: 'a name that only sounds like it', name: 'daala', tools: [], score: 0 },
])('matches: $note', ({ name, tools, score }) => {
  expect(daaDialect.matches({ name, version: undefined, protocolVersion: undefined, tools: new Set(tools) })).toBe(
    score,
  );
});
