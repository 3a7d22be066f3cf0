/** Calls on their way into one batch: each comes when the limits let it, and none waits long for the others. */
import type { Call } from './dialects/dialect.ts';

export interface GatheringOptions<R> {
  /** Calls that are to come; the last one of them need not wait. */
  expected: number;
  /** Longest that a call waits for others. */
  waitMs: number;
  /** Makes calls together: results in their order. One batch at a time; its error is that of each, and of all later ones. */
  send(calls: readonly Call[]): Promise<R[]>;
}

interface Waiting<R> {
  call: Call;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/** Of so many calls. Its timer ends with the last call that comes. */
export class Gathering<R> {
  readonly #options: GatheringOptions<R>;
  #expected: number;
  #waiting: Waiting<R>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | undefined;

  constructor(options: GatheringOptions<R>) {
    this.#options = options;
    this.#expected = options.expected;
  }

  /** The result of one of the expected calls. */
  async join(call: Call): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject });
      this.miss();
    });
  }

  /** One call less is to come. */
  miss(): void {
    this.#expected -= 1;
    if (this.#expected <= 0) this.#close();
    else if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#close(), this.#options.waitMs);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length > 0) this.#sending = this.#sending.then(() => this.#send(batch));
  }

  async #send(batch: readonly Waiting<R>[]): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure.error;
      const results = await this.#options.send(batch.map(({ call }) => call));
      results.forEach((result, index) => batch[index]?.resolve(result));
    } catch (error) {
      this.#failure ??= { error };
      for (const { reject } of batch) reject(error);
    }
  }
}
