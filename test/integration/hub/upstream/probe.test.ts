import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeServer } from '../../../../src/hub/upstream/probe.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { configSchema, serverSchema } from '../../../../src/platform/config/schema.ts';
import { plainDialect } from './plain-dialect.ts';
import { politePeer, RawPeer, textResult, type Script } from './raw-peer.ts';

const limits = configSchema.parse({ upstream: { connect_timeout_ms: 400, request_timeout_ms: 400 } }).upstream;

function probe(server: object, scratchRoot = '/nowhere', deadlineMs?: number) {
  return probeServer({
    server: serverSchema.parse({ id: 'target', ...server }),
    limits,
    dialects: [plainDialect()],
    clock: systemClock,
    scratchRoot,
    deadlineMs,
  });
}

test('an MCP server is reported with all that it shows, without changing it', async () => {
  await using raw = await RawPeer.start(
    politePeer((m, p) => p.result(m, textResult({ agents: ['a', 'b'] })), ['agent_list', 'b_tool']),
  );
  const report = await probe({ transport: 'tcp', port: raw.port, bootstrap: [{ tool: 'swarm_init' }] });
  expect(report).toMatchObject({
    endpoint: `tcp://127.0.0.1:${raw.port}`,
    connected: true,
    era: 'legacy',
    protocolVersion: '2024-11-05',
    serverName: 'raw-peer',
    serverVersion: '0.0.1',
    tools: ['agent_list', 'b_tool'],
    dialect: { name: 'claude-flow', score: 1 },
    agents: 2,
    swarms: 0,
    tasks: 0,
    noiseLines: 0,
    errors: [],
  });
  expect(report.latencyMs?.calls).toBe(2);
  expect(report.latencyMs?.min).toBeLessThanOrEqual(report.latencyMs?.median ?? 0);
  expect(raw.methods).not.toContain('tool swarm_init');
  await expect.poll(() => raw.sockets.size).toBe(0);
});

test('a noisy child process is probed in a scratch directory that is removed', async () => {
  const scratchRoot = await mkdtemp(join(tmpdir(), 'swarmcast-probe-'));
  const peer = fileURLToPath(new URL('stdio-peer.mjs', import.meta.url));
  const server = { transport: 'stdio', command: process.execPath, args: [peer] };
  const report = await probeServer({
    server: serverSchema.parse({ id: 'target', ...server }),
    limits: { ...limits, connect_timeout_ms: 10_000, request_timeout_ms: 10_000 },
    dialects: [plainDialect()],
    clock: systemClock,
    scratchRoot,
  });
  expect(report).toMatchObject({ connected: true, serverName: 'noisy', agents: 1, errors: [] });
  expect(report.noiseLines).toBeGreaterThan(2);
  expect(await readdir(scratchRoot)).toEqual([]);
  await rm(scratchRoot, { recursive: true });
});

test.each<{ note: string; script: Script; error: RegExp; found: object }>([
  {
    note: 'never answers',
    script: () => undefined,
    error: /no MCP handshake within 400 ms/,
    found: { connected: false },
  },
  {
    note: 'speaks no MCP',
    script: (_m, p) => p.socket.end('220 mail.example ESMTP\n'),
    error: /it had said: "220 mail.example ESMTP"/,
    found: { connected: false, noiseLines: 2 },
  },
  {
    note: 'has no tools that anybody understands',
    script: politePeer(() => undefined, ['weather']),
    error: /no dialect understands raw-peer with 1 tools/,
    found: { connected: true, tools: ['weather'], dialect: undefined },
  },
  {
    note: 'answers nothing but the handshake',
    script: politePeer(() => undefined),
    error: /no reply to tools\/call within 400 ms/,
    found: { connected: true, agents: 0, latencyMs: undefined },
  },
  {
    note: 'refuses every call',
    script: politePeer((m, p) => p.error(m, -32603, 'broken inside')),
    error: /agent_list: broken inside/,
    found: { connected: true, agents: 0 },
  },
])('a peer that $note: a clear error in time', async ({ script, error, found }) => {
  await using raw = await RawPeer.start(script);
  const report = await probe({ transport: 'tcp', port: raw.port });
  expect(report).toMatchObject(found);
  expect(report.errors.join('\n')).toMatch(error);
  await expect.poll(() => raw.sockets.size).toBe(0);
});

test('the deadline ends a probe that goes on and on', async () => {
  await using raw = await RawPeer.start(politePeer(() => undefined));
  const report = await probe({ transport: 'tcp', port: raw.port }, '/nowhere', 150);
  expect(report.errors).toEqual(['not finished within 150 ms']);
});

test('an HTTP server that is no MCP server', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end('<h1>Not found</h1>')).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const report = await probe({ transport: 'http', url: `http://127.0.0.1:${port}/mcp` });
  expect(report.connected).toBe(false);
  // On a busy machine the question of the era may run out of time before the 404 arrives.
  expect(report.errors[0]).toMatch(/no MCP handshake: .*(Not found|timed out)/);
  server.close();
  await once(server, 'close');
});
