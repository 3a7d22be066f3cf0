import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AuditRecord } from '../../../src/model/audit.ts';
import { ask, OPERATOR_KEY } from '../../support/control.ts';
import { openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';

const here = mkdtempSync(join(tmpdir(), 'swarmcast-audit-'));

test('who did what, over HTTP and the socket, done and refused: held, and in the file', async () => {
  const file = join(here, 'audit.jsonl');
  const { simulator, server } = await openTestServer('desk');
  await using _simulator = simulator;
  await using gateway = await openTestGateway({
    servers: [server],
    'server.operator_key': OPERATOR_KEY,
    'audit.file': file,
  });
  const { url } = gateway;
  await expect.poll(async () => (await ask(url, 'GET', '/readyz')).status, { timeout: 15_000 }).toBe(200);
  const begin = String((await ask(url, 'GET', '/api/audit')).body['next']);

  await ask(url, 'PUT', '/api/clients/cap', { mode: 'normal' });
  await ask(url, 'PUT', '/api/clients/cap', { mode: 'normal' }, 'a-wrong-key');
  expect((await ask(url, 'POST', '/api/swarms', { server_id: 'desk', topology: 'ring' })).status).toBe(200);
  using client = await RecordingClient.connect(url);
  await client.until('a welcome', () => client.of('welcome')[0]);
  await client.request('command', { operation: 'agent.spawn', input: { server_id: 'desk', type: 'coder' } });
  // A viewer reads; who only wants changes is not shown that.
  await client.request('command', { operation: 'agent.list' });

  const expected = [
    { operation: 'clients.cap', subject: 'operator-key', outcome: 'ok', target: { mode: 'normal' } },
    { operation: 'clients.cap', subject: 'unknown', role: null, outcome: 'unknown_key' },
    { operation: 'swarm.init', subject: 'operator-key', role: 'operator', via: 'http', outcome: 'ok' },
    { operation: 'agent.spawn', subject: 'anonymous', role: 'viewer', via: 'socket', outcome: 'forbidden' },
  ];
  const page = await ask(url, 'GET', `/api/audit?after=${begin}&kind=write`);
  expect(page.body['entries']).toMatchObject(expected);
  expect(page.body).toMatchObject({ gap: false, unwritten: 0 });
  const all = (await ask(url, 'GET', `/api/audit?after=${begin}`)).body['entries'] as AuditRecord[];
  expect(all.map(({ operation }) => operation)).toEqual([...expected.map((one) => one.operation), 'agent.list']);
  expect((await ask(url, 'GET', `/api/audit?after=${String(page.body['next'])}`)).body['entries']).toEqual([]);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as AuditRecord)).toMatchObject(all);
});

test('a file that cannot be written any more: the work goes on, what is missing there is counted and told', async () => {
  // /dev/full takes nothing, like a full disk; nothing is written to it at the start.
  await using gateway = await openTestGateway({
    'simulate.agents': 1,
    'server.operator_key': OPERATOR_KEY,
    'audit.file': '/dev/full',
  });
  expect((await ask(gateway.url, 'DELETE', '/api/clients/cap')).status).toBe(200);
  expect((await ask(gateway.url, 'GET', '/api/audit')).body).toMatchObject({
    unwritten: 1,
    entries: [{ operation: 'clients.uncap', outcome: 'ok' }],
  });
  expect(await (await fetch(`${gateway.url}/metrics`)).text()).toContain('swarmcast_audit_unwritten_total 1\n');
});

test('a place that cannot be written is refused at the start', async () => {
  await expect(openTestGateway({ 'audit.file': join(here, 'no', 'such', 'folder') })).rejects.toThrow(
    /audit\.file .*cannot be written/,
  );
});
