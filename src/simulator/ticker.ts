import type { Clock } from '../platform/clock.ts';
import type { SimulatorStats } from './stats.ts';
import type { Telemetry } from './telemetry.ts';
import { STEP_MS } from './world-life.ts';
import type { WorldLife } from './world-life.ts';

/** Steps made up for at once; what is later than that is skipped and counted. */
const MAX_CATCH_UP = 20;

/** The one timer of a simulator: it steps the world at 20 Hz and sends telemetry that is due. */
export class Ticker {
  readonly #clock: Clock;
  readonly #life: WorldLife;
  readonly #telemetry: Telemetry;
  readonly #stats: SimulatorStats;
  #timer: NodeJS.Timeout | undefined;
  #periodMs = STEP_MS;
  #steppedMs = 0;

  constructor(parts: { clock: Clock; life: WorldLife; telemetry: Telemetry; stats: SimulatorStats }) {
    this.#clock = parts.clock;
    this.#life = parts.life;
    this.#telemetry = parts.telemetry;
    this.#stats = parts.stats;
  }

  /** Time that passed while it was stopped is not made up for. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#steppedMs = this.#clock.monotonic();
    this.#arm();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** To be called when subscriptions change: somebody may want events faster than the world steps. */
  retime(): void {
    const periodMs = Math.min(STEP_MS, this.#telemetry.shortestIntervalMs ?? STEP_MS);
    if (periodMs === this.#periodMs) return;
    this.#periodMs = periodMs;
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#arm();
  }

  #arm(): void {
    this.#timer = setInterval(() => this.#tick(), this.#periodMs);
  }

  #tick(): void {
    const monotonicMs = this.#clock.monotonic();
    const nowMs = this.#clock.now();
    const due = Math.floor((monotonicMs - this.#steppedMs) / STEP_MS);
    this.#steppedMs += due * STEP_MS;
    this.#stats.stepsSkipped += Math.max(0, due - MAX_CATCH_UP);
    for (let i = Math.min(due, MAX_CATCH_UP); i > 0; i--) this.#life.step(nowMs);
    this.#telemetry.flush(nowMs, monotonicMs);
  }
}
