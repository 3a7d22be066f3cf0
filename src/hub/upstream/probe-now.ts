import type { ProbeOutcome } from '../../model/probe.ts';
import type { Clock } from '../../platform/clock.ts';
import { deferred } from './deferred.ts';
import type { HealthEvent } from './health.ts';

/** One question at a time, shared by all who ask meanwhile, answered by the first evidence that is newer than it. */
export class ProbeNow {
  readonly #clock: Clock;
  #asked: { atMs: number; answer: Promise<ProbeOutcome>; settle: (outcome: ProbeOutcome) => void } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with evidence, or `no_answer` after `limitMs`. `ask` makes the server be asked; evidence comes by {@link hear}. */
  async run(limitMs: number, ask: () => void): Promise<ProbeOutcome> {
    if (this.#asked !== undefined) return this.#asked.answer;
    const { promise: answer, resolve } = deferred<ProbeOutcome>();
    const timer = setTimeout(() => this.end(`no answer within ${limitMs} ms`), limitMs);
    const settle = (outcome: ProbeOutcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    this.#asked = { atMs: this.#clock.monotonic(), answer, settle };
    ask();
    return answer;
  }

  /** A success of a request that began before the question says nothing of now; a failure or an end does. */
  hear(event: HealthEvent): void {
    if (this.#asked === undefined || event.kind === 'tick') return;
    if (event.kind === 'success') {
      if (this.#clock.monotonic() - event.latencyMs < this.#asked.atMs) return;
      this.#settle({ outcome: 'success', method: event.method, latency_ms: event.latencyMs });
      return;
    }
    const method = event.kind === 'closed' ? 'connect' : event.method;
    this.#settle({ outcome: 'failure', method, error: event.error });
  }

  /** Nothing more will be heard. */
  end(why: string): void {
    this.#settle({ outcome: 'no_answer', error: why });
  }

  #settle(outcome: ProbeOutcome): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.settle(outcome);
  }
}
