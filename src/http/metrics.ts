/** `/metrics`: reads everybody's numbers when Prometheus asks, so that nothing is counted twice. */
import type { EdgeCost } from '../feed/feed.ts';
import { createRegistry, type GaugeFamily } from '../platform/telemetry/metrics.ts';
import type { HubStatus, Stats } from './hub-status.ts';

export interface MetricsText {
  contentType: string;
  read(): Promise<string>;
}

/** Families are made when a number of that name is first seen; names come from our own code and are bounded. */
export function createMetricsText(hub: HubStatus, http: () => Stats): MetricsText {
  const registry = createRegistry();
  const families = new Map<string, GaugeFamily>();
  const set = (group: string, stats: Stats, labels: Record<string, string>) => {
    for (const [name, value] of Object.entries(stats)) {
      const full = `swarmcast_${group}_${snakeCase(name)}`;
      let family = families.get(full);
      if (family === undefined) {
        family = registry.gauge(full, `${group}: ${snakeCase(name).replaceAll('_', ' ')}`, Object.keys(labels));
        families.set(full, family);
      }
      family.set(labels, value);
    }
  };
  return {
    contentType: registry.contentType,
    async read() {
      for (const family of families.values()) family.reset();
      for (const [group, stats] of Object.entries(hub.stats())) set(group, stats, {});
      set('http', http(), {});
      for (const [server, stats] of Object.entries(hub.upstreamStats())) set('upstream', stats, { server });
      for (const server of hub.servers()) {
        set('upstream', { health_state: 1 }, { server: server.id, state: server.health.state });
      }
      for (const edge of await hub.edges()) {
        const labels = { edge: String(edge.edge_id) };
        set('edge', { clients: edge.clients, views: edge.views, ...edge.metrics }, labels);
        for (const [mode, count] of Object.entries(edge.clients_by_mode)) {
          set('edge', { clients_by_mode: count }, { ...labels, mode });
        }
        for (const cost of edge.costs) set('cost', costStats(cost), { ...labels, mode: cost.mode, view: cost.view });
        for (const { name, used, limit } of edge.bounds) {
          set('edge', { bound_used: used, bound_limit: limit }, { ...labels, bound: name });
        }
      }
      return registry.text();
    },
  };
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

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll(/[^a-z0-9_]/g, '_');
}
