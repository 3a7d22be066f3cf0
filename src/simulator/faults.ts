/** Misbehaviour on order. Every fault tells that it fired, so that no test passes because nothing happened. */

interface Trigger {
  /** JSON-RPC method or tool name that it waits for; absent: any request. */
  on?: string | undefined;
  /** Matching requests that are served well first. Default 0. */
  after?: number | undefined;
  /** Requests that it spoils; Infinity for all. Default 1. */
  times?: number | undefined;
}

/** What happens to the answer of a request. */
export type ReplyFault = Trigger &
  (
    | { kind: 'no-answer' }
    | { kind: 'late-answer'; delayMs: number }
    /** Half of the answer, then the connection ends. */
    | { kind: 'close-mid-reply' }
    /** A line that is not JSON before the answer; over HTTP, a body that is not JSON instead of it. */
    | { kind: 'garbage-line' }
    /** A valid answer that is `bytes` long. */
    | { kind: 'over-long-line'; bytes: number }
    /** The answer to a request that nobody made; the true one never comes. */
    | { kind: 'wrong-id' }
    | { kind: 'duplicate-reply' }
    /** The answer in pieces of `bytes`, one per turn of the event loop. */
    | { kind: 'split-frames'; bytes: number }
    /** Holds answers back until there are `count`, or 250 ms passed, and writes them at once. */
    | { kind: 'joined-frames'; count: number }
  );

/** What the whole server does; without `on` it does so at once. */
export type ServerFault = Trigger &
  (
    | { kind: 'event-flood'; events: number }
    /** Dies as a process does: no answer, no goodbye. In a process of its own it exits with this code. */
    | { kind: 'exit'; code?: number | undefined }
    /** Reads nothing, writes nothing, and its world stands still. */
    | { kind: 'freeze'; ms: number }
  );

export type Fault = ReplyFault | ServerFault;

const SERVER_KINDS: ReadonlySet<Fault['kind']> = new Set(['event-flood', 'exit', 'freeze'] as const);

/** A fault that was ordered. */
export class ArmedFault {
  readonly fault: Fault;
  #fired = 0;
  #seen = 0;
  #cancelled = false;
  readonly #waiting: (() => void)[] = [];

  constructor(fault: Fault) {
    this.fault = fault;
  }

  /** Requests it spoiled, or times it happened. */
  get fired(): number {
    return this.#fired;
  }

  /** Resolves when it has fired once. */
  async whenFired(): Promise<void> {
    if (this.#fired > 0) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Never fires again. */
  cancel(): void {
    this.#cancelled = true;
  }

  /** True when no request can set it off any more. */
  get spent(): boolean {
    return this.#cancelled || this.#fired >= (this.fault.times ?? 1);
  }

  /** Whether a request of these names sets it off now. */
  isDue(names: readonly string[]): boolean {
    if (this.spent || (this.fault.on !== undefined && !names.includes(this.fault.on))) return false;
    return ++this.#seen > (this.fault.after ?? 0);
  }

  markFired(): void {
    this.#fired++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** The faults of one simulator. */
export class FaultBook {
  #armed: ArmedFault[] = [];
  #fired = 0;
  readonly #perform: (fault: ServerFault) => void;

  /** @param perform does what a {@link ServerFault} says. */
  constructor(perform: (fault: ServerFault) => void) {
    this.#perform = perform;
  }

  get fired(): number {
    return this.#fired;
  }

  arm(fault: Fault): ArmedFault {
    const armed = new ArmedFault(fault);
    if (isServerFault(fault) && fault.on === undefined) this.#fire(armed);
    else this.#armed.push(armed);
    return armed;
  }

  /** To be told of every request; `names` are its method and, for tools/call, the tool. */
  requested(names: readonly string[]): void {
    for (const armed of this.#due(names, true)) this.#fire(armed);
  }

  /** What is to happen to the answer of a request: these have fired. */
  takeForReply(names: readonly string[]): ReplyFault[] {
    if (this.#armed.length === 0) return [];
    return this.#due(names, false).flatMap((armed) => {
      this.#fire(armed);
      return isServerFault(armed.fault) ? [] : [armed.fault];
    });
  }

  #due(names: readonly string[], server: boolean): ArmedFault[] {
    const due = this.#armed.filter((armed) => isServerFault(armed.fault) === server && armed.isDue(names));
    return due;
  }

  #fire(armed: ArmedFault): void {
    this.#fired++;
    armed.markFired();
    this.#armed = this.#armed.filter((other) => !other.spent);
    if (isServerFault(armed.fault)) this.#perform(armed.fault);
  }
}

function isServerFault(fault: Fault): fault is ServerFault {
  return SERVER_KINDS.has(fault.kind);
}
