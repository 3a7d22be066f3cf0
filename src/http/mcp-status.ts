/**
 * The seeds' views of the MCP side, added up over servers. Every number was measured; what is not known is null. Sums
 * are since the start of each server's supervision.
 */
import type { ServerRecord } from '../model/server.ts';
import { SWITCHED_OFF, type SwitchedOff } from '../model/switched-off.ts';
import type { HubStatus, Stats } from './hub-status.ts';

const CIRCUITS = ['closed', 'half_open', 'open'] as const;

interface Supervised {
  server: ServerRecord;
  stats: Stats;
}

function supervised(hub: HubStatus): Supervised[] {
  const all = hub.upstreamStats();
  return hub.servers().map((server) => ({ server, stats: all[server.id] ?? {} }));
}

function sum(all: readonly Supervised[], name: string): number {
  return all.reduce((total, { stats }) => total + (stats[name] ?? 0), 0);
}

/** Mean over the servers that know the value; null when none does. */
function mean(all: readonly Supervised[], name: string): number | null {
  const known = all.flatMap(({ stats }) => (stats[name] === undefined ? [] : [stats[name]]));
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0) / known.length;
}

function errorRate(all: readonly Supervised[]): number | null {
  const failures = sum(all, 'windowFailures');
  const total = failures + sum(all, 'windowSuccesses');
  return total === 0 ? null : failures / total;
}

function isConnected({ stats }: Supervised): boolean {
  return stats['onlineForMs'] !== undefined;
}

function lastSuccess(all: readonly Supervised[]): string | null {
  const times = all.flatMap(({ server }) => server.health.evidence.last_success_ms ?? []);
  return times.length === 0 ? null : new Date(Math.max(...times)).toISOString();
}

function statusOf(hub: HubStatus): string {
  const level = hub.degradationLevel();
  return level === 'fully_operational' ? 'healthy' : level === 'partial' ? 'degraded' : 'unhealthy';
}

/** The seeds' fields of `GET /api/health/mcp`. */
export function mcpHealth(hub: HubStatus) {
  const all = supervised(hub);
  const { agents } = hub.snapshot();
  return {
    status: statusOf(hub),
    connected: all.some(isConnected),
    last_heartbeat: lastSuccess(all),
    connection_latency_ms: mean(all, 'averageRoundTripMs'),
    active_agents: agents.filter(({ stale }) => stale !== true).length,
    message_throughput: hub.messagesPerSecond() ?? null,
    error_rate: errorRate(all),
  };
}

/** How each server stands, with the evidence of its health and all its counts. */
export function serverHealth(hub: HubStatus) {
  const upstreams = hub.upstreamStats();
  return hub.servers().map(({ id, type, simulated, transport, endpoint, dialect, health, circuit }) => ({
    id,
    type,
    simulated,
    transport,
    endpoint,
    dialect: dialect ?? null,
    health,
    circuit: circuit ?? null,
    stats: upstreams[id] ?? null,
  }));
}

/** `GET /api/metrics/mcp`. */
export function mcpMetrics(hub: HubStatus) {
  const all = supervised(hub);
  const connected = all.filter(isConnected);
  const uptimes = connected.flatMap(({ stats }) => stats['onlineForMs'] ?? []);
  return {
    connection: {
      status: connected.length === 0 ? 'disconnected' : connected.length === all.length ? 'connected' : 'partial',
      connected_servers: connected.length,
      servers: all.length,
      // Of the connection that has lasted longest.
      uptime_seconds: uptimes.length === 0 ? null : Math.max(...uptimes) / 1_000,
      reconnection_count: sum(all, 'reconnects'),
    },
    performance: {
      latency_ms: mean(all, 'averageRoundTripMs'),
      throughput_msgs_per_sec: hub.messagesPerSecond() ?? null,
      error_rate: errorRate(all),
    },
    telemetry: {
      active_subscriptions: all.filter(({ server }) => server.capabilities?.push === true).length,
      messages_processed: sum(all, 'pushes') + sum(all, 'calls'),
      buffer_utilization: bufferUtilization(all),
    },
  };
}

/** Requests in flight or waiting among those that may, of the fullest server. */
function bufferUtilization(all: readonly Supervised[]): number | null {
  const shares = all.flatMap(({ stats }) => {
    const bound = (stats['maxInFlight'] ?? 0) + (stats['maxQueued'] ?? 0);
    return bound === 0 ? [] : [((stats['inFlight'] ?? 0) + (stats['queued'] ?? 0)) / bound];
  });
  return shares.length === 0 ? null : Math.max(...shares);
}

/** `GET /api/debug/mcp/buffers`: what waits, and its bound. */
export function mcpBuffers(hub: HubStatus) {
  const { world = {} } = hub.stats();
  return {
    servers: supervised(hub).map(({ server, stats }) => ({
      id: server.id,
      requests: {
        in_flight: stats['inFlight'] ?? null,
        max_in_flight: stats['maxInFlight'] ?? null,
        queued: stats['queued'] ?? null,
        max_queued: stats['maxQueued'] ?? null,
        rejected_total: stats['rejected'] ?? null,
      },
      dropped: {
        noise_lines: stats['noiseLines'] ?? null,
        oversize_lines: stats['oversizeLines'] ?? null,
        unasked_replies: stats['droppedReplies'] ?? null,
        bad_messages: stats['badMessages'] ?? null,
        refused_observations: stats['refusedObservations'] ?? null,
      },
    })),
    world,
  };
}

/** `GET /api/health/network`: per server and added up. */
export function networkHealth(hub: HubStatus) {
  const all = supervised(hub);
  const circuits = all.flatMap(({ stats }) => stats['circuitState'] ?? []);
  const { level, degradations, recoveries, sinceMs, timeInMs } = hub.degradation();
  return {
    status: statusOf(hub),
    mcp_connection: {
      status: mcpMetrics(hub).connection.status,
      // The worst of them.
      circuit_breaker_state: circuits.length === 0 ? null : (CIRCUITS[Math.max(...circuits)] ?? null),
      connection_pool: {
        active_connections: sum(all, 'poolActive'),
        idle_connections: sum(all, 'poolIdle'),
        total_connections: sum(all, 'poolConnections'),
        max_connections: sum(all, 'poolMax'),
      },
      health_score: mean(all, 'healthScore'),
      last_successful_request: lastSuccess(all),
      average_response_time_ms: mean(all, 'averageRoundTripMs'),
    },
    degradation_level: hub.degradationLevel(),
    degradation_stats: {
      level,
      time_in_level_ms: sinceMs,
      degradations_total: degradations,
      recoveries_total: recoveries,
      time_in_levels_ms: timeInMs,
      switched_off: SWITCHED_OFF[level],
    },
    resilience_patterns: patterns(all, SWITCHED_OFF[level]),
    network_stats: {
      total_requests: sum(all, 'attempts'),
      successful_requests: sum(all, 'attempts') - sum(all, 'attemptFailures'),
      failed_requests: sum(all, 'attemptFailures'),
      retry_count: sum(all, 'retries'),
      circuit_breaker_trips: sum(all, 'circuitTrips'),
    },
    servers: all.map(serverResilience),
  };
}

/** By the seeds' names: `active` where a server has it now, `inactive` where it is off by configuration or level. */
function patterns(all: readonly Supervised[], off: readonly SwitchedOff[]) {
  const anyAbove = (name: string, least: number): boolean => all.some(({ stats }) => (stats[name] ?? least) > least);
  return {
    circuit_breaker: word(anyAbove('circuitState', -1)),
    retry_logic: word(anyAbove('retryAttempts', 1) && !off.includes('retries')),
    connection_pooling: word(anyAbove('poolMax', 1) && !off.includes('more_connections')),
    health_monitoring: word(all.some(({ server }) => server.health.state !== 'unknown')),
  };
}

function word(isActive: boolean): 'active' | 'inactive' {
  return isActive ? 'active' : 'inactive';
}

function serverResilience({ server, stats }: Supervised) {
  const { evidence, state } = server.health;
  const value = (name: string): number | null => stats[name] ?? null;
  const retried = (stats['retriedSuccesses'] ?? 0) + (stats['retriedFailures'] ?? 0);
  return {
    id: server.id,
    circuit_breaker_stats: {
      state: CIRCUITS[stats['circuitState'] ?? -1] ?? null,
      failure_count: value('windowFailures'),
      success_count: value('windowSuccesses'),
      trip_count: value('circuitTrips'),
      recovery_count: value('circuitRecoveries'),
      time_in_state_ms: value('circuitTimeInStateMs'),
      refused_total: value('refused'),
    },
    retry_stats: {
      total_retries: value('retries'),
      successful_retries: value('retriedSuccesses'),
      failed_retries: value('retriedFailures'),
      average_attempts: stats['requests'] ? (stats['attempts'] ?? 0) / stats['requests'] : null,
      max_attempts_reached: value('maxAttemptsReached'),
      retried_requests: retried,
    },
    connection_pool_stats: {
      active_connections: value('poolActive'),
      idle_connections: value('poolIdle'),
      total_connections: value('poolConnections'),
      max_connections: value('poolMax'),
      broken_total: value('poolBroken'),
    },
    health_check_stats: {
      state,
      score: value('healthScore'),
      consecutive_successes: evidence.consecutive_successes,
      consecutive_failures: evidence.consecutive_failures,
      last_success_ms: evidence.last_success_ms ?? null,
      last_failure_ms: evidence.last_failure_ms ?? null,
      latency_ms: evidence.latency_ms ?? null,
    },
  };
}

/** `GET /api/health/websocket`: the edges that answered. */
export async function websocketHealth(hub: HubStatus) {
  const edges = await hub.edges();
  const total = (name: string): number => edges.reduce((all, { metrics }) => all + (metrics[name] ?? 0), 0);
  const modes: Record<string, number> = {};
  for (const { clients_by_mode } of edges) {
    for (const [mode, count] of Object.entries(clients_by_mode)) modes[mode] = (modes[mode] ?? 0) + count;
  }
  return {
    // Only what answers in time vouches for itself.
    status: edges.length === 0 ? 'unhealthy' : 'healthy',
    edges: edges.length,
    connected_clients: edges.reduce((all, { clients }) => all + clients, 0),
    views: edges.reduce((all, { views }) => all + views, 0),
    clients_by_mode: modes,
    connections_total: total('connections_total'),
    messages_received_total: total('client_messages_received_total'),
    messages_sent_total: total('client_messages_sent_total'),
    frames_sent_total: total('frames_sent_total'),
    buffered_bytes: total('buffered_bytes'),
    demotions_total: total('demotions_total'),
  };
}
