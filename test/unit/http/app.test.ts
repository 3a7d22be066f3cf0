import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { EdgeStatus } from '../../../src/feed/feed.ts';
import { answerHttp, createHttpApp } from '../../../src/http/app.ts';
import type { HubStatus } from '../../../src/http/hub-status.ts';
import type { WorldSnapshot } from '../../../src/model/change.ts';
import { degradationLevel, type HealthState } from '../../../src/model/health.ts';
import type { ServerRecord } from '../../../src/model/server.ts';
import { accessOf } from '../../support/access.ts';
import { SECRET, signToken } from '../../support/tokens.ts';

const open = await accessOf();
const secretAccess = await accessOf({ auth: { jwt: { secret: SECRET } } });

function server(id: string, state: HealthState, simulated = false): ServerRecord {
  return {
    ref: id.length,
    id,
    type: 'other',
    simulated,
    transport: 'tcp',
    endpoint: 'tcp://127.0.0.1:1',
    health: { state, reason: 'test', since_ms: 1, evidence: { consecutive_failures: 0, consecutive_successes: 0 } },
  };
}

function hub(overrides: Partial<HubStatus> = {}, servers: ServerRecord[] = [server('a', 'healthy', true)]): HubStatus {
  const snapshot: WorldSnapshot = {
    epoch: 'e',
    version: 3,
    time_ms: 1,
    servers,
    swarms: [{ ref: 1, key: 'a/s', id: 's', server_id: 'a', server_type: 'other', slots_rev: 0 }],
    agents: [
      { ref: 2, key: 'a/s/x', id: 'x', swarm: 1, server_id: 'a', server_type: 'other', status: 'idle', slot: 0 },
    ],
    links: [],
    tasks: [],
    membership: [],
  };
  return {
    snapshot: () => snapshot,
    servers: () => servers,
    degradationLevel: () => degradationLevel(servers.map(({ health }) => health.state)),
    degradation: () => ({
      level: 'fully_operational',
      sinceMs: 5,
      degradations: 1,
      recoveries: 1,
      timeInMs: { fully_operational: 5, partial: 2, emergency: 0, safe: 0 },
    }),
    messagesPerSecond: () => undefined,
    stats: () => ({ hub: { batches_total: 7 }, layout: { workersReplaced: 0 } }),
    upstreamStats: () => ({ a: { callsTotal: 5 } }),
    edges: () =>
      Promise.resolve<EdgeStatus[]>([
        {
          edge_id: 0,
          clients: 4,
          views: 2,
          clients_by_mode: { normal: 4 },
          costs: [],
          bounds: [],
          refusals: { expired: 2 },
          metrics: { frames_sent_total: 9 },
        },
      ]),
    clients: () => Promise.resolve([]),
    setClientMode: () => Promise.resolve([]),
    settings: () => ({ cap: null }),
    changeSettings: () => Promise.resolve([]),
    probeServer: () => Promise.resolve(undefined),
    resetCircuit: () => undefined,
    operate: () => Promise.reject(new Error('not in this test')),
    serversFor: () => [],
    noteAudit: () => undefined,
    auditPage: () => ({ entries: [], next: { life: 'a', seq: 0 }, gap: false, unwritten: 0 }),
    notReady: () => [],
    ...overrides,
  };
}

async function get(url: string, status: HubStatus = hub()) {
  const app = createHttpApp(status, pino({ level: 'silent' }), () => open);
  const reply = await answerHttp(app, { method: 'GET', url, headers: {}, body: undefined });
  return { ...reply, text: new TextDecoder().decode(reply.body) };
}

describe('routes', () => {
  test('/api/bots/agents lists agents and says which servers are simulated', async () => {
    const body = JSON.parse((await get('/api/bots/agents')).text);
    expect(body).toMatchObject({ epoch: 'e', version: 3, count: 1, simulated_servers: ['a'] });
    expect(body.agents[0]).toMatchObject({ key: 'a/s/x', status: 'idle', simulated: true });
    expect(body.agents[0]).not.toHaveProperty('slot');
  });

  test.each([
    { states: ['healthy', 'healthy'], status: 200, level: 'fully_operational' },
    { states: ['healthy', 'down'], status: 200, level: 'partial' },
    { states: ['down', 'unknown'], status: 503, level: 'emergency' },
    { states: [], status: 503, level: 'safe' },
  ] as const)('/api/health/mcp with $states answers $status, $level', async ({ states, status, level }) => {
    const servers = states.map((state, index) => server(`s${index}`, state));
    const reply = await get('/api/health/mcp', hub({}, servers));
    expect(reply.status).toBe(status);
    const body = JSON.parse(reply.text);
    expect(body.degradation_level).toBe(level);
    for (const entry of body.servers) expect(entry.health.evidence).toBeDefined();
  });

  test('/readyz follows the hub’s reasons', async () => {
    expect((await get('/readyz')).status).toBe(200);
    const reply = await get('/readyz', hub({ notReady: () => ['shutting down'] }));
    expect(reply.status).toBe(503);
    expect(JSON.parse(reply.text)).toEqual({ ready: false, reasons: ['shutting down'] });
  });

  test('/metrics has numbers of hub, upstreams, edges and the process', async () => {
    const { text, headers } = await get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(text).toContain('swarmcast_hub_batches_total 7');
    expect(text).toContain('swarmcast_layout_workers_replaced_total 0');
    expect(text).toContain('swarmcast_upstream_calls_total{server="a"} 5');
    expect(text).toContain('swarmcast_upstream_health_state{server="a",state="healthy"} 1');
    expect(text).toContain('swarmcast_edge_clients{edge="0"} 4');
    expect(text).toContain('swarmcast_edge_clients_by_mode{edge="0",mode="normal"} 4');
    expect(text).toContain('process_cpu_seconds_total');
  });

  test('a label value that went away goes away', async () => {
    let state: HealthState = 'healthy';
    const status = hub({ servers: () => [server('a', state)] });
    const app = createHttpApp(status, pino({ level: 'silent' }), () => open);
    const read = async () =>
      new TextDecoder().decode(
        (await answerHttp(app, { method: 'GET', url: '/metrics', headers: {}, body: undefined })).body,
      );
    expect(await read()).toContain('swarmcast_upstream_health_state{server="a",state="healthy"} 1');
    state = 'down';
    const second = await read();
    expect(second).toContain('swarmcast_upstream_health_state{server="a",state="down"} 1');
    expect(second).not.toContain('server="a",state="healthy"');
  });

  test('an unknown path names those that exist', async () => {
    const reply = await get('/nope');
    expect(reply.status).toBe(404);
    expect(JSON.parse(reply.text)).toEqual({
      type: 'urn:swarmcast:problem:not_found',
      title: 'No such path',
      status: 404,
      detail: expect.stringContaining('/api/bots/agents'),
      code: 'not_found',
    });
  });

  test('a failure tells nothing of the inside', async () => {
    const reply = await get(
      '/api/bots/agents',
      hub({
        snapshot: () => {
          throw new Error('secret path /etc/x');
        },
      }),
    );
    expect(reply.status).toBe(500);
    expect(reply.text).not.toContain('secret');
  });
});

describe('roles and limits', () => {
  const two = hub(
    {
      snapshot: () => ({
        ...hub().snapshot(),
        swarms: ['a/s', 'b/t'].map((key, i) => ({
          ref: i + 1,
          key,
          id: key.slice(2),
          server_id: key.slice(0, 1),
          server_type: 'other',
          slots_rev: 0,
        })),
        agents: ['a/s/x', 'b/t/y'].map((key, i) => ({
          ref: 10 + i,
          key,
          id: key.slice(4),
          swarm: i + 1,
          server_id: key.slice(0, 1),
          server_type: 'other',
          status: 'idle',
          slot: 0,
          name: `name ${i}`,
          performance: { cpu_usage: 0.5 },
          provenance: { 'performance.cpu_usage': 'simulated' },
        })),
      }),
    },
    [server('a', 'healthy', true), server('b', 'healthy', true)],
  );
  const ask = async (url: string, token?: string) => {
    const app = createHttpApp(two, pino({ level: 'silent' }), () => secretAccess);
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { status, body } = await answerHttp(app, { method: 'GET', url, headers, body: undefined });
    return { status, text: new TextDecoder().decode(body) };
  };
  const guarded = [
    '/metrics',
    '/api/bots/agents',
    '/api/health/mcp',
    '/api/health/network',
    '/api/health/websocket',
    '/api/metrics/mcp',
    '/api/debug/mcp/buffers',
    '/api/clients',
  ];

  test('without a token only health and readiness answer, and tell no more than that', async () => {
    for (const url of guarded) expect({ url, status: (await ask(url)).status }).toEqual({ url, status: 401 });
    expect((await ask('/healthz')).text).toBe('{"alive":true}');
    expect((await ask('/readyz')).text).toBe('{"ready":true}');
  });

  test('a viewer sees all of it but operators’ routes', async () => {
    const token = await signToken();
    for (const url of guarded.slice(0, -1))
      expect({ url, status: (await ask(url, token)).status }).toEqual({ url, status: 200 });
    expect((await ask('/api/clients', token)).status).toBe(403);
    expect((await ask('/healthz', token)).text).toContain('uptime_ms');
  });

  test('limits cut the list of agents, and close what cannot be cut', async () => {
    const token = await signToken({ swarms: ['a/s'], fields: ['name'] });
    const { text } = await ask('/api/bots/agents', token);
    expect(JSON.parse(text)).toMatchObject({
      count: 1,
      simulated_servers: ['a'],
      agents: [{ key: 'a/s/x', name: 'name 0' }],
    });
    for (const hidden of ['b/t', 'name 1', '"b"', 'cpu_usage']) expect(text).not.toContain(hidden);
    for (const url of guarded.filter((path) => !path.includes('agents') && path !== '/api/clients')) {
      expect({ url, status: (await ask(url, token)).status }).toEqual({ url, status: 403 });
    }
    expect((await ask('/healthz', token)).text).toBe('{"alive":true}');
  });
});

describe("the seeds' views of the MCP side", () => {
  const busy = {
    onlineForMs: 60_000,
    averageRoundTripMs: 4,
    windowSuccesses: 9,
    windowFailures: 1,
    reconnects: 2,
    pushes: 100,
    calls: 20,
    circuitState: 0,
    circuitTrips: 1,
    poolActive: 1,
    poolIdle: 1,
    poolConnections: 2,
    poolMax: 3,
    retryAttempts: 3,
    requests: 10,
    attempts: 12,
    attemptFailures: 2,
    retries: 2,
    healthScore: 0.9,
    inFlight: 5,
    maxInFlight: 10,
    queued: 0,
    maxQueued: 10,
  };
  const two = [server('a', 'healthy'), server('b', 'down')];
  const status = hub(
    { upstreamStats: () => ({ a: busy, b: { circuitState: 2, circuitTrips: 3 } }), messagesPerSecond: () => 12.5 },
    two,
  );
  const json = async (url: string, from: HubStatus) => JSON.parse((await get(url, from)).text) as unknown;

  test('/api/health/mcp', async () => {
    expect(await json('/api/health/mcp', status)).toMatchObject({
      status: 'degraded',
      connected: true,
      last_heartbeat: null,
      connection_latency_ms: 4,
      active_agents: 1,
      message_throughput: 12.5,
      error_rate: 0.1,
      degradation_level: 'partial',
    });
  });

  test('/api/health/network: the worst circuit, sums over servers, each server by itself', async () => {
    expect(await json('/api/health/network', status)).toMatchObject({
      status: 'degraded',
      mcp_connection: {
        status: 'partial',
        circuit_breaker_state: 'open',
        connection_pool: { active_connections: 1, idle_connections: 1, total_connections: 2, max_connections: 3 },
        health_score: 0.9,
        average_response_time_ms: 4,
      },
      degradation_stats: { degradations_total: 1, recoveries_total: 1, time_in_level_ms: 5 },
      resilience_patterns: {
        circuit_breaker: 'active',
        retry_logic: 'active',
        connection_pooling: 'active',
        health_monitoring: 'active',
      },
      network_stats: {
        total_requests: 12,
        successful_requests: 10,
        failed_requests: 2,
        retry_count: 2,
        circuit_breaker_trips: 4,
      },
      servers: [
        { id: 'a', circuit_breaker_stats: { state: 'closed' }, retry_stats: { average_attempts: 1.2 } },
        {
          id: 'b',
          circuit_breaker_stats: { state: 'open', trip_count: 3 },
          connection_pool_stats: { max_connections: null },
        },
      ],
    });
  });

  test('/api/health/network: patterns that are off, by configuration or by the level, are said to be', async () => {
    const plain = { a: { ...busy, retryAttempts: 1, poolMax: 1 } };
    expect(await json('/api/health/network', hub({ upstreamStats: () => plain }, two))).toMatchObject({
      resilience_patterns: { circuit_breaker: 'active', retry_logic: 'inactive', connection_pooling: 'inactive' },
    });
    const level = 'emergency' as const;
    const degradation = () => ({ ...status.degradation(), level });
    const emergency = hub({ upstreamStats: () => ({ a: busy }), degradation }, two);
    expect(await json('/api/health/network', emergency)).toMatchObject({
      resilience_patterns: { circuit_breaker: 'active', retry_logic: 'inactive', connection_pooling: 'inactive' },
    });
  });

  test('/api/metrics/mcp and /api/debug/mcp/buffers', async () => {
    expect(await json('/api/metrics/mcp', status)).toEqual({
      connection: { status: 'partial', connected_servers: 1, servers: 2, uptime_seconds: 60, reconnection_count: 2 },
      performance: { latency_ms: 4, throughput_msgs_per_sec: 12.5, error_rate: 0.1 },
      telemetry: { active_subscriptions: 0, messages_processed: 120, buffer_utilization: 0.25 },
    });
    expect(await json('/api/debug/mcp/buffers', status)).toMatchObject({
      servers: [
        { id: 'a', requests: { in_flight: 5, max_in_flight: 10 } },
        { id: 'b', requests: { in_flight: null } },
      ],
    });
  });

  test('/api/health/websocket: edges that answered; none is not healthy', async () => {
    expect(await json('/api/health/websocket', status)).toMatchObject({
      status: 'healthy',
      edges: 1,
      connected_clients: 4,
      clients_by_mode: { normal: 4 },
      frames_sent_total: 9,
    });
    expect((await get('/api/health/websocket', hub({ edges: async () => [] }))).status).toBe(503);
  });

  test('nothing measured: null, not a default', async () => {
    const none = hub({ upstreamStats: () => ({}) }, []);
    expect(await json('/api/health/mcp', none)).toMatchObject({
      status: 'unhealthy',
      connected: false,
      connection_latency_ms: null,
      error_rate: null,
      message_throughput: null,
    });
    expect(await json('/api/health/network', none)).toMatchObject({
      mcp_connection: { circuit_breaker_state: null, health_score: null },
      resilience_patterns: { circuit_breaker: 'inactive', health_monitoring: 'inactive' },
    });
  });
});
