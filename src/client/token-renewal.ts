/** Where a client's token comes from, and when it is time for the next one. */

/** A token, or what gives one: asked before each connection, and again before the one in use expires. */
export type TokenSource = string | (() => string | Promise<string>);

/** Share of what is left of a token's life after which the next one is asked for. */
const RENEW_AFTER = 0.8;
const MIN_DELAY_MS = 500;
/** A failed renewal is tried again after this long. */
const RETRY_MS = 5_000;
/** Longest time that a timer can wait. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** @throws what a provider throws. */
export async function readToken(source: TokenSource | undefined): Promise<string | undefined> {
  return typeof source === 'function' ? await source() : source;
}

/** Calls `renew` in time, again and again, until it is stopped. */
export class TokenRenewal {
  readonly #renew: () => Promise<number | undefined>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `renew` resolves to the time that the new token leaves, ms; undefined: for ever. It rejects when there is none. */
  constructor(renew: () => Promise<number | undefined>) {
    this.#renew = renew;
  }

  /** `leftMs`: until the token in use expires; undefined: never. */
  schedule(leftMs: number | undefined): void {
    this.stop();
    if (leftMs !== undefined) this.#wait(Math.max(MIN_DELAY_MS, leftMs * RENEW_AFTER));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(delayMs: number): void {
    const timer = setTimeout(
      () => {
        this.#renew().then(
          // Stopped, or scheduled anew by another connection, in the meantime.
          (leftMs) => (this.#timer === timer ? this.schedule(leftMs) : undefined),
          () => (this.#timer === timer ? this.#wait(RETRY_MS) : undefined),
        );
      },
      Math.min(MAX_DELAY_MS, delayMs),
    );
    this.#timer = timer;
  }
}
