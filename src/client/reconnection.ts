/** What is remembered from one connection to the next, and the wait between them. */
import type { ReconnectOptions } from './reconnect-policy.ts';
import { decideReconnect, STABLE_AFTER_MS } from './reconnect-policy.ts';

/** `attempt`: how many failed in a row, with the one that follows. */
export type NextConnection = { kind: 'retry'; delayMs: number; attempt: number } | { kind: 'stop' };

export class Reconnection {
  readonly #options: ReconnectOptions | false;
  #failures = 0;
  #liveSince: number | undefined;
  #goodbyeAfterMs: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ReconnectOptions | false) {
    this.#options = options;
  }

  /** A connection is about to be opened. */
  begun(): void {
    this.#goodbyeAfterMs = undefined;
  }

  /** Its state is the view's. */
  live(): void {
    this.#liveSince = performance.now();
  }

  /** The gateway wishes that nobody comes back sooner. */
  goodbye(afterMs: number | undefined): void {
    this.#goodbyeAfterMs = afterMs;
  }

  /** It ended with this WebSocket close code. */
  ended(code: number): NextConnection {
    const isStable = this.#liveSince !== undefined && performance.now() - this.#liveSince >= STABLE_AFTER_MS;
    this.#liveSince = undefined;
    const failures = isStable ? 0 : this.#failures;
    const end = { code, failures, goodbyeAfterMs: this.#goodbyeAfterMs, chance: Math.random() };
    const decision = decideReconnect(this.#options, end);
    if (decision.kind === 'stop') return decision;
    this.#failures = failures + 1;
    return { ...decision, attempt: this.#failures };
  }

  /** Calls it after the delay, unless {@link stop} comes first. */
  wait(delayMs: number, connect: () => void): void {
    this.#timer = setTimeout(connect, delayMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
