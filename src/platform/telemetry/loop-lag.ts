/** How late a thread's event loop runs. */
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

/** Granularity of the native timer that measures. */
const RESOLUTION_MS = 10;
const WINDOW_MS = 10_000;

/** Lateness over the last full window, or over the present one while that is the first. */
export interface LoopLag {
  p99Seconds: number;
  maxSeconds: number;
}

/**
 * Watches the loop of the thread that calls it, in windows of 10 s that do not depend on who reads how often. Costs one
 * native timer. Disposal ends it.
 */
export class LoopLagWatch implements Disposable {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #last: LoopLag | undefined;

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      this.#last = this.#now();
      this.#histogram.reset();
    }, WINDOW_MS);
    this.#timer.unref();
  }

  read(): LoopLag {
    return this.#last ?? this.#now();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #now(): LoopLag {
    const { count } = this.#histogram;
    if (count === 0) return { p99Seconds: 0, maxSeconds: 0 };
    return { p99Seconds: lateSeconds(this.#histogram.percentile(99)), maxSeconds: lateSeconds(this.#histogram.max) };
  }
}

/** The histogram holds the time between two firings (ns): what is above the interval is lateness. */
function lateSeconds(ns: number): number {
  return Math.max(0, ns / 1e9 - RESOLUTION_MS / 1e3);
}
