/** The one HTTP application of a gateway, beside the hub. Edges pass requests to it over the feed. */
import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import type { HttpReply, HttpRequest } from '../feed/feed.ts';
import type { Logger } from '../platform/telemetry/log.ts';
import { VERSION } from '../platform/version.ts';
import { createClientsApi } from './clients-api.ts';
import type { HubStatus } from './hub-status.ts';
import { mcpBuffers, mcpHealth, mcpMetrics, networkHealth, serverHealth, websocketHealth } from './mcp-status.ts';
import { createMetricsText } from './metrics.ts';
import { addOperations } from './operations-api.ts';
import { openApiDocument } from './openapi/document.ts';
import { asyncApiDocument } from './openapi/socket-document.ts';
import { identifyByKey, requireOperatorKey } from './operator-key.ts';
import { problem } from './problem.ts';
import { RequestCounts } from './request-counts.ts';
import { createReloadApi, type Reload } from './reload-api.ts';
import { BadInputError } from './request-input.ts';
import { createServersApi } from './servers-api.ts';

/**
 * The routes. Unknown paths get 404, bad input 400, failures 500 without details. `operatorKey`: opens
 * `/api/clients`, `/api/servers` and `/api/reload`; without one nobody is let in there. `reload`: reads the configuration
 * again; undefined where that is not possible.
 */
export function createHttpApp(hub: HubStatus, log: Logger, operatorKey: string | undefined, reload?: Reload): Hono {
  const app = new Hono();
  let operatorsRefused = 0;
  const requests = new RequestCounts(log);
  const metricsText = createMetricsText(
    hub,
    () => ({ requests: requests.all, stats: { operator_requests_refused_total: operatorsRefused } }),
    { version: VERSION, node: process.versions.node },
  );
  const onRefused = (): void => {
    operatorsRefused++;
  };
  const onlyOperators = requireOperatorKey(operatorKey, onRefused);

  app.use(requestId({ limitLength: 64 }), requests.middleware);
  app.get('/healthz', (c) => {
    // Reaching this line took the edge, the feed and the hub's event loop: that is the evidence.
    const stats = hub.stats();
    return c.json({
      alive: true,
      uptime_ms: Math.round(process.uptime() * 1_000),
      layout: stats['layout'],
      hub: stats['hub'],
    });
  });
  app.get('/readyz', (c) => {
    const reasons = hub.notReady();
    return c.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  });
  app.get('/metrics', async (c) => c.body(await metricsText.read(), 200, { 'content-type': metricsText.contentType }));
  app.get('/api/bots/agents', (c) => c.json(agentsBody(hub)));
  app.get('/api/health/mcp', (c) => {
    const level = hub.degradationLevel();
    const status = level === 'fully_operational' || level === 'partial' ? 200 : 503;
    return c.json({ ...mcpHealth(hub), degradation_level: level, servers: serverHealth(hub) }, status);
  });
  app.get('/api/health/network', (c) => c.json(networkHealth(hub)));
  app.get('/api/health/websocket', async (c) => {
    const health = await websocketHealth(hub);
    return c.json(health, health.status === 'healthy' ? 200 : 503);
  });
  app.get('/api/metrics/mcp', (c) => c.json(mcpMetrics(hub)));
  app.get('/api/debug/mcp/buffers', (c) => c.json(mcpBuffers(hub)));
  for (const path of ['/api/clients', '/api/servers', '/api/reload'])
    app.use(path, onlyOperators).use(`${path}/*`, onlyOperators);
  app.route('/api/clients', createClientsApi(hub, log));
  app.route('/api/servers', createServersApi(hub, log));
  addOperations(app, hub, identifyByKey(operatorKey, onRefused));
  app.route('/api/reload', createReloadApi(reload, log));
  const routes = new Set(
    app.routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}').replace(/(.)\/$/, '$1')}`),
  );
  const openApi = openApiDocument(VERSION, (route) => routes.has(route) || route.includes('/api/operations/'));
  app.get('/api/openapi.json', (c) => c.json(openApi));
  app.get('/api/asyncapi.json', (c) => c.json(asyncApiDocument(VERSION)));
  app.notFound((c) => problem(c, 404, 'not_found', `no such path; try ${PATHS.join(', ')}`));
  app.onError((error, c) => {
    if (error instanceof BadInputError) return problem(c, 400, 'bad_input', error.message);
    log.error({ err: error, request: c.get('requestId'), path: c.req.path.slice(0, 200) }, 'HTTP request failed');
    return problem(c, 500, 'internal', 'the gateway failed to answer; its log says why');
  });
  return app;
}

const PATHS = [
  '/healthz',
  '/readyz',
  '/metrics',
  '/api/bots/agents',
  '/api/health/mcp',
  '/api/health/network',
  '/api/health/websocket',
  '/api/metrics/mcp',
  '/api/debug/mcp/buffers',
  '/api/clients',
  '/api/servers',
  '/api/operations',
  '/api/reload',
];

function agentsBody(hub: HubStatus) {
  const { epoch, version, agents, swarms } = hub.snapshot();
  const simulated = new Set(hub.servers().flatMap((server) => (server.simulated ? [server.id] : [])));
  return {
    epoch,
    version,
    count: agents.length,
    simulated_servers: [...simulated],
    swarms: swarms.map(({ slots_rev: _, ...swarm }) => swarm),
    agents: agents.map(({ slot: _, ...agent }) => ({ ...agent, simulated: simulated.has(agent.server_id) })),
  };
}

/** Answers one request that came over the feed. */
export async function answerHttp(app: Hono, request: HttpRequest): Promise<HttpReply> {
  const bodyless = request.method === 'GET' || request.method === 'HEAD';
  const response = await app.fetch(
    new Request(new URL(request.url, 'http://gateway.invalid'), {
      method: request.method,
      headers: request.headers,
      ...(bodyless || request.body === undefined ? {} : { body: Buffer.from(request.body) }),
    }),
  );
  return {
    status: response.status,
    headers: {
      ...Object.fromEntries(response.headers),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
    body: new Uint8Array(await response.arrayBuffer()),
  };
}
