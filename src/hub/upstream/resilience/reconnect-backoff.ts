import { ExponentialBackoff, type IBackoff, type IExponentialBackoffOptions } from 'cockatiel';

/**
 * Delays before reconnects: doubling from `minMs` to `maxMs`, each between half and all of it at random, so that many
 * gateways don't return to a server in step.
 */
export class ReconnectBackoff {
  readonly #first: ExponentialBackoff<number>;
  #current: IBackoff<unknown> | undefined;

  constructor(options: { minMs: number; maxMs: number; random: () => number }) {
    const jittered = (step: number | undefined, limits: IExponentialBackoffOptions<number>): [number, number] => {
      const full = Math.min(limits.maxDelay, limits.initialDelay * limits.exponent ** (step ?? 0));
      // A higher exponent would only overflow.
      return [Math.round(full * (0.5 + options.random() / 2)), Math.min(64, (step ?? 0) + 1)];
    };
    this.#first = new ExponentialBackoff({
      generator: jittered,
      initialDelay: options.minMs,
      maxDelay: Math.max(options.minMs, options.maxMs),
      exponent: 2,
    });
  }

  nextDelayMs(): number {
    this.#current = this.#current === undefined ? this.#first.next() : this.#current.next(undefined);
    return this.#current.duration;
  }

  /** The server works: the next delay is the first again. */
  reset(): void {
    this.#current = undefined;
  }
}
