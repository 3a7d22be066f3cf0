/** Controllers kept for the next attempts. */
const MAX_FREE = 64;

/**
 * Signals of attempts: each ends with its request's signal, or when its attempt is given up. Requests share their
 * signal by the hundred, and listening to it costs more with every listener: here it has one, whoever uses it. A
 * controller costs as much as the rest of the policy, so one that was not aborted serves again: an attempt takes its
 * listeners off as it ends.
 */
export class AttemptSignals {
  /** The listener goes with the signal; attempts leave as they end. */
  readonly #followers = new WeakMap<AbortSignal, Set<AbortController>>();

  readonly #free: AbortController[] = [];

  /** A controller that is aborted with `signal`, for the same reason, until {@link close}. */
  open(signal: AbortSignal): AbortController {
    const attempt = this.#free.pop() ?? new AbortController();
    if (signal.aborted) attempt.abort(signal.reason);
    else this.#followersOf(signal).add(attempt);
    return attempt;
  }

  /** The attempt has ended. */
  close(signal: AbortSignal, attempt: AbortController): void {
    this.#followers.get(signal)?.delete(attempt);
    if (!attempt.signal.aborted && this.#free.length < MAX_FREE) this.#free.push(attempt);
  }

  #followersOf(signal: AbortSignal): Set<AbortController> {
    const known = this.#followers.get(signal);
    if (known !== undefined) return known;
    const followers = new Set<AbortController>();
    this.#followers.set(signal, followers);
    signal.addEventListener(
      'abort',
      () => {
        for (const attempt of followers) attempt.abort(signal.reason);
        followers.clear();
      },
      { once: true },
    );
    return followers;
  }
}
