/** Control operations against simulated servers of every dialect, and what a watching client sees of them. */
import { describe, expect, test } from 'vitest';
import { connectSwarmcast, type RequestError, type SwarmcastClient } from '../../../src/client/client.ts';
import { ask, done, OPERATOR_KEY } from '../../support/control.ts';
import { openTestGateway, openTestServer } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';

const watch = (url: string) => connectSwarmcast({ url: `${url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
const agentOf = (client: SwarmcastClient, id: unknown) =>
  [...client.state.agents.values()].find((agent) => agent.id === id);
const healthy = (client: SwarmcastClient, count: number) =>
  until('healthy servers', () => {
    const servers = [...client.state.servers.values()];
    return servers.length === count && servers.every(({ health }) => health.state === 'healthy');
  });

async function open(faces: Record<string, 'seed' | 'claude-flow' | 'ruv-swarm' | 'daa'>, settings: object = {}) {
  const opened = await Promise.all(
    Object.entries(faces).map(([id, face]) => openTestServer(id, { face, eventsPerSecond: 0 })),
  );
  const gateway = await openTestGateway({
    servers: opened.map(({ server }) => server),
    'server.operator_key': OPERATOR_KEY,
    ...settings,
  });
  return {
    gateway,
    url: gateway.url,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await Promise.all(opened.map(({ simulator }) => simulator[Symbol.asyncDispose]()));
    },
  };
}

describe.each(['seed', 'claude-flow', 'ruv-swarm', 'daa'] as const)('a %s server', (face) => {
  test('an agent is spawned and seen; where the server can, it is terminated and gone', async () => {
    await using gateway = await open({ it: face });
    await using client = watch(gateway.url);
    await client.whenLive();
    await healthy(client, 1);

    const spawned = await done(gateway.url, 'agent.spawn', { server_id: 'it', type: 'coder', name: 'ann' });
    const seen = await until('the agent', () => agentOf(client, spawned['agent_id']));
    expect(seen).toMatchObject({ type: 'coder', server_id: 'it' });

    const ended = await ask(gateway.url, 'DELETE', `/api/agents/${String(spawned['agent_id'])}?server_id=it`);
    if (face === 'ruv-swarm') {
      expect(ended).toMatchObject({ status: 501, body: { code: 'unsupported_by_server' } });
      return;
    }
    expect(ended).toMatchObject({ status: 200, body: { result: { terminated: true } } });
    await until('the agent gone', () => agentOf(client, spawned['agent_id']) === undefined || undefined);
  });

  test('a task is given to a swarm and seen', async () => {
    await using gateway = await open({ it: face });
    await using client = watch(gateway.url);
    await client.whenLive();
    await healthy(client, 1);
    const swarm = await until('a swarm with agents', () =>
      [...client.state.swarms.values()].find(({ ref }) =>
        [...client.state.agents.values()].some((agent) => agent.swarm === ref),
      ),
    );
    const input = { server_id: 'it', swarm_id: swarm.id, task: 'Count the stars', max_agents: 2 };
    const { task_id } = await done(gateway.url, 'task.orchestrate', input);
    const task = await until('the task', () => [...client.state.tasks.values()].find(({ id }) => id === task_id));
    expect(task).toMatchObject({ description: 'Count the stars', server_id: 'it' });
    await until('its agents', () => client.state.tasks.get(task.ref)?.assignees?.length);
  });
});

test('a swarm is created with agents, spoken to, and dissolved; a watching client sees each', async () => {
  await using gateway = await open({ sd: 'seed', cf: 'claude-flow' });
  await using client = watch(gateway.url);
  await client.whenLive();
  await healthy(client, 2);
  for (const server_id of ['sd', 'cf']) {
    const agents = [{ type: 'coordinator', name: 'lead' }, { type: 'coder' }];
    const made = await done(gateway.url, 'swarm.init', { server_id, topology: 'star', agents, task: 'begin' });
    expect(made).not.toHaveProperty('failed');
    const swarm = await until('the swarm', () =>
      [...client.state.swarms.values()].find(({ id }) => id === made['swarm_id']),
    );
    expect(swarm).toMatchObject({ topology: 'star', server_id });
    await until(
      'its two agents',
      () => [...client.state.agents.values()].filter((agent) => agent.swarm === swarm.ref).length === 2,
    );
    await done(gateway.url, 'swarm.dissolve', { swarm_id: swarm.key });
    await until('the swarm gone', () => !client.state.swarms.has(swarm.ref));
  }
});

test('messages within a swarm, between swarms and between servers; watchers see the flow that servers tell', async () => {
  await using gateway = await open({ sd: 'seed', other: 'claude-flow' });
  await using client = watch(gateway.url);
  await client.whenLive();
  await healthy(client, 2);
  const first = await done(gateway.url, 'swarm.init', { server_id: 'sd', agents: [{ type: 'coder' }] });
  const second = await done(gateway.url, 'swarm.init', { server_id: 'sd', agents: [{ type: 'tester' }] });
  const idOf = (made: Record<string, unknown>) => (made['agents'] as { agent_id: string }[])[0]?.agent_id;
  const [from, to] = await until('both agents', () => {
    const pair = [agentOf(client, idOf(first)), agentOf(client, idOf(second))];
    return pair[0] !== undefined && pair[1] !== undefined && pair;
  });
  expect(from?.swarm).not.toBe(to?.swarm);
  const flow: { from: number; to: number }[] = [];
  client.on('flow', ({ messages }) => flow.push(...messages));
  expect(await done(gateway.url, 'agent.message', { agent_id: to?.key, from: from?.key, message: { go: 1 } })).toEqual({
    agent_id: to?.id,
    delivered: true,
  });
  await until('the message', () => flow.find((message) => message.from === from?.ref && message.to === to?.ref));

  const foreign = await until('an agent of the other server', () =>
    [...client.state.agents.values()].find(({ server_id }) => server_id === 'other'),
  );
  expect(await done(gateway.url, 'agent.message', { agent_id: to?.key, from: foreign.key, message: 'hello' })).toEqual({
    agent_id: to?.id,
    delivered: true,
  });
});

test('memory is kept by key and swarm, status and results of tasks are told, telemetry starts anew', async () => {
  await using gateway = await open({ sd: 'seed' });
  await using client = watch(gateway.url);
  await client.whenLive();
  await healthy(client, 1);
  const { url } = gateway;
  const swarm = await until('a swarm', () => [...client.state.swarms.values()][0]);
  const agent = await until('an agent', () => [...client.state.agents.values()][0]);
  await done(url, 'memory.store', { swarm_id: swarm.key, key: 'plan', value: { steps: [1, 2] } });
  expect(await ask(url, 'GET', `/api/memory/plan?swarm_id=${encodeURIComponent(swarm.key)}`)).toMatchObject({
    status: 200,
    body: { asked: ['tools/call memory_retrieve'], result: { found: true, value: { steps: [1, 2] } } },
  });
  expect(await done(url, 'memory.retrieve', { key: 'none' })).toEqual({ key: 'none', found: false, value: null });

  const { task_id } = await done(url, 'task.assign', { agent_id: agent.key, task: 'write', priority: 'high' });
  const status = async () => (await done(url, 'task.status', { task_id }))['tasks'];
  expect(await status()).toMatchObject([{ task_id, description: 'write', priority: 'high', assignees: [agent.key] }]);
  expect(await done(url, 'task.cancel', { task_id, reason: 'enough' })).toMatchObject({ cancelled: true });
  expect(await done(url, 'task.results', { task_id })).toMatchObject({ status: 'cancelled', results: null });

  const restarted = await done(url, 'telemetry.restart', {});
  expect(restarted).toEqual({ servers: [{ server_id: 'sd', telemetry: 'push', restarted: true }] });
  // It still pushes: an agent made by a call shows without waiting for the safety poll.
  const spawned = await done(url, 'agent.spawn', { server_id: 'sd', type: 'coder' });
  await until('the agent', () => agentOf(client, spawned['agent_id']));
});

test('who may not, and what is wrong, over HTTP', async () => {
  await using gateway = await open({ sd: 'seed' }, { 'control.writes_per_minute': 9 });
  const { url } = gateway;
  const spawn = { server_id: 'sd', type: 'coder' };
  await until('the server', async () => {
    const { body } = await ask(url, 'GET', '/api/operations');
    const operations = body['operations'] as { name: string; servers: string[] }[];
    return operations.some(({ name, servers }) => name === 'agent.spawn' && servers.includes('sd'));
  });
  const cases = [
    ['POST', '/api/agents', spawn, null, 401, 'forbidden'],
    ['POST', '/api/agents', spawn, 'wrong-key-wrong-key', 401, 'unknown_key'],
    ['POST', '/api/agents', '{', OPERATOR_KEY, 400, 'bad_input'],
    ['POST', '/api/agents', [], OPERATOR_KEY, 400, 'bad_input'],
    ['POST', '/api/operations/agent.spwan', {}, OPERATOR_KEY, 404, 'no_such_operation'],
    ['GET', '/api/agents?limit=0', undefined, null, 400, 'bad_input'],
    ['GET', '/api/agents?server_id=nope', undefined, null, 404, 'no_such_server'],
    ['GET', '/api/agents/nobody', undefined, null, 404, 'no_such_agent'],
    ['GET', '/api/agents?fresh=true', undefined, null, 401, 'forbidden'],
    ['DELETE', '/api/swarms/nope', undefined, OPERATOR_KEY, 404, 'no_such_swarm'],
  ] as const;
  for (const [method, path, body, key, status, code] of cases) {
    const answer = await ask(url, method, path, body, key);
    expect({ path, ...answer }).toMatchObject({
      path,
      status,
      type: 'application/problem+json',
      body: { status, code },
    });
  }
  expect(await ask(url, 'GET', '/api/agents', undefined, null)).toMatchObject({ status: 200 });
  const answers = [];
  for (let n = 0; n < 20 && answers.at(-1)?.status !== 429; n++)
    answers.push(await ask(url, 'POST', '/api/agents', spawn));
  expect(answers[0]).toMatchObject({ status: 200 });
  expect(answers.at(-1)).toMatchObject({
    status: 429,
    body: { code: 'rate_limited', retry_after_ms: expect.any(Number) },
  });
});

test('over the socket an operator spawns and ends an agent, which others see', async () => {
  await using gateway = await open({ sd: 'seed' });
  await using client = watch(gateway.url);
  await using operator = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, token: OPERATOR_KEY });
  await Promise.all([client.whenLive(), operator.whenLive()]);
  await healthy(client, 1);
  const { result } = await operator.command('agent.spawn', { server_id: 'sd', type: 'coder', name: 'ann' });
  await until('the agent', () => agentOf(client, result.agent_id));
  await operator.command('agent.terminate', { agent_id: result.agent_id });
  await until('the agent gone', () => agentOf(client, result.agent_id) === undefined);
});

test('the same over the socket: a viewer reads and may do nothing', async () => {
  await using gateway = await open({ sd: 'seed' });
  await using client = watch(gateway.url);
  await client.whenLive();
  await healthy(client, 1);
  const list = await client.command('agent.list', { limit: 2 });
  expect(list).toMatchObject({ operation: 'agent.list', source: 'gateway' });
  expect(list.result.agents).toHaveLength(2);
  const refused = client.command('agent.spawn', { type: 'coder' });
  await expect(refused).rejects.toMatchObject({ code: 'forbidden' } satisfies Partial<RequestError>);
  await expect(client.command('agent.list', { limit: 0 })).rejects.toMatchObject({ code: 'bad_input' });
});

test('a server without a dialect does what the configuration maps, is seen doing it, and refuses the rest', async () => {
  const { simulator, server } = await openTestServer('gen', { face: 'generic', eventsPerSecond: 0 });
  await using _simulator = simulator;
  const operations = {
    'agent.spawn': { tool: 'create_agent', args: { type: 'type', name: 'name' }, result: { agent_id: 'id' } },
    'agent.terminate': { tool: 'remove_agent', args: { id: 'agent_id' } },
    'memory.store': { tool: 'no_such_tool' },
  };
  await using gateway = await openTestGateway({
    servers: [{ ...server, dialect: 'generic', mapping: { list_tool: 'get_agents', operations } }],
    'server.operator_key': OPERATOR_KEY,
  });
  await using client = watch(gateway.url);
  await client.whenLive();
  await healthy(client, 1);
  const spawned = await done(gateway.url, 'agent.spawn', { type: 'coder', name: 'ann' });
  const seen = await until('the agent', () => agentOf(client, spawned['agent_id']));
  expect(seen).toMatchObject({ type: 'coder', name: 'ann', server_id: 'gen' });
  await done(gateway.url, 'agent.terminate', { agent_id: spawned['agent_id'] });
  await until('the agent gone', () => agentOf(client, spawned['agent_id']) === undefined);
  const refused = (operation: string, input: object) =>
    ask(gateway.url, 'POST', `/api/operations/${operation}`, { server_id: 'gen', ...input });
  expect(await refused('swarm.init', {})).toMatchObject({ status: 501, body: { code: 'unsupported_by_server' } });
  expect(await refused('memory.store', { key: 'k', value: 1 })).toMatchObject({
    status: 501,
    body: { code: 'unsupported_by_server', detail: expect.stringContaining('no_such_tool') },
  });
});
