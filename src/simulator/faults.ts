/** Misbehaviour on order. Every fault tells that it fired, so that no test passes because nothing happened. */
import type { Clock } from '../platform/clock.ts';
import { systemClock } from '../platform/clock.ts';

interface Trigger {
  /** JSON-RPC method or tool name that it waits for; absent: any request. */
  on?: string | undefined;
  /** Matching requests that are served well first. Default 0. */
  after?: number | undefined;
  /** Time from the order until it can fire. Default 0. */
  afterMs?: number | undefined;
  /** Requests that it spoils; Infinity for all. Default 1. */
  times?: number | undefined;
}

/** What happens to the answer of a request. */
export type ReplyFault = Trigger &
  (
    | { kind: 'never-answer' }
    | { kind: 'late-answer'; delayMs: number }
    /** Half of the answer, then the connection ends. */
    | { kind: 'close-mid-reply' }
    /** Half of the answer, then the server dies as by `exit`. */
    | { kind: 'exit-mid-reply'; code?: number | undefined }
    /** A line that is not JSON before the answer; over HTTP, a body that is not JSON instead of it. */
    | { kind: 'garbage-line' }
    /** A valid answer that is `bytes` long. */
    | { kind: 'over-long-line'; bytes: number }
    /** The answer to a request that nobody made; the true one never comes. */
    | { kind: 'wrong-id' }
    /** The answer goes to another connection; to nobody when there is none. */
    | { kind: 'foreign-reply' }
    /** The answer goes to every connection. */
    | { kind: 'broadcast-reply' }
    | { kind: 'duplicate-reply' }
    /** A bare `{"error": …}` that is no JSON-RPC instead of the answer, then the connection ends. */
    | { kind: 'error-and-close' }
    /** The error −32601 (method not found) instead of the answer: what was asked is done all the same. */
    | { kind: 'method-not-found' }
    /** The answer in pieces of `bytes`, one per turn of the event loop. */
    | { kind: 'split-frames'; bytes: number }
    /** The answer in pieces of `bytes`, one every `everyMs`. */
    | { kind: 'slow-drip'; bytes: number; everyMs: number }
    /** Holds answers back until there are `count`, or 250 ms passed, and writes them at once. */
    | { kind: 'joined-frames'; count: number }
    /** Cuts the connection in place of answering when it is older than `ageMs`, as some servers do with busy ones. */
    | { kind: 'cut-by-age'; ageMs: number }
    /** HTTP 429 with Retry-After and a JSON-RPC error, as claude-flow's HTTP server answers. */
    | { kind: 'rate-limited'; retryAfterS: number }
  );

/** What the whole server does; without `on` it does so at once, or after `afterMs`. */
export type ServerFault = Trigger &
  /** Writes that many events to every connection, asked for or not: at once, or spread over `overMs`. */
  (
    | {
        kind: 'event-flood';
        events: number;
        overMs?: number | undefined;
        /** What they say: nothing of interest (default), or the status of agents that exist. */
        of?: 'heartbeat' | 'agent.status' | undefined;
      }
    /** Dies as a process does: no answer, no goodbye. In a process of its own it exits with this code. */
    | { kind: 'exit'; code?: number | undefined }
    /** Dies, and listens again on the same port after `ms`, with the same agents. */
    | { kind: 'restart'; ms: number }
    /** Reads nothing, writes nothing, and its world stands still. */
    | { kind: 'freeze'; ms: number }
    /** Connections stay open and are dead for ever: bytes go in, none come out. New ones work. */
    | { kind: 'half-open' }
    /** Its wall clock is wrong by `byMs`, for `ms` or for ever. */
    | { kind: 'clock-skew'; byMs: number; ms?: number | undefined }
  );

export type Fault = ReplyFault | ServerFault;
export type FaultKind = Fault['kind'];

const SERVER_KINDS: ReadonlySet<FaultKind> = new Set([
  'event-flood',
  'exit',
  'restart',
  'freeze',
  'half-open',
  'clock-skew',
] as const);

/** A fault that was ordered. */
export class ArmedFault {
  readonly fault: Fault;
  readonly #dueAtMs: number;
  #fired = 0;
  #seen = 0;
  #cancelled = false;
  readonly #waiting: (() => void)[] = [];

  /** @param nowMs monotonic. */
  constructor(fault: Fault, nowMs: number) {
    this.fault = fault;
    this.#dueAtMs = nowMs + (fault.afterMs ?? 0);
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

  /** Whether a request of these names, on a connection of this age, sets it off now. */
  isDue(names: readonly string[], nowMs: number, ageMs: number): boolean {
    const { fault } = this;
    if (this.spent || nowMs < this.#dueAtMs || (fault.on !== undefined && !names.includes(fault.on))) return false;
    if (fault.kind === 'cut-by-age' && ageMs < fault.ageMs) return false;
    return ++this.#seen > (fault.after ?? 0);
  }

  markFired(): void {
    this.#fired++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Faults that wait at most; more are refused. */
const MAX_ARMED = 1_000;

/** The faults of one simulator. Owns timers until {@link FaultBook.cancelAll}. */
export class FaultBook {
  #armed: ArmedFault[] = [];
  #fired = 0;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #perform: (fault: ServerFault) => void;
  readonly #clock: Clock;

  /** @param perform does what a {@link ServerFault} says. */
  constructor(perform: (fault: ServerFault) => void, clock: Clock = systemClock) {
    this.#perform = perform;
    this.#clock = clock;
  }

  get fired(): number {
    return this.#fired;
  }

  /** @throws RangeError when a thousand wait already. */
  arm(fault: Fault): ArmedFault {
    this.#tidy();
    if (this.#armed.length >= MAX_ARMED) throw new RangeError(`${MAX_ARMED} faults wait already`);
    const armed = new ArmedFault(fault, this.#clock.monotonic());
    if (!isServerFault(fault) || fault.on !== undefined) this.#armed.push(armed);
    else if ((fault.afterMs ?? 0) > 0) this.#fireLater(armed, fault.afterMs ?? 0);
    else this.#fire(armed);
    return armed;
  }

  /** No fault fires any more. What has begun (a freeze) goes on. */
  cancelAll(): void {
    for (const armed of this.#armed) armed.cancel();
    this.#armed = [];
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** To be told of every request; `names` are its method and, for tools/call, the tool. */
  requested(names: readonly string[]): void {
    for (const armed of this.#due(names, true, 0)) this.#fire(armed);
  }

  /** What is to happen to the answer of a request on a connection of this age: these have fired. */
  takeForReply(names: readonly string[], ageMs = Infinity): ReplyFault[] {
    if (this.#armed.length === 0) return [];
    return this.#due(names, false, ageMs).flatMap((armed) => {
      this.#fire(armed);
      return isServerFault(armed.fault) ? [] : [armed.fault];
    });
  }

  /** Does what a server fault says, as part of another that fired. */
  perform(fault: ServerFault): void {
    this.#perform(fault);
  }

  #due(names: readonly string[], server: boolean, ageMs: number): ArmedFault[] {
    const nowMs = this.#clock.monotonic();
    return this.#armed.filter((armed) => isServerFault(armed.fault) === server && armed.isDue(names, nowMs, ageMs));
  }

  #fireLater(armed: ArmedFault, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!armed.spent) this.#fire(armed);
    }, ms);
    this.#timers.add(timer);
  }

  #fire(armed: ArmedFault): void {
    this.#fired++;
    armed.markFired();
    this.#tidy();
    if (isServerFault(armed.fault)) this.#perform(armed.fault);
  }

  #tidy(): void {
    this.#armed = this.#armed.filter((armed) => !armed.spent);
  }
}

function isServerFault(fault: Fault): fault is ServerFault {
  return SERVER_KINDS.has(fault.kind);
}
