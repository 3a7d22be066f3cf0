/** Whether a client is still there: when it was last heard of, and when it is asked. Times are monotonic ms. */
export class Liveness {
  readonly #idleTimeoutMs: number;
  readonly #pingIntervalMs: number;
  #lastHeardMs: number;
  #nextPingMs: number;
  #unansweredPings = 0;

  /** `spread` (0–1) is the client's place in the interval of pings. */
  constructor(options: { idleTimeoutMs: number; pingIntervalMs: number; nowMs: number; spread: number }) {
    this.#idleTimeoutMs = options.idleTimeoutMs;
    this.#pingIntervalMs = options.pingIntervalMs;
    this.#lastHeardMs = options.nowMs;
    this.#nextPingMs = options.nowMs + options.pingIntervalMs * options.spread;
  }

  /** Any message, or a pong. */
  heard(nowMs: number): void {
    this.#lastHeardMs = nowMs;
    this.#unansweredPings = 0;
  }

  /** `silent`: gone, and it was not even asked in that time. `no_pong`: gone, and it left pings unanswered. */
  check(nowMs: number): 'present' | 'ping' | 'silent' | 'no_pong' {
    if (nowMs - this.#lastHeardMs >= this.#idleTimeoutMs) return this.#unansweredPings > 0 ? 'no_pong' : 'silent';
    if (nowMs < this.#nextPingMs) return 'present';
    this.#nextPingMs = nextOccurrence(this.#nextPingMs, this.#pingIntervalMs, nowMs);
    this.#unansweredPings++;
    return 'ping';
  }
}

/** The next time of something periodic that was due at `dueMs`: without drift, and without making up for what was missed. */
export function nextOccurrence(dueMs: number, intervalMs: number, nowMs: number): number {
  return Math.max(dueMs, nowMs - intervalMs) + intervalMs;
}
