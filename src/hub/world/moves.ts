/** An end and a beginning are no further apart than this. */
const WINDOW_MS = 10_000;
/** Names remembered, each way; the oldest is forgotten. */
const MAX_REMEMBERED = 4_096;

interface Seen<E> {
  entry: E;
  atMs: number;
}

/** Finds what ended in one place and began in another under the same name, whichever came first. */
export class Moves<E> {
  readonly #begun = new Map<string, Seen<E>>();
  readonly #ended = new Map<string, Seen<E>>();
  readonly #begunKeptMs: number;

  /** `longestSilenceMs`: how long something may go on being shown before its end is noticed. */
  constructor(longestSilenceMs = 0) {
    this.#begunKeptMs = longestSilenceMs + WINDOW_MS;
  }

  /** Names remembered now. */
  get remembered(): number {
    return this.#begun.size + this.#ended.size;
  }

  /** Where it was before, if it ended there just now. */
  begun(name: string, entry: E, atMs: number): E | undefined {
    remember(this.#begun, name, { entry, atMs });
    const before = this.#ended.get(name);
    if (before === undefined || atMs - before.atMs > WINDOW_MS) return undefined;
    this.#ended.delete(name);
    return before.entry;
  }

  /** Where it is now, if it began there lately. `silentSinceMs`: when it was last heard of, if nobody said that it ended. */
  ended(name: string, entry: E, atMs: number, silentSinceMs = Number.POSITIVE_INFINITY): E | undefined {
    const now = this.#begun.get(name);
    const isLate = now !== undefined && now.atMs < atMs - WINDOW_MS && now.atMs <= silentSinceMs;
    if (now !== undefined && now.entry !== entry && !isLate) {
      this.#begun.delete(name);
      return now.entry;
    }
    remember(this.#ended, name, { entry, atMs });
    return undefined;
  }

  /** Lets go of what nothing can follow on any more. */
  sweep(nowMs: number): void {
    forgetOlder(this.#begun, nowMs - this.#begunKeptMs);
    forgetOlder(this.#ended, nowMs - WINDOW_MS);
  }

  clear(): void {
    this.#begun.clear();
    this.#ended.clear();
  }
}

function remember<E>(seen: Map<string, Seen<E>>, name: string, what: Seen<E>): void {
  // Last seen, last in the map.
  seen.delete(name);
  seen.set(name, what);
  if (seen.size <= MAX_REMEMBERED) return;
  const [oldest] = seen.keys();
  if (oldest !== undefined) seen.delete(oldest);
}

function forgetOlder<E>(seen: Map<string, Seen<E>>, thanMs: number): void {
  for (const [name, { atMs }] of seen) {
    if (atMs >= thanMs) return;
    seen.delete(name);
  }
}
