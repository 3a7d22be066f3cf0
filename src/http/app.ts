/** The one HTTP application of a gateway, beside the hub. Edges pass requests to it over the feed. */
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { requestId } from 'hono/request-id';
import type { HttpReply, HttpRequest } from '../feed/feed.ts';
import type { Authenticator } from '../platform/auth/authenticator.ts';
import { isLimited, type Limits } from '../platform/auth/identity.ts';
import { Visibility } from '../platform/auth/visibility.ts';
import type { Logger } from '../platform/telemetry/log.ts';
import { VERSION } from '../platform/version.ts';
import { auditActions } from './audit-actions.ts';
import { createAuditApi } from './audit-api.ts';
import { createClientsApi } from './clients-api.ts';
import type { HubStatus } from './hub-status.ts';
import { mcpBuffers, mcpHealth, mcpMetrics, networkHealth, serverHealth, websocketHealth } from './mcp-status.ts';
import { createMetricsText } from './metrics.ts';
import { addOperations } from './operations-api.ts';
import { openApiDocument } from './openapi/document.ts';
import { asyncApiDocument } from './openapi/socket-document.ts';
import { problem } from './problem.ts';
import { RequestCounts } from './request-counts.ts';
import { createReloadApi, type Reload } from './reload-api.ts';
import { BadInputError } from './request-input.ts';
import { callerOf, createIdentify, createRequireRole, type AccessRefusal, type AuthEnv } from './require-role.ts';
import { createServersApi } from './servers-api.ts';

/**
 * The routes. Unknown paths get 404, bad input 400, failures 500 without details. `/healthz` and `/readyz` are open, and
 * tell reasons to those who may see everything; all else is by role. `reload`: reads the configuration again; undefined
 * where that is not possible.
 */
export function createHttpApp(
  hub: HubStatus,
  log: Logger,
  authenticator: () => Authenticator,
  reload?: Reload,
): Hono<AuthEnv> {
  const app = new Hono<AuthEnv>();
  const refusals = new Map<string, number>();
  const requests = new RequestCounts(log);
  const metricsText = createMetricsText(hub, () => ({ requests: requests.all, refusals }), {
    version: VERSION,
    node: process.versions.node,
  });
  const onRefused = (reason: AccessRefusal): void => {
    refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
  };
  const requireRole = createRequireRole(authenticator, onRefused);
  const onlyOperators = requireRole('operator');
  const viewers = requireRole('viewer');
  const viewersOfAll = requireRole('viewer', { whole: true });
  const seesAll = async (c: Context): Promise<boolean> => {
    const caller = await callerOf(c, authenticator());
    return caller !== undefined && !isLimited(caller.limits);
  };

  app.use(requestId({ limitLength: 64 }), requests.middleware);
  app.get('/healthz', async (c) => {
    // Reaching this line took the edge, the feed and the hub's event loop: that is the evidence.
    if (!(await seesAll(c))) return c.json({ alive: true });
    const stats = hub.stats();
    return c.json({
      alive: true,
      uptime_ms: Math.round(process.uptime() * 1_000),
      layout: stats['layout'],
      hub: stats['hub'],
    });
  });
  app.get('/readyz', async (c) => {
    const reasons = hub.notReady();
    const ready = reasons.length === 0;
    return c.json((await seesAll(c)) ? { ready, reasons } : { ready }, ready ? 200 : 503);
  });
  app.get('/metrics', viewersOfAll, async (c) =>
    c.body(await metricsText.read(), 200, { 'content-type': metricsText.contentType }),
  );
  app.get('/api/bots/agents', viewers, (c) => c.json(agentsBody(hub, c.get('identity').limits)));
  addStatus(app, hub, viewersOfAll);
  // Before roles are asked for: who is refused is written down as well.
  const audited = auditActions(hub);
  for (const path of ['/api/clients', '/api/servers', '/api/reload', '/api/audit'])
    // Also the path itself.
    app.use(`${path}/*`, audited, onlyOperators);
  app.route('/api/clients', createClientsApi(hub, log));
  app.route('/api/servers', createServersApi(hub, log));
  app.use('/api/operations', viewers);
  addOperations(app, hub, createIdentify(authenticator, onRefused));
  app.route('/api/reload', createReloadApi(reload, log));
  app.route('/api/audit', createAuditApi(hub));
  const routes = new Set(
    app.routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}').replace(/(.)\/$/, '$1')}`),
  );
  const openApi = openApiDocument(VERSION, (route) => routes.has(route) || route.includes('/api/operations/'));
  app.get('/api/openapi.json', viewers, (c) => c.json(openApi));
  app.get('/api/asyncapi.json', viewers, (c) => c.json(asyncApiDocument(VERSION)));
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
  '/api/audit',
];

/** How the gateway and its servers are, on the paths of the seeds. */
function addStatus(app: Hono<AuthEnv>, hub: HubStatus, viewersOfAll: MiddlewareHandler<AuthEnv>): void {
  app.use('/api/health/*', viewersOfAll);
  app.use('/api/metrics/*', viewersOfAll);
  app.use('/api/debug/*', viewersOfAll);
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
}

function agentsBody(hub: HubStatus, limits: Limits) {
  const visibility = new Visibility(limits);
  const { epoch, version, agents, swarms } = hub.snapshot();
  const simulated = new Set(hub.servers().flatMap((server) => (server.simulated ? [server.id] : [])));
  const shown = swarms.filter((swarm) => visibility.seesSwarm(swarm));
  const refs = new Set(shown.map(({ ref }) => ref));
  const listed = agents.filter(({ swarm }) => refs.has(swarm)).map((agent) => visibility.ofAgent(agent));
  return {
    epoch,
    version,
    count: listed.length,
    simulated_servers: [...simulated].filter((id) => visibility.seesServer(id)),
    swarms: shown.map(({ slots_rev: _, ...swarm }) => swarm),
    agents: listed.map(({ slot: _, ...agent }) => ({ ...agent, simulated: simulated.has(agent.server_id) })),
  };
}

/** Answers one request that came over the feed. */
export async function answerHttp(app: Hono<AuthEnv>, request: HttpRequest): Promise<HttpReply> {
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
