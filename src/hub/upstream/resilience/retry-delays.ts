import type { IBackoff, IBackoffFactory } from 'cockatiel';

export interface RetryDelaysOptions {
  /** Read at each retry, so that they may be adapted. */
  minMs: () => number;
  maxMs: number;
  /** Share of a delay that is drawn at random, 0–1: many gateways don't retry in step. */
  jitter: number;
  /** 0 ≤ x < 1. */
  random: () => number;
}

/** Delays of one request's retries: doubling from `minMs`, at most `maxMs`, the last `jitter` of each at random. */
export class RetryDelays implements IBackoffFactory<unknown> {
  readonly #options: RetryDelaysOptions;

  constructor(options: RetryDelaysOptions) {
    this.#options = options;
  }

  next(): IBackoff<unknown> {
    return this.#at(0);
  }

  #at(step: number): IBackoff<unknown> {
    const { minMs, maxMs, jitter, random } = this.#options;
    const full = Math.min(maxMs, minMs() * 2 ** Math.min(step, 30));
    return {
      duration: full * (1 - jitter * random()),
      next: () => this.#at(step + 1),
    };
  }
}
