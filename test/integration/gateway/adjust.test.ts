/** Operators change levels of the log and limits of a running gateway: seen in what it writes, and in whom it refuses. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { connectSwarmcast } from '../../../src/client/client.ts';
import { builtMain } from '../../support/built-main.ts';
import { ask, done, OPERATOR_KEY } from '../../support/control.ts';
import { openTestGateway, RecordingClient } from '../../support/gateway.ts';
import { spawnGateway } from '../../support/gateway-process.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);
const socketOf = (url: string) => `${url.replace('http', 'ws')}/ws`;

test('a level holds in every thread that has the component, from the answer on, until a reload', async () => {
  await using gateway = await spawnGateway({
    'server.operator_key': OPERATOR_KEY,
    'simulate.agents': 3,
    'edge.threads': 2,
  });
  const { url } = gateway;
  /** Components and messages of the debug lines so far. */
  const told = () =>
    gateway
      .stderr()
      .split('\n')
      .filter((line) => line.includes('"level":20'))
      .map((line) => JSON.parse(line) as { part: string; msg: string });
  const came = () => told().filter(({ msg }) => msg === 'a client came');

  (await RecordingClient.connect(url))[Symbol.dispose]();
  const changed = await done(url, 'log.level', { level: 'debug', component: 'edge' });
  expect(changed).toMatchObject({
    before: { edge: 'info' },
    now: { edge: 'debug', hub: 'info' },
    lasts: 'until a reload',
  });
  // Who came before is not told of afterwards.
  expect(came()).toEqual([]);
  // Of two threads on one port the system chooses.
  await until('clients of both edges told', async () => {
    (await RecordingClient.connect(url))[Symbol.dispose]();
    return new Set(came().map(({ part }) => part)).size === 2;
  });
  // The hub's thread keeps its own, and takes another in its turn.
  expect(told().some(({ msg }) => msg === 'operation')).toBe(false);
  await using operator = connectSwarmcast({ url: socketOf(url), token: OPERATOR_KEY });
  await operator.whenLive();
  expect(await operator.command('log.level', { level: 'debug' })).toMatchObject({
    source: 'gateway',
    result: { before: { edge: 'debug', hub: 'info' }, now: { edge: 'debug', hub: 'debug' } },
  });
  await until('an operation told', () => told().some(({ msg }) => msg === 'operation'));

  const reloaded = await ask(url, 'POST', '/api/reload');
  expect(reloaded).toMatchObject({ status: 200, body: { outcome: 'applied', settings: ['log.level'] } });
  const { before } = (await done(url, 'log.level', { level: 'info' })) as { before: object };
  expect(new Set(Object.values(before))).toEqual(new Set(['info']));
});

test('a limit refuses who was let in before; a viewer and bad values change nothing; all is written down', async () => {
  await using gateway = await openTestGateway({ 'server.operator_key': OPERATOR_KEY, 'simulate.agents': 3 });
  const { url } = gateway;
  const listing = () => ask(url, 'POST', '/api/operations/agent.list', {});
  // More at once than one a minute.
  for (let n = 0; n < 3; n++) expect(await listing()).toMatchObject({ status: 200 });
  const env = { ...process.env, SWARMCAST_SERVER_OPERATOR_KEY: OPERATOR_KEY };
  const flags = ['--limit', 'control.reads_per_minute', '--value', '1', '--url', url];
  const { stdout } = await run(process.execPath, [builtMain(), 'do', 'limits.set', ...flags], { env });
  expect(JSON.parse(stdout)).toMatchObject({
    note: 'to keep it, put it into the configuration',
    result: { limit: 'control.reads_per_minute', before: 600, now: 1, lasts: 'until a reload' },
  });
  expect(await listing()).toMatchObject({ status: 200 });
  expect(await listing()).toMatchObject({
    status: 429,
    body: { code: 'rate_limited', detail: expect.stringContaining('1 a minute are allowed') },
  });

  const set = (input: unknown, key?: string | null) => ask(url, 'POST', '/api/operations/limits.set', input, key);
  expect(await set({ limit: 'control.reads_per_minute', value: 600 }, null)).toMatchObject({ status: 401 });
  expect(await set({ limit: 'control.reads_per_minute', value: 0 })).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining('control.reads_per_minute: 0 is refused; allowed: 1–1000000') },
  });
  expect(await set({ limit: 'clients.max_clients', value: 5 })).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining('no limit that can be changed here') },
  });
  expect(await ask(url, 'POST', '/api/operations/log.level', { level: 'loud' })).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining('level must be one of: trace, debug, info, warn') },
  });
  expect(await listing()).toMatchObject({ status: 429 });
  await using viewer = connectSwarmcast({ url: socketOf(url) });
  await viewer.whenLive();
  await expect(viewer.command('log.level', { level: 'trace' })).rejects.toMatchObject({ code: 'forbidden' });
  expect(await set({ limit: 'control.reads_per_minute', value: 600 })).toMatchObject({
    body: { result: { before: 1, now: 600 } },
  });

  const audit = await ask(url, 'GET', '/api/audit?kind=write');
  const noted = audit.body['entries'] as { operation: string; outcome: string; target: unknown }[];
  expect(noted.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
    'limits.set ok',
    'limits.set forbidden',
    'limits.set bad_input',
    'limits.set bad_input',
    'log.level bad_input',
    'log.level forbidden',
    'limits.set ok',
  ]);
  expect(noted[0]?.target).toEqual({ limit: 'control.reads_per_minute' });
  expect(noted[5]?.target).toEqual({ level: 'trace' });
});
