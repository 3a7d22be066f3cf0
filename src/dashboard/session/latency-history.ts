/** Latencies of servers as their health reports told them, newest last. Bounded per server and in servers. Pure. */
export const MAX_LATENCIES = 60;
const MAX_SERVERS = 1_000;

export class LatencyHistory {
  readonly #byServer = new Map<string, { atMs: number; latenciesMs: number[] }>();

  /** Takes a report's evidence; the same success told again counts once. */
  add(server: string, evidence: { last_success_ms?: number | undefined; latency_ms?: number | undefined }): void {
    const { last_success_ms: atMs, latency_ms: latencyMs } = evidence;
    if (atMs === undefined || latencyMs === undefined) return;
    let history = this.#byServer.get(server);
    if (history === undefined) {
      if (this.#byServer.size >= MAX_SERVERS) return;
      history = { atMs: Number.NEGATIVE_INFINITY, latenciesMs: [] };
      this.#byServer.set(server, history);
    }
    if (atMs <= history.atMs) return;
    history.atMs = atMs;
    history.latenciesMs.push(latencyMs);
    if (history.latenciesMs.length > MAX_LATENCIES) history.latenciesMs.shift();
  }

  of(server: string): readonly number[] {
    return this.#byServer.get(server)?.latenciesMs ?? [];
  }
}
