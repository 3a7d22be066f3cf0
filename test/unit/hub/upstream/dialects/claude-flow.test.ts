import { beforeEach, describe, expect, test } from 'vitest';
import { claudeFlowDialect, createClaudeFlowDialect } from '../../../../../src/hub/upstream/dialects/claude-flow.ts';
import { TOPOLOGIES } from '../../../../../src/model/swarm.ts';
import type { DialectSession } from '../../../../../src/hub/upstream/dialects/dialect.ts';
import { agentOf, call, exchanges, ok, only, openSession, readAll, serverInfo } from './captures.ts';

const MESH = 'swarm-1795237558831-lqg8za';
const LATEST = 'swarm-1795237558898-mggvo7';
const STAR = 'swarm-1795237558853-svnrk0';
const CODER = 'agent-1795237558916-awrcws';
const RESEARCHER = 'agent-1795237558938-699e4o';
const BANANA = 'agent-1795237558968-8x29xk';
const HIVE = 'hive:1795237559071';

const iso = (text: string) => Date.parse(text);

let session: DialectSession;
beforeEach(() => {
  session = openSession(claudeFlowDialect);
});
const read = (file: string) => readAll(session, 'claude-flow', file);

describe('swarms', () => {
  test('swarm_init tells topology, strategy and size', () => {
    const swarms = only(read('swarm_init'), 'swarm');
    expect(swarms).toHaveLength(8);
    expect(swarms[0]).toEqual({
      kind: 'swarm',
      swarm: MESH,
      facts: {
        topology: 'mesh',
        strategy: 'specialized',
        max_agents: 20,
        created_at_ms: iso('2026-11-21T05:05:58.831Z'),
      },
    });
    expect(new Set(swarms.map((each) => each.facts.topology))).toEqual(new Set(TOPOLOGIES));
  });

  test.each([
    { note: 'a refused topology', file: 'swarm_init.badtopology' },
    { note: 'no swarm', file: 'swarm_status.empty' },
    { note: 'health, whose components are not read', file: 'swarm_health' },
  ])('$note is nothing', ({ file }) => {
    expect(read(file)).toEqual([]);
  });

  test('swarm_status tells the status; the constant task count is not read', () => {
    expect(read('swarm_status')).toEqual([
      {
        kind: 'swarm',
        swarm: LATEST,
        facts: {
          topology: 'mesh',
          status: 'running',
          strategy: 'specialized',
          max_agents: 50,
          created_at_ms: iso('2026-11-21T05:05:58.898Z'),
        },
      },
    ]);
  });

  test('an unknown id is answered with the latest swarm: the asked one, if it was known, is gone', () => {
    const [exchange] = exchanges('claude-flow', 'swarm_status.unknown');
    const outcome = exchange?.outcome ?? ok(undefined);
    expect(only(session.read(call('swarm_status', { swarmId: 'nope' }), outcome, 0), 'swarm-gone')).toEqual([]);
    read('swarm_init');
    const observations = session.read(call('swarm_status', { swarmId: MESH }), outcome, 0);
    expect(only(observations, 'swarm').map((each) => each.swarm)).toEqual([LATEST]);
    expect(only(observations, 'swarm-gone')).toEqual([{ kind: 'swarm-gone', swarm: MESH }]);
  });

  test('a terminated swarm is gone, and was never there for who did not know it', () => {
    expect(read('swarm_status.terminated')).toEqual([]);
    read('swarm_init');
    expect(read('swarm_status.terminated')).toEqual([{ kind: 'swarm-gone', swarm: STAR }]);
    expect(read('swarm_shutdown')).toEqual([{ kind: 'swarm-gone', swarm: STAR }]);
  });

  test('without any swarm all that were known are gone', () => {
    read('swarm_init');
    expect(only(read('swarm_status.empty'), 'swarm-gone')).toHaveLength(8);
  });
});

describe('agents', () => {
  test('agent_list alone names no swarm', () => {
    const observations = read('agent_list');
    expect(agentOf(observations, CODER)).toEqual({
      kind: 'agent',
      swarm: undefined,
      agent: CODER,
      facts: {
        type: 'coder',
        status: 'idle',
        status_raw: null,
        health: null,
        created_at_ms: iso('2026-11-21T05:05:58.916Z'),
        performance: { tasks_completed: 0 },
      },
      provenance: { 'performance.tasks_completed': 'derived' },
    });
    const [list] = only(observations, 'agent-list');
    expect(list).toMatchObject({ swarm: undefined, scope: 'agents' });
    expect(list?.agents).toHaveLength(10);
    expect(agentOf(observations, 'agent-1795237558965-b05mj8')?.facts.lead).toBe(true);
  });

  test('membership comes from this session’s own replies: the swarm asked for, or else the newest', () => {
    read('swarm_init');
    read('swarm_init.toomany');
    const spawned = [...read('agent_spawn'), ...read('agent_spawn.customid')];
    expect(agentOf(spawned, CODER)).toMatchObject({ swarm: LATEST, facts: { model: 'sonnet', status: 'idle' } });
    expect(agentOf(spawned, CODER)?.facts.capabilities).toEqual(['x', 'y']);
    expect(agentOf(spawned, RESEARCHER)?.swarm).toBe(MESH);
    expect(agentOf(spawned, 'my-agent-1')?.swarm).toBe(MESH);
    const listed = only(read('agent_list'), 'agent');
    const inSwarm = (swarm: string) => listed.filter((each) => each.swarm === swarm).length;
    // As swarm_health counted them at that moment.
    expect([inSwarm(LATEST), inSwarm(MESH)]).toEqual([8, 2]);
  });

  test.each([
    { file: 'agent_spawn.badtype' },
    { file: 'agent_spawn.wrongarg' },
    { file: 'agent_logs' },
    { file: 'agent_execute.nokey' },
    { file: 'managed_agent_list' },
    { file: 'no_such_tool' },
    { file: 'performance_metrics' },
    { file: 'hooks_intelligence_stats' },
    { file: 'agent_health' },
  ])('$file tells nothing', ({ file }) => {
    expect(read(file)).toEqual([]);
  });

  test.each([
    { file: 'agent_list.busy', agent: CODER, status: 'active', raw: null, tasks: 0, health: null },
    { file: 'agent_list.during-execute', agent: 'exec-1', status: 'busy', raw: null, tasks: 1, health: null },
    { file: 'agent_list.after-update', agent: CODER, status: 'active', raw: 'running', tasks: 7, health: 0.4 },
    { file: 'agent_list.aftercomplete', agent: CODER, status: 'idle', raw: null, tasks: 1, health: null },
  ])('$file: $status', ({ file, agent, status, raw, tasks, health }) => {
    const facts = agentOf(read(file), agent)?.facts;
    expect(facts).toMatchObject({ status, status_raw: raw, health, performance: { tasks_completed: tasks } });
  });

  test('120 agents in one list', () => {
    const observations = read('agent_list.many');
    const agents = only(observations, 'agent').map((each) => each.agent);
    expect(agents.length).toBeGreaterThanOrEqual(100);
    expect(only(observations, 'agent-list')[0]?.agents).toEqual(agents);
  });

  test('an empty list says that nobody is there', () => {
    expect(read('agent_list.empty')).toEqual([{ kind: 'agent-list', swarm: undefined, agents: [], scope: 'agents' }]);
  });

  test('terminated agents go: by the reply, and by a list that shows them as terminated', () => {
    read('agent_list');
    expect(read('agent_terminate')).toEqual([{ kind: 'agent-gone', swarm: undefined, agent: BANANA }]);
    const listed = session.read(
      call('agent_list', { includeTerminated: true }),
      ok({
        agents: [
          { agentId: 'a', status: 'idle' },
          { agentId: 'b', status: 'terminated' },
        ],
        total: 2,
      }),
      0,
    );
    expect(only(listed, 'agent').map((each) => each.agent)).toEqual(['a']);
    expect(only(listed, 'agent-list')[0]?.agents).toEqual(['a']);
    expect(read('agent_status.unknown')).toEqual([{ kind: 'agent-gone', swarm: undefined, agent: 'nope' }]);
  });

  test('agents of a swarm that ended are told without one, and leave it first', () => {
    read('swarm_init');
    read('agent_spawn');
    read('agent_list');
    session.read(call('swarm_shutdown', { swarmId: MESH }), ok({ success: true, swarmId: MESH, terminated: true }), 0);
    expect(agentOf(read('agent_list'), RESEARCHER)?.swarm).toBeUndefined();
  });

  test('tokens add up over calls, and only once for each', () => {
    const tokens = (file: string) => agentOf(read(file), 'exec-1')?.facts.performance?.tokens_used;
    expect(tokens('agent_status.after-execute')).toBe(168);
    expect(tokens('agent_status.after-execute')).toBe(168);
    const usage = { inputTokens: 2, outputTokens: 3, totalTokens: 5 };
    const lastResult = { messageId: 'y', output: 'secret', usage, durationMs: 1 };
    const observations = session.read(call('agent_status'), ok({ agentId: 'exec-1', status: 'idle', lastResult }), 0);
    expect(agentOf(observations, 'exec-1')?.facts.performance?.tokens_used).toBe(173);
    expect(JSON.stringify(observations)).not.toContain('secret');
  });

  test('agent_update changes what it names', () => {
    read('agent_list');
    expect(agentOf(read('agent_update'), CODER)?.facts).toMatchObject({
      status: 'active',
      status_raw: 'running',
      health: 0.4,
      type: 'coder',
      performance: { tasks_completed: 7 },
    });
  });
});

describe('tasks', () => {
  test('task_list: progress from percent, priority normal as medium, load of each agent', () => {
    read('agent_list.busy');
    const observations = read('task_list');
    expect(only(observations, 'task')).toEqual([
      {
        kind: 'task',
        task: 'task-1795237559024-a44kap',
        facts: {
          description: 'Fix it',
          status: 'pending',
          priority: 'medium',
          progress: 0,
          assignees: [],
          created_at_ms: iso('2026-11-21T05:05:59.024Z'),
        },
      },
      {
        kind: 'task',
        task: 'task-1795237559020-viy9zt',
        facts: {
          description: 'Build the thing',
          status: 'in_progress',
          priority: 'high',
          progress: 0.42,
          assignees: [CODER, RESEARCHER],
          created_at_ms: iso('2026-11-21T05:05:59.020Z'),
        },
      },
    ]);
    expect(only(observations, 'task-list')[0]?.tasks).toHaveLength(2);
    expect(only(observations, 'agent').map((each) => [each.agent, each.facts.performance?.tasks_active])).toEqual([
      [CODER, 1],
      [RESEARCHER, 1],
    ]);
    expect(agentOf(read('agent_list.busy'), CODER)?.facts.performance?.tasks_active).toBe(1);
    const after = read('task_list.after');
    expect(agentOf(after, CODER)?.facts.performance?.tasks_active).toBe(0);
    expect(agentOf(after, CODER)?.provenance).toEqual({ 'performance.tasks_active': 'derived' });
  });

  test('a list that may have been cut says nothing of what is not in it', () => {
    const tasks = Array.from({ length: 10_000 }, (_, index) => ({ taskId: `task-${index}` }));
    const observations = session.read(call('task_list', { limit: 10_000 }), ok({ tasks, total: 10_000 }), 0);
    expect(only(observations, 'task')).toHaveLength(10_000);
    expect(only(observations, 'task-list')).toEqual([]);
  });

  test.each([
    { file: 'task_create', facts: { description: 'Build the thing', status: 'pending' }, count: 2 },
    { file: 'task_status', facts: { progress: 0.42, status: 'in_progress' }, count: 1 },
    { file: 'task_update', facts: { progress: 0.42 }, count: 1 },
    { file: 'task_assign', facts: { assignees: [CODER, RESEARCHER] }, count: 1 },
    { file: 'task_complete', facts: { status: 'completed' }, count: 1 },
    { file: 'task_cancel', facts: { status: 'cancelled' }, count: 1 },
    { file: 'task_status.unknown', facts: {}, count: 0 },
    { file: 'task_status.missing', facts: {}, count: 0 },
  ])('$file', ({ file, facts, count }) => {
    const tasks = only(read(file), 'task');
    expect(tasks).toHaveLength(count);
    if (count > 0) expect(tasks[0]?.facts).toMatchObject(facts);
  });
});

describe('the hive', () => {
  test('is a pseudo-swarm with its queen and workers', () => {
    const observations = read('hive-mind_status');
    expect(only(observations, 'swarm')).toEqual([
      {
        kind: 'swarm',
        swarm: HIVE,
        facts: { topology: 'hierarchical', status: 'active', created_at_ms: 1_795_237_559_071 },
      },
    ]);
    expect(agentOf(observations, 'queen-1')).toMatchObject({
      swarm: HIVE,
      facts: { kind: 'hive', lead: true, type: 'queen' },
      provenance: { status: 'simulated', type: 'derived' },
    });
    expect(agentOf(observations, 'hw-1795237559074-ojo9')).toMatchObject({
      swarm: HIVE,
      facts: { type: 'coder', kind: 'hive', status: 'idle', current_task: null },
    });
    expect(only(observations, 'agent-list')[0]).toMatchObject({ swarm: HIVE, scope: 'hive' });
    expect(only(observations, 'agent-list')[0]?.agents).toHaveLength(5);
    expect(only(observations, 'swarm-list')).toEqual([{ kind: 'swarm-list', swarms: [HIVE], scope: 'hive' }]);
  });

  test('workers in agent_list wait until it is known where they belong', () => {
    const worker = 'hw-1795237559074-ojo9';
    expect(agentOf(read('agent_list.with-hive'), worker)).toBeUndefined();
    read('hive-mind_status');
    expect(agentOf(read('agent_list.with-hive'), worker)).toMatchObject({ swarm: HIVE, facts: { kind: 'hive' } });
  });

  test('workers are told without a swarm where the server has no word of a hive', () => {
    session.read(call('hive-mind_status'), { ok: false, code: -32_601, message: 'Tool not found' }, 0);
    expect(agentOf(read('agent_list.with-hive'), 'hw-1795237559074-ojo9')).toMatchObject({ swarm: undefined });
  });

  test('offline, there is none, whatever id it makes up', () => {
    expect(read('hive-mind_status.empty')).toEqual([{ kind: 'swarm-list', swarms: [], scope: 'hive' }]);
  });

  test('a worker without a record: its made-up type and status are left out', () => {
    const status = { status: 'active', initialized: true, createdAt: '2026-11-21T05:05:59.071Z' };
    const workers = [{ id: 'joined', type: 'worker', status: 'unknown', currentTask: null, tasksCompleted: 0 }];
    const observations = session.read(call('hive-mind_status'), ok({ ...status, workers }), 0);
    expect(agentOf(observations, 'joined')?.facts).toEqual({ kind: 'hive' });
  });

  test('an agent that merely joined the hive stays where it is', () => {
    session.read(call('agent_list'), ok({ agents: [{ agentId: 'joined', status: 'idle' }] }), 0);
    const status = { status: 'active', initialized: true, createdAt: '2026-11-21T05:05:59.071Z' };
    const workers = [{ id: 'joined', type: 'worker', status: 'unknown' }];
    const observations = session.read(call('hive-mind_status'), ok({ ...status, workers }), 0);
    expect(agentOf(observations, 'joined')).toBeUndefined();
    expect(only(observations, 'agent-list')[0]?.agents).toEqual([]);
  });

  test('a broadcast is a message to each worker, without its text; a status is none', () => {
    read('hive-mind_init');
    expect(only(read('hive-mind_status'), 'message')).toEqual([]);
    const messages = only(read('hive-mind_broadcast'), 'message');
    expect(messages).toHaveLength(4);
    expect(messages[0]).toEqual({
      kind: 'message',
      swarm: HIVE,
      from: 'queen-1',
      to: 'hw-1795237559074-ojo9',
      message_type: 'coordination',
      at_ms: iso('2026-11-21T05:05:59.082Z'),
    });
    expect(only(read('hive-mind_status'), 'message')).toEqual([]);
  });

  test('spawned workers are told at once', () => {
    read('hive-mind_init');
    expect(only(read('hive-mind_spawn'), 'agent').map((each) => [each.swarm, each.facts])).toEqual(
      Array.from({ length: 4 }, () => [HIVE, { type: 'coder', kind: 'hive' }]),
    );
    expect(read('hive-mind_spawn.empty')).toEqual([]);
  });
});

describe('the server', () => {
  test('system_metrics: host numbers, load cut at 100 %', () => {
    expect(read('system_metrics')).toEqual([
      {
        kind: 'server',
        metrics: {
          host_cpu_percent: 100,
          host_memory_used_mb: 1451,
          host_memory_total_mb: 24_106,
          host_load_average_1m: 2.53,
          host_cpu_cores: 2,
          heap_used_mb: 39,
          heap_total_mb: 58,
        },
      },
    ]);
  });

  test('neural_status and the real version', () => {
    expect(read('neural_status.after')).toEqual([
      {
        kind: 'server',
        neural: {
          models_total: 1,
          models_ready: 1,
          models_training: 0,
          patterns_total: 0,
          embedding_provider: 'hash-based (deterministic)',
        },
      },
    ]);
    expect(read('system_info')).toEqual([{ kind: 'server', version: '3.43.0' }]);
  });
});

describe('plan', () => {
  test('fast: the list of agents first', () => {
    expect(session.plan('fast')).toEqual([
      call('agent_list'),
      call('swarm_status'),
      call('task_list', { limit: 10_000 }),
    ]);
  });

  test('slow: hive and DAA each time, the host less often, known swarms in turns', () => {
    read('swarm_init');
    const tools = (calls: ReturnType<DialectSession['plan']>) =>
      calls.map((each) => (each.kind === 'tool' ? each.tool : each.method));
    expect(tools(session.plan('slow')).toSorted()).toEqual([
      'daa_learning_status',
      'hive-mind_status',
      'neural_status',
      ...Array.from({ length: 4 }, () => 'swarm_status'),
      'system_metrics',
    ]);
    const second = session.plan('slow');
    expect(tools(second)).not.toContain('system_metrics');
    const asked = new Set([...second, ...session.plan('slow')].map((each) => JSON.stringify(each)));
    expect([...asked].filter((each) => each.includes('swarmId'))).toHaveLength(8);
  });

  test('only tools that the peer lists', () => {
    const narrow = openSession(claudeFlowDialect, ['agent_list', 'swarm_status']);
    expect(narrow.warmUp()).toEqual([]);
    expect(narrow.plan('fast')).toEqual([call('agent_list'), call('swarm_status')]);
    expect(narrow.plan('slow')).toEqual([]);
  });

  test('with files watched: polls probe and tell of the host only', () => {
    const beside = openSession(createClaudeFlowDialect({ overHttp: false, filesAreWatched: true }));
    expect(beside.plan('fast')).toEqual([call('agent_list')]);
    expect(readAll(beside, 'claude-flow', 'agent_list')).toEqual([]);
    expect(readAll(beside, 'claude-flow', 'daa_learning_status')).toEqual([]);
    expect(readAll(beside, 'claude-flow', 'system_metrics')).toHaveLength(1);
  });
});

describe('matches', () => {
  const peer = { protocolVersion: undefined, tools: new Set<string>() };
  test.each([
    { note: 'the recorded handshake', ...serverInfo('claude-flow'), tools: [], score: 1 },
    { note: 'its product name', name: 'claude-flow', version: '3.43.0', tools: [], score: 0.95 },
    { note: 'the seeds’ 2.x', name: 'claude-flow', version: '2.0.0-alpha.101', tools: ['agent_spawn'], score: 0 },
    {
      note: 'its tools',
      name: 'x',
      version: '1',
      tools: ['agent_list', 'swarm_status', 'hive-mind_status'],
      score: 0.8,
    },
    { note: 'others', name: 'ruv-swarm', version: '1.0.20', tools: ['agent_list', 'swarm_status'], score: 0 },
  ])('$note', ({ name, version, tools, score }) => {
    expect(claudeFlowDialect.matches({ ...peer, name, version, tools: new Set(tools) })).toBe(score);
  });

  test('over HTTP a minute stays below its 120 requests', () => {
    const dialect = createClaudeFlowDialect({ overHttp: true, filesAreWatched: false });
    const { timing } = dialect;
    const polled = dialect.open({ ...peer, name: undefined, version: undefined });
    readAll(polled, 'claude-flow', 'swarm_init');
    let requests = polled.warmUp().length;
    for (let ms = 0; ms < 60_000; ms += timing.fastMs) requests += polled.plan('fast').length;
    for (let ms = 0; ms < 60_000; ms += timing.slowMs) requests += polled.plan('slow').length;
    expect(requests).toBeLessThan(120);
  });
});
