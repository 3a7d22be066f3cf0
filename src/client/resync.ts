/** Asks for a new snapshot: one at a time, and where the state was found wrong not too often. */

/** A mismatch asks at most this often. */
const MIN_INTERVAL_MS = 5_000;

type Answer = Promise<Record<string, unknown>>;

export class Resync {
  readonly #ask: () => Answer;
  #running: Answer | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(ask: () => Answer) {
    this.#ask = ask;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** A second call waits for the first. */
  start(): Answer {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** As {@link start}, or undefined where that was asked for a moment ago. */
  afterMismatch(): Answer | undefined {
    return performance.now() - this.#askedAt < MIN_INTERVAL_MS ? undefined : this.start();
  }

  async #run(): Answer {
    this.#askedAt = performance.now();
    try {
      return await this.#ask();
    } finally {
      this.#running = undefined;
    }
  }
}
