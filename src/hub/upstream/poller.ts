/** One poll per server, whatever the number of clients: rounds of calls at the dialect's cadence, never two at once. */
import type { Clock } from '../../platform/clock.ts';
import type { Cadence, Call, DialectTiming } from './dialects/dialect.ts';
import { combine } from './fingerprint.ts';
import { PollPace } from './poll-pace.ts';

/** Rest after a round, where the interval is over by then: others want to use the connection too. */
const MIN_REST_MS = 20;

/** What one call brought. */
export interface PollReply {
  /** Of the observations. */
  fingerprint: number;
  roundTripMs: number;
}

export interface PollerOptions {
  timing: DialectTiming;
  clock: Clock;
  /** Undefined: not now; asked again after the next fast round. */
  plan(cadence: Cadence): Call[] | undefined;
  /** Makes the calls of a round: replies in their order. An error ends the round; the next comes in its time. */
  ask(calls: readonly Call[], cadence: Cadence, signal: AbortSignal): Promise<PollReply[]>;
  /** The server's latency changed the time between fast rounds. */
  onAdapted(change: { from: number; to: number; cause: string }): void;
  /** An error of `ask` or `plan`. */
  onError(error: unknown): void;
}

/** Runs until disposed. */
export interface Poller extends AsyncDisposable {
  /** Current time between fast rounds. */
  readonly intervalMs: number;
  /** Starts a fast round at once, or right after the one that runs. */
  pollNow(): void;
  /** True: the server tells by itself (push, files), so that fast rounds are only a safety net at `intervalMs`. */
  relax(intervalMs: number | undefined): void;
}

/** Starts polling: the first fast and slow rounds begin at once. */
export function startPoller(options: PollerOptions): Poller {
  return new RunningPoller(options);
}

class RunningPoller implements Poller {
  readonly #options: PollerOptions;
  readonly #pace: PollPace;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #relaxedMs: number | undefined;
  #fastAt: number;
  #slowAt: number;
  #lastPrint: number | undefined;
  #wake: (() => void) | undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#pace = new PollPace(options.timing);
    this.#fastAt = options.clock.monotonic();
    this.#slowAt = this.#fastAt;
    this.#done = this.#run();
  }

  get intervalMs(): number {
    return Math.max(this.#pace.intervalMs, this.#relaxedMs ?? 0);
  }

  pollNow(): void {
    this.#pace.hurry();
    this.#fastAt = this.#options.clock.monotonic();
    this.#wake?.();
  }

  relax(intervalMs: number | undefined): void {
    this.#relaxedMs = intervalMs;
    this.#fastAt = Math.min(this.#fastAt, this.#options.clock.monotonic() + this.intervalMs);
    this.#wake?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    await this.#done;
  }

  async #run(): Promise<void> {
    // Callers finish their own construction before the first call.
    await Promise.resolve();
    while (!this.#stop.signal.aborted) {
      const now = this.#options.clock.monotonic();
      if (now >= this.#fastAt) {
        this.#fastAt = Number.POSITIVE_INFINITY;
        await this.#fastRound();
        this.#fastAt = Math.min(this.#fastAt, this.#after(now, this.intervalMs));
      } else if (now >= this.#slowAt) {
        const round = await this.#round('slow');
        this.#slowAt = this.#after(now, round === 'spared' ? this.intervalMs : this.#options.timing.slowMs);
      } else {
        await this.#sleep(Math.min(this.#fastAt, this.#slowAt) - now);
      }
    }
  }

  async #fastRound(): Promise<void> {
    const round = await this.#round('fast');
    if (round === undefined || round === 'spared') return;
    const changed = round.print !== this.#lastPrint;
    this.#lastPrint = round.print;
    const { latencyFactor, intervalMs: from } = this.#pace;
    this.#pace.finishRound({ changed, roundTripMs: round.roundTripMs });
    if (this.#pace.latencyFactor === latencyFactor) return;
    const cause = `round trips take ${round.roundTripMs.toFixed(1)} ms`;
    this.#options.onAdapted({ from, to: this.#pace.intervalMs, cause });
  }

  /** Undefined when the round failed. */
  async #round(cadence: Cadence): Promise<{ print: number; roundTripMs: number } | 'spared' | undefined> {
    let print = 0;
    let roundTripMs = 0;
    try {
      const calls = this.#options.plan(cadence);
      if (calls === undefined) return 'spared';
      for (const reply of await this.#options.ask(calls, cadence, this.#stop.signal)) {
        print = combine(print, reply.fingerprint);
        roundTripMs = Math.max(roundTripMs, reply.roundTripMs);
      }
      return { print, roundTripMs };
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.onError(error);
      return undefined;
    }
  }

  #after(startedAt: number, intervalMs: number): number {
    return Math.max(startedAt + intervalMs, this.#options.clock.monotonic() + MIN_REST_MS);
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.ceil(ms));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
