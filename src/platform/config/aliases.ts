/**
 * Environment names beside the derived `SWARMCAST_<PATH>`: short ones, and those of the seeds. A seed name that would
 * have no effect is listed as such, so that `check-config` can say so.
 */

/** Name → path it sets, with a factor where the unit differs. */
export const ENV_ALIASES: Readonly<Record<string, { path: string; factor?: number }>> = {
  SWARMCAST_PORT: { path: 'server.port' },
  SWARMCAST_HOST: { path: 'server.host' },
  OTEL_EXPORTER_OTLP_ENDPOINT: { path: 'telemetry.otlp_endpoint' },
  SWARMCAST_LOG: { path: 'log.levels' },
  SWARMCAST_OPERATOR_KEY: { path: 'server.operator_key' },
  MCP_CONNECTION_TIMEOUT: { path: 'upstream.connect_timeout_ms' },
  MCP_MESSAGE_TIMEOUT: { path: 'upstream.request_timeout_ms' },
  MCP_HEARTBEAT_INTERVAL: { path: 'upstream.heartbeat_interval_ms' },
  MCP_KEEPALIVE: { path: 'upstream.heartbeat_interval_ms', factor: 1_000 },
  MCP_RETRY_DELAY: { path: 'upstream.reconnect_min_ms' },
  MCP_RETRY_BASE_DELAY: { path: 'upstream.reconnect_min_ms' },
  MCP_TELEMETRY_INTERVAL: { path: 'upstream.telemetry_interval_ms' },
  MCP_TELEMETRY_BUFFER_SIZE: { path: 'upstream.telemetry_buffer' },
  MCP_POOL_SIZE: { path: 'upstream.pool_size' },
  MCP_CONNECTION_POOL_SIZE: { path: 'upstream.pool_size' },
  MCP_MESSAGE_BATCH_SIZE: { path: 'upstream.batch_size' },
  MCP_MESSAGE_BATCH_TIMEOUT: { path: 'upstream.batch_wait_ms' },
  MCP_POOL_MIN: { path: 'upstream.pool_min' },
  MCP_RETRY_ATTEMPTS: { path: 'resilience.retry_attempts' },
  MCP_MAX_RETRIES: { path: 'resilience.retry_attempts' },
  MCP_API_KEY: { path: 'upstream.api_key' },
  MCP_MAX_MESSAGE_HISTORY: { path: 'world.message_history' },
  MCP_LOG_LEVEL: { path: 'log.level' },
};

/** A server that the seeds' host and port names describe, and its default port. */
export interface SeedServer {
  id: string;
  type: 'claude-flow' | 'ruv-swarm' | 'daa';
  hosts: readonly string[];
  ports: readonly string[];
  defaultPort: number;
}

/** Where several names are set, the first in the list wins. */
export const SEED_SERVERS: readonly SeedServer[] = [
  {
    id: 'claude-flow',
    type: 'claude-flow',
    hosts: ['CLAUDE_FLOW_HOST', 'MCP_TCP_HOST', 'MCP_HOST'],
    ports: ['CLAUDE_FLOW_PORT', 'MCP_TCP_PORT'],
    defaultPort: 9500,
  },
  { id: 'ruv-swarm', type: 'ruv-swarm', hosts: ['RUV_SWARM_HOST'], ports: ['RUV_SWARM_PORT'], defaultPort: 9501 },
  { id: 'daa', type: 'daa', hosts: ['DAA_HOST'], ports: ['DAA_PORT'], defaultPort: 9502 },
];

/** Names of the seeds that are understood and have no effect in this version. */
export const SEED_NAMES_WITHOUT_EFFECT: readonly string[] = [
  'MCP_TRANSPORT',
  'MCP_RECONNECT_ATTEMPTS',
  'MCP_TELEMETRY_COMPRESSION',
  'MCP_CLIENT_CERT_PATH',
  'MCP_RATE_LIMIT_REQUESTS',
  'MCP_RATE_LIMIT_WINDOW',
  'MCP_ENABLE_DEGRADED_MODE',
  'MAX_AGENTS',
  'AGENT_TIMEOUT',
];
