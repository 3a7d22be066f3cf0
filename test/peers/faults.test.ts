/** What real servers do to a gateway when they fail: it copes, and says so. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { connectSwarmcast, type SwarmcastClient } from '../../src/client/client.ts';
import type { Gateway } from '../../src/gateway.ts';
import { openTestGateway, openTestServer } from '../support/gateway.ts';
import { childrenWith, peerCommand, privateRuvSwarm } from '../support/peers.ts';
import { provenByHeartbeat } from '../support/proven.ts';
import { until } from '../support/until.ts';

const proxy = fileURLToPath(new URL('burst-proxy.mjs', import.meta.url));

interface Told {
  atMs: number;
  state: string;
  reason: string;
}

/** A client, and everything that it was told of one server's health. */
async function watch(gateway: Gateway, server: string): Promise<{ client: SwarmcastClient; told: Told[] }> {
  const client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
  const told: Told[] = [];
  client.on('health', ({ server_id, state, reason }) => {
    if (server_id === server) told.push({ atMs: performance.now(), state, reason });
  });
  await client.whenLive();
  return { client, told };
}

function stateOf(client: SwarmcastClient, server: string): string | undefined {
  return [...client.state.servers.values()].find(({ id }) => id === server)?.health.state;
}

function agentsOf(client: SwarmcastClient, server: string) {
  return [...client.state.agents.values()].filter(({ server_id }) => server_id === server);
}

/** What was counted of one server. */
async function statsOf(gateway: Gateway, server: string): Promise<Record<string, number>> {
  const { servers } = (await (await fetch(`${gateway.url}/api/health/mcp`)).json()) as {
    servers: { id: string; stats: Record<string, number> }[];
  };
  return servers.find(({ id }) => id === server)?.stats ?? {};
}

describe('ruv-swarm', () => {
  test('dies of its own id collision: told at once with its exit code, restarted, another server unharmed', async () => {
    await using ruv = await privateRuvSwarm();
    const { simulator, server } = await openTestServer('calm', { agentsChange: false });
    await using _ = simulator;
    await using gateway = await openTestGateway({
      servers: [
        {
          id: 'ruv',
          type: 'ruv-swarm',
          transport: 'stdio',
          command: process.execPath,
          args: [proxy, ruv.command, ...ruv.args],
        },
        server,
      ],
      'world.stale_after_ms': 3_000,
      'world.remove_after_ms': 3_000,
    });
    const { client, told } = await watch(gateway, 'ruv');
    await using _client = client;
    const others: string[] = [];
    await until('both healthy', () => ['ruv', 'calm'].every((id) => stateOf(client, id) === 'healthy'), 30_000);
    client.on('health', ({ server_id, state }) => void (server_id === 'calm' && others.push(state)));
    await gateway.callTool('ruv', 'swarm_init', { topology: 'mesh', maxAgents: 50, strategy: 'balanced' });
    await gateway.callTool('ruv', 'agent_spawn', { type: 'coder', name: 'first' });
    await until('its agent', () => agentsOf(client, 'ruv').length === 1);

    const [pid] = childrenWith('burst-proxy');
    expect(pid).toBeDefined();
    const heard = told.length;
    // Its ids are milliseconds: two spawns in one, and it is gone with exit code 1.
    if (pid !== undefined) process.kill(pid, 'SIGUSR2');
    const news = await until('the news', () => told.slice(heard).find(({ state }) => state === 'down'), 10_000);
    expect(news.reason).toMatch(/code 1/);
    await until('a new process', () => childrenWith('burst-proxy').some((other) => other !== pid), 30_000);
    await until('healthy again', () => stateOf(client, 'ruv') === 'healthy', 30_000);
    await until('what was lost is gone', () => agentsOf(client, 'ruv').length === 0, 30_000);
    expect(others.filter((state) => state !== 'healthy')).toEqual([]);
    expect(agentsOf(client, 'calm').some(({ stale }) => stale === true)).toBe(false);
    await provenByHeartbeat(client);
  });

  test('its noise on stdout is counted, its failing tools are refusals: healthy, its circuit closed', async () => {
    await using ruv = await privateRuvSwarm();
    await using gateway = await openTestGateway({
      servers: [{ id: 'ruv', type: 'ruv-swarm', transport: 'stdio', command: ruv.command, args: ruv.args }],
    });
    const { client, told } = await watch(gateway, 'ruv');
    await using _ = client;
    await until('healthy', () => stateOf(client, 'ruv') === 'healthy', 30_000);
    const heard = told.length;
    const before = await statsOf(gateway, 'ruv');
    await gateway.callTool('ruv', 'swarm_init', { topology: 'mesh', maxAgents: 5, strategy: 'balanced' });
    await gateway.callTool('ruv', 'agent_spawn', { type: 'coder', name: 'first' });
    await until('its agent', () => agentsOf(client, 'ruv').length === 1);

    // More in a row than open a circuit, were they failures of the server.
    for (let i = 0; i < 10; i++) {
      await expect(gateway.callTool('ruv', 'agent_metrics', {})).rejects.toThrow(/ruv refused agent_metrics: .*map/);
      await expect(gateway.callTool('ruv', 'no_such_tool', {})).rejects.toThrow('ruv refused no_such_tool');
    }
    await gateway.callTool('ruv', 'agent_list', {});
    const after = await statsOf(gateway, 'ruv');
    expect(after['noiseLines']).toBeGreaterThan(before['noiseLines'] ?? Infinity);
    expect(after).toMatchObject({ circuitState: 0, circuitTrips: 0, reconnects: 0 });
    expect(told.slice(heard).filter(({ state }) => state !== 'healthy')).toEqual([]);
    expect(agentsOf(client, 'ruv')).toMatchObject([{ name: 'first' }]);
    await provenByHeartbeat(client);
  });
});

describe('claude-flow over HTTP', () => {
  test('HTTP 429 while somebody else uses up its limit: said as such, and healed without hands', async () => {
    const home = await mkdtemp(join(tmpdir(), 'swarmcast-flow-limit-'));
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
      const url = `http://127.0.0.1:${port}/mcp`;
      await untilUp(port);
      await using gateway = await openTestGateway({
        servers: [{ id: 'flow', type: 'claude-flow', transport: 'http', url }],
        'resilience.recovery_ms': 1_000,
      });
      const { client, told } = await watch(gateway, 'flow');
      await using _ = client;
      await until('healthy', () => stateOf(client, 'flow') === 'healthy', 30_000);
      const heard = told.length;
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: {} });
      const statuses = new Set<number>();
      for (let i = 0; i < 150; i++) statuses.add((await fetch(url, { method: 'POST', headers, body })).status);
      expect(statuses).toContain(429);
      const news = await until('the news', () => told.slice(heard).find(({ state }) => state !== 'healthy'), 20_000);
      expect(['degraded', 'unhealthy', 'down']).toContain(news.state);
      await until(
        'the reason',
        () => told.slice(heard).find(({ reason }) => /429|rate limit|too many/i.test(reason)),
        20_000,
      );
      await until('healthy again', () => stateOf(client, 'flow') === 'healthy', 120_000);
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

async function untilUp(port: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const up = await fetch(`http://127.0.0.1:${port}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return;
    if (Date.now() > deadline) throw new Error('claude-flow did not listen within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
