/** Control operations as each kind of server is asked for them, and what its recorded replies come to. */
import { describe, expect, test } from 'vitest';
import type { Dialect } from '../../../../../src/hub/upstream/dialects/dialect.ts';
import { claudeFlowDialect } from '../../../../../src/hub/upstream/dialects/claude-flow.ts';
import { daaDialect } from '../../../../../src/hub/upstream/dialects/daa.ts';
import { ruvSwarmDialect } from '../../../../../src/hub/upstream/dialects/ruv-swarm.ts';
import { seedDialect } from '../../../../../src/hub/upstream/dialects/seed.ts';
import type { ServerFacts } from '../../../../../src/hub/upstream/dialects/operation-mapping.ts';
import { carryOut } from '../../../../../src/hub/control/carry-out.ts';
import { OPERATIONS, type OperationName } from '../../../../../src/protocol/operations/operations.ts';
import { serverSchema } from '../../../../../src/platform/config/schema.ts';
import { createGenericDialect } from '../../../../../src/hub/upstream/dialects/generic.ts';
import { exchanges, type Recorded } from './captures.ts';

const FACTS: ServerFacts = { tools: new Set(), swarms: ['s1', 's2'], members: () => ['a1', 'a2', 'a3'] };

/** Runs an operation against replies; each call takes the next. */
async function perform(dialect: Dialect, operation: OperationName, input: object, replies: readonly unknown[]) {
  const ways = dialect.operations?.[operation];
  if (ways === undefined) throw new Error(`${dialect.name} has no ${operation}`);
  const calls: unknown[] = [];
  const left = [...replies];
  const told = await carryOut({
    ways,
    input: OPERATIONS[operation].input.parse(input),
    facts: FACTS,
    call: (call) => {
      calls.push(call.kind === 'tool' ? [call.tool, call.args] : [call.method, call.params]);
      const reply = left.shift();
      if (reply instanceof Error)
        return Promise.resolve({ ok: false, code: Number(reply.name), message: reply.message });
      return Promise.resolve({ ok: true, payload: reply });
    },
    refusal: dialect.refusal ?? (() => undefined),
  });
  const result = JSON.parse(JSON.stringify(told.result)) as unknown;
  OPERATIONS[operation].result.parse(result);
  return { calls, told: { ...told, result } };
}

/** A recorded reply, as the transport hands it on: a payload, or an error. */
function recorded(server: Recorded, file: string, index = 0): unknown {
  const outcome = exchanges(server, file)[index]?.outcome;
  if (outcome === undefined) throw new Error(`no recording ${file} ${index}`);
  if (outcome.ok) return outcome.payload;
  const error = new Error(outcome.message);
  error.name = String(outcome.code);
  return error;
}

interface Case {
  operation: OperationName;
  input: object;
  replies: unknown[];
  calls: unknown[];
  result: object;
}

describe('claude-flow', () => {
  const cf = (file: string, index = 0) => recorded('claude-flow', file, index);
  const cases: Case[] = [
    {
      operation: 'swarm.init',
      input: { topology: 'ring', strategy: 'specialized', max_agents: 400 },
      replies: [cf('swarm_init', 2)],
      calls: [['swarm_init', { topology: 'ring', strategy: 'specialized', maxAgents: 50 }]],
      result: { swarm_id: 'swarm-1795237558848-ij3lgx', topology: 'ring', strategy: 'specialized', max_agents: 20 },
    },
    {
      operation: 'swarm.dissolve',
      input: { swarm_id: 'swarm-1795237558853-svnrk0' },
      replies: [cf('swarm_shutdown')],
      calls: [['swarm_shutdown', { swarmId: 'swarm-1795237558853-svnrk0' }]],
      result: { swarm_id: 'swarm-1795237558853-svnrk0', agents_terminated: 0 },
    },
    {
      operation: 'swarm.coordinate',
      input: { swarm_id: 'hive:1', message: { go: 'on' } },
      replies: [cf('hive-mind_broadcast')],
      calls: [['hive-mind_broadcast', { message: '{"go":"on"}' }]],
      result: { swarm_id: 'hive:1', delivered: 4, message_id: 'msg-1795237559082-4okb45' },
    },
    {
      operation: 'agent.spawn',
      input: { swarm_id: 's2', type: 'coder', capabilities: ['x'], config: { k: 1 } },
      replies: [cf('agent_spawn')],
      calls: [['agent_spawn', { agentType: 'coder', swarmId: 's2', config: { k: 1, capabilities: ['x'] } }]],
      result: { agent_id: 'agent-1795237558916-awrcws', swarm_id: 's2', type: 'coder', status: 'registered' },
    },
    {
      operation: 'agent.update',
      input: { agent_id: 'a1', status: 'running', health: 0.4 },
      replies: [cf('agent_update')],
      calls: [['agent_update', { agentId: 'a1', status: 'running', health: 0.4 }]],
      result: { agent_id: 'a1', updated: ['status', 'health'] },
    },
    {
      operation: 'agent.terminate',
      input: { agent_id: 'a1' },
      replies: [cf('agent_terminate')],
      calls: [['agent_terminate', { agentId: 'a1', force: false }]],
      result: { agent_id: 'a1', terminated: true },
    },
    {
      operation: 'task.assign',
      input: { agent_id: 'a1', task: 'Build', priority: 'medium' },
      replies: [cf('task_create'), cf('task_assign')],
      calls: [
        ['task_create', { type: 'operation', description: 'Build', priority: 'normal', assignTo: ['a1'] }],
        ['task_assign', { taskId: 'task-1795237559020-viy9zt', agentIds: ['a1'] }],
      ],
      result: {
        task_id: 'task-1795237559020-viy9zt',
        status: 'in_progress',
        assignees: ['agent-1795237558916-awrcws', 'agent-1795237558938-699e4o'],
      },
    },
    {
      operation: 'task.orchestrate',
      input: { swarm_id: 's1', task: 'Build', max_agents: 2 },
      replies: [cf('task_create'), cf('task_assign')],
      calls: [
        ['task_create', { type: 'operation', description: 'Build' }],
        ['task_assign', { taskId: 'task-1795237559020-viy9zt', agentIds: ['a1', 'a2'] }],
      ],
      result: {
        task_id: 'task-1795237559020-viy9zt',
        status: 'in_progress',
        assignees: ['agent-1795237558916-awrcws', 'agent-1795237558938-699e4o'],
      },
    },
    {
      operation: 'task.cancel',
      input: { task_id: 't1', reason: 'x' },
      replies: [cf('task_cancel')],
      calls: [['task_cancel', { taskId: 't1', reason: 'x' }]],
      result: { task_id: 't1', status: 'cancelled', cancelled: true },
    },
    {
      operation: 'memory.store',
      input: { swarm_id: 's1', key: 'k1', value: { a: 1 }, ttl_s: 60 },
      replies: [cf('memory_store')],
      calls: [['memory_store', { key: 'k1', value: { a: 1 }, namespace: 's1', ttl: 60 }]],
      result: { key: 'k1', stored: true },
    },
    {
      operation: 'memory.retrieve',
      input: { swarm_id: 's1', key: 'k1' },
      replies: [cf('memory_retrieve')],
      calls: [['memory_retrieve', { key: 'k1', namespace: 's1' }]],
      result: { key: 'k1', found: true, value: { a: 1 } },
    },
    {
      operation: 'memory.retrieve',
      input: { key: 'nope' },
      replies: [cf('memory_retrieve.missing')],
      calls: [['memory_retrieve', { key: 'nope' }]],
      result: { key: 'nope', found: false, value: null },
    },
  ];
  test.each(cases)('$operation', async ({ operation, input, replies, calls, result }) => {
    const done = await perform(claudeFlowDialect, operation, input, replies);
    expect(done.calls).toEqual(calls);
    expect(done.told.result).toEqual(result);
  });

  test('says that agents and tasks are only recorded', async () => {
    const spawned = await perform(claudeFlowDialect, 'agent.spawn', { type: 'coder' }, [cf('agent_spawn')]);
    expect(spawned.told.note).toContain('starts no process');
    const task = await perform(claudeFlowDialect, 'task.assign', { agent_id: 'a', task: 't' }, [
      cf('task_create'),
      cf('task_assign'),
    ]);
    expect(task.told.note).toContain('executes nothing');
  });

  test('a result keeps what the task really has, and nothing else', async () => {
    const { told } = await perform(claudeFlowDialect, 'task.results', { task_id: 't' }, [
      { taskId: 't', status: 'completed', result: { ok: true, deep: '\u202edanger\u0007' }, hiveToken: 'secret' },
    ]);
    expect(told.result).toEqual({
      task_id: 't',
      status: 'completed',
      results: { ok: true, deep: 'danger' },
      execution_stats: { started_at: null, completed_at: null },
    });
  });

  const refused = [
    ['swarm.init', { topology: 'mesh' }, 'swarm_init.badtopology', 'Invalid topology: tree'],
    ['agent.spawn', { type: 'x' }, 'agent_spawn.badtype', 'disallowed characters'],
    ['agent.terminate', { agent_id: 'nope' }, 'agent_terminate.unknown', 'Agent not found'],
    ['agent.update', { agent_id: 'nope', status: 'x' }, 'agent_update.unknown', 'Agent not found'],
    ['task.cancel', { task_id: 'nope' }, 'task_cancel.unknown', 'Task not found'],
    ['task.results', { task_id: 'nope' }, 'task_status.unknown', 'Task not found'],
    ['swarm.coordinate', { swarm_id: 'hive:1', message: 'x' }, 'hive-mind_broadcast.nohive', 'not initialized'],
    // It ended another swarm than was asked for: that is told, not success.
    ['swarm.dissolve', { swarm_id: 'nope' }, 'swarm_shutdown.unknown', 'ended its latest swarm, swarm-1795870905417'],
  ] as const;
  test.each(refused)('%s refused, in its words: %j %s', async (operation, input, file, words) => {
    await expect(perform(claudeFlowDialect, operation, input, [cf(file)])).rejects.toMatchObject({
      reason: 'refused_by_server',
      message: expect.stringContaining(words),
    });
  });

  test.each([
    ['swarm.coordinate', { swarm_id: 's1', message: 'x' }],
    ['agent.update', { agent_id: 'a', name: 'n' }],
    ['task.orchestrate', { task: 't' }],
  ] as const)('%s that it cannot do is refused before anything is sent', async (operation, input) => {
    await expect(perform(claudeFlowDialect, operation, input, [])).rejects.toMatchObject({
      reason: 'unsupported_by_server',
    });
  });
});

describe('ruv-swarm', () => {
  const ruv = (file: string, index = 0) => recorded('ruv-swarm', file, index);
  const cases: Case[] = [
    {
      operation: 'swarm.init',
      input: { topology: 'mesh', max_agents: 500 },
      replies: [ruv('swarm_init')],
      calls: [['swarm_init', { topology: 'mesh', maxAgents: 100 }]],
      result: { swarm_id: 'swarm-1795236540989', topology: 'mesh', strategy: 'balanced', max_agents: 8 },
    },
    {
      operation: 'agent.spawn',
      input: { swarm_id: 's1', type: 'researcher', name: 'my-researcher', capabilities: ['a', 'b'] },
      replies: [ruv('agent_spawn')],
      calls: [['agent_spawn', { type: 'researcher', name: 'my-researcher', capabilities: ['a', 'b'] }]],
      result: {
        agent_id: 'agent-1795236541001',
        swarm_id: 'swarm-1795236540989',
        type: 'researcher',
        name: 'my-researcher',
        status: 'idle',
      },
    },
    {
      operation: 'task.orchestrate',
      input: { task: 'Build a thing', strategy: 'parallel', priority: 'high', max_agents: 2 },
      replies: [ruv('task_orchestrate')],
      calls: [['task_orchestrate', { task: 'Build a thing', strategy: 'parallel', priority: 'high', maxAgents: 2 }]],
      result: {
        task_id: 'task-1795236541027',
        status: 'orchestrated',
        assignees: ['agent-1795236541001', 'agent-1795236541002'],
      },
    },
  ];
  test.each(cases)('$operation', async ({ operation, input, replies, calls, result }) => {
    const done = await perform(ruvSwarmDialect, operation, input, replies);
    expect(done.calls).toEqual(calls);
    expect(done.told.result).toEqual(result);
  });

  test('what its task_results makes up is left out, and the rest is marked', async () => {
    const done = await perform(ruvSwarmDialect, 'task.results', { task_id: 'task-1795236541027' }, [
      ruv('task_status.one'),
      ruv('task_results'),
    ]);
    expect(done.calls).toEqual([
      ['task_status', { taskId: 'task-1795236541027' }],
      ['task_results', { taskId: 'task-1795236541027', format: 'summary' }],
    ]);
    expect(done.told).toMatchObject({ result: { results: null }, simulated: ['status', 'execution_stats'] });
    expect(JSON.stringify(done.told)).not.toMatch(/[Mm]ock/);
  });

  test('an unknown task is refused, though its task_results would invent one', async () => {
    const asked = perform(ruvSwarmDialect, 'task.results', { task_id: 'nope' }, [ruv('task_status.unknown')]);
    await expect(asked).rejects.toMatchObject({
      reason: 'refused_by_server',
      message: expect.stringContaining('nope'),
    });
  });

  test.each([
    ['agent_spawn.badtype', 'type must be one of: researcher, coder'],
    ['agent_spawn.noswarm', 'No active swarm found'],
  ])('agent.spawn refused: %s', async (file, words) => {
    await expect(perform(ruvSwarmDialect, 'agent.spawn', { type: 'banana' }, [ruv(file)])).rejects.toMatchObject({
      reason: 'refused_by_server',
      message: expect.stringContaining(words),
    });
  });

  test('agents of another than its first swarm are refused before anything is sent', async () => {
    await expect(perform(ruvSwarmDialect, 'agent.spawn', { swarm_id: 's2', type: 'coder' }, [])).rejects.toMatchObject({
      reason: 'unsupported_by_server',
      message: expect.stringContaining('s1'),
    });
  });

  test('what it has no tool for is absent', () => {
    for (const name of ['agent.terminate', 'agent.message', 'swarm.dissolve', 'memory.store', 'task.cancel'] as const) {
      expect(ruvSwarmDialect.operations?.[name]).toBeUndefined();
    }
  });
});

describe('seed', () => {
  const unknown = Object.assign(new Error('Method not found'), { name: '-32601' });
  const cases: Case[] = [
    {
      operation: 'agent.spawn',
      input: { swarm_id: 'swarm_1', type: 'coder', name: 'ann', task: 'go', model: 'm' },
      replies: [{ agent_id: 'agent_1', swarm_id: 'swarm_1', status: 'initializing' }],
      calls: [['agent.spawn', { swarm_id: 'swarm_1', type: 'coder', name: 'ann', task: 'go', config: { model: 'm' } }]],
      result: { agent_id: 'agent_1', swarm_id: 'swarm_1', type: 'coder', name: 'ann', status: 'initializing' },
    },
    {
      operation: 'agent.spawn',
      input: { swarm_id: 'swarm_1', type: 'coder', name: 'ann' },
      replies: [unknown, { agentId: 'agent_1', swarmId: 'swarm_1', status: 'spawning' }],
      calls: [
        ['agent.spawn', { swarm_id: 'swarm_1', type: 'coder', name: 'ann' }],
        ['agent_spawn', { swarmId: 'swarm_1', agentType: 'coder', name: 'ann', config: {} }],
      ],
      result: { agent_id: 'agent_1', swarm_id: 'swarm_1', type: 'coder', name: 'ann', status: 'spawning' },
    },
    {
      operation: 'swarm.init',
      input: { topology: 'mesh', agents: [{ type: 'coder' }] },
      replies: [{ swarm_id: 'swarm_1', topology: 'mesh', agent_assignments: [{ agent_id: 'a', role: 'coder' }] }],
      calls: [['swarm.initialize', { topology: 'mesh', agents: [{ type: 'coder' }] }]],
      result: { swarm_id: 'swarm_1', topology: 'mesh', agents: [{ agent_id: 'a', type: 'coder' }] },
    },
    {
      operation: 'swarm.coordinate',
      input: { swarm_id: 'swarm_1', message: 'hi', targets: ['a'] },
      replies: [{ delivery_status: 'delivered', delivered: 1 }],
      calls: [['swarm.coordinate', { swarm_id: 'swarm_1', message: 'hi', targets: ['a'] }]],
      result: { swarm_id: 'swarm_1', delivered: 1 },
    },
    {
      operation: 'agent.message',
      input: { swarm_id: 'swarm_1', agent_id: 'a', message: { x: 1 }, from: 'b' },
      replies: [{ delivered: true }],
      calls: [['agent_message', { swarmId: 'swarm_1', agentId: 'a', message: { x: 1 }, fromAgentId: 'b' }]],
      result: { agent_id: 'a', delivered: true },
    },
    {
      operation: 'task.cancel',
      input: { task_id: 't', reason: 'late' },
      replies: [{ success: true, task_id: 't' }],
      calls: [['task.cancel', { task_id: 't', reason: 'late' }]],
      result: { task_id: 't', cancelled: true },
    },
    {
      operation: 'memory.retrieve',
      input: { swarm_id: 'swarm_1', key: 'k' },
      replies: [{ key: 'k', value: { a: 1 } }],
      calls: [['memory_retrieve', { swarmId: 'swarm_1', key: 'k' }]],
      result: { key: 'k', found: true, value: { a: 1 } },
    },
  ];
  test.each(cases)('$operation', async ({ operation, input, replies, calls, result }) => {
    const done = await perform(seedDialect, operation, input, replies);
    expect(done.calls).toEqual(calls);
    expect(done.told.result).toEqual(result);
  });

  test('a server that knows neither method nor tool cannot do it', async () => {
    const asked = perform(seedDialect, 'agent.terminate', { agent_id: 'a' }, [unknown, unknown]);
    await expect(asked).rejects.toMatchObject({ reason: 'unsupported_by_server' });
  });

  test('a reply that confirms nothing is no success', async () => {
    const asked = perform(seedDialect, 'agent.terminate', { agent_id: 'a' }, [{ success: 'perhaps' }]);
    await expect(asked).rejects.toMatchObject({ reason: 'refused_by_server' });
  });
});

describe('daa', () => {
  const ID = '0b9c8f6e-7a51-4cf8-9d3e-2f4a5b6c7d8e';
  test('agent.spawn reads the id out of the sentence', async () => {
    const input = { type: 'worker', name: 'w', swarm_id: 's9' };
    const done = await perform(daaDialect, 'agent.spawn', input, [`Successfully spawned agent 'w' with ID: ${ID}`]);
    expect(done.calls).toEqual([
      ['spawn_agent', { config: { name: 'w', agent_type: 'worker', capabilities: [], metadata: { swarm_id: 's9' } } }],
    ]);
    expect(done.told.result).toEqual({ agent_id: ID, swarm_id: 's9', type: 'worker', name: 'w' });
  });

  test('task.orchestrate creates and assigns', async () => {
    const done = await perform(daaDialect, 'task.orchestrate', { task: 'go', max_agents: 1 }, [
      `Successfully created task with ID: ${ID}`,
      `Successfully assigned task with ID: ${ID}`,
    ]);
    expect(done.calls).toEqual([
      ['create_task', { task: { task_type: 'operation', description: 'go', priority: undefined } }],
      ['assign_task', { task_id: ID, agent_ids: ['a1'] }],
    ]);
    expect(done.told.result).toEqual({ task_id: ID });
  });

  test('another sentence is no success', async () => {
    await expect(perform(daaDialect, 'agent.terminate', { agent_id: ID }, ['Agent was busy'])).rejects.toMatchObject({
      reason: 'refused_by_server',
    });
  });
});

test('every reply of every server that is none of an operation is refused, not misread', async () => {
  for (const dialect of [claudeFlowDialect, ruvSwarmDialect, seedDialect, daaDialect]) {
    for (const operation of ['agent.spawn', 'agent.terminate', 'task.orchestrate', 'swarm.init'] as const) {
      if (dialect.operations?.[operation] === undefined) continue;
      const input = { swarm_id: 's1', agent_id: 'a', type: 'coder', task: 't', topology: 'mesh' };
      const shape = OPERATIONS[operation].input.shape;
      const own = Object.fromEntries(Object.entries(input).filter(([key]) => key in shape));
      for (const reply of [null, [], 7, 'ok', {}, { id: '' }, { agentId: { $ne: 1 } }]) {
        const asked = perform(dialect, operation, own, [reply, reply]);
        await expect(asked, `${dialect.name} ${operation} ${JSON.stringify(reply)}`).rejects.toMatchObject({
          reason: 'refused_by_server',
        });
      }
    }
  }
});

describe('a server without a dialect, as the configuration maps it', () => {
  const generic = (operations: object) => {
    const server = serverSchema.parse({ id: 'g', transport: 'tcp', mapping: { list_tool: 'list', operations } });
    return createGenericDialect(server.mapping);
  };
  const spawn = { tool: 'hire', args: { role: 'type', label: 'name' }, result: { agent_id: 'worker.id' } };

  test('fields become arguments, absent ones none; the reply is read where the mapping says', async () => {
    const dialect = generic({ 'agent.spawn': { ...spawn, fixed: { days: 3 } } });
    const { calls, told } = await perform(dialect, 'agent.spawn', { type: 'coder' }, [{ worker: { id: 7 } }]);
    expect(calls).toEqual([['hire', { days: 3, role: 'coder' }]]);
    expect(told.result).toEqual({ agent_id: '7', type: 'coder' });
    expect(told.note).toContain('mapped by the configuration');
  });

  test.each([
    ['swarm.init', {}, { swarm_id: 'id' }, { id: 's' }, { swarm_id: 's' }],
    ['swarm.dissolve', { swarm_id: 's' }, {}, 'done', { swarm_id: 's' }],
    [
      'swarm.coordinate',
      { swarm_id: 's', message: 1 },
      { delivered: 'sent' },
      { sent: 3 },
      { swarm_id: 's', delivered: 3 },
    ],
    ['agent.update', { agent_id: 'a', status: 'x' }, {}, null, { agent_id: 'a', updated: ['status'] }],
    ['agent.terminate', { agent_id: 'a' }, {}, {}, { agent_id: 'a', terminated: true }],
    ['agent.message', { agent_id: 'a', message: 1 }, {}, {}, { agent_id: 'a', delivered: true }],
    [
      'agent.message',
      { agent_id: 'a', message: 1 },
      { delivered: 'ok' },
      { ok: false },
      { agent_id: 'a', delivered: false },
    ],
    ['task.assign', { agent_id: 'a', task: 't' }, { task_id: 'id' }, { id: 't1' }, { task_id: 't1', assignees: ['a'] }],
    ['task.orchestrate', { task: 't' }, { task_id: 'id' }, { id: 't1' }, { task_id: 't1' }],
    ['task.cancel', { task_id: 't1' }, {}, {}, { task_id: 't1', cancelled: true }],
    ['task.results', { task_id: 't1' }, { results: 'out' }, { out: { n: 1 } }, { task_id: 't1', results: { n: 1 } }],
    ['task.results', { task_id: 't1' }, { results: 'out' }, {}, { task_id: 't1', results: null }],
    ['memory.store', { key: 'k', value: 1 }, {}, {}, { key: 'k', stored: true }],
    ['memory.retrieve', { key: 'k' }, { value: 'v' }, { v: [1] }, { key: 'k', found: true, value: [1] }],
    ['memory.retrieve', { key: 'k' }, { value: 'v' }, {}, { key: 'k', found: false, value: null }],
  ] as const)('%s of %j, read by %j', async (operation, input, result, reply, told) => {
    const dialect = generic({ [operation]: { tool: 't', result } });
    expect((await perform(dialect, operation, input, [reply])).told.result).toEqual(told);
  });

  test('secrets in a reply stay there, and a reply without what is needed is refused', async () => {
    const dialect = generic({ 'memory.retrieve': { tool: 't', result: { value: '' } }, 'agent.spawn': spawn });
    const { told } = await perform(dialect, 'memory.retrieve', { key: 'k' }, [
      { api_key: 'abc', text: 'password=abc' },
    ]);
    expect(told.result).toEqual({ key: 'k', found: true, value: { api_key: '***', text: 'password=***' } });
    const spawned = perform(dialect, 'agent.spawn', { type: 'coder' }, [{ worker: {} }]);
    await expect(spawned).rejects.toThrow(/no agent_id where the mapping says \(it may have been done\)/);
  });

  test.each([
    [{ 'agent.list': { tool: 't' } }, /cannot be mapped; allowed: swarm.init/],
    [{ __proto__x: { tool: 't' } }, /cannot be mapped/],
    [{ 'agent.spawn': { tool: 't' } }, /result.agent_id is missing/],
    [
      { 'agent.terminate': { tool: 't', args: { a: 'agentid' } } },
      /args: there is no field .*agentid.*; allowed: .*agent_id/,
    ],
    [{ 'agent.terminate': { tool: 't', result: { gone: 'x' } } }, /result: there is no field .*gone/],
    [{ 'agent.terminate': { args: {} } }, /tool/],
  ])('the configuration %j is refused', (operations, why) => {
    expect(() => generic(operations)).toThrow(why);
  });
});
