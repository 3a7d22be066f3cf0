/** What clients cost over a stretch of time, from what edges counted at its ends. */
import type { EdgeCost, EdgeStatus } from '../feed/feed.ts';

/** Per second, over all edges; `us_per_turn` is the mean of turns that were timed (one of 31), null when none was. */
interface CostLine {
  mode: EdgeCost['mode'];
  view: EdgeCost['view'];
  turns_per_second: number;
  frames_per_second: number;
  frame_bytes_per_second: number;
  messages_per_second: number;
  message_bytes_per_second: number;
  us_per_turn: number | null;
}

export interface CostReport {
  window_ms: number;
  edges: number;
  clients_by_mode: Record<string, number>;
  /** Time of all edges spent on turns, as a share of one core. */
  turn_share: number;
  /** Averages over all ticks of the window: what one tick costs an edge. Null when there was no tick. */
  per_tick: { frames: number; bytes: number; us: number } | null;
  costs: CostLine[];
}

type Sums = Omit<EdgeCost, 'mode' | 'view'>;

/** Edges that were not there at both ends are left out. */
export function costReport(before: readonly EdgeStatus[], after: readonly EdgeStatus[], windowMs: number): CostReport {
  const earlier = new Map(before.map((edge) => [edge.edge_id, edge]));
  const seconds = windowMs / 1_000;
  const sums = new Map<string, { mode: EdgeCost['mode']; view: EdgeCost['view']; sums: Sums }>();
  const clientsByMode: Record<string, number> = {};
  const totals = { edges: 0, busySeconds: 0, ticks: 0, frames: 0, bytes: 0 };
  for (const edge of after) {
    const start = earlier.get(edge.edge_id);
    // An edge that was replaced meanwhile counts from zero.
    if (start === undefined || metric(edge, 'ticks_total') < metric(start, 'ticks_total')) continue;
    totals.edges++;
    totals.busySeconds += metric(edge, 'turn_seconds_total') - metric(start, 'turn_seconds_total');
    totals.ticks += metric(edge, 'ticks_total') - metric(start, 'ticks_total');
    for (const [mode, count] of Object.entries(edge.clients_by_mode)) {
      clientsByMode[mode] = (clientsByMode[mode] ?? 0) + count;
    }
    for (const cost of edge.costs) {
      const key = `${cost.mode} ${cost.view}`;
      const line = sums.get(key) ?? { mode: cost.mode, view: cost.view, sums: noSums() };
      sums.set(key, line);
      const known = start.costs.find(({ mode, view }) => mode === cost.mode && view === cost.view);
      for (const name of Object.keys(line.sums) as (keyof Sums)[]) {
        line.sums[name] += cost[name] - (known?.[name] ?? 0);
      }
    }
  }
  for (const line of sums.values()) {
    totals.frames += line.sums.frames;
    totals.bytes += line.sums.frame_bytes + line.sums.message_bytes;
  }
  return {
    window_ms: Math.round(windowMs),
    edges: totals.edges,
    clients_by_mode: clientsByMode,
    turn_share: rounded(totals.busySeconds / seconds),
    per_tick:
      totals.ticks === 0
        ? null
        : {
            frames: rounded(totals.frames / totals.ticks),
            bytes: rounded(totals.bytes / totals.ticks),
            us: rounded((totals.busySeconds * 1e6) / totals.ticks),
          },
    costs: [...sums.values()].map(({ mode, view, sums: sum }) => ({
      mode,
      view,
      turns_per_second: rounded(sum.turns / seconds),
      frames_per_second: rounded(sum.frames / seconds),
      frame_bytes_per_second: rounded(sum.frame_bytes / seconds),
      messages_per_second: rounded(sum.messages / seconds),
      message_bytes_per_second: rounded(sum.message_bytes / seconds),
      us_per_turn: sum.sampled_turns === 0 ? null : rounded(sum.sampled_us / sum.sampled_turns),
    })),
  };
}

function metric(edge: EdgeStatus, name: string): number {
  return edge.metrics[name] ?? 0;
}

function noSums(): Sums {
  return { turns: 0, frames: 0, frame_bytes: 0, messages: 0, message_bytes: 0, sampled_turns: 0, sampled_us: 0 };
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
