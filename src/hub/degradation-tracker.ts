import type { DegradationLevel } from '../model/health.ts';

/** From best to worst. */
const LEVELS: readonly DegradationLevel[] = ['fully_operational', 'partial', 'emergency', 'safe'];

/** How the gateway's degradation level went. Times are ms. */
export interface DegradationStats {
  level: DegradationLevel;
  sinceMs: number;
  /** Changes for the worse, and for the better. */
  degradations: number;
  recoveries: number;
  /** Spent in each level so far. */
  timeInMs: Readonly<Record<DegradationLevel, number>>;
}

/**
 * Follows the level that the servers' states add up to. The first one is where it starts; neither degradation nor
 * recovery. Hysteresis is in the states: a server that comes back is degraded until it proved itself, so that a gateway
 * climbs from emergency by way of partial.
 */
export class DegradationTracker {
  readonly #timeInMs: Record<DegradationLevel, number> = { fully_operational: 0, partial: 0, emergency: 0, safe: 0 };
  #level: DegradationLevel | undefined;
  #sinceMs = 0;
  #seenAt = 0;
  #degradations = 0;
  #recoveries = 0;

  /** Undefined before the first. */
  get level(): DegradationLevel | undefined {
    return this.#level;
  }

  /** The level now, at monotonic `nowMs`. Returns true when it changed. */
  follow(level: DegradationLevel, nowMs: number): boolean {
    const before = this.#level;
    if (before !== undefined) this.#timeInMs[before] += nowMs - this.#seenAt;
    this.#seenAt = nowMs;
    if (before === level) return false;
    this.#level = level;
    this.#sinceMs = nowMs;
    if (before === undefined) return false;
    if (LEVELS.indexOf(level) > LEVELS.indexOf(before)) this.#degradations += 1;
    else this.#recoveries += 1;
    return true;
  }

  stats(nowMs: number): DegradationStats {
    return {
      level: this.#level ?? 'safe',
      sinceMs: nowMs - this.#sinceMs,
      degradations: this.#degradations,
      recoveries: this.#recoveries,
      timeInMs: { ...this.#timeInMs },
    };
  }
}
