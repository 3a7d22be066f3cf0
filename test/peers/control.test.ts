/** Control operations against the real servers, and what a watching client sees of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectSwarmcast, type SwarmcastClient } from '../../src/client/client.ts';
import { ask, done, OPERATOR_KEY } from '../support/control.ts';
import { openTestGateway } from '../support/gateway.ts';
import { peerCommand, privateRuvSwarm } from '../support/peers.ts';
import { until } from '../support/until.ts';

const watch = async (url: string): Promise<SwarmcastClient> => {
  const client = connectSwarmcast({ url: `${url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
  await client.whenLive();
  await until('a healthy server', () =>
    [...client.state.servers.values()].some(({ health }) => health.state === 'healthy'),
  );
  return client;
};
const agentOf = (client: SwarmcastClient, id: unknown) =>
  [...client.state.agents.values()].find((agent) => agent.id === id);
const taskOf = (client: SwarmcastClient, id: unknown) =>
  [...client.state.tasks.values()].find((task) => task.id === id);

test('ruv-swarm: init, spawn in a burst, list, orchestrate, results; what it cannot do is said before anything is sent', async () => {
  await using ruv = await privateRuvSwarm();
  await using gateway = await openTestGateway({
    'server.operator_key': OPERATOR_KEY,
    servers: [{ id: 'ruv', type: 'ruv-swarm', transport: 'stdio', command: ruv.command, args: ruv.args }],
  });
  const { url } = gateway;
  await using client = await watch(url);

  const swarm = await done(url, 'swarm.init', { topology: 'star', agents: [{ type: 'coordinator', name: 'lead' }] });
  expect(swarm).not.toHaveProperty('failed');
  await until('the swarm', () => [...client.state.swarms.values()].find(({ id }) => id === swarm['swarm_id']));

  // Sent at once; its ids are milliseconds, and two in one end the process.
  const burst = Array.from({ length: 20 }, (_, n) => done(url, 'agent.spawn', { type: 'coder', name: `coder-${n}` }));
  const ids = new Set((await Promise.all(burst)).map(({ agent_id }) => agent_id));
  expect(ids.size).toBe(20);
  for (const id of ids) expect(await until('the agent', () => agentOf(client, id))).toMatchObject({ type: 'coder' });
  expect(await done(url, 'agent.list', { server_id: 'ruv', fresh: true, limit: 1 })).toMatchObject({ total_count: 21 });

  const task = await ask(url, 'POST', '/api/tasks', { task: 'Count the stars', priority: 'high', max_agents: 2 });
  expect(task).toMatchObject({ status: 200, body: { note: expect.stringContaining('executes nothing') } });
  const { task_id } = task.body['result'] as { task_id: string };
  const seen = await until('the task, done', () => {
    const found = taskOf(client, task_id);
    return found?.status === 'completed' && found;
  });
  expect(seen).toMatchObject({ description: 'Count the stars', priority: 'high' });
  const results = await ask(url, 'GET', `/api/tasks/${task_id}/results`);
  expect(results.body).toMatchObject({ result: { results: null }, provenance: { execution_stats: 'simulated' } });
  expect(await ask(url, 'GET', '/api/tasks/nope/results?server_id=ruv')).toMatchObject({
    status: 422,
    body: { code: 'refused_by_server', detail: expect.stringContaining('nope') },
  });

  const [first] = ids;
  expect(await ask(url, 'DELETE', `/api/agents/${String(first)}`)).toMatchObject({
    status: 501,
    body: { code: 'unsupported_by_server' },
  });
  expect(await ask(url, 'POST', '/api/agents', { type: 'banana' })).toMatchObject({
    status: 422,
    body: { detail: expect.stringContaining('type must be one of') },
  });
  expect(agentOf(client, first)).toBeDefined();
});

test('claude-flow: init, spawn, update, tasks, memory, terminate, dissolve', async () => {
  const project = await mkdtemp(join(tmpdir(), 'swarmcast-cf-'));
  await using gateway = await openTestGateway({
    'server.operator_key': OPERATOR_KEY,
    servers: [
      {
        id: 'cf',
        type: 'claude-flow',
        transport: 'stdio',
        command: peerCommand('claude-flow'),
        args: ['mcp', 'start'],
        project,
      },
    ],
  });
  try {
    const { url } = gateway;
    await using client = await watch(url);
    const { swarm_id } = await done(url, 'swarm.init', { topology: 'ring' });
    const other = await done(url, 'swarm.init', { topology: 'mesh' });
    const swarm = await until('the swarm', () => [...client.state.swarms.values()].find(({ id }) => id === swarm_id));
    expect(swarm.topology).toBe('ring');

    const spawned = await ask(url, 'POST', '/api/agents', { swarm_id, type: 'coder', capabilities: ['typescript'] });
    expect(spawned).toMatchObject({ status: 200, body: { note: expect.stringContaining('starts no process') } });
    const { agent_id } = spawned.body['result'] as { agent_id: string };
    const agent = await until('the agent, in its swarm', () => {
      const found = agentOf(client, agent_id);
      return found?.swarm === swarm.ref && found;
    });
    expect(agent).toMatchObject({ type: 'coder', capabilities: ['typescript'] });

    expect(await done(url, 'agent.update', { agent_id, status: 'running' })).toEqual({ agent_id, updated: ['status'] });
    await until('its status', () => agentOf(client, agent_id)?.status === 'active');

    const task = await done(url, 'task.orchestrate', { swarm_id, task: 'Count the stars', priority: 'high' });
    const seen = await until('the task, and who has it', () => {
      const found = taskOf(client, task['task_id']);
      return found?.assignees?.includes(agent.ref) && found;
    });
    expect(seen).toMatchObject({ description: 'Count the stars', status: 'in_progress' });
    await done(url, 'task.cancel', { task_id: task['task_id'] });
    await until('the task cancelled', () => taskOf(client, task['task_id'])?.status === 'cancelled');

    await done(url, 'memory.store', { swarm_id, key: 'plan', value: { steps: [1, 2] } });
    const kept = { key: 'plan', found: true, value: { steps: [1, 2] } };
    expect(await done(url, 'memory.retrieve', { swarm_id, key: 'plan' })).toEqual(kept);
    expect(await done(url, 'memory.retrieve', { swarm_id: other['swarm_id'], key: 'plan' })).toMatchObject({
      found: false,
    });

    expect(await done(url, 'agent.terminate', { agent_id })).toEqual({ agent_id, terminated: true });
    await until('the agent gone', () => agentOf(client, agent_id) === undefined);
    expect(await done(url, 'swarm.dissolve', { swarm_id })).toMatchObject({ swarm_id });
    await until('the swarm gone, the other not', () => {
      const left = [...client.state.swarms.values()].map(({ id }) => id);
      return !left.includes(String(swarm_id)) && left.includes(String(other['swarm_id']));
    });
    expect(await ask(url, 'DELETE', `/api/swarms/${String(swarm_id)}`)).toMatchObject({ status: 404 });
  } finally {
    await rm(project, { recursive: true, force: true });
  }
});
