import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDiscovery } from '../../../../../src/hub/upstream/discovery/discovery.ts';
import type { ServerSource } from '../../../../../src/hub/upstream/discovery/server-source.ts';
import { dnsSource } from '../../../../../src/hub/upstream/discovery/dns-source.ts';
import { fileSource } from '../../../../../src/hub/upstream/discovery/file-source.ts';
import { isPrivateAddress, registrySource } from '../../../../../src/hub/upstream/discovery/registry-source.ts';
import { configSchema, serverSchema, type ServerConfig } from '../../../../../src/platform/config/schema.ts';

const tcp = (id: string, port: number): ServerConfig => serverSchema.parse({ id, transport: 'tcp', port });
const never = new AbortController().signal;
const { discovery: config } = configSchema.parse({ discovery: { refresh_ms: 3_600_000, max_servers: 3 } });

function source(name: string, answers: (ServerConfig[] | Error)[]): ServerSource {
  let turn = 0;
  return {
    name,
    find: async () => {
      const answer = answers[Math.min(turn++, answers.length - 1)] ?? [];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

async function run(sources: ServerSource[], refreshes: number, fixed: ServerConfig[] = [], tellAtOnce = true) {
  const told: string[][] = [];
  const onServers = (servers: readonly ServerConfig[]): void => void told.push(servers.map(({ id }) => id));
  const log = pino({ level: 'silent' });
  await using discovery = startDiscovery({ config, fixed, sources, log, onServers, tellAtOnce });
  for (let i = 0; i < refreshes; i += 1) await discovery.refresh();
  return told;
}

describe('the set of servers', () => {
  test('is told at once, and when it changed', async () => {
    const found = source('s', [[tcp('b', 2)], [tcp('b', 2)], [tcp('c', 3)], []]);
    expect(await run([found], 5, [tcp('a', 1)])).toEqual([['a'], ['a', 'b'], ['a', 'c'], ['a']]);
  });

  test('the same server found twice is one, the earlier source counts', async () => {
    const first = source('first', [[tcp('x', 1), tcp('y', 2)]]);
    const second = source('second', [[tcp('y', 9), tcp('z', 2), tcp('w', 4)]]);
    expect(await run([first, second], 1, [tcp('a', 1)])).toEqual([['a'], ['a', 'y', 'w']]);
  });

  test('one that is found where another has an endpoint is that one, whichever came first', async () => {
    const endpoints = [{ host: 'two.example', port: 2 }];
    const both = serverSchema.parse({ id: 'both', transport: 'tcp', host: 'one.example', port: 1, endpoints });
    const second = serverSchema.parse({ id: 'second', transport: 'tcp', host: 'TWO.example', port: 2 });
    const elsewhere = serverSchema.parse({ id: 'elsewhere', transport: 'tcp', host: 'two.example', port: 1 });
    expect(await run([source('s', [[second, elsewhere]])], 1, [both])).toEqual([['both'], ['both', 'elsewhere']]);
    expect(await run([source('s', [[both, elsewhere]])], 1, [second])).toEqual([['second'], ['second', 'elsewhere']]);
  });

  test('a source that fails keeps what it found last', async () => {
    const flaky = source('flaky', [[tcp('b', 2)], new Error('unreachable'), [tcp('b', 2), tcp('c', 3)]]);
    expect(await run([flaky], 3)).toEqual([[], ['b'], ['b', 'c']]);
  });

  test('is bounded', async () => {
    const many = source('many', [Array.from({ length: 50 }, (_, i) => tcp(`s${i}`, 100 + i))]);
    expect((await run([many], 1, [tcp('a', 1)])).at(-1)).toEqual(['a', 's0', 's1', 's2']);
  });

  test('after a reload nothing is taken back before the sources were asked', async () => {
    expect(await run([source('s', [[tcp('b', 2)]])], 1, [tcp('a', 1)], false)).toEqual([['a', 'b']]);
  });
});

describe('a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarmcast-discovery-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test.each([
    { note: 'a YAML list', text: '- {id: a, transport: tcp, port: 1}\n', ids: ['a'] },
    {
      note: 'a YAML map',
      text: 'servers:\n  - {id: a, transport: tcp}\n  - {id: b, transport: tcp}\n',
      ids: ['a', 'b'],
    },
    { note: 'JSON', text: '{"servers":[{"id":"a","transport":"http","url":"http://h/mcp"}]}', ids: ['a'] },
    { note: 'an empty one', text: '', ids: [] },
  ])('$note is read', async ({ text, ids }) => {
    const path = join(folder, 'servers.yaml');
    await writeFile(path, text);
    expect((await fileSource(path).find(never)).map(({ id }) => id)).toEqual(ids);
  });

  test.each([
    {
      note: 'one bad entry',
      text: '- {id: a, transport: tcp}\n- {id: b, transport: pigeon}\n',
      error: /servers\.1\.transport/,
    },
    { note: 'not YAML', text: 'servers: [', error: /is not YAML/ },
    { note: 'not a list', text: 'hello', error: /must be a list of servers/ },
  ])('$note refuses it whole, with the reason', async ({ text, error }) => {
    const path = join(folder, 'servers.yaml');
    await writeFile(path, text);
    await expect(fileSource(path).find(never)).rejects.toThrow(error);
  });

  test('one that is missing is an error', async () => {
    await expect(fileSource(join(folder, 'none.yaml')).find(never)).rejects.toThrow(/ENOENT/);
  });
});

describe('a name', () => {
  test('all of its addresses are one server, whatever their order', async () => {
    const answers = [
      ['10.0.0.2', '10.0.0.1'],
      ['10.0.0.1', '10.0.0.2', '10.0.0.1'],
    ];
    const dns = dnsSource('mcp.internal:9500', async () => (answers.shift() ?? []).map((address) => ({ address })));
    const first = await dns.find(never);
    expect(first).toMatchObject([
      { id: 'mcp.internal-9500', host: '10.0.0.1', port: 9500, endpoints: [{ host: '10.0.0.2', port: 9500 }] },
    ]);
    expect(await dns.find(never)).toEqual(first);
    await expect(dns.find(never)).rejects.toThrow('no addresses');
  });
});

describe('a registry', () => {
  const entry = (name: string, url: string, type = 'streamable-http') => ({
    server: { name, remotes: [{ type, url }] },
  });
  const hooks = (pages: unknown[]) => ({
    urls: [] as string[],
    async fetch(url: string): Promise<string> {
      this.urls.push(url);
      return JSON.stringify(pages[this.urls.length - 1]);
    },
    resolve: async (host: string) => [{ address: host === 'inside.example' ? '169.254.169.254' : '93.184.216.34' }],
  });
  const pages = [
    {
      servers: [entry('io.x/a', 'https://a.example/mcp'), entry('io.x/b', 'https://inside.example/mcp'), { name: 7 }],
      metadata: { nextCursor: 'p2' },
    },
    { servers: [entry('io.x/c', 'http://127.0.0.1:1/mcp'), entry('io.x/d', 'https://d.example/sse', 'sse')] },
  ];

  test('its servers are read page by page; private addresses are left out', async () => {
    const all = hooks(pages);
    const found = await registrySource('https://registry.example/', false, all).find(never);
    expect(found).toMatchObject([{ id: 'io.x-a', transport: 'http', url: 'https://a.example/mcp' }]);
    expect(all.urls).toEqual([
      'https://registry.example/v0.1/servers',
      'https://registry.example/v0.1/servers?cursor=p2',
    ]);
  });

  test('private ones are taken where that is allowed', async () => {
    const found = await registrySource('https://registry.example', true, hooks(pages)).find(never);
    expect(found.map(({ id }) => id)).toEqual(['io.x-a', 'io.x-b', 'io.x-c']);
  });

  test.each([
    ['127.0.0.1', true],
    ['10.1.2.3', true],
    ['172.31.0.1', true],
    ['172.32.0.1', false],
    ['192.168.1.1', true],
    ['169.254.169.254', true],
    ['100.64.0.1', true],
    ['0.0.0.0', true],
    ['224.0.0.1', true],
    ['8.8.8.8', false],
    ['::1', true],
    ['::', true],
    ['fe80::1', true],
    ['fd00::1', true],
    ['::ffff:10.0.0.1', true],
    ['::ffff:8.8.8.8', false],
    ['2606:4700::1', false],
    ['not an address', true],
  ])('%s is private: %s', (address, isPrivate) => {
    expect(isPrivateAddress(address)).toBe(isPrivate);
  });
});
