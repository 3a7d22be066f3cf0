import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { builtMain } from '../../support/built-main.ts';
import { agentsByKey, openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';

const serverIds = (client: RecordingClient): string[] => {
  const ids = new Map<number, string>();
  for (const { payload } of client.of('discovery')) {
    if (payload.full) ids.clear();
    for (const { ref, id } of payload.servers) ids.set(ref, id);
    for (const ref of payload.removed_servers) ids.delete(ref);
  }
  return [...ids.values()].toSorted();
};

/** `swarmcast start` with a configuration file that can be rewritten. */
class StartedGateway implements AsyncDisposable {
  readonly said: string[] = [];
  readonly #folder: string;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  url = '';
  operatorKey = '';

  private constructor(folder: string, child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#folder = folder;
    this.#child = child;
    createInterface({ input: child.stderr }).on('line', (line) => this.said.push(line));
  }

  static async start(config: unknown): Promise<StartedGateway> {
    const folder = await mkdtemp(join(tmpdir(), 'swarmcast-reload-'));
    const file = join(folder, 'gateway.yaml');
    await writeFile(file, JSON.stringify(config));
    const child = spawn(process.execPath, [builtMain(), 'start', '--json', '-c', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = new StartedGateway(folder, child);
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { listening } = JSON.parse(line) as { listening: { url: string; operator_key: string } };
    started.url = listening.url;
    started.operatorKey = listening.operator_key;
    return started;
  }

  async write(config: unknown): Promise<void> {
    await writeFile(join(this.#folder, 'gateway.yaml'), typeof config === 'string' ? config : JSON.stringify(config));
  }

  hangup(): void {
    this.#child.kill('SIGHUP');
  }

  async reload(key = this.operatorKey): Promise<{ status: number; body: Record<string, unknown> }> {
    const headers = { authorization: `Bearer ${key}` };
    const response = await fetch(`${this.url}/api/reload`, { method: 'POST', headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** Parts of the gateway that have logged `message`. */
  partsThatSaid(message: string): Set<unknown> {
    const lines = this.said.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);
    return new Set(lines.filter(({ msg }) => msg.includes(message)).map(({ part }) => part));
  }

  /** What check-config says of the same file. */
  async checkConfig(): Promise<string> {
    const args = [builtMain(), 'check-config', '-c', join(this.#folder, 'gateway.yaml')];
    const check = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    check.stderr.on('data', (chunk) => (text += String(chunk)));
    await once(check, 'close');
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
    await rm(this.#folder, { recursive: true });
  }
}
interface LogLine {
  part: string;
  msg: string;
}

test('SIGHUP: servers come and go, clients stay; a bad file is refused whole and the old one stays', async () => {
  const [first, second] = await Promise.all([openTestServer('first'), openTestServer('second', { seed: 2 })]);
  await using _first = first.simulator;
  await using _second = second.simulator;
  const log = { level: 'silent' };
  await using gateway = await StartedGateway.start({ server: { port: 0 }, log, servers: [first.server] });
  using client = await RecordingClient.connect(gateway.url);
  await client.until('the first server', () => serverIds(client).join() === 'first');

  await gateway.write({ server: { port: 1 }, log, servers: [second.server] });
  gateway.hangup();
  await client.until('the second server instead', () => serverIds(client).join() === 'second');
  await expect.poll(() => gateway.said.join('\n')).toContain('changes of server.port need a restart');

  await gateway.write({ servers: [first.server, { id: 'third', transport: 'pigeon' }] });
  gateway.hangup();
  await expect.poll(() => gateway.said.join('\n')).toMatch(/refused, the old one stays:\n.*servers\.1\.transport/);
  expect(serverIds(client)).toEqual(['second']);
  expect(client.closed).toBeUndefined();
});

test('POST /api/reload: says what changed and what needs a restart; limits and log levels hold everywhere', async () => {
  // None leaves by itself: whoever goes was lost by the reload.
  const [first, second] = await Promise.all([
    openTestServer('first', { agentsChange: false }),
    openTestServer('second', { seed: 2, agentsChange: false }),
  ]);
  await using _first = first.simulator;
  await using _second = second.simulator;
  const before = { server: { port: 0 }, edge: { threads: 2 }, log: { level: 'silent' }, servers: [first.server] };
  await using gateway = await StartedGateway.start(before);
  using client = await RecordingClient.connect(gateway.url, { mode: 'high_frequency' });
  await client.until('its agents', () => agentsByKey(client).size === 6);
  const refs = [...agentsByKey(client).values()].map(({ ref }) => ref);

  await gateway.write({
    ...before,
    log: { level: 'info' },
    clients: { max_clients: 7 },
    upstream: { max_in_flight: 17 },
    resilience: { recovery_ms: 1_234 },
    servers: [first.server, second.server],
  });
  expect((await gateway.reload('wrong')).status).toBe(401);
  expect(serverIds(client)).toEqual(['first']);
  expect(await gateway.reload()).toEqual({
    status: 200,
    body: {
      outcome: 'applied',
      servers: { added: ['second'], removed: [], changed: [] },
      settings: ['log.level', 'upstream.max_in_flight', 'resilience.recovery_ms'],
      needs_restart: ['clients.max_clients'],
    },
  });
  await client.until('both', () => serverIds(client).join() === 'first,second');
  await client.until('fresh agents of both', () => {
    const agents = [...agentsByKey(client).values()];
    return agents.length === 12 && agents.every(({ stale }) => stale !== true);
  });
  // Limits hold for the server that stayed, and what it had was not lost meanwhile.
  const buffers = (await (await fetch(`${gateway.url}/api/debug/mcp/buffers`)).json()) as {
    servers: { requests: { max_in_flight: number } }[];
  };
  expect(buffers.servers.map(({ requests }) => requests.max_in_flight)).toEqual([17, 17]);
  expect(client.of('agent_update').flatMap(({ payload }) => payload.removed)).toEqual([]);
  expect([...agentsByKey(client).values()].map(({ ref }) => ref)).toEqual(expect.arrayContaining(refs));
  expect(client.closed).toBeUndefined();
  // All threads log by the new level: the hub of its servers, each edge of a page that it refuses.
  await expect.poll(() => gateway.partsThatSaid('connected')).toEqual(new Set(['hub']));
  for (let i = 0; i < 200 && gateway.partsThatSaid('refused').size < 2; i += 1) {
    const page = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, { origin: 'http://elsewhere.example' });
    await once(page, 'error');
  }
  await expect.poll(() => gateway.partsThatSaid('refused')).toEqual(new Set(['edge', 'edge 1']));

  await gateway.write({ ...before, servers: [second.server, { id: 'third', transport: 'pigeon' }] });
  const refused = await gateway.reload();
  expect(refused).toMatchObject({ status: 422, body: { code: 'bad_config' } });
  expect(await gateway.checkConfig()).toContain(String(refused.body['detail']));
  expect(String(refused.body['detail'])).toContain('servers.1.transport');
  expect(serverIds(client)).toEqual(['first', 'second']);
});

test('a watched file: servers appear when it is written, and a client may ask for them at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'swarmcast-discovery-'));
  const { simulator, server } = await openTestServer('found');
  const file = join(folder, 'servers.json');
  await writeFile(file, '[]');
  try {
    await using gateway = await openTestGateway({ 'discovery.file': file, 'discovery.refresh_ms': 3_600_000 });
    expect(gateway.simulated).toBe(false);
    using client = await RecordingClient.connect(gateway.url);
    expect(await client.request('discover')).toMatchObject({ type: 'ok', payload: { payload: { servers: 0 } } });
    await writeFile(file, JSON.stringify({ servers: [server] }));
    expect(await client.request('discover')).toMatchObject({ type: 'ok', payload: { payload: { servers: 1 } } });
    await client.until('the server', () => serverIds(client).join() === 'found');
  } finally {
    await simulator[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  }
});
