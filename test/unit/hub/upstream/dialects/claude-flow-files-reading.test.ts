import { describe, expect, test } from 'vitest';
import { ClaudeFlowFilesReader } from '../../../../../src/hub/upstream/dialects/claude-flow-files-reading.ts';
import { agentOf, only } from './captures.ts';
import { formProblems } from './well-formed.ts';

const T = '2026-11-21T05:05:59.071Z';
const HIVE = `hive:${Date.parse(T)}`;

const agent = (agentId: string, extra: object = {}) => ({
  agentId,
  agentType: 'coder',
  status: 'idle',
  health: 1,
  taskCount: 0,
  config: {},
  createdAt: T,
  model: 'sonnet',
  ...extra,
});
const agents = (...list: { agentId: string }[]) => ({
  agents: Object.fromEntries(list.map((each) => [each.agentId, each])),
});
const swarm = (swarmId: string, members: string[], extra: object = {}) => ({
  swarmId,
  topology: 'mesh',
  maxAgents: 5,
  status: 'running',
  agents: members,
  tasks: [],
  config: { strategy: 'specialized' },
  createdAt: T,
  updatedAt: T,
  ...extra,
});
const swarms = (...list: { swarmId: string }[]) => ({
  swarms: Object.fromEntries(list.map((each) => [each.swarmId, each])),
});
const hive = (workers: string[], broadcasts: object[] = []) => ({
  initialized: true,
  topology: 'hierarchical',
  queen: { agentId: 'queen-1', electedAt: T, term: 1 },
  workers,
  consensus: { pending: [], history: [] },
  sharedMemory: { broadcasts, password: 'hunter2' },
  hiveToken: 'SECRET-TOKEN',
  createdAt: T,
});

describe('membership', () => {
  test('swarms have their agents, the rest have none', () => {
    const told = new ClaudeFlowFilesReader().read(
      { agents: agents(agent('a'), agent('b')), workers: agents(), swarms: swarms(swarm('s', ['a'])) },
      0,
    );
    expect(told.flatMap((each) => formProblems(each))).toEqual([]);
    expect(only(told, 'swarm')).toEqual([
      {
        kind: 'swarm',
        swarm: 's',
        facts: {
          topology: 'mesh',
          status: 'running',
          strategy: 'specialized',
          max_agents: 5,
          created_at_ms: Date.parse(T),
        },
      },
    ]);
    expect(agentOf(told, 'a')).toMatchObject({ swarm: 's', facts: { type: 'coder', model: 'sonnet', health: null } });
    expect(agentOf(told, 'b')?.swarm).toBeUndefined();
    expect(only(told, 'agent-list')).toEqual([
      { kind: 'agent-list', swarm: undefined, agents: ['a', 'b'], scope: 'agents' },
    ]);
    expect(only(told, 'swarm-list')).toEqual([{ kind: 'swarm-list', swarms: ['s'], scope: 'swarms' }]);
  });

  test('one that joins a swarm later moves; one that changes swarms leaves the old one first', () => {
    const reader = new ClaudeFlowFilesReader();
    const store = agents(agent('a'));
    reader.read({ agents: store, swarms: swarms() }, 0);
    const joined = reader.read({ agents: store, swarms: swarms(swarm('s', ['a'])) }, 0);
    expect(only(joined, 'agent-gone')).toEqual([]);
    expect(agentOf(joined, 'a')?.swarm).toBe('s');
    const newer = swarm('t', ['a'], { createdAt: '2026-11-21T06:00:00Z' });
    const changed = reader.read({ agents: store, swarms: swarms(swarm('s', ['a']), newer) }, 0);
    expect(only(changed, 'agent-gone')).toEqual([{ kind: 'agent-gone', swarm: 's', agent: 'a' }]);
    expect(agentOf(changed, 'a')?.swarm).toBe('t');
  });

  test('a swarm of more agents than a list of texts may have', () => {
    const members = Array.from({ length: 500 }, (_, index) => `a${index}`);
    const told = new ClaudeFlowFilesReader().read(
      { agents: agents(...members.map((each) => agent(each))), swarms: swarms(swarm('s', members)) },
      0,
    );
    expect(only(told, 'agent').filter((each) => each.swarm === 's')).toHaveLength(500);
  });

  test('terminated agents and swarms are not told, though the files keep them', () => {
    const told = new ClaudeFlowFilesReader().read(
      {
        agents: agents(agent('a', { status: 'terminated' }), agent('b')),
        swarms: swarms(swarm('s', ['b'], { status: 'terminated' })),
      },
      0,
    );
    expect(only(told, 'agent').map((each) => [each.agent, each.swarm])).toEqual([['b', undefined]]);
    expect(only(told, 'agent-list')[0]?.agents).toEqual(['b']);
    expect(only(told, 'swarm-list')[0]?.swarms).toEqual([]);
  });

  test('files that were never read say nothing of what is gone', () => {
    expect(new ClaudeFlowFilesReader().read({}, 0)).toEqual([]);
    const told = new ClaudeFlowFilesReader().read({ swarms: swarms() }, 0);
    expect(told).toEqual([{ kind: 'swarm-list', swarms: [], scope: 'swarms' }]);
  });
});

describe('the hive', () => {
  test('has its queen and workers; its token and memory stay inside', () => {
    const worker = agent('w', { domain: 'hive-mind', config: { role: 'specialist', hiveRole: 'specialist' } });
    const told = new ClaudeFlowFilesReader().read(
      { agents: agents(), workers: agents(worker), swarms: swarms(), hive: hive(['w', 'joined']) },
      0,
    );
    expect(told.flatMap((each) => formProblems(each))).toEqual([]);
    expect(agentOf(told, 'queen-1')).toMatchObject({ swarm: HIVE, facts: { lead: true, kind: 'hive' } });
    expect(agentOf(told, 'queen-1')?.facts.status).toBeUndefined();
    expect(agentOf(told, 'w')).toMatchObject({ swarm: HIVE, facts: { kind: 'hive', type: 'coder' } });
    expect(agentOf(told, 'joined')).toEqual({ kind: 'agent', swarm: HIVE, agent: 'joined', facts: { kind: 'hive' } });
    expect(only(told, 'agent-list').find((each) => each.scope === 'hive')).toEqual({
      kind: 'agent-list',
      swarm: HIVE,
      agents: ['queen-1', 'w', 'joined'],
      scope: 'hive',
    });
    const text = JSON.stringify(told);
    for (const secret of ['SECRET-TOKEN', 'hunter2', 'hiveRole']) expect(text).not.toContain(secret);
  });

  test('an agent of a swarm that joined stays there; a terminated worker is no member', () => {
    const told = new ClaudeFlowFilesReader().read(
      {
        agents: agents(agent('a')),
        workers: agents(agent('w', { status: 'terminated', domain: 'hive-mind' })),
        swarms: swarms(swarm('s', ['a'])),
        hive: hive(['a', 'w']),
      },
      0,
    );
    expect(agentOf(told, 'a')?.swarm).toBe('s');
    expect(agentOf(told, 'w')).toBeUndefined();
    expect(only(told, 'agent-list').find((each) => each.scope === 'hive')?.agents).toEqual(['queen-1']);
  });

  test('ends', () => {
    const told = new ClaudeFlowFilesReader().read({ hive: { initialized: false } }, 0);
    expect(told).toEqual([{ kind: 'swarm-list', swarms: [], scope: 'hive' }]);
  });

  test('broadcasts: only those that come while we look, each once, without the text', () => {
    const reader = new ClaudeFlowFilesReader();
    const old = { messageId: 'm1', message: 'secret words', priority: 'high', fromId: 'queen-1', timestamp: T };
    const look = (...broadcasts: object[]) => {
      const told = reader.read({ agents: agents(), workers: agents(), hive: hive(['w', 'v'], broadcasts) }, 5);
      expect(JSON.stringify(told)).not.toContain('secret words');
      return only(told, 'message');
    };
    expect(look(old)).toEqual([]);
    expect(look(old)).toEqual([]);
    const fresh = look(old, { ...old, messageId: 'm2', fromId: 'v' });
    expect(fresh).toEqual([
      { kind: 'message', swarm: HIVE, from: 'v', to: 'w', message_type: 'coordination', at_ms: Date.parse(T) },
    ]);
    expect(look(old, { ...old, messageId: 'm2', fromId: 'v' })).toEqual([]);
  });
});

test('tasks: load of each agent, and their own fields; results are not read', () => {
  const task = {
    taskId: 't',
    type: 'feature',
    description: 'Build',
    priority: 'normal',
    status: 'in_progress',
    progress: 42,
    assignedTo: ['a'],
    tags: [],
    createdAt: T,
    result: { output: 'secret' },
  };
  const told = new ClaudeFlowFilesReader().read({ agents: agents(agent('a')), tasks: { tasks: { t: task } } }, 0);
  expect(only(told, 'task')).toEqual([
    {
      kind: 'task',
      task: 't',
      facts: {
        description: 'Build',
        status: 'in_progress',
        priority: 'medium',
        progress: 0.42,
        assignees: ['a'],
        created_at_ms: Date.parse(T),
      },
    },
  ]);
  expect(agentOf(told, 'a')).toMatchObject({
    facts: { performance: { tasks_active: 1 } },
    provenance: { 'performance.tasks_active': 'derived' },
  });
});

test('tokens add up over calls', () => {
  const reader = new ClaudeFlowFilesReader();
  const look = (messageId: string, totalTokens: number) => {
    const lastResult = { messageId, output: 'secret', usage: { totalTokens }, durationMs: 9 };
    const told = reader.read({ agents: agents(agent('a', { lastResult, currentTask: 'reading' })) }, 0);
    expect(JSON.stringify(told)).not.toContain('secret');
    expect(only(told, 'agent')[0]?.facts.current_task).toBe('reading');
    return agentOf(told, 'a')?.facts.performance?.tokens_used;
  };
  expect([look('x', 100), look('x', 100), look('y', 20)]).toEqual([100, 100, 120]);
});

test('DAA agents and what they share', () => {
  const reader = new ClaudeFlowFilesReader();
  const one = {
    id: 'd1',
    name: 'D1',
    type: 'scout',
    status: 'active',
    cognitivePattern: 'lateral',
    learningRate: 0.02,
    memory: { private: 'secret' },
    capabilities: ['c'],
    metrics: { tasksCompleted: 0, successRate: 0.8, adaptations: 1 },
    createdAt: T,
  };
  const knowledge = {
    k1: { id: 'k1', domain: 'd', content: 'secret', sharedBy: 'd1', targetAgents: ['d2'], timestamp: T },
  };
  const first = reader.read({ daa: { agents: { d1: one }, knowledge: {} } }, 0);
  expect(agentOf(first, 'd1')).toEqual({
    kind: 'agent',
    swarm: 'daa',
    agent: 'd1',
    facts: {
      name: 'D1',
      type: 'scout',
      kind: 'daa',
      status: 'active',
      status_raw: null,
      capabilities: ['c'],
      created_at_ms: Date.parse(T),
      performance: { success_rate: 0.8 },
      neural: { cognitive_pattern: 'lateral', learning_rate: 0.02, adaptations: 1 },
    },
  });
  const second = reader.read({ daa: { agents: { d1: one }, knowledge } }, 0);
  expect(only(second, 'message')).toEqual([
    { kind: 'message', swarm: 'daa', from: 'd1', to: 'd2', message_type: 'data_exchange', at_ms: Date.parse(T) },
  ]);
  expect(JSON.stringify(second)).not.toContain('secret');
  const third = reader.read({ daa: { agents: {} } }, 0);
  expect(only(third, 'agent-list')[0]?.agents).toEqual([]);
  expect(only(third, 'swarm-list')[0]?.swarms).toEqual([]);
});
