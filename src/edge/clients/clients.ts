/**
 * All clients of an edge: who is there, whose turn it is, and the work that belongs to none of them alone. Owns no
 * timer: the edge calls {@link Clients.tick} with every tick of the layout, or with its own when there is none.
 */
import type { ClientInfo } from '../../feed/feed.ts';
import type { ClientsConfig } from '../../platform/config/schema.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Identity } from '../../platform/auth/identity.ts';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { MODE_HZ, type Mode } from '../../protocol/modes.ts';
import type { Replica } from '../replica/replica.ts';
import type { ViewRegistry } from '../views/view-registry.ts';
import type { Access } from './access.ts';
import { Admission } from './admission.ts';
import { ClientCounters } from './client-counters.ts';
import { Cohorts } from './cohorts.ts';
import { ClientRound } from './client-round.ts';
import type { ClientSocket } from './client-socket.ts';
import type { SendCommand } from './commands.ts';
import { HashWarmer } from './hash-warmer.ts';
import type { ModeCap } from './mode-ladder.ts';
import { Pace } from './pace.ts';
import { Session, type SessionOwner } from './session.ts';
import type { SessionContext } from './session-context.ts';
import { Refusals, type EdgeRefusal } from './refusals.ts';
import { encodeServerMessage } from './server-message.ts';
import { MAX_TURN_BYTES } from './view-stream.ts';

/** Longest time between two looks at a client's silence. */
const MAX_SWEEP_MS = 1_000;
/** Clients come back after a goodbye spread over this window. */
const RECONNECT_MIN_MS = 1_000;
const RECONNECT_MAX_MS = 5_000;
/** How often a drain looks whether buffers are empty. */
const DRAIN_CHECK_MS = 20;
/** Time per tick in which clients are welcomed as they come; the rest of a storm waits for its turn as bulk work. */
const OPENING_MS_PER_TICK = 2;

export interface ClientsOptions {
  config: ClientsConfig;
  clock: Clock;
  replica: Replica;
  views: ViewRegistry;
  authenticate: SessionContext['authenticate'];
  discover: () => Promise<{ servers: number }>;
  /** Asks the hub for a control operation. */
  command: SendCommand;
  /** After a client's end. */
  onGone?: ((clientId: string) => void) | undefined;
  /** State that one turn may bring (default {@link MAX_TURN_BYTES}). */
  maxTurnBytes?: number | undefined;
}

export class Clients {
  readonly counters = new ClientCounters();
  readonly refusals = new Refusals();
  readonly #admission: Admission;
  readonly #options: ClientsOptions;
  readonly #pace: Pace;
  readonly #cohorts: Cohorts;
  readonly #healthRound: ClientRound<Session>;
  readonly #modeRound: ClientRound<Session>;
  readonly #context: SessionContext;
  readonly #owner: SessionOwner = {
    decided: (session) => this.#openSoon(session),
    ended: (session) => this.#forget(session),
  };
  readonly #sweepPeriodMs: number;
  readonly #all: Session[] = [];
  /** In the order of joining. */
  readonly #byId = new Map<string, Session>();
  /** In the order of their deadlines, which is that of joining. */
  readonly #opening = new Set<Session>();
  #joined = 0;
  #sweepIndex = 0;
  #sweepDue = 0;
  #sweptAtMs: number;
  #accepting = true;
  #cap: ModeCap | undefined;
  #openingMs = 0;

  constructor(options: ClientsOptions) {
    const { config, clock } = options;
    this.#options = options;
    this.#admission = new Admission(config);
    this.#pace = new Pace({ clock });
    this.#healthRound = new ClientRound(this.#pace, this.#all, (session) => session.serveHealth());
    this.#modeRound = new ClientRound(this.#pace, this.#all, (session) => session.tellMode());
    this.#sweptAtMs = clock.monotonic();
    const shortest = Math.min(config.ping_interval_ms, config.heartbeat_interval_ms, config.idle_timeout_ms / 2);
    this.#sweepPeriodMs = Math.min(MAX_SWEEP_MS, shortest / 2);
    const hashes = new HashWarmer(this.#pace);
    const { views, replica } = options;
    const shared = { config, clock, replica, pace: this.#pace, counters: this.counters, hashes };
    this.#cohorts = new Cohorts(shared, views);
    this.#context = {
      ...options,
      messages: { perSecond: config.messages_per_second, burst: config.message_burst },
      discoveries: { perSecond: config.discover_per_minute / 60, burst: config.discover_per_minute },
      maxTurnBytes: options.maxTurnBytes ?? MAX_TURN_BYTES,
      pace: this.#pace,
      counters: this.counters,
      refusals: this.refusals,
      hashes,
      cohorts: this.#cohorts,
      cap: () => this.#cap,
    };
  }

  get size(): number {
    return this.#all.length;
  }

  countByMode(): Record<Mode, number> {
    return this.#pace.countByMode();
  }

  bufferedBytes(): number {
    let bytes = 0;
    for (const session of this.#all) bytes += session.bufferedBytes();
    return bytes;
  }

  mostBufferedBytes(): number {
    let most = 0;
    for (const session of this.#all) most = Math.max(most, session.bufferedBytes());
    return most;
  }

  /** Time that turns took since the start. */
  get busyMs(): number {
    return this.#pace.busyMs;
  }

  /** Groups of clients that share their turns. */
  get cohorts(): number {
    return this.#cohorts.size;
  }

  /** Clients in them. O(cohorts). */
  cohortMembers(): number {
    return this.#cohorts.countMembers();
  }

  /** Clients that wait to be welcomed, or for more of something large. */
  get bulkSize(): number {
    return this.#pace.bulkSize;
  }

  /** At most `limit` clients, in the order of joining, from the one after `serial` on. O(clients). */
  list(serial: number, limit: number): ClientInfo[] {
    const nowMs = this.#options.clock.monotonic();
    const listed: ClientInfo[] = [];
    for (const session of this.#byId.values()) {
      if (listed.length >= limit) break;
      if (session.serial > serial) listed.push(session.describe(nowMs));
    }
    return listed;
  }

  get(id: string): Session | undefined {
    return this.#byId.get(id);
  }

  /** Rate of the cap; 0 without one. */
  get capHz(): number {
    return this.#cap === undefined ? 0 : MODE_HZ[this.#cap];
  }

  /**
   * Nobody is served faster than `cap` from now on; undefined: all may have what they asked for. Returns how many changed;
   * each is told before its next turn, or as bulk work.
   */
  setCap(cap: ModeCap | undefined): number {
    this.#cap = cap;
    let changed = 0;
    for (const session of this.#all) if (session.applyCap()) changed++;
    if (changed > 0) this.#modeRound.start();
    return changed;
  }

  /** A new connection. Undefined when it was refused and closed. */
  connect(socket: ClientSocket, { verdict, address }: Access): Session | undefined {
    if (!this.#accepting) {
      this.counters.refusedTotal++;
      socket.close(CLOSE_CODES.SHUTDOWN, 'shutting down');
      return undefined;
    }
    if (verdict.kind === 'refused') {
      const { reason, message } = verdict.refusal;
      return this.#refuse(socket, reason, CLOSE_CODES.UNAUTHORISED, 'unauthorised', message);
    }
    const { identity } = verdict;
    if (this.#all.length >= this.#options.config.max_clients) {
      return this.#refuse(socket, 'clients_total', CLOSE_CODES.TOO_MANY_CLIENTS, 'rate_limited', 'too many clients');
    }
    const crowded = this.#admission.enter(identity, address);
    if (crowded !== undefined) {
      const message = `too many connections of this ${crowded === 'clients_of_user' ? 'user' : 'address'}`;
      return this.#refuse(socket, crowded, CLOSE_CODES.TOO_MANY_CONNECTIONS, 'rate_limited', message);
    }
    this.counters.connectionsTotal++;
    const session = new Session(this.#context, this.#owner, socket, this.#joined++, { verdict, address, identity });
    session.index = this.#all.length;
    this.#all.push(session);
    this.#byId.set(session.id, session);
    this.#opening.add(session);
    return session;
  }

  /** Closes those whose identity does not hold any more, after a reload. Returns how many. */
  recheck(holds: (identity: Identity) => boolean): number {
    const gone = this.#all.filter((session) => !holds(session.identity));
    for (const session of gone)
      session.dismiss('revoked', 'what the token rests on was taken back', CLOSE_CODES.UNAUTHORISED);
    return gone.length;
  }

  /** Addresses that have clients now. */
  get addresses(): number {
    return this.#admission.addresses;
  }

  /** The first snapshot, or a new epoch. */
  startEpoch(): void {
    for (const session of this.#all) session.startEpoch();
    this.#checkOpening(true);
  }

  /** A server's health came to another state or reason: clients of every mode hear of it at once, not with their turn. */
  noteHealthTurned(): void {
    this.#healthRound.start();
  }

  /** `ticks` ≥ 1 have passed since the last call. */
  tick(ticks: number): void {
    const nowMs = this.#options.clock.monotonic();
    this.#openingMs = 0;
    if (this.#opening.size > 0) this.#checkOpening(false);
    this.#sweep(nowMs);
    this.#pace.advance(ticks);
  }

  /**
   * Says goodbye to all, waits until buffers are empty, closes with 3001. Resolves when nobody is left, at the latest
   * after `deadlineMs`. New connections are refused from now on.
   */
  async drain(reason: string, deadlineMs: number): Promise<void> {
    this.#accepting = false;
    const untilMs = this.#options.clock.monotonic() + deadlineMs;
    const leaving = [...this.#all];
    const step = (RECONNECT_MAX_MS - RECONNECT_MIN_MS) / Math.max(1, leaving.length);
    leaving.forEach((session, i) => session.sayGoodbye(reason, Math.round(RECONNECT_MIN_MS + i * step)));
    for (;;) {
      const expired = this.#options.clock.monotonic() >= untilMs;
      for (const session of this.#all.toReversed()) {
        if (expired || session.isFlushed) session.close(CLOSE_CODES.SHUTDOWN, 'shutting down');
      }
      if (this.#all.length === 0) return;
      await new Promise((resolve) => {
        setTimeout(resolve, DRAIN_CHECK_MS);
      });
    }
  }

  [Symbol.dispose](): void {
    this.#accepting = false;
    for (const session of this.#all.toReversed()) session.close(CLOSE_CODES.SHUTDOWN, 'shutting down');
    this.#pace[Symbol.dispose]();
  }

  /** `all`: also those whose silence may still last; they open if they have said what they want. */
  #checkOpening(all: boolean): void {
    const nowMs = this.#options.clock.monotonic();
    for (const session of this.#opening) {
      const isDecided = session.checkOpening(nowMs);
      // Decided and not open: it waits as bulk work, or for the first snapshot.
      if (session.phase !== 'opening' || (isDecided && this.#options.replica.ready)) this.#opening.delete(session);
      else if (!isDecided && !all) break;
    }
  }

  #openSoon(session: Session): void {
    if (this.#pace.bulkSize > 0 || this.#openingMs >= OPENING_MS_PER_TICK) {
      this.#pace.enqueueBulk(session);
      return;
    }
    const startMs = this.#options.clock.monotonic();
    session.open();
    this.#openingMs += this.#options.clock.monotonic() - startMs;
  }

  /** Looks at as many clients as makes a full round per period. */
  #sweep(nowMs: number): void {
    this.#sweepDue += ((nowMs - this.#sweptAtMs) / this.#sweepPeriodMs) * this.#all.length;
    this.#sweptAtMs = nowMs;
    let count = Math.min(Math.floor(this.#sweepDue), this.#all.length);
    this.#sweepDue = Math.min(this.#sweepDue - count, 1);
    for (; count > 0; count--) {
      if (this.#sweepIndex >= this.#all.length) this.#sweepIndex = 0;
      this.#all[this.#sweepIndex++]?.sweep(nowMs);
    }
  }

  /** Says why in a message, so that a page can, and closes. */
  #refuse(socket: ClientSocket, reason: EdgeRefusal, code: number, error: ErrorCode, message: string): undefined {
    this.counters.refusedTotal++;
    this.refusals.note(reason);
    const payload = { code: error, message };
    const told = encodeServerMessage({ type: 'error', timestamp: this.#options.clock.now(), payload }, socket.coding);
    socket.send(told, socket.coding === 'msgpack');
    socket.close(code, message);
  }

  #forget(session: Session): void {
    this.#admission.leave(session.access.identity, session.access.address);
    this.#opening.delete(session);
    this.#byId.delete(session.id);
    this.#options.onGone?.(session.id);
    const last = this.#all.pop();
    if (last === undefined || last === session) return;
    this.#all[session.index] = last;
    last.index = session.index;
  }
}
