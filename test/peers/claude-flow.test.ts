import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectSwarmcast, type SwarmcastClient } from '../../src/client/client.ts';
import type { Gateway } from '../../src/gateway.ts';
import { openTestGateway } from '../support/gateway.ts';
import { peerCommand } from '../support/peers.ts';
import { provenByHeartbeat } from '../support/proven.ts';
import { until } from '../support/until.ts';

function findAgent(client: SwarmcastClient, id: string) {
  return [...client.state.agents.values()].find((agent) => agent.id === id);
}

/** A swarm, two agents, a task, a change and an end, through the real server. `membership`: does it say who is where? */
async function story(gateway: Gateway, client: SwarmcastClient, membership: boolean): Promise<void> {
  const server = () => [...client.state.servers.values()].find(({ id }) => id === 'flow');
  await until('a healthy server', () => server()?.health.state === 'healthy', 30_000);
  expect(server()).toMatchObject({ dialect: 'claude-flow', simulated: false });

  await gateway.callTool('flow', 'swarm_init', { topology: 'hierarchical', maxAgents: 8, strategy: 'specialized' });
  const swarm = await until('the swarm', () =>
    [...client.state.swarms.values()].find(({ topology }) => topology === 'hierarchical'),
  );
  await gateway.callTool('flow', 'agent_spawn', { agentType: 'coordinator', agentId: 'lead-1', swarmId: swarm.id });
  await gateway.callTool('flow', 'agent_spawn', { agentType: 'coder', agentId: 'coder-1', swarmId: swarm.id });
  const coder = await until('the coder', () => findAgent(client, 'coder-1'));
  expect(coder).toMatchObject({ type: 'coder', server_id: 'flow', status: 'idle' });
  expect(coder.performance?.cpu_usage).toBeUndefined();
  expect(coder.performance?.memory_mb).toBeUndefined();
  if (membership) await until('its swarm', () => findAgent(client, 'coder-1')?.swarm === swarm.ref);

  await gateway.callTool('flow', 'task_create', { type: 'feature', description: 'Write the parser', priority: 'high' });
  const task = await until('the task', () =>
    [...client.state.tasks.values()].find(
      ({ description, progress }) => description === 'Write the parser' && progress === 0,
    ),
  );
  expect(task).toMatchObject({ status: 'pending', priority: 'high' });
  await gateway.callTool('flow', 'task_assign', { taskId: task.id, agentIds: ['coder-1'] });
  await until('the change of both', () => {
    const assigned = client.state.tasks.get(task.ref);
    return findAgent(client, 'coder-1')?.status === 'active' && (assigned?.assignees?.length ?? 0) === 1;
  });

  await gateway.callTool('flow', 'agent_terminate', { agentId: 'coder-1' });
  await until('the end of the coder', () => {
    const left = findAgent(client, 'coder-1');
    return left === undefined || left.status === 'offline';
  });
  expect(findAgent(client, 'lead-1')?.status).not.toBe('offline');
  await provenByHeartbeat(client);
  expect(client.stats.hashMismatches).toBe(0);
}

describe('claude-flow 3.x', () => {
  test('over stdio, its project’s files watched, the project left clean', async () => {
    const project = await mkdtemp(join(tmpdir(), 'swarmcast-flow-'));
    {
      await using gateway = await openTestGateway({
        servers: [
          {
            id: 'flow',
            type: 'claude-flow',
            transport: 'stdio',
            command: peerCommand('claude-flow'),
            args: ['mcp', 'start', '--tools', 'agent,swarm,task,daa,hive-mind,coordination,system'],
            project,
          },
        ],
      });
      await using client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
      await client.whenLive();
      await story(gateway, client, true);
    }
    // Its policy ledger belongs into the gateway's scratch directory, not into the user's project.
    expect(existsSync(join(project, '.claude-flow', 'agents', 'store.json'))).toBe(true);
    expect(existsSync(join(project, '.claude-flow', 'policy'))).toBe(false);
    await rm(project, { recursive: true, force: true });
  });

  test('over HTTP, within its rate limits', async () => {
    const home = await mkdtemp(join(tmpdir(), 'swarmcast-flow-http-'));
    const port = await freePort();
    const child = spawn(
      peerCommand('claude-flow'),
      ['mcp', 'start', '-t', 'http', '-p', String(port), '--host', '127.0.0.1'],
      {
        cwd: home,
        env: { ...process.env, TMPDIR: home, HOME: home },
        stdio: 'ignore',
      },
    );
    try {
      await untilListening(port);
      await using gateway = await openTestGateway({
        servers: [{ id: 'flow', type: 'claude-flow', transport: 'http', url: `http://127.0.0.1:${port}/mcp` }],
      });
      await using client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
      await client.whenLive();
      await story(gateway, client, false);
    } finally {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await exited;
      await rm(home, { recursive: true, force: true });
    }
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function untilListening(port: number): Promise<void> {
  let up = false;
  const deadline = Date.now() + 20_000;
  while (!up && Date.now() < deadline) {
    up = await fetch(`http://127.0.0.1:${port}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (!up) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!up) throw new Error('claude-flow did not listen within 20 s');
}
