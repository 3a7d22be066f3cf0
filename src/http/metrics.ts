/** `/metrics`: reads everybody's numbers when Prometheus asks, so that nothing is counted twice. */
import type { EdgeCost, EdgeStatus } from '../feed/feed.ts';
import type { DegradationLevel, HealthState } from '../model/health.ts';
import { createRegistry, type MetricFamily } from '../platform/telemetry/metrics.ts';
import type { HubStatus, Stats } from './hub-status.ts';
import { mcpMetrics } from './mcp-status.ts';
import { describeMetric, METRIC_GROUPS, SEED_METRICS } from './metric-catalogue.ts';
import type { RequestCount } from './request-counts.ts';

export interface MetricsText {
  contentType: string;
  read(): Promise<string>;
}

/** What the HTTP side counted by itself. */
export interface HttpCounts {
  requests: readonly RequestCount[];
  /** By reason. */
  refusals: ReadonlyMap<string, number>;
}

/** Servers with metrics of their own; the rest is counted in `swarmcast_hub_servers` alone. */
export const MAX_LABELLED_SERVERS = 200;

const STATES: readonly HealthState[] = ['unknown', 'healthy', 'degraded', 'unhealthy', 'down'];
const LEVELS: readonly DegradationLevel[] = ['fully_operational', 'partial', 'emergency', 'safe'];

/** Kinds of suspicious content, by the count of each. */
const SUSPICIONS: Readonly<Record<string, string>> = {
  suspiciousScriptTags: 'script_tag',
  suspiciousScriptUrls: 'script_url',
  suspiciousDataUrls: 'data_url',
  suspiciousHandlers: 'event_handler',
};

type Labels = Record<string, string>;
type Add = (group: string, stats: Stats, labels: Labels) => void;

/** Names come from our own code, label values from closed sets, servers are capped. */
export function createMetricsText(
  hub: HubStatus,
  http: () => HttpCounts,
  build: { version: string; node: string },
): MetricsText {
  const registry = createRegistry();
  const families = new Map<string, MetricFamily>();
  const family = (full: string, help: string, labels: readonly string[]): MetricFamily => {
    const known = families.get(full) ?? registry.family(full, help, labels);
    families.set(full, known);
    return known;
  };
  const add: Add = (group, stats, labels) => {
    for (const [stat, value] of Object.entries(stats)) {
      const { name, factor } = metricName(group, stat);
      const known = describeMetric(group, name);
      const help = known?.help ?? `${group}: ${name.replaceAll('_', ' ')}`;
      family(`swarmcast_${group}_${name}`, help, known?.labels ?? Object.keys(labels)).set(labels, value * factor);
    }
  };
  const read = async (): Promise<string> => {
    const edges = await hub.edges();
    for (const known of families.values()) known.reset();
    add('build', { info: 1 }, build);
    for (const [group, stats] of Object.entries(hub.stats())) add(group, stats, {});
    addHttp(http(), add);
    addServers(hub, add);
    for (const edge of edges) addEdge(edge, add);
    for (const [name, value] of Object.entries(seedMetrics(hub))) {
      family(name, SEED_METRICS[name as keyof typeof SEED_METRICS], []).set({}, value);
    }
    return registry.text();
  };
  // One at a time: families are filled anew for each answer. Whoever asks meanwhile gets the same.
  let reading: Promise<string> | undefined;
  return {
    contentType: registry.contentType,
    read: () =>
      (reading ??= read().finally(() => {
        reading = undefined;
      })),
  };
}

/** `lastRoundTripMs` → `last_round_trip_seconds`; counts that their owner does not call `_total` get it from the table. */
function metricName(group: string, stat: string): { name: string; factor: number } {
  const snake = stat.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll(/[^a-z0-9_]/g, '_');
  const isMs = snake.endsWith('_ms');
  const name = isMs ? snake.replace(/_ms$/, '_seconds') : snake;
  const total = `${name}_total`;
  const isCount = Object.hasOwn(METRIC_GROUPS[group]?.metrics ?? {}, total);
  return { name: isCount ? total : name, factor: isMs ? 1e-3 : 1 };
}

function addHttp({ requests, refusals }: HttpCounts, add: Add): void {
  for (const [reason, count] of refusals) add('http', { requests_refused_total: count }, { reason });
  for (const { labels, count, seconds } of requests) {
    add('http', { requests_total: count, request_seconds_total: seconds }, { ...labels });
  }
}

function addServers(hub: HubStatus, add: Add): void {
  const servers = hub.servers();
  const level = LEVELS.indexOf(hub.degradationLevel());
  add('hub', { degradation_level: level, servers_left_out: Math.max(0, servers.length - MAX_LABELLED_SERVERS) }, {});
  for (const state of STATES) {
    add('hub', { servers: servers.filter(({ health }) => health.state === state).length }, { state });
  }
  const all = hub.upstreamStats();
  for (const { id, health } of servers.slice(0, MAX_LABELLED_SERVERS)) {
    const { rest, suspicious } = bySuspicion(all[id] ?? {});
    add('upstream', rest, { server: id });
    for (const { kind, count } of suspicious) add('upstream', { suspicious_total: count }, { server: id, kind });
    add('upstream', { health_state: 1 }, { server: id, state: health.state });
  }
}

/** Counts of suspicious content, which are one metric by kind, and all the rest. */
function bySuspicion(stats: Stats): { rest: Stats; suspicious: { kind: string; count: number }[] } {
  const rest: Record<string, number> = {};
  const suspicious: { kind: string; count: number }[] = [];
  for (const [name, count] of Object.entries(stats)) {
    const kind = SUSPICIONS[name];
    if (kind === undefined) rest[name] = count;
    else suspicious.push({ kind, count });
  }
  return { rest, suspicious };
}

function addEdge(status: EdgeStatus, add: Add): void {
  const edge = { edge: String(status.edge_id) };
  add('edge', { clients: status.clients, views: status.views, ...status.metrics }, edge);
  for (const [mode, count] of Object.entries(status.clients_by_mode)) {
    add('edge', { clients_by_mode: count }, { ...edge, mode });
  }
  for (const [reason, count] of Object.entries(status.refusals))
    add('edge', { refusals_total: count }, { ...edge, reason });
  for (const cost of status.costs) add('cost', costStats(cost), { ...edge, mode: cost.mode, view: cost.view });
  for (const { name, used, limit } of status.bounds) {
    add('edge', { bound_used: used, bound_limit: limit }, { ...edge, bound: name });
  }
}

/** Seconds are the mean of the turns that were timed, times all turns. */
function costStats(cost: EdgeCost): Stats {
  const meanUs = cost.sampled_turns === 0 ? undefined : cost.sampled_us / cost.sampled_turns;
  return {
    turns_total: cost.turns,
    frames_total: cost.frames,
    frame_bytes_total: cost.frame_bytes,
    messages_total: cost.messages,
    message_bytes_total: cost.message_bytes,
    ...(meanUs === undefined ? {} : { turn_seconds_total: (meanUs * cost.turns) / 1e6 }),
  };
}

function seedMetrics(hub: HubStatus): Partial<Record<keyof typeof SEED_METRICS, number>> {
  const { connection, performance, telemetry } = mcpMetrics(hub);
  const utilization = telemetry.buffer_utilization;
  const values: Record<keyof typeof SEED_METRICS, number | null> = {
    mcp_connection_latency_ms: performance.latency_ms,
    mcp_message_throughput_per_sec: performance.throughput_msgs_per_sec,
    mcp_error_rate: performance.error_rate,
    mcp_reconnection_total: connection.reconnection_count,
    mcp_active_subscriptions: telemetry.active_subscriptions,
    mcp_buffer_utilization: utilization === null ? null : utilization * 100,
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
