import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { answerHttp, createHttpApp } from '../../../src/http/app.ts';
import type { HubStatus } from '../../../src/http/hub-status.ts';
import type { AuditEntry, AuditQuery } from '../../../src/model/audit.ts';
import { accessOf } from '../../support/access.ts';
import { SECRET, signToken } from '../../support/tokens.ts';

const OPERATOR = await signToken({ sub: 'ann', role: 'operator' });
const VIEWER = await signToken({ sub: 'vic' });
const LIMITED = await signToken({ sub: 'lim', role: 'operator', servers: ['a'] });
const access = await accessOf({ auth: { jwt: { secret: SECRET } } });

function setup() {
  const noted: AuditEntry[] = [];
  const asked: AuditQuery[] = [];
  const hub: Partial<HubStatus> = {
    noteAudit: (entry) => noted.push(entry),
    auditPage: (query) => {
      asked.push(query);
      return { entries: [], next: { life: 'abc', seq: 7 }, gap: false, unwritten: 0 };
    },
    servers: () => [],
    probeServer: () => Promise.resolve(undefined),
    settings: () => ({ cap: null }),
    changeSettings: () => Promise.resolve([{ edge_id: 0, changed: 1 }]),
    setClientMode: () => Promise.resolve([]),
    operate: () => Promise.reject(new Error('not in this test')),
  };
  const app = createHttpApp(
    hub as HubStatus,
    pino({ level: 'silent' }),
    () => access,
    () => Promise.resolve({ outcome: 'refused', message: 'server.port: bad' }),
  );
  const call = async (method: string, url: string, token?: string, body?: unknown) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body));
    const reply = await answerHttp(app, { method, url, headers, body: sent });
    return { status: reply.status, json: JSON.parse(new TextDecoder().decode(reply.body)) as Record<string, unknown> };
  };
  return { call, noted, asked };
}

describe('actions of operators are noted with their result', () => {
  const ann = { subject: 'ann', role: 'operator', via: 'http', kind: 'write' };
  test.each([
    [
      'PUT',
      '/api/clients/cap',
      { mode: 'normal' },
      { operation: 'clients.cap', target: { mode: 'normal' }, outcome: 'ok' },
    ],
    ['DELETE', '/api/clients/cap', undefined, { operation: 'clients.uncap', outcome: 'ok' }],
    [
      'PUT',
      '/api/clients/cap',
      { mode: 'warp' },
      { operation: 'clients.cap', target: { mode: 'warp' }, outcome: 'bad_input' },
    ],
    [
      'POST',
      '/api/clients/c%201/mode',
      { mode: 'normal' },
      { operation: 'clients.set_mode', target: { client_id: 'c 1', mode: 'normal' }, outcome: 'no_edge' },
    ],
    [
      'POST',
      '/api/servers/b/probe',
      undefined,
      { operation: 'server.probe', target: { server_id: 'b' }, outcome: 'no_such_server' },
    ],
    [
      'POST',
      '/api/reload',
      undefined,
      { operation: 'config.reload', outcome: 'bad_config', message: 'server.port: bad' },
    ],
  ])('%s %s %j', async (method, url, body, entry) => {
    const { call, noted } = setup();
    await call(method, url, OPERATOR, body);
    expect(noted).toMatchObject([{ ...ann, ...entry }]);
  });

  test('reading is none, nor is a path that is not there', async () => {
    const { call, noted } = setup();
    await call('GET', '/api/servers', OPERATOR);
    await call('GET', '/api/audit', OPERATOR);
    await call('POST', '/api/servers/a/b/c/d', OPERATOR);
    expect(noted).toEqual([]);
  });
});

describe('refusals are noted: who, where that is known', () => {
  const vic = { subject: 'vic', role: 'viewer', outcome: 'forbidden' };
  test.each([
    ['PUT', '/api/clients/cap', VIEWER, { ...vic, operation: 'clients.cap', target: { mode: 'normal' } }],
    ['PUT', '/api/clients/cap', 'swk_stolen', { subject: 'unknown', role: null, outcome: 'unknown_key' }],
    ['PUT', '/api/clients/cap', undefined, { subject: 'unknown', role: null, outcome: 'no_token' }],
    ['POST', '/api/agents', undefined, { subject: 'unknown', outcome: 'no_token', operation: 'agent.spawn' }],
    ['POST', '/api/agents', LIMITED, { subject: 'lim', outcome: 'limited', operation: 'agent.spawn' }],
    ['POST', '/api/operations/agent.list', 'a.b.c', { subject: 'unknown', operation: 'agent.list', kind: 'read' }],
  ])('%s %s', async (method, url, token, entry) => {
    const { call, noted } = setup();
    const { status } = await call(method, url, token, { mode: 'normal', server_id: 'a', value: 'hush' });
    expect(status === 401 || status === 403).toBe(true);
    expect(noted).toMatchObject([entry]);
    expect(JSON.stringify(noted)).not.toContain('hush');
  });
});

describe('GET /api/audit', () => {
  test('passes place, limit and kind on, and gives the next place', async () => {
    const { call, asked } = setup();
    expect((await call('GET', '/api/audit', OPERATOR)).json).toEqual({
      entries: [],
      next: 'abc:7',
      gap: false,
      unwritten: 0,
    });
    await call('GET', '/api/audit?after=abc:7&limit=3&kind=write', OPERATOR);
    expect(asked).toEqual([
      { limit: 100, after: undefined, kind: undefined },
      { limit: 3, after: { life: 'abc', seq: 7 }, kind: 'write' },
    ]);
  });

  test.each([
    ['/api/audit', VIEWER, 403, 'forbidden'],
    ['/api/audit', undefined, 401, 'no_token'],
    ['/api/audit?limit=0', OPERATOR, 400, 'bad_input'],
    ['/api/audit?limit=1001', OPERATOR, 400, 'bad_input'],
    ['/api/audit?after=7', OPERATOR, 400, 'bad_input'],
    ['/api/audit?kind=read', OPERATOR, 400, 'bad_input'],
    ['/api/audit?since=7', OPERATOR, 400, 'bad_input'],
  ])('%s: %i', async (url, token, status, code) => {
    const { call, asked } = setup();
    expect(await call('GET', url, token)).toMatchObject({ status, json: { code } });
    expect(asked).toEqual([]);
  });
});
