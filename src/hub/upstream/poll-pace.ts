/** Rounds without a change after which polling slows down. */
const IDLE_ROUNDS = 5;
/** Polling is at most this much slower than the dialect's fast cadence. */
const MAX_FACTOR = 8;
/** Slower than this only where the cadence itself is: agents that nobody asks about turn stale. */
const MAX_INTERVAL_MS = 5_000;
/** Rounds of different servers differ by up to this share of their interval. */
const SPREAD = 0.2;

/**
 * Share (0.8–1) of an interval after which this server's next round comes. Servers that were found together would else be
 * asked together for ever, and what they answer at once holds up what others push.
 */
export function shareOfInterval(serverId: string): number {
  let hash = 0;
  for (let i = 0; i < serverId.length; i++) hash = (Math.imul(hash, 31) + serverId.charCodeAt(i)) >>> 0;
  // Names in a row come far apart.
  return 1 - SPREAD * ((Math.imul(hash, 0x9e37_79b1) >>> 0) / 0x1_0000_0000);
}

/**
 * How often to poll one server: as fast as its dialect says while things change; half as often, down to an eighth, while
 * nothing does, or while the server answers slowly (some get slower with every call).
 */
export class PollPace {
  readonly #fastMs: number;
  readonly #slowRoundTripMs: number;
  #idleRounds = 0;
  #idleFactor = 1;
  #latencyFactor = 1;

  constructor(timing: { fastMs: number; slowRoundTripMs: number }) {
    this.#fastMs = timing.fastMs;
    this.#slowRoundTripMs = timing.slowRoundTripMs;
  }

  /** By how much the server's latency slows polling down; 1: not at all. */
  get latencyFactor(): number {
    return this.#latencyFactor;
  }

  /** Time from the start of one round to the start of the next. */
  get intervalMs(): number {
    const factor = Math.max(this.#idleFactor, this.#latencyFactor);
    return Math.min(this.#fastMs * factor, Math.max(this.#fastMs, MAX_INTERVAL_MS));
  }

  /** A round is over. `roundTripMs`: its slowest call. */
  finishRound(round: { changed: boolean; roundTripMs: number }): void {
    if (round.changed) this.hurry();
    else if (++this.#idleRounds >= IDLE_ROUNDS) {
      this.#idleRounds = 0;
      this.#idleFactor = Math.min(MAX_FACTOR, this.#idleFactor * 2);
    }
    const slow = round.roundTripMs > this.#slowRoundTripMs;
    this.#latencyFactor = slow ? Math.min(MAX_FACTOR, this.#latencyFactor * 2) : Math.max(1, this.#latencyFactor / 2);
  }

  /** Something changed, or will: back to the fast cadence, as far as the server's latency allows. */
  hurry(): void {
    this.#idleRounds = 0;
    this.#idleFactor = 1;
  }
}
