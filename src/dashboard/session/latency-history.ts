/** Latencies of servers as their health reports told them, newest last. Bounded per server and in servers. Pure. */
export const MAX_LATENCIES = 300;
const MAX_SERVERS = 1_000;

/** One list for each axis, equally long. */
export interface Latencies {
  /** When the server answered, gateway time, ms since 1970; ascending. */
  atMs: readonly number[];
  latencyMs: readonly number[];
}

const NONE: Latencies = { atMs: [], latencyMs: [] };

export class LatencyHistory {
  readonly #byServer = new Map<string, { atMs: number[]; latencyMs: number[] }>();

  /** Takes a report's evidence; the same success told again counts once. */
  add(server: string, evidence: { last_success_ms?: number | undefined; latency_ms?: number | undefined }): void {
    const { last_success_ms: atMs, latency_ms: latencyMs } = evidence;
    if (atMs === undefined || latencyMs === undefined) return;
    let history = this.#byServer.get(server);
    if (history === undefined) {
      if (this.#byServer.size >= MAX_SERVERS) return;
      history = { atMs: [], latencyMs: [] };
      this.#byServer.set(server, history);
    }
    if (atMs <= (history.atMs.at(-1) ?? Number.NEGATIVE_INFINITY)) return;
    history.atMs.push(atMs);
    history.latencyMs.push(latencyMs);
    if (history.atMs.length <= MAX_LATENCIES) return;
    history.atMs.shift();
    history.latencyMs.shift();
  }

  of(server: string): Latencies {
    return this.#byServer.get(server) ?? NONE;
  }
}

/** The value that `share` (0–1) of the values do not exceed; undefined of none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
