/**
 * Whether a client is still there: when it was last heard of, and since when a ping waits for its answer. Times are
 * monotonic ms.
 *
 * A ping queues behind the data that the kernel holds, so one that stays unanswered also tells how far behind a client
 * is. One ping at a time: a second would stand behind the first and could tell nothing more.
 */
export class Liveness {
  #lastHeardMs: number;
  #lastPingMs: number;
  /** When the ping was sent that waits for its answer. */
  #askedAtMs: number | undefined;

  /** Its first ping is `pingAgoMs` nearer than an interval. */
  constructor(nowMs: number, pingAgoMs: number) {
    this.#lastHeardMs = nowMs;
    this.#lastPingMs = nowMs - Math.floor(pingAgoMs);
  }

  /** Any message. */
  heard(nowMs: number): void {
    this.#lastHeardMs = nowMs;
  }

  ponged(nowMs: number): void {
    this.#lastHeardMs = nowMs;
    this.#askedAtMs = undefined;
  }

  /** When the ping was sent that waits for its answer; undefined: none does. */
  get askedAtMs(): number | undefined {
    return this.#askedAtMs;
  }

  /** How long the last ping has waited for its answer; 0 when it has it. */
  unansweredMs(nowMs: number): number {
    return this.#askedAtMs === undefined ? 0 : nowMs - this.#askedAtMs;
  }

  /**
   * `silent`: gone, and it was not even asked in that time. `no_pong`: gone, and it left a ping unanswered.
   * `speaks`: what it says by itself tells as much as a pong would, so it is asked only when it said nothing of late.
   */
  check(
    nowMs: number,
    limits: { pingIntervalMs: number; idleTimeoutMs: number; speaks: boolean },
  ): 'present' | 'ping' | 'silent' | 'no_pong' {
    const { pingIntervalMs, idleTimeoutMs, speaks } = limits;
    if (nowMs - this.#lastHeardMs >= idleTimeoutMs) {
      return this.#askedAtMs === undefined ? 'silent' : 'no_pong';
    }
    const dueMs = this.#lastPingMs + pingIntervalMs;
    if (this.#askedAtMs !== undefined || nowMs < dueMs) return 'present';
    if (speaks && nowMs - this.#lastHeardMs < pingIntervalMs) return 'present';
    // Without drift, and without making up for what was missed. A shorter interval than before starts now.
    this.#lastPingMs = nowMs - dueMs < pingIntervalMs / 2 ? dueMs : nowMs;
    this.#askedAtMs = nowMs;
    return 'ping';
  }
}

/** The next time of something periodic that was due at `dueMs`: without drift, and without making up for what was missed. */
export function nextOccurrence(dueMs: number, intervalMs: number, nowMs: number): number {
  return Math.max(dueMs, nowMs - intervalMs) + intervalMs;
}
