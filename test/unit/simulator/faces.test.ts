import { describe, expect, test } from 'vitest';
import { Dispatcher, requestNames } from '../../../src/simulator/dispatcher.ts';
import { RpcFailure } from '../../../src/simulator/errors.ts';
import { claudeFlowFace } from '../../../src/simulator/faces/claude-flow.ts';
import { DaaAgents } from '../../../src/simulator/faces/daa-agents.ts';
import { daaFace } from '../../../src/simulator/faces/daa.ts';
import type { Face, FaceContext, Peer } from '../../../src/simulator/faces/face.ts';
import { genericFace } from '../../../src/simulator/faces/generic.ts';
import { ruvSwarmFace } from '../../../src/simulator/faces/ruv-swarm.ts';
import { seedFace } from '../../../src/simulator/faces/seed.ts';
import { emptyStats } from '../../../src/simulator/stats.ts';
import { WorldLife } from '../../../src/simulator/world-life.ts';
import { SimulatedWorld } from '../../../src/simulator/world.ts';

const T0 = 1_800_000_000_000;

function open(face: Face, overrides: Partial<FaceContext> = {}) {
  const world = new SimulatedWorld({ seed: 1, ids: face.ids });
  const { topologies } = face;
  new WorldLife(world, { seed: 1, swarms: 2, agents: 3, eventsPerSecond: 0, topologies }).populate(T0);
  const context: FaceContext = {
    world,
    daa: new DaaAgents(),
    memories: new Map(),
    startedAtMs: T0,
    warm: false,
    now: () => T0 + 1_000,
    apiKey: undefined,
    ...overrides,
  };
  const dispatcher = new Dispatcher(face, context, emptyStats());
  const peer: Peer = { authenticated: false, subscribe: () => 'sub-1', unsubscribe: () => true };
  const call = (tool: string, args: Record<string, unknown> = {}) => {
    const text = dispatcher.callTool(tool, args, peer).content[0]?.text ?? '';
    return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text };
  };
  const method = (name: string, params: unknown = {}) => dispatcher.callMethod(name, params, peer);
  return { world, dispatcher, peer, call, method };
}

/** The code, message and data of the RpcFailure that is thrown. */
function failure(run: () => unknown): { code: number; message: string; data: unknown } {
  try {
    run();
  } catch (error) {
    if (error instanceof RpcFailure) return { code: error.code, message: error.message, data: error.data };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('every face', () => {
  const faces = [claudeFlowFace, ruvSwarmFace, daaFace, seedFace, genericFace];
  test.each(faces)('$name says that it is simulated, and keeps the name that dialects are told by', (face) => {
    expect(face.serverInfo.version).toMatch(/\+simulated$/);
    expect(face.serverInfo.title).toMatch(/^Simulated /);
  });

  test('the names are those of the real servers', () => {
    expect(faces.map((face) => face.serverInfo.name)).toEqual([
      'ruflo',
      'ruv-swarm',
      'daa-mcp',
      'claude-flow',
      'agent-desk',
    ]);
  });

  test.each(faces)('$name describes each of its tools', (face) => {
    for (const tool of open(face).dispatcher.listTools().tools) {
      expect(tool.description).not.toBe('');
      expect(tool.inputSchema.type).toBe('object');
      for (const key of tool.inputSchema.required ?? []) expect(tool.inputSchema.properties).toHaveProperty(key);
    }
  });

  test.each(faces)('$name survives any tool with no arguments and with wrong ones', (face) => {
    const { dispatcher, peer } = open(face);
    const wrong = Object.fromEntries(['agentId', 'taskId', 'swarmId', 'type', 'id', 'task'].map((key) => [key, 7]));
    const outcome = (name: string, args: unknown) => {
      try {
        return dispatcher.callTool(name, args, peer).content[0]?.type;
      } catch (error) {
        return error instanceof RpcFailure ? 'failure' : error;
      }
    };
    const outcomes = [...face.tools.keys()].flatMap((name) =>
      [undefined, {}, wrong, [], 'x'].map((args) => outcome(name, args)),
    );
    expect(new Set(['text', 'failure', ...outcomes])).toEqual(new Set(['text', 'failure']));
  });
});

describe('claude-flow', () => {
  test('rows have the captured fields and no others', () => {
    const { call, world } = open(claudeFlowFace);
    const { agents, total, filters } = call('agent_list');
    expect([total, filters]).toEqual([6, {}]);
    const [first] = agents as Record<string, unknown>[];
    expect(Object.keys(first ?? {})).toEqual(['agentId', 'agentType', 'status', 'health', 'taskCount', 'createdAt']);
    expect(String(first?.['agentId'])).toMatch(/^agent-\d{13}-[0-9a-z]{6}$/);
    expect(first?.['createdAt']).toBe(new Date(world.agent(String(first?.['agentId'])).createdAtMs).toISOString());
  });

  test('spawn, update, terminate: what is written is read', () => {
    const { call } = open(claudeFlowFace);
    expect(call('agent_spawn', { agentType: 'architect', agentId: 'mine' })).toMatchObject({
      success: true,
      agentId: 'mine',
      status: 'registered',
    });
    expect(call('agent_update', { agentId: 'mine', status: 'running', health: 0.4 })['agent']).toMatchObject({
      status: 'running',
      health: 0.4,
    });
    expect(call('agent_status', { agentId: 'mine' })).toMatchObject({ status: 'running', lastResult: null });
    expect(call('agent_terminate', { agentId: 'mine' })).toMatchObject({ success: true, terminated: true });
    expect(call('agent_status', { agentId: 'mine' })).toEqual({
      agentId: 'mine',
      status: 'not_found',
      error: 'Agent not found',
    });
    expect(call('agent_list')['total']).toBe(6);
    const all = call('agent_list', { includeTerminated: true })['agents'] as Record<string, unknown>[];
    expect(all.find((row) => row['agentId'] === 'mine')?.['status']).toBe('terminated');
  });

  test('swarm_status answers for the latest swarm when the id is unknown', () => {
    const { call, world } = open(claudeFlowFace);
    const latest = world.lastSwarm()?.id;
    expect(call('swarm_status')).toMatchObject({ swarmId: latest, agentCount: 3, taskCount: 0, totalSwarms: 2 });
    expect(call('swarm_status', { swarmId: 'nope' })['swarmId']).toBe(latest);
    const first = world.firstSwarm()?.id;
    expect(call('swarm_status', { swarmId: first })['swarmId']).toBe(first);
    call('swarm_shutdown', { swarmId: first });
    expect(call('swarm_status', { swarmId: first })['status']).toBe('terminated');
  });

  test('tasks: progress in percent, medium is called normal, failures are replies', () => {
    const { call, world } = open(claudeFlowFace);
    const [agentId = ''] = world.agents.keys();
    const created = call('task_create', { type: 'feature', description: 'd', priority: 'normal', assignTo: [agentId] });
    const { taskId } = created;
    expect(created).toMatchObject({ status: 'pending', priority: 'normal' });
    call('task_assign', { taskId, agentIds: [agentId] });
    call('task_update', { taskId, progress: 42 });
    expect(call('task_list')['tasks']).toEqual([expect.objectContaining({ status: 'in_progress', progress: 42 })]);
    expect(call('agent_status', { agentId })['status']).toBe('busy');
    call('task_complete', { taskId, result: { ok: true } });
    expect(call('task_status', { taskId })).toMatchObject({ status: 'completed', progress: 100, result: { ok: true } });
    expect(call('task_status', { taskId: 'nope' })).toEqual({
      taskId: 'nope',
      status: 'not_found',
      error: 'Task not found',
    });
    expect(call('task_status')).toEqual({ success: false, error: 'taskId must be a non-empty string' });
    expect(call('swarm_init', { topology: 'tree' })['error']).toMatch(/^Invalid topology: tree\. Valid: /);
    expect(call('agent_spawn', { type: 'coder' })['error']).toBe('Input validation failed: type: Required');
  });

  test('daa_learning_status lists DAA agents', () => {
    const { call } = open(claudeFlowFace);
    call('daa_agent_create', { id: 'd1', cognitivePattern: 'lateral' });
    call('daa_agent_adapt', { agentId: 'd1', performanceScore: 0.6 });
    expect(call('daa_learning_status')).toEqual({
      success: true,
      summary: { total: 1, active: 1, learning: 0, avgSuccessRate: 0.8, totalAdaptations: 1 },
      agents: [{ id: 'd1', status: 'active', successRate: 0.8, adaptations: 1 }],
    });
  });
});

describe('ruv-swarm', () => {
  test('swarm_status fails until the server is warm, as the real one does', () => {
    const { call } = open(ruvSwarmFace);
    expect(failure(() => call('swarm_status')).message).toMatch(/reading 'getGlobalMetrics'/);
    call('memory_usage');
    expect(call('swarm_status')).toMatchObject({ active_swarms: 2, global_metrics: { totalAgents: 6 } });
  });

  test('agents join the first swarm; membership shows with the undocumented swarmId', () => {
    const { call, world } = open(ruvSwarmFace);
    const spawned = call('agent_spawn', { type: 'coder', name: 'mine' });
    expect(spawned['agent']).toMatchObject({ name: 'mine', status: 'idle', cognitive_pattern: 'adaptive' });
    const first = world.firstSwarm()?.id;
    expect(spawned['swarm_info']).toEqual({ id: first, agent_count: 4, capacity: '4/100' });
    expect(call('agent_list')['total_agents']).toBe(7);
    expect(call('agent_list', { swarmId: first })['total_agents']).toBe(4);
  });

  test('task_orchestrate makes agents busy; progress is 0–1', () => {
    const { call } = open(ruvSwarmFace);
    const { taskId, assigned_agents } = call('task_orchestrate', { task: 'Build', maxAgents: 2 });
    expect(assigned_agents).toHaveLength(2);
    expect(call('agent_list', { filter: 'busy' })['total_agents']).toBe(2);
    expect(call('task_status', { taskId })).toEqual({
      id: taskId,
      status: 'in_progress',
      assignedAgents: assigned_agents,
      progress: 0,
      execution_time_ms: 0,
    });
  });

  test.each([
    ['agent_spawn', { type: 'architect' }, 'type must be one of: '],
    ['agent_spawn', { type: 'coder', name: 42 }, 'name must be of type string'],
    ['swarm_init', { topology: 'tree' }, 'topology must be one of: mesh, hierarchical, ring, star'],
    ['task_status', { taskId: 'nope' }, 'Task not found: nope'],
    ['agent_metrics', {}, 'neuralNetworks.map is not a function'],
    ['daa_agent_create', {}, 'Agent ID is required'],
  ])('%s %j is a JSON-RPC error', (tool, args, message) => {
    const { call } = open(ruvSwarmFace);
    const failed = failure(() => call(tool, args));
    expect(failed.code).toBe(-32_603);
    expect(failed.message.startsWith(`MCP tool error: ${message}`)).toBe(true);
    expect(failed.data).toMatchObject({ tool });
  });

  test('a swarm is full with 100 agents', () => {
    const { call, world } = open(ruvSwarmFace);
    for (let i = 0; i < 97; i++) call('agent_spawn', { type: 'coder' });
    expect(world.firstSwarm()?.agentIds.size).toBe(100);
    expect(failure(() => call('agent_spawn', { type: 'coder' })).message).toMatch(/maximum capacity of 100 agents$/);
  });

  test('it logs what happens, in lines that are no protocol', () => {
    const { world, call } = open(ruvSwarmFace);
    const lines: string[] = [];
    world.onEvent((event) => lines.push(...(ruvSwarmFace.noise?.(event) ?? [])));
    call('agent_spawn', { type: 'coder', name: 'mine' });
    call('task_orchestrate', { task: 'Build', maxAgents: 1 });
    expect(lines).toContain('🤖 Spawned agent: mine (coder)');
    expect(lines.filter((line) => /^📊 Agent .+ status: busy$/.test(line))).toHaveLength(1);
    expect(lines.some((line) => /^📋 Orchestrated task: Build \(task-\d+\) - Assigned to 1 agents$/.test(line))).toBe(
      true,
    );
  });
});

describe('daa', () => {
  test('agents and tasks in the words of the crate; writes answer in English', () => {
    const { call } = open(daaFace);
    const { text } = call('spawn_agent', { config: { name: 'n', agent_type: 'scout', capabilities: ['c'] } });
    const id = /^Successfully spawned agent 'n' with ID: ([0-9a-f-]{36})$/.exec(String(text))?.[1];
    expect(call('get_agent_info', { agent_id: id })).toMatchObject({ id, agent_type: 'scout', status: 'paused' });
    expect(call('list_agents')['total_count']).toBe(7);
    const made = call('create_task', { task: { task_type: 'explore', description: 'd' } });
    const taskId = /ID: (\S+)$/.exec(String(made['text']))?.[1];
    call('assign_task', { task_id: taskId, agent_ids: [id] });
    expect(call('list_tasks')['tasks']).toEqual([
      expect.objectContaining({
        status: 'running',
        task: expect.objectContaining({ assigned_agents: [id] }) as unknown,
      }),
    ]);
    expect(call('get_agent_info', { agent_id: id })['status']).toBe('running');
    call('stop_agent', { agent_id: id });
    expect(call('get_agent_info', { agent_id: id })).toEqual({ text: `Agent not found: ${id}` });
  });
});

describe('seed', () => {
  test('tools answer with bare fields beside the text', () => {
    const { dispatcher, peer } = open(seedFace);
    const reply = dispatcher.callTool('agent_spawn', { agentType: 'coder' }, peer);
    expect(reply).toMatchObject({
      status: 'spawning',
      agentId: expect.stringMatching(/^agent_\d{13}_[0-9a-z]{6}$/) as unknown,
    });
    expect(JSON.parse(reply.content[0]?.text ?? '')).toMatchObject({ agentId: reply['agentId'] });
  });

  test('agents are listed with filters, limit and offset', () => {
    const { method, world } = open(seedFace);
    expect(method('agent.list')).toMatchObject({ total_count: 6 });
    const swarm_id = world.firstSwarm()?.id;
    const page = method('agent.list', { filter: { swarm_id }, offset: 1, limit: 1 });
    expect(page['total_count']).toBe(3);
    expect(page['agents']).toEqual([expect.objectContaining({ swarm_id, health: 100, status: 'idle' })]);
  });

  test('methods write, and what is written is read', () => {
    const { method, world } = open(seedFace);
    const spawned = method('agent.spawn', { type: 'coder', task: 'Build', config: { capabilities: ['rust'] } });
    expect(spawned).toMatchObject({ status: 'initializing', capabilities: ['rust'] });
    const { agent_id } = spawned;
    expect(method('agent.status', { agent_id })).toMatchObject({ agent_id, status: 'busy' });
    expect(method('agent.terminate', { agent_id })).toMatchObject({ success: true });
    expect(failure(() => method('agent.status', { agent_id }))).toMatchObject({ code: -32_001 });
    const { swarm_id, agent_assignments } = method('swarm.initialize', {
      topology: 'ring',
      agents: ['coder', { type: 'x' }],
    });
    expect(agent_assignments).toHaveLength(2);
    expect(method('swarm.status', { swarm_id })).toMatchObject({ topology: 'ring', total_agents: 2 });
    expect(method('swarm.dissolve', { swarm_id })).toMatchObject({ success: true, agents_terminated: 2 });
    expect(failure(() => method('swarm.status', { swarm_id }))).toMatchObject({ code: -32_002 });
    expect(world.swarms.size).toBe(2);
  });

  test.each([
    ['agent.list', { limit: 'x' }, -32_602],
    ['agent.spawn', {}, -32_602],
    ['task.status', { task_id: 'nope' }, -32_000],
    ['no.such', {}, -32_601],
  ])('%s %j fails with the code of the seeds', (name, params, code) => {
    expect(failure(() => open(seedFace).method(name, params)).code).toBe(code);
  });

  test('a batch answers each request in order', () => {
    const { method } = open(seedFace);
    const requests = [
      { method: 'ping' },
      { method: 'nope' },
      { method: 'tools/call', params: { name: 'swarm_status', arguments: {} } },
      { method: 'batch' },
      7,
    ];
    const { results } = method('batch', { requests });
    expect(results).toEqual([
      { result: { status: 'ok', timestamp: T0 + 1_000 } },
      { error: expect.objectContaining({ code: -32_601 }) as unknown },
      { result: expect.objectContaining({ topology: 'mesh' }) as unknown },
      { error: expect.objectContaining({ code: -32_600 }) as unknown },
      { error: expect.objectContaining({ code: -32_600 }) as unknown },
    ]);
  });

  test('with a key, nothing is answered before auth.authenticate', () => {
    const { method, call } = open(seedFace, { apiKey: 'secret' });
    expect(failure(() => method('agent.list')).code).toBe(-32_000);
    expect(failure(() => call('agent_list')).code).toBe(-32_000);
    expect(failure(() => method('auth.authenticate', { api_key: 'wrong' })).code).toBe(-32_000);
    expect(failure(() => method('agent.list')).code).toBe(-32_000);
    expect(method('auth.authenticate', { api_key: 'secret' })).toEqual({ authenticated: true });
    expect(method('agent.list')['total_count']).toBe(6);
  });

  test('what its clients send is made acceptable to the SDK, and the rest is left alone', () => {
    const { normalise } = seedFace;
    expect(normalise?.({ method: 'initialize', params: { protocolVersion: 'v' } })).toEqual({
      method: 'initialize',
      params: { protocolVersion: 'v', capabilities: {}, clientInfo: { name: 'unnamed', version: '0' } },
    });
    expect(normalise?.({ method: 'batch', params: [1] })).toEqual({ method: 'batch', params: { requests: [1] } });
    const other = { method: 'agent.list', params: [] };
    expect(normalise?.(other)).toBe(other);
    expect(normalise?.(5)).toBe(5);
  });

  test('memory is kept per swarm', () => {
    const { call, world } = open(seedFace);
    const swarmId = world.firstSwarm()?.id;
    call('memory_store', { swarmId, key: 'k', value: { a: 1 } });
    expect(call('memory_retrieve', { swarmId, key: 'k' })).toEqual({ key: 'k', value: { a: 1 }, found: true });
    expect(call('memory_retrieve', { key: 'k' })).toEqual({ key: 'k', value: null, found: false });
  });
});

test('faults are matched by method and by tool', () => {
  expect(requestNames({ method: 'agent.list' })).toEqual(['agent.list']);
  expect(requestNames({ method: 'tools/call', params: { name: 'agent_list' } })).toEqual(['tools/call', 'agent_list']);
  const requests = [{ method: 'swarm.list' }, { method: 'batch', params: { requests: [] } }, 7];
  expect(requestNames({ method: 'batch', params: { requests } })).toEqual(['batch', 'swarm.list']);
  expect(requestNames({ id: 1, result: {} })).toEqual([]);
  expect(requestNames(null)).toEqual([]);
});
