/**
 * Sixty ticks a second by absolute time: tick k is due at origin + k/60 s, on the machine's monotonic clock, which all
 * threads share. A tick that comes late is not made up for: the clock goes on with the number that is due.
 *
 * A timer alone has a granularity of 1 ms and more, which makes steps of 16 and 17 ms with a wrong mean; blocking alone
 * would starve the thread's messages. So a timer sleeps until shortly before, letting messages in, and a blocking wait
 * on a cell that nobody notifies covers the rest to within a tenth of a millisecond.
 */
import { STEP_HZ } from './kernel/physics.ts';

export const TICK_MS = 1000 / STEP_HZ;
/** Timers are set to fire this much early: they may be up to 1 ms late by design, and a little more under load. */
const TIMER_LEAD_MS = 2;
/** The blocking wait covers at most this; it only exceeds TIMER_LEAD_MS when a timer fired early. */
const MAX_BLOCK_MS = 3;

/** Milliseconds on the monotonic clock of the machine: the same in every thread, unlike performance.now(). */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class StepClock {
  readonly #originMs: number;
  readonly #onTick: (tick: number) => void;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #last = -1;
  #timer: NodeJS.Timeout | undefined;
  #stopped = true;

  /** @param originMs when tick 0 was due, by {@link monotonicMs}. */
  constructor(originMs: number, onTick: (tick: number) => void) {
    this.#originMs = originMs;
    this.#onTick = onTick;
  }

  start(): void {
    this.#stopped = false;
    this.#last = Math.floor((monotonicMs() - this.#originMs) / TICK_MS);
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #remainingMs(): number {
    return this.#originMs + (this.#last + 1) * TICK_MS - monotonicMs();
  }

  #schedule(): void {
    if (this.#stopped) return;
    // Also when the next tick is overdue, through the timer: messages get in between any two ticks.
    this.#timer = setTimeout(() => this.#arrive(), Math.max(0, Math.floor(this.#remainingMs() - TIMER_LEAD_MS)));
  }

  #arrive(): void {
    let remaining = this.#remainingMs();
    if (remaining > MAX_BLOCK_MS) {
      this.#schedule();
      return;
    }
    while (remaining > 0) {
      Atomics.wait(this.#cell, 0, 0, remaining);
      remaining = this.#remainingMs();
    }
    // At least the tick that was waited for: rounding must not make it the one before.
    this.#last = Math.max(this.#last + 1, Math.floor((monotonicMs() - this.#originMs) / TICK_MS));
    this.#onTick(this.#last);
    this.#schedule();
  }
}
