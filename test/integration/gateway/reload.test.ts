import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { builtMain } from '../../support/built-main.ts';
import { openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';

const serverIds = (client: RecordingClient): string[] => {
  const ids = new Map<number, string>();
  for (const { payload } of client.of('discovery')) {
    if (payload.full) ids.clear();
    for (const { ref, id } of payload.servers) ids.set(ref, id);
    for (const ref of payload.removed_servers) ids.delete(ref);
  }
  return [...ids.values()].toSorted();
};

test('SIGHUP: servers come and go, clients stay; a bad file is refused whole and the old one stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'swarmcast-reload-'));
  const [first, second] = await Promise.all([openTestServer('first'), openTestServer('second', { seed: 2 })]);
  const file = join(folder, 'gateway.yaml');
  const write = (config: unknown): Promise<void> => writeFile(file, JSON.stringify(config));
  await write({ server: { port: 0 }, log: { level: 'silent' }, servers: [first.server] });
  const child = spawn(process.execPath, [builtMain(), 'start', '--json', '-c', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const said: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { listening } = JSON.parse(line) as { listening: { url: string } };
    using client = await RecordingClient.connect(listening.url);
    await client.until('the first server', () => serverIds(client).join() === 'first');

    await write({ server: { port: 1 }, log: { level: 'silent' }, servers: [second.server] });
    child.kill('SIGHUP');
    await client.until('the second server instead', () => serverIds(client).join() === 'second');
    await expect.poll(() => said.join('\n')).toContain('changes of server need a restart');

    await write({ servers: [first.server, { id: 'third', transport: 'pigeon' }] });
    child.kill('SIGHUP');
    await expect.poll(() => said.join('\n')).toMatch(/refused, the old one stays:\n.*servers\.1\.transport/);
    expect(serverIds(client)).toEqual(['second']);
    expect(client.closed).toBeUndefined();
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    await Promise.all([first, second].map(({ simulator }) => simulator[Symbol.asyncDispose]()));
    await rm(folder, { recursive: true });
  }
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
