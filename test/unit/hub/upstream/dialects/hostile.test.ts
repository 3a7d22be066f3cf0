/** Payloads from servers that are broken or mean harm: no throw, no wrong facts. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Observation } from '../../../../../src/model/observation.ts';
import { claudeFlowDialect } from '../../../../../src/hub/upstream/dialects/claude-flow.ts';
import { ClaudeFlowFilesReader } from '../../../../../src/hub/upstream/dialects/claude-flow-files-reading.ts';
import { daaDialect } from '../../../../../src/hub/upstream/dialects/daa.ts';
import type { Call, Dialect } from '../../../../../src/hub/upstream/dialects/dialect.ts';
import { createGenericDialect } from '../../../../../src/hub/upstream/dialects/generic.ts';
import { ruvSwarmDialect } from '../../../../../src/hub/upstream/dialects/ruv-swarm.ts';
import { seedDialect } from '../../../../../src/hub/upstream/dialects/seed.ts';
import { agentOf, call, ok, only, openSession } from './captures.ts';
import { formProblems } from './well-formed.ts';

const generic = createGenericDialect(undefined);
const DIALECTS: readonly Dialect[] = [claudeFlowDialect, ruvSwarmDialect, daaDialect, seedDialect, generic];
const TOOLS = `
  agent_list agent_status agent_spawn agent_update agent_terminate list_agents get_agent_info
  swarm_status swarm_init swarm_shutdown task_list task_status task_create task_orchestrate
  hive-mind_status hive-mind_init hive-mind_spawn hive-mind_broadcast system_info system_metrics
  neural_status daa_learning_status daa_agent_create daa_agent_adapt daa_cognitive_pattern
  daa_knowledge_share spawn_agent stop_agent list_tasks send_swarm_message get_swarm_status
  get_system_metrics memory_usage agent_task no_such_tool __proto__ constructor toString
`
  .trim()
  .split(/\s+/);
const METHODS = [
  'agent.list',
  'agent.status',
  'agent.spawn',
  'agent.terminate',
  'swarm.status',
  'swarm.list',
  'task.list',
  '__proto__',
];
const CALLS: readonly Call[] = [
  ...TOOLS.map((tool) => call(tool)),
  ...TOOLS.map((tool) =>
    call(tool, { swarmId: 'known', agentId: 'known', agent_id: 'known', fromId: 'known', task: {} }),
  ),
  ...METHODS.map((method): Call => ({ kind: 'method', method, params: { swarm_id: 'known' } })),
];

const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
const wide = (entry: unknown) => {
  const names =
    'id agent agentId agent_id agents swarms tasks workers queen metrics data items status name health createdAt';
  return Object.fromEntries(names.split(' ').map((name) => [name, entry]));
};

/** Nothing in these names anybody. */
const NOTHING: readonly { note: string; payload: unknown }[] = [
  { note: 'null', payload: null },
  { note: 'undefined', payload: undefined },
  { note: 'a number', payload: 42 },
  { note: 'text', payload: 'Rate limit exceeded' },
  { note: 'true', payload: true },
  { note: 'an empty list', payload: {} },
  { note: 'null everywhere', payload: wide(null) },
  { note: 'numbers everywhere', payload: wide(7.5) },
  { note: 'empty text everywhere', payload: wide('') },
  { note: 'true everywhere', payload: wide(true) },
  {
    note: 'lists of junk everywhere',
    payload: wide([null, 1, 'x', [], {}, [[]], { id: null }, { id: '' }, { agentId: {} }]),
  },
  { note: 'objects of junk everywhere', payload: wide({ a: { b: { c: [] } } }) },
  { note: 'nested 5,000 deep', payload: deep(5_000) },
  { note: 'nested deep within', payload: wide([deep(2_000)]) },
  { note: 'a long list of nothing', payload: { agents: Array.from({ length: 3_000 }, () => null) } },
  { note: '__proto__ as a key', payload: JSON.parse('{"__proto__":{"agents":[{"id":"x"}],"polluted":true}}') },
  { note: '__proto__ in an entry', payload: JSON.parse('{"agents":[{"__proto__":{"id":"x","agentId":"x"}}]}') },
  { note: 'constructor as a key', payload: JSON.parse('{"constructor":{"prototype":{"polluted":true}}}') },
  {
    note: 'ids that must not be shown',
    payload: { agents: ['\u202Eevil', 'a\nb', 'x'.repeat(300)].map((id) => ({ id, agentId: id })) },
  },
  {
    note: 'an error',
    payload: { success: false, error: 'no', agentId: 'known', swarmId: 'known', agents: [{ id: 'x' }] },
  },
  { note: 'wrapped twice, not JSON', payload: { content: [{ type: 'text', text: 'not json {' }] } },
  {
    note: 'wrapped for ever',
    payload: { content: [{ type: 'text', text: '{"content":[{"type":"text","text":"{}"}]}' }] },
  },
];

afterEach(() => {
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

const isAbout = (told: Observation) => told.kind === 'agent' || told.kind === 'task' || told.kind === 'message';

describe.each(DIALECTS)('$name', (dialect) => {
  test.each(NOTHING)('$note: nobody appears', ({ note, payload }) => {
    for (const request of CALLS) {
      const session = openSession(dialect);
      const told = session.read(request, ok(payload), 0);
      const name = request.kind === 'tool' ? request.tool : request.method;
      expect(
        told.flatMap((each) => formProblems(each)),
        name,
      ).toEqual([]);
      // A server may answer a question about an agent that is named in the question with nothing of use.
      const isNamed = JSON.stringify(request).includes('known');
      if (!isNamed && note !== 'an error') expect(told.filter(isAbout), name).toEqual([]);
      session.plan('fast');
      session.plan('slow');
    }
  });

  test.each(NOTHING.filter(({ note }) => note !== 'an error'))('$note, pushed: nothing', ({ payload }) => {
    const session = openSession(dialect);
    for (const type of [
      'agent.spawned',
      'agent.status',
      'agent.terminated',
      'message.flow',
      'metrics.performance',
      'coordination.event',
      '__proto__',
    ]) {
      expect(session.readPush({ type, timestamp: payload, data: payload }, 0), type).toEqual([]);
      expect(session.readPush({ method: type, params: payload }, 0), type).toEqual([]);
    }
    expect(session.readPush(payload, 0)).toEqual([]);
  });

  test.each([
    { note: 'no list', payload: {} },
    { note: 'junk', payload: { agents: [null] } },
    { note: 'an error', payload: { success: false, agents: [] } },
  ])('after a good list, $note: nobody is said to be gone', ({ payload }) => {
    const session = openSession(dialect, ['list_agents', 'agent_list', 'swarm_status', 'daa_learning_status']);
    const request =
      session.plan('fast').find((each) => each.kind === 'method' || /agent/.test(each.tool)) ?? call('agent_list');
    session.read(request, ok({ agents: [{ id: 'a', agentId: 'a', status: 'idle' }] }), 0);
    const told = session.read(request, ok(payload), 0);
    // Where an empty list is one, only seed and generic have no way to say that they failed.
    const lists = only(told, 'agent-list').filter((each) => each.agents.length === 0);
    if (dialect.name === 'claude-flow' || payload.success === undefined) expect(lists).toEqual([]);
    expect(only(told, 'agent-gone')).toEqual([]);
  });
});

test('one bad agent does not lose the others, and nobody is said to be gone', () => {
  const good = { id: 'a', agentId: 'a', type: 'coder', agentType: 'coder', status: 'idle' };
  for (const dialect of [claudeFlowDialect, ruvSwarmDialect, seedDialect]) {
    const told = openSession(dialect).read(call('agent_list'), ok({ agents: [null, good, { id: 7, agentId: 7 }] }), 0);
    expect(agentOf(told, 'a')?.facts, dialect.name).toMatchObject({ type: 'coder', status: 'idle' });
    expect(only(told, 'agent-list'), dialect.name).toEqual([]);
  }
});

test('one bad field does not lose the agent', () => {
  const agent = {
    agentId: 'a',
    agentType: ['coder'],
    status: 5,
    health: 'fine',
    taskCount: -1,
    createdAt: 'yesterday',
    config: { capabilities: ['x', 7, null, 'y'] },
    model: '\u0000gpt\u202E',
  };
  const told = openSession(claudeFlowDialect).read(call('agent_list'), ok({ agents: [agent] }), 0);
  expect(agentOf(told, 'a')).toEqual({
    kind: 'agent',
    swarm: undefined,
    agent: 'a',
    facts: { capabilities: ['x', 'y'], model: 'gpt' },
  });
});

test('numbers out of range are left out, not bent', () => {
  const data = { agent_id: 'a', metrics: { success_rate: 98, response_time_ms: -1, error_count: '2', queue_depth: 3 } };
  expect(openSession(seedDialect).readPush({ type: 'metrics.performance', data }, 0)).toEqual([
    { kind: 'agent', swarm: undefined, agent: 'a', facts: { performance: { queue_depth: 3 } } },
  ]);
  const status = { agent_id: 'a', cpu_usage: Number.NaN, memory_usage_mb: Number.POSITIVE_INFINITY, health: 1e9 };
  expect(agentOf(openSession(seedDialect).readPush({ type: 'agent.status', data: status }, 0), 'a')?.facts).toEqual({});
});

test('a list of 200,000 agents is read to its bound, and is then not the whole list', () => {
  const agents = Array.from({ length: 200_000 }, (_, index) => ({ id: `a${index}` }));
  const told = openSession(generic, ['list_agents']).read(call('list_agents'), ok({ agents }), 0);
  expect(only(told, 'agent')).toHaveLength(100_000);
  expect(only(told, 'agent-list')).toEqual([]);
});

describe('files', () => {
  test.each(NOTHING)('$note: nobody appears', ({ payload }) => {
    const files = ['agents', 'workers', 'swarms', 'tasks', 'hive', 'daa', 'coordination'];
    const told = new ClaudeFlowFilesReader().read(Object.fromEntries(files.map((file) => [file, payload])), 0);
    expect(told.flatMap((each) => formProblems(each))).toEqual([]);
    expect(told.filter(isAbout)).toEqual([]);
    const inDictionaries = Object.fromEntries(
      files.map((file) => [file, { [file]: payload, agents: payload, queen: payload }]),
    );
    const again = new ClaudeFlowFilesReader().read(inDictionaries, 0);
    expect(again.flatMap((each) => formProblems(each))).toEqual([]);
  });
});
