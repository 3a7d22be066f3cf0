/** Several edge threads on one port, and operators at runtime. Threads run from dist/. */
import { afterEach, describe, expect, test } from 'vitest';
import { connectSwarmcast, type SwarmcastClient } from '../../../src/client/client.ts';
import { openTestGateway, openTestServer, RecordingClient } from '../../support/gateway.ts';
import { provenByHeartbeat } from '../../support/proven.ts';
import type { Gateway } from '../../../src/gateway.ts';

const cleanup: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of cleanup.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

async function start(settings: Record<string, unknown> = {}): Promise<Gateway> {
  const { simulator, server } = await openTestServer('sim', { agents: 20 });
  cleanup.push(simulator);
  const gateway = await openTestGateway({ servers: [server], 'clients.heartbeat_interval_ms': 500, ...settings });
  cleanup.push(gateway);
  return gateway;
}

function connect(gateway: Gateway): SwarmcastClient {
  const client = connectSwarmcast({ url: `${gateway.url.replace('http', 'ws')}/ws`, mode: 'high_frequency' });
  cleanup.push(client);
  return client;
}

interface Listed {
  total: number;
  edges: { edge_id: number; total: number }[];
  cap: string | null;
  clients: { id: string; edge_id: number; mode: string; wanted_mode: string; view: string }[];
}

async function api<T>(gateway: Gateway, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${gateway.url}/api/clients${path}`, {
    method,
    headers: { authorization: `Bearer ${gateway.madeOperatorKey ?? ''}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as T;
  if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}

const list = (gateway: Gateway) => api<Listed>(gateway, 'GET', '?limit=1000');

async function untilListed(gateway: Gateway, what: string, holds: (now: Listed) => boolean): Promise<Listed> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    // A request may meet an edge that is ending: its connection is then reset, as any client's.
    const now = await list(gateway).catch((error: unknown) =>
      error instanceof TypeError ? undefined : Promise.reject(error),
    );
    if (now !== undefined && holds(now)) return now;
    if (Date.now() > deadline) throw new Error(`${what}: not within 20 s; saw ${JSON.stringify(now?.edges)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('edge threads', () => {
  test('clients land on both; one that fails loses only its own, which resume; it is replaced and keeps the cap', async () => {
    const gateway = await start({ 'edge.threads': 2 });
    const clients = Array.from({ length: 24 }, () => connect(gateway));
    await Promise.all(clients.map((client) => client.whenLive()));
    const before = await list(gateway);
    expect(before.total).toBe(24);
    expect(before.edges.map(({ edge_id }) => edge_id)).toEqual([0, 1]);
    for (const { total } of before.edges) expect(total).toBeGreaterThan(0);
    await Promise.all(clients.map((client) => provenByHeartbeat(client)));
    await api(gateway, 'PUT', '/cap', { mode: 'normal' });

    const lost = new Set<SwarmcastClient>();
    const resumed = new Map<string, boolean>();
    for (const client of clients) {
      let id = '';
      client.on('welcome', ({ client_id }) => {
        id = client_id;
      });
      client.on('status', (status) => {
        if (status.status === 'reconnecting') lost.add(client);
        if (status.status === 'live') resumed.set(id, status.resumed);
      });
    }
    gateway.failEdge(1);
    const after = await untilListed(
      gateway,
      'all clients on two edges',
      (now) => lost.size > 0 && now.total === 24 && now.edges.length === 2,
    );
    expect(lost.size).toBe(before.edges[1]?.total);
    await Promise.all([...lost].map((client) => client.whenLive()));
    await Promise.all(clients.map((client) => provenByHeartbeat(client)));
    expect(resumed.size).toBe(lost.size);
    // An edge that has just started knows of no removals before its start: there, and only there, it is a snapshot.
    const edgeOf = new Map(after.clients.map(({ id, edge_id }) => [id, edge_id]));
    for (const [id, wasResumed] of resumed)
      if (edgeOf.get(id) === 0) expect({ id, wasResumed }).toEqual({ id, wasResumed: true });
    for (const { mode, wanted_mode } of after.clients) {
      expect({ mode, wanted_mode }).toEqual({ mode: 'normal', wanted_mode: 'high_frequency' });
    }
    // Newcomers land on the replaced one too, and the cap holds there.
    const newcomers = Array.from({ length: 16 }, () => connect(gateway));
    await Promise.all(newcomers.map((client) => client.whenLive()));
    const both = await list(gateway);
    expect(both.edges[1]?.total).toBeGreaterThan(0);
    for (const { mode } of both.clients) expect(mode).toBe('normal');
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    for (const edge of [0, 1]) {
      expect(metrics).toMatch(new RegExp(`swarmcast_edge_clients\\{edge="${edge}"\\} [1-9]`));
      expect(metrics).toContain(`swarmcast_cost_frames_total{edge="${edge}",mode="normal",view="whole"}`);
      expect(metrics).toContain(`swarmcast_edge_bound_limit{edge="${edge}",bound="views"} 10000`);
    }
  });

  test('a drain reaches the clients of every edge', async () => {
    const { simulator, server } = await openTestServer('sim', { agents: 3 });
    cleanup.push(simulator);
    const gateway = await openTestGateway({ servers: [server], 'edge.threads': 2 });
    const clients = await Promise.all(Array.from({ length: 24 }, () => RecordingClient.connect(gateway.url)));
    for (const client of clients) await client.until('welcome', () => client.of('welcome')[0]);
    for (const { total } of (await list(gateway)).edges) expect(total).toBeGreaterThan(0);
    await gateway[Symbol.asyncDispose]();
    for (const client of clients) {
      await client.until('the close', () => client.closed);
      expect(client.of('goodbye')).toHaveLength(1);
      expect(client.closed?.code).toBe(3001);
      client[Symbol.dispose]();
    }
  });

  test('a port that a stranger holds is refused, although edges share theirs', async () => {
    const gateway = await start();
    await expect(openTestGateway({ 'server.port': gateway.port, 'edge.threads': 2 })).rejects.toMatchObject({
      name: 'PortInUseError',
    });
  });
});

describe('operators', () => {
  test('a cap slows everybody within a tick or two, says why, binds own requests, and is lifted', async () => {
    const gateway = await start({ 'edge.threads': 2 });
    const clients = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        RecordingClient.connect(gateway.url, { mode: i % 2 === 0 ? 'high_frequency' : 'low_frequency' }),
      ),
    );
    for (const client of clients) await client.until('welcome', () => client.of('welcome')[0]);
    expect(await api(gateway, 'PUT', '/cap', { mode: 'normal' })).toMatchObject({
      cap: 'normal',
      changed: 4,
      edges: 2,
    });
    for (const [i, client] of clients.entries()) {
      if (i % 2 === 1) continue;
      const told = await client.until('mode_changed', () => client.of('mode_changed')[0]);
      expect(told.payload).toEqual({ mode: 'normal', effective_rate_hz: 10, reason: 'server_limit' });
    }
    const [, slow] = clients;
    if (slow === undefined) throw new Error('unreachable');
    expect(slow.of('mode_changed')).toEqual([]);
    const ok = await slow.request('performance_mode', { mode: 'high_frequency' });
    expect(ok.payload).toMatchObject({ payload: { mode: 'normal', effective_rate_hz: 10 } });
    const newcomer = await RecordingClient.connect(gateway.url, { mode: 'high_frequency' });
    const welcome = await newcomer.until('welcome', () => newcomer.of('welcome')[0]);
    expect(welcome.payload).toMatchObject({ mode: 'normal', effective_rate_hz: 10 });

    await api(gateway, 'DELETE', '/cap');
    const lifted = await newcomer.until('mode_changed', () => newcomer.of('mode_changed')[0]);
    expect(lifted.payload).toEqual({ mode: 'high_frequency', effective_rate_hz: 60, reason: 'server_limit' });

    const { client_id: id } = welcome.payload;
    expect(await api(gateway, 'POST', `/${id}/mode`, { mode: 'low_frequency' })).toMatchObject({
      id,
      mode: 'low_frequency',
      capped: false,
    });
    const set = await newcomer.until('mode_changed', () => newcomer.of('mode_changed')[1]);
    expect(set.payload).toEqual({ mode: 'low_frequency', effective_rate_hz: 1, reason: 'operator' });
    expect(await api(gateway, 'GET', '/cost?window_ms=300')).toMatchObject({
      edges: 2,
      per_tick: { us: expect.any(Number) },
    });
    for (const client of [...clients, newcomer]) client[Symbol.dispose]();
  });
});
