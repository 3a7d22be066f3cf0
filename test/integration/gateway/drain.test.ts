import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { describe, expect, test, vi } from 'vitest';
import { builtMain } from '../../support/built-main.ts';
import { openTestServer, RecordingClient } from '../../support/gateway.ts';
import { spawnGateway } from '../../support/gateway-process.ts';

/** Servers as an environment value: what --set cannot carry. */
const serversIn = (servers: unknown[]) => ({ SWARMCAST_SERVERS: JSON.stringify(servers) });

describe('SIGTERM', () => {
  test('not ready, newcomers still taken; no newcomers, goodbye, 3001; then the servers are left; exit 0', async () => {
    const { simulator, server } = await openTestServer('sim');
    try {
      await using gateway = await spawnGateway({ 'server.drain_delay_ms': 6_000 }, serversIn([server]));
      using client = await RecordingClient.connect(gateway.url);
      await client.until('welcome', () => client.of('welcome')[0]);
      const ready = () => fetch(`${gateway.url}/readyz`);
      await vi.waitFor(async () => expect((await ready()).status).toBe(200), { timeout: 10_000 });

      gateway.child.kill('SIGTERM');
      await vi.waitFor(async () => expect((await ready()).status).toBe(503), { timeout: 5_000, interval: 20 });
      expect(await (await ready()).json()).toMatchObject({ ready: false, reasons: ['shutting down'] });
      using newcomer = await RecordingClient.connect(gateway.url);
      await newcomer.until('welcome', () => newcomer.of('welcome')[0]);
      expect(client.of('goodbye')).toEqual([]);

      const goodbye = await client.until('goodbye', () => client.of('goodbye')[0]);
      expect(goodbye.payload).toMatchObject({ reason: 'shutdown' });
      expect((await client.until('the close', () => client.closed)).code).toBe(3001);
      expect((await newcomer.until('the close', () => newcomer.closed)).code).toBe(3001);
      await expect(RecordingClient.connect(gateway.url)).rejects.toThrow('ECONNREFUSED');

      expect(await gateway.exited).toEqual({ code: 0, signal: null });
      await vi.waitFor(() => expect(simulator.stats.connections).toBe(0));
      const said = [...gateway.stderr().matchAll(/"msg":"([^"]*)"/g)].map(([, msg]) => msg);
      const order = ['draining', 'no clients are left', 'stopped'];
      expect(said.filter((msg) => order.includes(msg ?? ''))).toEqual(order);
    } finally {
      await simulator[Symbol.asyncDispose]();
    }
  });

  test('with several edge threads: every client is told', async () => {
    await using gateway = await spawnGateway({ 'edge.threads': 3, 'simulate.agents': 3 });
    const clients = await Promise.all(Array.from({ length: 24 }, () => RecordingClient.connect(gateway.url)));
    for (const client of clients) await client.until('welcome', () => client.of('welcome')[0]);
    gateway.child.kill('SIGTERM');
    for (const client of clients) {
      expect((await client.until('the close', () => client.closed)).code).toBe(3001);
      expect(client.of('goodbye')).toHaveLength(1);
    }
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });
});

describe('exit codes', () => {
  /** Ends with this code; what it wrote to stderr. */
  async function run(argv: string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [builtMain(), ...argv], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...environment },
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'exit')) as [number | null];
    return { code, stderr };
  }

  test.each([
    { note: 'unknown command', argv: ['strat'], code: 2, says: 'unknown command "strat"' },
    { note: 'unknown flag', argv: ['start', '--prot', '1'], code: 2, says: '--prot' },
    { note: 'unknown setting', argv: ['start', '--set', 'server.prot=1'], code: 2, says: 'server.prot' },
    { note: 'bad value', argv: ['start', '--port', '70000'], code: 2, says: 'server.port (flag --port)' },
    { note: 'a file that is not there', argv: ['start', '-c', '/nowhere.yaml'], code: 2, says: '/nowhere.yaml' },
    {
      note: 'unknown environment name',
      argv: ['start'],
      env: { SWARMCAST_PROT: '1' },
      code: 2,
      says: 'SWARMCAST_PROT',
    },
    { note: 'a wider address without authentication', argv: ['start', '--host', '0.0.0.0'], code: 2, says: 'auth' },
    {
      note: 'an address that is not ours',
      argv: ['start', '--host', '192.0.2.1', '--set', 'auth.allow_unauthenticated_network=true'],
      code: 1,
      says: '192.0.2.1',
    },
    { note: 'nobody to watch', argv: ['watch', 'ws://127.0.0.1:1/ws', '--once'], code: 1, says: 'no gateway answers' },
  ])('$note: $code', async ({ argv, env, code, says }) => {
    const ended = await run(argv, env);
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(says) as string });
  });

  test('a taken port: 1, and the port is named', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const ended = await run(['start', '--port', String(port)]);
    taken.close();
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(String(port)) as string });
  });

  test('a file that is not YAML: 2, and the file is named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'swarmcast-exit-'));
    try {
      const file = join(folder, 'bad.yaml');
      await writeFile(file, 'server: [');
      expect(await run(['start', '-c', file])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(file) as string,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a second signal during the drain: 70, and no abort by the native library', async () => {
    await using gateway = await spawnGateway({ 'server.drain_delay_ms': 60_000, 'simulate.agents': 3 });
    using client = await RecordingClient.connect(gateway.url);
    await client.until('welcome', () => client.of('welcome')[0]);
    gateway.child.kill('SIGTERM');
    await vi.waitFor(() => expect(gateway.stderr()).toContain('"msg":"draining"'), { timeout: 10_000 });
    gateway.child.kill('SIGTERM');
    expect(await gateway.exited).toEqual({ code: 70, signal: null });
  });
});
