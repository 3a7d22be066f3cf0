/**
 * The connections of one server. Requests go to the one with the least in flight; more are opened while all are busy,
 * and closed when idle. The first, the lead, also carries pushed events; when it breaks another takes over.
 */
import type { Clock } from '../../platform/clock.ts';
import { NotConnectedError } from './errors.ts';
import type { Session } from './session.ts';

/** Requests in flight on every connection at which another is opened: less than that one connection carries as well. */
const BUSY = 8;
/** How often idle connections are looked for, and missing ones opened. */
const UPKEEP_MS = 1_000;

export interface SessionPoolOptions {
  lead: Session;
  /** Connections kept, and at most: 1 for a server that is a process of ours. */
  min: number;
  max: () => number;
  idleMs: number;
  clock: Clock;
  /** Opens one more; `onClosed` is called once when it ends. @throws when that fails */
  open: (onClosed: () => void, signal: AbortSignal) => Promise<Session>;
  /** The lead broke and another took over: who subscribed must do so again. */
  onLeadChanged: () => void;
  /** A connection beside the lead could not be opened. */
  onOpenFailed: (error: unknown) => void;
}

/** How a pool stands. */
export interface PoolStats {
  poolConnections: number;
  /** With requests in flight, and without. */
  poolActive: number;
  poolIdle: number;
  poolMax: number;
  /** Connections beside the first that were opened, that broke, and that were closed for being idle. */
  poolOpened: number;
  poolBroken: number;
  poolIdleClosed: number;
}

interface Member {
  session: Session;
  inFlight: number;
  usedAt: number;
  /** Which use of the pool was its last. */
  turn: number;
}

/** Runs a timer until disposed. */
export class SessionPool implements AsyncDisposable {
  readonly #options: SessionPoolOptions;
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #closing = new Set<Promise<void>>();
  #members: Member[];
  #opening: Promise<void> | undefined;
  /** After a failure growth rests. */
  #growsAt = Number.NEGATIVE_INFINITY;
  #opened = 0;
  #broken = 0;
  #idleClosed = 0;
  #turns = 0;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
    this.#members = [this.#member(options.lead)];
    this.#timer = setInterval(() => this.#upkeep(), Math.min(UPKEEP_MS, options.idleMs));
    this.#upkeep();
  }

  /** The lead carries pushes and writes, which keep their order on one connection. */
  leads(session: Session): boolean {
    return this.#members[0]?.session === session;
  }

  /** Runs `work` on the connection with the least in flight, or on the lead. @throws {@link NotConnectedError} */
  async use<T>(where: 'any' | 'lead', work: (session: Session) => Promise<T>): Promise<T> {
    const member = where === 'lead' ? this.#members[0] : this.#leastBusy();
    if (member === undefined) throw new NotConnectedError('no connection is left');
    member.inFlight += 1;
    member.turn = this.#turns += 1;
    try {
      return await work(member.session);
    } finally {
      member.inFlight -= 1;
      member.usedAt = this.#options.clock.monotonic();
    }
  }

  /** `session` ended by itself. True when others remain; then one of them leads. */
  lose(session: Session): boolean {
    const index = this.#members.findIndex((member) => member.session === session);
    if (index === -1) return this.#members.length > 0;
    this.#members.splice(index, 1);
    this.#broken += 1;
    if (this.#members.length === 0) return false;
    if (index === 0) this.#options.onLeadChanged();
    this.#upkeep();
    return true;
  }

  stats(): PoolStats {
    const active = this.#members.filter(({ inFlight }) => inFlight > 0).length;
    return {
      poolConnections: this.#members.length,
      poolActive: active,
      poolIdle: this.#members.length - active,
      poolMax: this.#options.max(),
      poolOpened: this.#opened,
      poolBroken: this.#broken,
      poolIdleClosed: this.#idleClosed,
    };
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new NotConnectedError('closing'));
    await this.#opening;
    const members = this.#members;
    this.#members = [];
    await Promise.allSettled([...members.map(({ session }) => session.close()), ...this.#closing]);
  }

  #member(session: Session): Member {
    return { session, inFlight: 0, usedAt: this.#options.clock.monotonic(), turn: 0 };
  }

  /**
   * Among those that are kept, the one that has waited longest decides a tie: several endpoints share light load, too.
   * Those beyond are left alone, so that they can become idle.
   */
  #leastBusy(): Member | undefined {
    let least = this.#members[0];
    this.#members.forEach((member, index) => {
      if (least === undefined || member.inFlight > least.inFlight) return;
      const kept = index < this.#options.min && member.turn < least.turn;
      if (member.inFlight < least.inFlight || kept) least = member;
    });
    if (least !== undefined && least.inFlight >= BUSY) this.#grow(this.#options.max());
    return least;
  }

  #grow(limit: number): void {
    if (this.#opening !== undefined || this.#members.length >= limit || this.#stop.signal.aborted) return;
    if (this.#options.clock.monotonic() < this.#growsAt) return;
    this.#opening = this.#open().finally(() => {
      this.#opening = undefined;
    });
  }

  async #open(): Promise<void> {
    let session: Session | undefined;
    let early = false;
    try {
      session = await this.#options.open(() => {
        if (session === undefined) early = true;
        else this.lose(session);
      }, this.#stop.signal);
    } catch (error) {
      this.#growsAt = this.#options.clock.monotonic() + UPKEEP_MS;
      if (!this.#stop.signal.aborted) this.#options.onOpenFailed(error);
      return;
    }
    this.#opened += 1;
    if (early) this.#broken += 1;
    else this.#members.push(this.#member(session));
  }

  #upkeep(): void {
    const { min, idleMs, clock } = this.#options;
    if (this.#members.length < min) this.#grow(min);
    const idleSince = clock.monotonic() - idleMs;
    const idle = this.#members.find(
      ({ inFlight, usedAt }, index) => index > 0 && inFlight === 0 && usedAt <= idleSince,
    );
    if (idle === undefined || this.#members.length <= min) return;
    this.#members = this.#members.filter((member) => member !== idle);
    this.#idleClosed += 1;
    const closed = idle.session.close().catch((error: unknown) => this.#options.onOpenFailed(error));
    this.#closing.add(closed);
    void closed.finally(() => this.#closing.delete(closed));
  }
}
