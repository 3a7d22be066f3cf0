import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { ClientInfo, ClientsPage, EdgeSettings, EdgeStatus, ModeSet } from '../../../src/feed/feed.ts';
import { answerHttp, createHttpApp } from '../../../src/http/app.ts';
import { costReport } from '../../../src/http/client-costs.ts';
import type { HubStatus } from '../../../src/http/hub-status.ts';
import type { Mode } from '../../../src/protocol/modes.ts';
import { accessOf } from '../../support/access.ts';

const KEY = 'a-key-of-sixteen-and-more';
const keyed = await accessOf({ server: { operator_key: KEY } });

const client = (serial: number): ClientInfo => ({
  id: `c${serial}`,
  subject: 'anonymous',
  role: 'viewer',
  serial,
  phase: 'live',
  mode: 'normal',
  wanted_mode: 'normal',
  effective_rate_hz: 10,
  buffered_bytes: 0,
  bytes_per_second: 1,
  view: 'json q16',
  age_ms: 1,
  skips: 0,
  behind: false,
});

/** Two edges of five clients each, as they would answer. */
function setup(overrides: Partial<HubStatus> = {}) {
  const calls: unknown[] = [];
  let settings: EdgeSettings = { cap: null };
  const unused = () => {
    throw new Error('not used here');
  };
  const hub: HubStatus = {
    snapshot: unused,
    servers: () => [],
    degradationLevel: unused,
    degradation: unused,
    messagesPerSecond: () => undefined,
    stats: () => ({}),
    upstreamStats: () => ({}),
    edges: () => Promise.resolve([]),
    operate: () => Promise.reject(new Error('not in this test')),
    serversFor: () => [],
    noteAudit: () => undefined,
    auditPage: unused,
    notReady: () => [],
    probeServer: () => Promise.resolve(undefined),
    resetCircuit: () => undefined,
    clients: ({ after, limit }: ClientsPage) =>
      Promise.resolve(
        [1, 0].map((edge_id) => ({
          edge_id,
          total: 5,
          clients: [0, 1, 2, 3, 4]
            .filter(
              (serial) =>
                after === null || edge_id > after.edge_id || (edge_id === after.edge_id && serial > after.serial),
            )
            .slice(0, limit)
            .map(client),
        })),
      ),
    setClientMode: (id: string, mode: Mode) => {
      calls.push([id, mode]);
      const answers: ModeSet[] = [
        { edge_id: 0, held: false },
        id === 'c1' ? { edge_id: 1, held: true, mode, effective_rate_hz: 10 } : { edge_id: 1, held: false },
      ];
      return Promise.resolve(answers);
    },
    settings: () => settings,
    changeSettings: (next) => {
      settings = next;
      calls.push(next);
      return Promise.resolve([
        { edge_id: 0, changed: 2 },
        { edge_id: 1, changed: 3 },
      ]);
    },
    ...overrides,
  };
  const app = createHttpApp(hub, pino({ level: 'silent' }), () => keyed);
  const call = async (method: string, url: string, body?: unknown, headers: Record<string, string> = {}) => {
    const reply = await answerHttp(app, {
      method,
      url,
      headers: { authorization: `Bearer ${KEY}`, ...headers },
      body:
        body === undefined
          ? undefined
          : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
    });
    return { status: reply.status, headers: reply.headers, json: JSON.parse(new TextDecoder().decode(reply.body)) };
  };
  return { call, calls };
}

describe('the operator key', () => {
  const refusals = [
    { note: 'none', header: '', status: 401, code: 'forbidden' },
    { note: 'another scheme', header: `Basic ${KEY}`, status: 401, code: 'forbidden' },
    { note: 'a wrong one', header: 'Bearer wrong', status: 401, code: 'unknown_key' },
    { note: 'a prefix', header: `Bearer ${KEY.slice(0, -1)}`, status: 401, code: 'unknown_key' },
    { note: 'one that goes on', header: `Bearer ${KEY}x`, status: 401, code: 'unknown_key' },
  ];
  test.each(refusals)('$note: $status, on every route, and nothing is done', async ({ header, status, code }) => {
    const { call, calls } = setup();
    const routes = [
      ['GET', '/api/clients'],
      ['GET', '/api/clients/cost'],
      ['PUT', '/api/clients/cap'],
      ['DELETE', '/api/clients/cap'],
      ['POST', '/api/clients/c1/mode'],
    ] as const;
    for (const [method, url] of routes) {
      const reply = await call(method, url, method === 'GET' ? undefined : { mode: 'normal' }, {
        authorization: header,
      });
      expect({ url, status: reply.status, code: reply.json.code }).toEqual({ url, status, code });
      if (status === 401) expect(reply.headers['www-authenticate']).toBe('Bearer');
    }
    expect(calls).toEqual([]);
  });

  test('refusals are counted in the metrics', async () => {
    const app = createHttpApp(
      {
        stats: () => ({}),
        upstreamStats: () => ({}),
        servers: () => [],
        edges: () => Promise.resolve([]),
        degradationLevel: () => 'safe',
        messagesPerSecond: () => undefined,
      } as unknown as HubStatus,
      pino({ level: 'silent' }),
      () => keyed,
    );
    const get = (url: string) => answerHttp(app, { method: 'GET', url, headers: {}, body: undefined });
    await get('/api/clients');
    const text = new TextDecoder().decode((await get('/metrics')).body);
    expect(text).toContain('swarmcast_http_requests_refused_total{reason="forbidden"} 1');
  });
});

describe('listing', () => {
  test('pages follow edges and then the order of joining, without gaps or repeats', async () => {
    const { call } = setup();
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const { json } = await call('GET', `/api/clients?limit=3${next === '' ? '' : `&after=${next}`}`);
      expect(json.total).toBe(10);
      seen.push(...json.clients.map((one: { edge_id: number; serial: number }) => `${one.edge_id}:${one.serial}`));
      next = json.next;
    }
    expect(seen).toEqual([0, 1].flatMap((edge) => [0, 1, 2, 3, 4].map((serial) => `${edge}:${serial}`)));
  });

  test.each(['limit=0', 'limit=1001', 'limit=x', 'after=x', 'page=2'])('%s is refused', async (query) => {
    const reply = await setup().call('GET', `/api/clients?${query}`);
    expect(reply.status).toBe(400);
    expect(reply.json.code).toBe('bad_input');
  });

  test('no edge answers: 503', async () => {
    const { call } = setup({ clients: () => Promise.resolve([]) });
    expect((await call('GET', '/api/clients')).status).toBe(503);
  });
});

describe('changing', () => {
  test('one client: the edge that holds it answers', async () => {
    const { call, calls } = setup();
    const reply = await call('POST', '/api/clients/c1/mode', { mode: 'Normal' });
    expect(reply.json).toEqual({
      id: 'c1',
      edge_id: 1,
      mode: 'normal',
      wanted_mode: 'normal',
      effective_rate_hz: 10,
      capped: false,
    });
    expect(calls).toEqual([['c1', 'normal']]);
    expect((await call('POST', '/api/clients/c9/mode', { mode: 'normal' })).status).toBe(404);
  });

  test('the cap: set, seen, lifted', async () => {
    const { call, calls } = setup();
    expect((await call('PUT', '/api/clients/cap', { mode: 'normal' })).json).toEqual({
      cap: 'normal',
      effective_rate_hz: 10,
      changed: 5,
      edges: 2,
    });
    expect((await call('GET', '/api/clients')).json.cap).toBe('normal');
    expect((await call('DELETE', '/api/clients/cap')).json).toMatchObject({ cap: null, changed: 5 });
    expect(calls).toEqual([{ cap: 'normal' }, { cap: null }]);
  });

  test.each([
    { note: 'no JSON', url: '/api/clients/cap', body: '{', says: 'must be JSON' },
    { note: 'no object', url: '/api/clients/cap', body: [], says: 'must be an object' },
    {
      note: 'unknown mode',
      url: '/api/clients/cap',
      body: { mode: 'fast' },
      says: 'high_frequency, normal, low_frequency',
    },
    { note: 'no rate', url: '/api/clients/cap', body: { mode: 'on_demand' }, says: 'must be one of: high_frequency' },
    { note: 'extra field', url: '/api/clients/cap', body: { mode: 'normal', for: 1 }, says: 'has no field "for"' },
    { note: 'missing', url: '/api/clients/c1/mode', body: {}, says: 'mode must be one of' },
    { note: 'no string', url: '/api/clients/c1/mode', body: { mode: 7 }, says: 'mode must be one of' },
  ])('$note: 400 that says what is allowed, and nothing changes', async ({ url, body, says }) => {
    const { call, calls } = setup();
    const reply = await call(url.endsWith('cap') ? 'PUT' : 'POST', url, body);
    expect(reply.status).toBe(400);
    expect(reply.json.detail).toContain(says);
    expect(calls).toEqual([]);
  });
});

describe('costs', () => {
  const edge = (edge_id: number, ticks: number, frames: number): EdgeStatus => ({
    edge_id,
    clients: 1,
    views: 1,
    clients_by_mode: { normal: 1 },
    bounds: [],
    refusals: {},
    metrics: { ticks_total: ticks, turn_seconds_total: ticks / 1_000 },
    costs: [
      {
        mode: 'normal',
        view: 'whole',
        turns: frames,
        frames,
        frame_bytes: frames * 100,
        messages: 0,
        message_bytes: 0,
        sampled_turns: frames / 10,
        sampled_us: frames / 2,
      },
    ],
  });

  test('the difference of two looks, over all edges that are in both', () => {
    const before = [edge(0, 60, 100), edge(1, 60, 100), edge(2, 600, 100)];
    // Edge 2 was replaced in between, edge 3 is new.
    const after = [edge(0, 120, 200), edge(1, 120, 300), edge(2, 10, 10), edge(3, 10, 10)];
    expect(costReport(before, after, 1_000)).toEqual({
      window_ms: 1_000,
      edges: 2,
      clients_by_mode: { normal: 2 },
      turn_share: 0.12,
      per_tick: { frames: 2.5, bytes: 250, us: 1_000 },
      costs: [
        {
          mode: 'normal',
          view: 'whole',
          turns_per_second: 300,
          frames_per_second: 300,
          frame_bytes_per_second: 30_000,
          messages_per_second: 0,
          message_bytes_per_second: 0,
          us_per_turn: 5,
        },
      ],
    });
  });

  test('without ticks and samples it says so', () => {
    const still = [edge(0, 60, 0)];
    expect(costReport(still, still, 100)).toMatchObject({ per_tick: null, costs: [{ us_per_turn: null }] });
  });
});
