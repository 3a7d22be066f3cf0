import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGateway } from '../../../src/gateway.ts';
import { loadConfig } from '../../../src/platform/config/load.ts';
import { DnsServer } from '../../support/dns-server.ts';
import { agentsByKey, openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';

const countOf = (client: RecordingClient, server: string): number =>
  [...agentsByKey(client).values()].filter((agent) => agent['server_id'] === server).length;

interface ServerStatus {
  id: string;
  endpoint: string;
  stats: Record<string, number>;
}

async function serversOf(url: string): Promise<ServerStatus[]> {
  const answer = (await (await fetch(`${url}/api/health/mcp`)).json()) as { servers: ServerStatus[] };
  return answer.servers;
}

test('the environment: its servers are connected beside those of a file; each request for discovery is answered', async () => {
  const named = await openTestServer('named');
  const listed = await openTestServer('listed', { seed: 2 });
  const folder = await mkdtemp(join(tmpdir(), 'swarmcast-environment-'));
  const path = join(folder, 'servers.json');
  await writeFile(path, JSON.stringify([listed.server]));
  const environment = {
    MCP_HOST: '127.0.0.1',
    MCP_TCP_PORT: String(named.simulator.port),
    SWARMCAST_DISCOVERY_FILE: path,
    SWARMCAST_CLIENTS_DISCOVER_PER_MINUTE: '4',
  };
  const { config } = loadConfig({ files: [], flags: { 'server.port': 0, 'log.level': 'silent' }, environment });
  await using gateway = await openGateway(config);
  using client = await RecordingClient.connect(gateway.url);
  await client.until('the agents of both', () => countOf(client, 'claude-flow') > 0 && countOf(client, 'listed') > 0);
  expect((await serversOf(gateway.url)).map(({ id }) => id).toSorted()).toEqual(['claude-flow', 'listed']);

  const answers = await Promise.all(Array.from({ length: 12 }, () => client.request('discover')));
  const refused = answers.filter(({ type }) => type === 'error');
  expect(refused.length).toBeGreaterThan(0);
  // One a quarter of a minute comes back to it: on a slow machine one more is allowed.
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(4);
  for (const { payload } of refused)
    expect(payload).toMatchObject({ code: 'rate_limited', retry_after_ms: expect.any(Number) });
  await Promise.all([named, listed].map(({ simulator }) => simulator[Symbol.asyncDispose]()));
  await rm(folder, { recursive: true });
});

test('a name: one server of all its addresses, which share its load, as the name changes', async () => {
  await using dns = await DnsServer.start();
  const first = await openTestServer('first', { eventsPerSecond: 0 });
  const { port } = first.simulator;
  const second = await openTestServer('second', { eventsPerSecond: 0, host: '127.0.0.2', port });
  dns.addresses.set('mcp.test', ['127.0.0.1']);
  await using gateway = await openTestGateway({
    'discovery.dns': [`mcp.test:${port}`, `nowhere.test:${port}`],
    'discovery.dns_servers': [dns.address],
    'discovery.refresh_ms': 200,
    // So that a server that pushes is asked often.
    'upstream.heartbeat_interval_ms': 200,
  });
  using client = await RecordingClient.connect(gateway.url);
  const id = `mcp.test-${port}`;
  await client.until('its agents', () => countOf(client, id) > 0);
  expect((await serversOf(gateway.url)).map((server) => server.id)).toEqual([id]);
  expect(second.simulator.stats.connectionsTotal).toBe(0);

  dns.addresses.set('mcp.test', ['127.0.0.2', '127.0.0.1']);
  await expect.poll(() => second.simulator.stats.connections, { timeout: 10_000 }).toBe(1);
  const before = second.simulator.stats.requests;
  await expect.poll(() => second.simulator.stats.requests, { timeout: 10_000 }).toBeGreaterThan(before + 2);
  expect(first.simulator.stats.connections).toBe(1);
  expect((await serversOf(gateway.url)).map((server) => server.id)).toEqual([id]);

  // A resolver's outage, or a name that is gone, takes nothing away.
  dns.addresses.delete('mcp.test');
  const asked = dns.asked.length;
  await expect.poll(() => dns.asked.length).toBeGreaterThan(asked + 4);
  expect((await serversOf(gateway.url)).map((server) => server.id)).toEqual([id]);
  await Promise.all([first, second].map(({ simulator }) => simulator[Symbol.asyncDispose]()));
});

/** A registry over HTTP whose list may be changed. */
async function startRegistry(servers: Record<string, unknown>[]) {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ servers: servers.map((server) => ({ server })), metadata: { count: servers.length } }),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    http.closeAllConnections();
    http.close();
    await once(http, 'close');
  };
  return { url, asked, [Symbol.asyncDispose]: close };
}

const entry = (name: string, url: string) => ({ name, version: '1', remotes: [{ type: 'streamable-http', url }] });

test('a registry: its servers come and go; one that is configured too is one', async () => {
  const known = await openTestServer('known', { transport: 'http' });
  const found = await openTestServer('found', { transport: 'http', seed: 2 });
  const servers = [entry('io.test/known', known.simulator.endpoint)];
  await using registry = await startRegistry(servers);
  await using gateway = await openTestGateway({
    servers: [known.server],
    'discovery.registry': registry.url,
    'discovery.registry_allow_private': true,
    'discovery.refresh_ms': 200,
  });
  using client = await RecordingClient.connect(gateway.url);
  await client.until('the agents of the configured one', () => countOf(client, 'known') > 0);
  await expect.poll(() => registry.asked.length).toBeGreaterThan(2);
  expect(registry.asked[0]).toBe('/v0.1/servers');
  expect((await serversOf(gateway.url)).map(({ id }) => id)).toEqual(['known']);

  servers.push(entry('io.test/found', found.simulator.endpoint));
  await client.until('the agents of the found one', () => countOf(client, 'io.test-found') > 0);
  servers.pop();
  await client.until('that they are gone', () => countOf(client, 'io.test-found') === 0);
  expect((await serversOf(gateway.url)).map(({ id }) => id)).toEqual(['known']);
  expect(countOf(client, 'known')).toBeGreaterThan(0);
  await Promise.all([known, found].map(({ simulator }) => simulator[Symbol.asyncDispose]()));
});

test('a registry cannot lead inside unless that is allowed: no connection is made', async () => {
  const inside = await openTestServer('inside', { transport: 'http' });
  const byName = inside.simulator.endpoint.replace('127.0.0.1', 'localhost');
  await using registry = await startRegistry([
    entry('io.test/inside', inside.simulator.endpoint),
    entry('io.test/by-name', byName),
  ]);
  await using gateway = await openTestGateway({ 'discovery.registry': registry.url, 'discovery.refresh_ms': 100 });
  await expect.poll(() => registry.asked.length, { timeout: 15_000 }).toBeGreaterThan(4);
  expect(await serversOf(gateway.url)).toEqual([]);
  expect(inside.simulator.stats.connectionsTotal).toBe(0);
  await inside.simulator[Symbol.asyncDispose]();
});

test('a file: its changes apply at once, long before it is looked at again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'swarmcast-file-'));
  const path = join(folder, 'servers.json');
  const write = async (servers: unknown[]): Promise<void> => {
    await writeFile(`${path}.new`, JSON.stringify(servers));
    await rename(`${path}.new`, path);
  };
  const listed = await openTestServer('listed');
  await write([]);
  await using gateway = await openTestGateway({ 'discovery.file': path, 'discovery.refresh_ms': 3_600_000 });
  using client = await RecordingClient.connect(gateway.url);
  await client.until('welcome', () => client.of('welcome').length > 0);
  await write([listed.server]);
  await client.until('its agents', () => countOf(client, 'listed') > 0);
  await writeFile(path, '[{"id": "half');
  await write([listed.server, { ...listed.server, id: 'twin' }]);
  await write([]);
  await client.until('that they are gone', () => countOf(client, 'listed') === 0);
  expect(listed.simulator.stats.connectionsTotal).toBe(1);
  await listed.simulator[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});
