import { describe, expect, test } from 'vitest';
import type { Actor } from '../../../../src/model/actor.ts';
import type { AgentRecord } from '../../../../src/model/agent.ts';
import type { WorldSnapshot } from '../../../../src/model/change.ts';
import type { DialectName, ServerRecord } from '../../../../src/model/server.ts';
import type { SwarmRecord } from '../../../../src/model/swarm.ts';
import type { AuditEntry } from '../../../../src/model/audit.ts';
import { Control } from '../../../../src/hub/control/control.ts';
import { claudeFlowDialect } from '../../../../src/hub/upstream/dialects/claude-flow.ts';
import type { Call, Outcome } from '../../../../src/hub/upstream/dialects/dialect.ts';
import { ruvSwarmDialect } from '../../../../src/hub/upstream/dialects/ruv-swarm.ts';
import { seedDialect } from '../../../../src/hub/upstream/dialects/seed.ts';
import { CircuitOpenError, ConnectionClosedError, RequestTimeoutError } from '../../../../src/hub/upstream/errors.ts';
import type { CallKind } from '../../../../src/hub/upstream/upstream.ts';
import type { Upstreams } from '../../../../src/hub/upstream/upstreams.ts';
import type { Adjustment } from '../../../../src/platform/config/adjust.ts';
import { createLogger } from '../../../../src/platform/telemetry/log.ts';

const log = await createLogger({ level: 'silent', format: 'json', part: 'test', levels: [] });
const OPERATOR: Actor = { subject: 'ann', role: 'operator', via: 'http' };
const VIEWER: Actor = { subject: 'vic', role: 'viewer', via: 'socket' };
const DIALECTS = { 'claude-flow': claudeFlowDialect, 'ruv-swarm': ruvSwarmDialect, seed: seedDialect } as const;
type Kind = keyof typeof DIALECTS;

function server(id: string, dialect: DialectName, ref: number): ServerRecord {
  const evidence = { consecutive_failures: 0, consecutive_successes: 1 };
  const health = { state: 'healthy', reason: 'answers', since_ms: 0, evidence } as const;
  return { ref, id, type: 'other', simulated: false, transport: 'tcp', endpoint: 'x', dialect, health };
}

const swarm = (ref: number, server_id: string, id: string): SwarmRecord => ({
  ref,
  key: `${server_id}/${id}`,
  id,
  server_id,
  server_type: 'other',
  slots_rev: 0,
  created_at_ms: ref,
});
const agent = (ref: number, of: SwarmRecord, id: string, more: Partial<AgentRecord> = {}): AgentRecord => ({
  ref,
  key: `${of.key}/${id}`,
  id,
  swarm: of.ref,
  server_id: of.server_id,
  server_type: 'other',
  status: 'idle',
  slot: 0,
  ...more,
});

function setup(kinds: Record<string, Kind>, options: { writes?: number; deadlineMs?: number } = {}) {
  const servers = Object.entries(kinds).map(([id, kind], index) => server(id, kind, index + 1));
  const swarms = servers.flatMap(({ id, ref }) => [swarm(10 * ref, id, 'one'), swarm(10 * ref + 1, id, `of-${id}`)]);
  const agents = swarms.map((of, index) => agent(100 + index, of, `agent-${of.server_id}-${of.id}`));
  const world = { epoch: 'e', version: 1, time_ms: 0, servers, swarms, agents, links: [], tasks: [], membership: [] };
  const calls: { server: string; call: Call; kind: CallKind }[] = [];
  const audits: AuditEntry[] = [];
  const sent: [string, string][] = [];
  const adjusted: Adjustment[] = [];
  const state = {
    offline: new Set<string>(),
    answer: (_call: Call): Promise<Outcome> => Promise.resolve({ ok: true, payload: {} }),
    refreshes: [] as string[],
    clockMs: 0,
  };
  const upstreams = {
    get: (id: string) => ({
      connected: () =>
        state.offline.has(id) ? undefined : { dialect: DIALECTS[kinds[id] ?? 'seed'], tools: new Set<string>() },
      call: (call: Call, kind: CallKind) => {
        calls.push({ server: id, call, kind });
        return state.answer(call);
      },
      refresh: () => {
        state.refreshes.push(id);
        return Promise.resolve();
      },
      restartTelemetry: () =>
        state.offline.has(id) ? Promise.reject(new ConnectionClosedError('gone')) : Promise.resolve('push' as const),
    }),
  } as unknown as Upstreams;
  const control = new Control({
    config: {
      reads_per_minute: 600,
      writes_per_minute: options.writes ?? 120,
      deadline_ms: options.deadlineMs ?? 5_000,
    },
    upstreams: () => upstreams,
    messageSent: (from, to) => void sent.push([from, to]),
    adjust: (adjustment) => {
      adjusted.push(adjustment);
      return Promise.resolve({ outcome: 'refused', message: 'refused by the gateway' });
    },
    servers: {
      add: () => undefined,
      remove: () => 'until a reload',
      drain: () => Promise.resolve(0),
      resume: () => true,
    },
    snapshot: (): WorldSnapshot => world,
    clock: { now: () => 1_000, monotonic: () => state.clockMs },
    log,
    audit: (entry) => audits.push(entry),
  });
  const ask = (operation: string, input: unknown, actor: Actor = OPERATOR) =>
    control.execute({ operation, input, actor });
  return { control, ask, calls, audits, sent, adjusted, state, world };
}

const CF = { cf: 'claude-flow' } as const;
const ok = (payload: unknown) => (): Promise<Outcome> => Promise.resolve({ ok: true, payload });

describe('who may', () => {
  const writes = [
    ['swarm.init', {}],
    ['swarm.dissolve', { swarm_id: 'one' }],
    ['swarm.coordinate', { swarm_id: 'one', message: 1 }],
    ['swarm.message', { from_swarm_id: 'one', swarm_id: 'of-cf', message: 1 }],
    ['agent.spawn', { type: 'coder' }],
    ['agent.update', { agent_id: 'a', status: 'x' }],
    ['agent.terminate', { agent_id: 'a' }],
    ['agent.message', { agent_id: 'a', message: 1 }],
    ['task.assign', { agent_id: 'a', task: 't' }],
    ['task.orchestrate', { task: 't' }],
    ['server.add', { server_id: 'x', transport: 'tcp' }],
    ['server.remove', { server_id: 'cf' }],
    ['server.drain', { server_id: 'cf' }],
    ['server.resume', { server_id: 'cf' }],
    ['log.level', { level: 'debug' }],
    ['limits.set', { limit: 'control.writes_per_minute', value: 1 }],
    ['task.cancel', { task_id: 't' }],
    ['task.results', { task_id: 't' }],
    ['memory.store', { key: 'k', value: 1 }],
    ['memory.retrieve', { key: 'k' }],
    ['telemetry.restart', {}],
    // Has a server asked.
    ['agent.list', { fresh: true }],
  ] as const;
  test.each(writes)('a viewer may not %s', async (operation, input) => {
    const { ask, calls, audits, adjusted, state } = setup(CF);
    expect(await ask(operation, input, VIEWER)).toMatchObject({ ok: false, failure: { code: 'forbidden' } });
    expect(calls).toEqual([]);
    expect(adjusted).toEqual([]);
    expect(state.refreshes).toEqual([]);
    expect(audits).toMatchObject([{ subject: 'vic', role: 'viewer', via: 'socket', operation, outcome: 'forbidden' }]);
  });

  test.each(['agent.list', 'swarm.status', 'task.status', 'metrics.query', 'metrics.aggregate'])(
    'a viewer may %s, which costs no server anything',
    async (operation) => {
      const { ask, calls } = setup(CF);
      expect(await ask(operation, {}, VIEWER)).toMatchObject({ ok: true, reply: { source: 'gateway', asked: [] } });
      expect(calls).toEqual([]);
    },
  );

  test('each subject has its own allowance, which time restores', async () => {
    const { ask, state } = setup(CF, { writes: 6 });
    state.answer = ok({ success: true, agentId: 'x' });
    const spawn = (subject: string) => ask('agent.spawn', { type: 'coder' }, { ...OPERATOR, subject });
    expect(await spawn('ann')).toMatchObject({ ok: true });
    expect(await spawn('ann')).toMatchObject({ ok: true });
    expect(await spawn('ann')).toMatchObject({
      ok: false,
      failure: { code: 'rate_limited', retry_after_ms: 10_000, message: expect.stringContaining('6 a minute') },
    });
    expect(await spawn('bob')).toMatchObject({ ok: true });
    state.clockMs += 10_000;
    expect(await spawn('ann')).toMatchObject({ ok: true });
  });
});

describe('what is said of bad input', () => {
  test.each([
    ['agent.spwan', {}, 'no_such_operation', 'agent.spawn'],
    ['agent.spawn', {}, 'bad_input', 'agent.spawn: type must be a string'],
    ['agent.spawn', { type: 'a b' }, 'bad_input', 'letters, digits'],
    ['agent.spawn', { type: 'coder', colour: 'red' }, 'bad_input', 'has no field "colour"'],
    ['swarm.init', { topology: 'tree' }, 'bad_input', 'must be one of: mesh, hierarchical'],
    ['agent.update', { agent_id: 'a' }, 'bad_input', 'at least one of name, status'],
    ['memory.store', { key: 'k', value: 'x'.repeat(20_000) }, 'bad_input', '16384'],
    ['agent.list', { limit: 0 }, 'bad_input', 'at least 1'],
    ['agent.list', { server_id: 'nope' }, 'no_such_server', 'known: cf, ruv'],
    ['agent.spawn', { server_id: 'cf', swarm_id: 'nope', type: 'c' }, 'no_such_swarm', 'known: cf/one, cf/of-cf'],
    ['agent.spawn', { swarm_id: 'one', type: 'c' }, 'ambiguous', 'known: cf/one, ruv/one'],
    ['agent.spawn', { type: 'c' }, 'ambiguous', 'known: cf, ruv'],
    ['agent.terminate', { agent_id: 'nope' }, 'no_such_agent', 'name server_id'],
    ['task.cancel', { task_id: 'nope' }, 'no_such_task', 'name server_id'],
    ['agent.status', { agent_id: 'nope' }, 'no_such_agent', 'nope'],
    ['swarm.dissolve', { server_id: 'cf', swarm_id: 'nope' }, 'no_such_swarm', 'cf/one'],
    ['agent.message', { agent_id: 'agent-cf-one', message: 1, from: 'nobody' }, 'no_such_agent', 'sender'],
  ])('%s %j: %s', async (operation, input, code, words) => {
    const { ask, calls } = setup({ cf: 'claude-flow', ruv: 'ruv-swarm' });
    const outcome = await ask(operation, input);
    expect(outcome).toMatchObject({ ok: false, failure: { code, message: expect.stringContaining(words) } });
    expect(calls).toEqual([]);
  });

  test.each([null, 7, 'x', [], { __proto__: null, constructor: 1 }, JSON.parse('{"__proto__":{"type":"coder"}}')])(
    'hostile input %j',
    async (input) => {
      const { ask, calls } = setup(CF);
      expect(await ask('agent.spawn', input)).toMatchObject({ ok: false, failure: { code: 'bad_input' } });
      expect(calls).toEqual([]);
    },
  );

  test.each(['constructor', '__proto__', 'toString', ''])('%j is no operation', async (operation) => {
    expect(await setup(CF).ask(operation, {})).toMatchObject({ ok: false, failure: { code: 'no_such_operation' } });
  });
});

describe('where it is done', () => {
  test('the agent tells server and swarm, by id or key; spellings of the seeds are taken', async () => {
    const { ask, calls, state } = setup({ cf: 'claude-flow', sd: 'seed' });
    state.answer = ok({ success: true });
    await ask('agent.terminate', { agentId: 'sd/of-sd/agent-sd-of-sd' });
    expect(calls).toMatchObject([
      {
        server: 'sd',
        call: { method: 'agent.terminate', params: { agent_id: 'agent-sd-of-sd', swarm_id: 'of-sd', graceful: true } },
        kind: { kind: 'write', repeat: false },
      },
    ]);
  });

  test('the swarm tells the server', async () => {
    const { ask, calls, state } = setup({ cf: 'claude-flow', sd: 'seed' });
    state.answer = ok({ success: true, agentId: 'x' });
    await ask('agent.spawn', { swarmId: 'of-cf', agentType: 'coder' });
    expect(calls).toMatchObject([{ server: 'cf', call: { tool: 'agent_spawn', args: { swarmId: 'of-cf' } } }]);
  });

  test('the only server that can is meant', async () => {
    const { ask, calls, state } = setup({ ruv: 'ruv-swarm', cf: 'claude-flow' });
    state.answer = ok({ success: true });
    expect(await ask('memory.store', { key: 'k', value: 1 })).toMatchObject({ ok: true, reply: { server_id: 'cf' } });
    // Safe to repeat: it is told so to the policy that retries.
    expect(calls).toMatchObject([{ server: 'cf', kind: { kind: 'write', repeat: true } }]);
  });

  test('what a server cannot do names those that can', async () => {
    const { ask, calls } = setup({ ruv: 'ruv-swarm', cf: 'claude-flow', sd: 'seed' });
    expect(await ask('agent.terminate', { agent_id: 'agent-ruv-one' })).toMatchObject({
      ok: false,
      failure: { code: 'unsupported_by_server', message: expect.stringContaining('servers that can: cf, sd') },
    });
    expect(await ask('agent.message', { agent_id: 'agent-cf-one', message: 'x' })).toMatchObject({
      failure: { code: 'unsupported_by_server', message: expect.stringContaining('servers that can: sd') },
    });
    expect(calls).toEqual([]);
  });

  test('a sender of the same server is its agent, one from elsewhere travels in the message', async () => {
    const { ask, calls, state } = setup({ cf: 'claude-flow', sd: 'seed' });
    state.answer = ok({ delivered: true });
    const to = { agent_id: 'agent-sd-one', message: 'hi' };
    await ask('agent.message', { ...to, from: 'sd/of-sd/agent-sd-of-sd' });
    await ask('agent.message', { ...to, from: 'agent-cf-one' });
    expect(calls.map(({ call }) => (call.kind === 'tool' ? call.args : call))).toEqual([
      { swarmId: 'one', agentId: 'agent-sd-one', message: 'hi', fromAgentId: 'agent-sd-of-sd' },
      { swarmId: 'one', agentId: 'agent-sd-one', message: { from: 'cf/one/agent-cf-one', message: 'hi' } },
    ]);
  });
});

describe('what came of it', () => {
  const spawn = { swarm_id: 'one', type: 'coder' };
  test.each([
    ['refused by the server', ok({ success: false, error: 'no\u0007 room' }), 'refused_by_server', 'cf: no room'],
    ['open circuit', () => Promise.reject(new CircuitOpenError('open')), 'unavailable', 'cannot be asked now'],
    ['no reply', () => Promise.reject(new RequestTimeoutError('15 s')), 'outcome_unknown', 'may have been done'],
    ['lost', () => Promise.reject(new ConnectionClosedError('gone')), 'outcome_unknown', 'look before you repeat'],
    ['our own fault', () => Promise.reject(new RangeError('secret inside')), 'internal', 'its log says why'],
    ['an answer to something else', ok({ hello: 1 }), 'refused_by_server', 'without agentId'],
  ] as const)('%s', async (_note, answer, code, words) => {
    const { ask, state, audits } = setup(CF);
    state.answer = answer;
    const outcome = await ask('agent.spawn', spawn);
    expect(outcome).toMatchObject({ ok: false, failure: { code, message: expect.stringContaining(words) } });
    expect(JSON.stringify(outcome)).not.toContain('secret');
    expect(audits).toMatchObject([
      {
        subject: 'ann',
        operation: 'agent.spawn',
        target: { swarm_id: 'one', type: 'coder' },
        outcome: code,
      },
    ]);
  });

  test('a read that gets no answer is unavailable: nothing can have been done', async () => {
    const { ask, state } = setup(CF);
    state.answer = () => Promise.reject(new RequestTimeoutError('15 s'));
    expect(await ask('memory.retrieve', { swarm_id: 'one', key: 'k' })).toMatchObject({
      failure: { code: 'unavailable' },
    });
  });

  test('a server that is not connected', async () => {
    const { ask, state } = setup(CF);
    state.offline.add('cf');
    expect(await ask('agent.spawn', spawn)).toMatchObject({ failure: { code: 'unavailable' } });
    expect(await ask('agent.spawn', { type: 'c' })).toMatchObject({ failure: { code: 'unsupported_by_server' } });
    expect(await ask('telemetry.restart', {})).toMatchObject({
      reply: { result: { servers: [{ server_id: 'cf', telemetry: 'off', restarted: false }] } },
    });
  });

  test('whoever asked is answered within the deadline', async () => {
    const { ask, state } = setup(CF, { deadlineMs: 100 });
    state.answer = () => new Promise(() => undefined);
    expect(await ask('agent.spawn', spawn)).toMatchObject({ failure: { code: 'outcome_unknown' } });
  });

  test('what is named as servers spell it is in the audit all the same', async () => {
    const { ask, audits } = setup(CF);
    await ask('agent.spawn', { swarmId: 'one', agentType: 'coder' });
    expect(audits).toMatchObject([{ target: { swarm_id: 'one', type: 'coder' }, kind: 'write' }]);
  });

  test('whoever is limited in what they see may do nothing, and that is noted', async () => {
    const { ask, audits, calls } = setup(CF);
    const actor: Actor = { ...OPERATOR, via: 'socket', limited: true };
    expect(await ask('agent.list', {}, actor)).toMatchObject({ ok: false, failure: { code: 'forbidden' } });
    expect(audits).toMatchObject([{ subject: 'ann', outcome: 'forbidden', kind: 'read' }]);
    expect(calls).toEqual([]);
  });

  test('values of memories and messages are not in the audit', async () => {
    const { ask, state, audits } = setup(CF);
    state.answer = ok({ success: true });
    await ask('memory.store', { swarm_id: 'one', key: 'k', value: 'hush' });
    expect(audits).toMatchObject([{ target: { swarm_id: 'one', key: 'k' }, outcome: 'ok' }]);
    expect(JSON.stringify(audits)).not.toContain('hush');
  });

  test('at most 256 are under way', async () => {
    const { ask, state, control } = setup(CF, { writes: 1_000_000 });
    const answers: ((outcome: Outcome) => void)[] = [];
    state.answer = () => new Promise((resolve) => answers.push(resolve));
    const all = Array.from({ length: 256 }, () => ask('agent.spawn', spawn));
    await Promise.resolve();
    expect(await ask('agent.spawn', spawn)).toMatchObject({ failure: { code: 'busy', retry_after_ms: 1_000 } });
    for (const answer of answers) answer({ ok: true, payload: { agentId: 'x' } });
    expect((await Promise.all(all)).every((outcome) => outcome.ok)).toBe(true);
    expect(control.stats()).toMatchObject({ operations_total: 257, operations_failed_total: 1, operations_pending: 0 });
  });
});

describe('a new swarm', () => {
  test('gets agents and a task one by one; what fails is named, the rest stays', async () => {
    const { ask, calls, state, world } = setup(CF);
    world.swarms.push(swarm(99, 'cf', 'fresh'));
    let spawned = 0;
    state.answer = (call) => {
      if (call.kind !== 'tool') throw new Error('claude-flow has tools');
      if (call.tool === 'swarm_init') return ok({ swarmId: 'fresh', topology: 'ring' })();
      if (call.tool === 'agent_spawn' && ++spawned === 2) return ok({ success: false, error: 'full' })();
      return ok({ agentId: 'a1', taskId: 't1' })();
    };
    const outcome = await ask('swarm.init', {
      topology: 'ring',
      initialAgents: [{ type: 'coder', name: 'ann' }, { type: 'tester' }],
      task: 'go',
    });
    expect(outcome).toMatchObject({
      ok: true,
      reply: {
        asked: ['tools/call swarm_init', 'tools/call agent_spawn', 'tools/call task_create', 'tools/call task_assign'],
        result: {
          swarm_id: 'fresh',
          agents: [{ agent_id: 'a1', swarm_id: 'fresh' }],
          task_id: 't1',
          failed: [{ what: 'agent tester', code: 'refused_by_server', message: 'cf: full' }],
        },
      },
    });
    expect(calls.every(({ call }) => call.kind === 'tool' && !JSON.stringify(call.args).includes('"one"'))).toBe(true);
  });
});

describe('reads', () => {
  test('agents by server, swarm, type and status, in pages', async () => {
    const { ask, world } = setup({ cf: 'claude-flow', sd: 'seed' });
    const [first] = world.swarms;
    if (first === undefined) throw new Error('no swarm');
    for (let n = 0; n < 5; n++) world.agents.push(agent(500 + n, first, `w${n}`, { type: 'worker', status: 'busy' }));
    const list = async (input: object) => (await ask('agent.list', input)) as { reply: { result: unknown } };
    expect((await list({ type: 'worker', limit: 2, offset: 1 })).reply.result).toMatchObject({
      total_count: 5,
      agents: [
        { agent_id: 'w1', swarm_id: 'one', server_id: 'cf', type: 'worker', status: 'busy' },
        { agent_id: 'w2', key: 'cf/one/w2' },
      ],
    });
    expect((await list({ status: 'busy', swarm_id: 'cf/one' })).reply.result).toMatchObject({ total_count: 5 });
    expect((await list({ server_id: 'sd' })).reply.result).toMatchObject({ total_count: 2 });
  });

  test('fresh has the server asked first, or all', async () => {
    const { ask, state } = setup({ cf: 'claude-flow', sd: 'seed' });
    await ask('agent.list', { fresh: true, swarm_id: 'of-sd' });
    expect(state.refreshes).toEqual(['sd']);
    await ask('agent.list', { fresh: true });
    expect(state.refreshes).toEqual(['sd', 'cf', 'sd']);
  });

  test('aggregates leave out what servers invent, and say so', async () => {
    const { ask, world } = setup(CF);
    const [first] = world.swarms;
    if (first === undefined) throw new Error('no swarm');
    world.agents.push(agent(1, first, 'x', { performance: { cpu_usage: 0.2 } }));
    world.agents.push(
      agent(2, first, 'y', {
        performance: { cpu_usage: 0.4, memory_mb: 5 },
        provenance: { 'performance.memory_mb': 'simulated' },
      }),
    );
    expect(await ask('metrics.aggregate', {})).toMatchObject({
      reply: {
        provenance: { aggregated_data: 'derived' },
        result: {
          agents: 4,
          aggregated_data: { cpu_usage: { count: 2, mean: expect.closeTo(0.3), min: 0.2, max: 0.4 } },
          left_out: { memory_mb: 1 },
        },
      },
    });
    expect(await ask('metrics.query', { agent_id: 'y' })).toMatchObject({
      reply: { result: { metrics: [{ agent_id: 'y', provenance: { memory_mb: 'simulated' } }], servers: [] } },
    });
  });
});
