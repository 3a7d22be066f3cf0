/** Endpoints beside the control operations. */
import { z } from 'zod';
import { HEALTH_STATES } from '../../model/health.ts';
import { ROLES } from '../../model/role.ts';
import { MODES, modeSchema } from '../../protocol/modes.ts';
import { auditQuery } from '../audit-api.ts';
import { capBody, costQuery, modeBody, pageQuery } from '../clients-api.ts';
import type { DescribedRoute } from './described-route.ts';

const nullableNumber = z.number().nullable();
const counts = z.record(z.string(), z.number());
const level = z.enum(['fully_operational', 'partial', 'emergency', 'safe']);
const evidence = z.looseObject({ consecutive_failures: z.number(), consecutive_successes: z.number() });
const health = z
  .looseObject({ state: z.enum(HEALTH_STATES), reason: z.string(), since_ms: z.number(), evidence })
  .meta({ id: 'HealthReport' });
const serverHealth = z
  .looseObject({ id: z.string(), type: z.string(), simulated: z.boolean(), transport: z.string(), health })
  .meta({ id: 'ServerHealth' });
const id = z.object({ id: z.string() });
const changed = z.object({
  cap: z.enum(MODES).nullable(),
  effective_rate_hz: nullableNumber,
  changed: z.number().describe('Clients that are served in another mode since'),
  edges: z.number().describe('Edges that answered'),
});
const client = z
  .looseObject({
    id: z.string(),
    edge_id: z.number(),
    phase: z.enum(['opening', 'live', 'closing']),
    mode: z.enum(MODES).nullable(),
    wanted_mode: z.enum(MODES).nullable(),
    effective_rate_hz: nullableNumber,
    buffered_bytes: z.number(),
    bytes_per_second: z.number(),
    view: z.string().nullable(),
    age_ms: z.number(),
    behind: z.boolean(),
  })
  .meta({ id: 'Client' });

const auditRecord = z
  .looseObject({
    seq: z.number(),
    at_ms: z.number(),
    subject: z.string(),
    role: z.enum(ROLES).nullable(),
    via: z.enum(['http', 'socket', 'signal']),
    operation: z.string(),
    kind: z.enum(['read', 'write']),
    target: z.record(z.string(), z.string()),
    outcome: z.string().describe('"ok", or the code of the refusal or failure'),
    message: z.string().optional(),
    took_ms: z.number(),
    left_out: z.number().optional().describe('Refusals before this one that were only counted'),
  })
  .meta({ id: 'AuditRecord' });

const HEALTH: readonly DescribedRoute[] = [
  {
    method: 'get',
    path: '/healthz',
    id: 'healthz',
    tag: 'health',
    summary: 'The process answers',
    role: 'anyone',
    result: z.looseObject({ alive: z.literal(true) }),
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'readyz',
    tag: 'health',
    summary: 'Clients may be sent here; 503 with the reasons while not',
    role: 'anyone',
    result: z.looseObject({ ready: z.boolean() }),
    alsoUnavailable: true,
  },
  {
    method: 'get',
    path: '/metrics',
    id: 'metrics',
    tag: 'health',
    summary: 'Metrics in the text format of Prometheus',
    role: 'viewer',
  },
  {
    method: 'get',
    path: '/api/health/mcp',
    id: 'mcpHealth',
    tag: 'health',
    summary: 'Health of the MCP servers, with its evidence; 503 when none works',
    role: 'viewer',
    result: z.looseObject({
      status: z.enum(['healthy', 'degraded', 'unhealthy']),
      connected: z.boolean(),
      last_heartbeat: z.string().nullable(),
      connection_latency_ms: nullableNumber,
      active_agents: z.number(),
      message_throughput: nullableNumber,
      error_rate: nullableNumber,
      degradation_level: level,
      servers: z.array(serverHealth),
    }),
    alsoUnavailable: true,
  },
  {
    method: 'get',
    path: '/api/health/network',
    id: 'networkHealth',
    tag: 'health',
    summary: 'Circuits, retries, pools and degradation',
    role: 'viewer',
    result: z.looseObject({
      status: z.string(),
      degradation_level: level,
      servers: z.array(z.looseObject({ id: z.string() })),
    }),
  },
  {
    method: 'get',
    path: '/api/health/websocket',
    id: 'websocketHealth',
    tag: 'health',
    summary: 'The edges that serve clients; 503 when none answers',
    role: 'viewer',
    result: z.looseObject({
      status: z.enum(['healthy', 'unhealthy']),
      edges: z.number(),
      connected_clients: z.number(),
      clients_by_mode: counts,
    }),
    alsoUnavailable: true,
  },
  {
    method: 'get',
    path: '/api/metrics/mcp',
    id: 'mcpMetrics',
    tag: 'health',
    summary: 'Connections, latency and throughput of the MCP servers',
    role: 'viewer',
    result: z.looseObject({
      connection: z.looseObject({}),
      performance: z.looseObject({}),
      telemetry: z.looseObject({}),
    }),
  },
  {
    method: 'get',
    path: '/api/debug/mcp/buffers',
    id: 'mcpBuffers',
    tag: 'health',
    summary: 'What waits, and its bound',
    role: 'viewer',
    result: z.looseObject({ servers: z.array(z.looseObject({ id: z.string() })), world: counts }),
  },
];

const OPERATORS: readonly DescribedRoute[] = [
  {
    method: 'get',
    path: '/api/clients',
    id: 'clients',
    tag: 'operators',
    summary: 'Connected clients, with mode, rate and cost, in pages',
    role: 'operator',
    query: pageQuery,
    result: z.object({
      total: z.number(),
      edges: z.array(z.object({ edge_id: z.number(), total: z.number() })),
      cap: z.enum(MODES).nullable(),
      clients: z.array(client),
      next: z.string().nullable(),
    }),
    problems: [400, 503],
  },
  {
    method: 'get',
    path: '/api/clients/cost',
    id: 'clientCosts',
    tag: 'operators',
    summary: 'What clients cost, measured over a time',
    role: 'operator',
    query: costQuery,
    result: z.looseObject({ clients_by_mode: counts, turn_share: z.number(), edges: z.number() }),
    problems: [400, 503],
  },
  {
    method: 'put',
    path: '/api/clients/cap',
    id: 'capClients',
    tag: 'operators',
    summary: 'Nobody is served faster than this',
    role: 'operator',
    body: capBody,
    result: changed,
    problems: [400],
  },
  {
    method: 'delete',
    path: '/api/clients/cap',
    id: 'uncapClients',
    tag: 'operators',
    summary: 'Everybody as they asked',
    role: 'operator',
    result: changed,
  },
  {
    method: 'post',
    path: '/api/clients/{id}/mode',
    id: 'setClientMode',
    tag: 'operators',
    summary: "One client's mode",
    role: 'operator',
    params: id,
    body: modeBody,
    result: z.object({
      id: z.string(),
      edge_id: z.number(),
      mode: modeSchema,
      wanted_mode: modeSchema,
      effective_rate_hz: nullableNumber,
      capped: z.boolean(),
    }),
    problems: [400, 404, 409, 503],
  },
  {
    method: 'get',
    path: '/api/servers',
    id: 'servers',
    tag: 'operators',
    summary: 'MCP servers, and how each stands',
    role: 'operator',
    result: z.object({ servers: z.array(serverHealth) }),
  },
  {
    method: 'post',
    path: '/api/servers/{id}/probe',
    id: 'probeServer',
    tag: 'operators',
    summary: 'Have a server asked now; the answer is the evidence',
    role: 'operator',
    params: id,
    result: z.looseObject({ id: z.string(), outcome: z.string() }),
    problems: [404],
  },
  {
    method: 'post',
    path: '/api/servers/{id}/reset-circuit',
    id: 'resetCircuit',
    tag: 'operators',
    summary: 'Close a circuit by hand',
    role: 'operator',
    params: id,
    result: z.looseObject({ id: z.string() }),
    problems: [404],
  },
  {
    method: 'post',
    path: '/api/reload',
    id: 'reload',
    tag: 'operators',
    summary: 'Read the configuration again; says what changed and what needs a restart',
    role: 'operator',
    result: z.looseObject({}),
    problems: [400, 409, 422],
  },
  {
    method: 'get',
    path: '/api/audit',
    id: 'audit',
    tag: 'operators',
    summary: 'Control operations and actions of operators, done and refused: who, what, when, with which result',
    role: 'operator',
    query: auditQuery,
    result: z.object({
      entries: z.array(auditRecord).describe('Oldest first'),
      next: z.string().describe('Give it as "after" to get what comes next'),
      gap: z.boolean().describe('Entries between "after" and these are held no more, or the gateway began anew'),
      unwritten: z.number().describe('Entries that could not be written to the audit file; the log has them'),
    }),
    problems: [400],
  },
];

const DOCUMENTS: readonly DescribedRoute[] = [
  {
    method: 'get',
    path: '/api/bots/agents',
    id: 'botsAgents',
    tag: 'seeds',
    summary: 'All agents and swarms, as last told',
    role: 'viewer',
    result: z.looseObject({
      epoch: z.string(),
      version: z.number(),
      count: z.number(),
      swarms: z.array(z.looseObject({ key: z.string() })),
      agents: z.array(z.looseObject({ key: z.string(), simulated: z.boolean() })),
    }),
  },
  {
    method: 'get',
    path: '/api/openapi.json',
    id: 'openapi',
    tag: 'documents',
    summary: 'This document: the HTTP API, OpenAPI 3.1',
    role: 'anyone',
    result: z.looseObject({ openapi: z.string() }),
  },
  {
    method: 'get',
    path: '/api/asyncapi.json',
    id: 'asyncapi',
    tag: 'documents',
    summary: 'The socket, AsyncAPI 3.0',
    role: 'anyone',
    result: z.looseObject({ asyncapi: z.string() }),
  },
];

export const OTHER_ROUTES: readonly DescribedRoute[] = [...HEALTH, ...OPERATORS, ...DOCUMENTS];
