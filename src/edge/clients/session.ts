/**
 * One client: `opening` until it said what it wants and the edge knows the world, then `live` ({@link LiveClient}), then
 * `closing`. What goes out at once is {@link Outlet}'s control.
 */
import { randomUUID } from 'node:crypto';
import {
  MAX_CLIENT_MESSAGE_BYTES,
  type ClientMessage,
  type ClientPayload,
  type RequestId,
} from '../../protocol/client-messages.ts';
import type { Identity } from '../../platform/auth/identity.ts';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { DEFAULT_FILTERS } from '../../protocol/filters.ts';
import { DEFAULT_MODE, MODE_HZ, type Mode } from '../../protocol/modes.ts';
import type { ClientInfo } from '../../feed/feed.ts';
import type { Access } from './access.ts';
import { Backlog } from './backlog.ts';
import { describeView } from './describe-view.ts';
import type { ClientSocket } from './client-socket.ts';
import { acquireView, changedFilters } from './asked-view.ts';
import { LiveClient } from './live-client.ts';
import { Liveness } from './liveness.ts';
import { MessageLimit } from './message-limit.ts';
import { Outlet } from './outlet.ts';
import type { Paced, PaceSlot } from './pace.ts';
import { pingIntervalMs } from './ping-interval.ts';
import { plainAck } from './plain-ack.ts';
import { parseClientMessage, requestIdOf } from './protocol-messages.ts';
import type { EdgeRefusal } from './refusals.ts';
import { Replies } from './replies.ts';
import type { SessionContext } from './session-context.ts';

/** Requests that a client may send before it was welcomed. */
const MAX_WAITING_REQUESTS = 16;
/** Neighbours in joining order are this far apart in every interval: the golden ratio spreads any number evenly. */
const SPREAD_STEP = 0.618_033_988_75;

/** Whom a session tells how it goes. */
export interface SessionOwner {
  /** What the session wants is known: have {@link Session.open} called when there is time for it. */
  decided: (session: Session) => void;
  /** The session has ended: forget it. */
  ended: (session: Session) => void;
}

interface Opening {
  phase: 'opening';
  /** Monotonic ms: silence until then means the defaults. */
  deadlineMs: number;
  hello: { id: RequestId | undefined; payload: ClientPayload<'hello'> } | undefined;
  /** What it wants is known: it waits only for the edge's first snapshot. */
  decided: boolean;
  early: ClientMessage[];
}

type State = Opening | LiveClient | { phase: 'closing' };

export class Session implements Paced {
  readonly id = randomUUID();
  pace: PaceSlot | undefined;
  /** Place in the list of all sessions; owned by {@link Clients}. */
  index = -1;
  /** Grows from session to session of an edge. */
  readonly serial: number;
  readonly #context: SessionContext;
  readonly #owner: SessionOwner;
  readonly #socket: ClientSocket;
  readonly #backlog = new Backlog();
  readonly #outlet: Outlet;
  readonly #replies: Replies;
  readonly #messages = new MessageLimit();
  readonly #liveness: Liveness;
  readonly #openedAtMs: number;
  /** As the connection was opened; a renewal changes {@link identity} alone. */
  readonly access: Access & { identity: Identity };
  /** Who it is now. */
  identity: Identity;
  #state: State;

  constructor(
    context: SessionContext,
    owner: SessionOwner,
    socket: ClientSocket,
    serial: number,
    access: Access & { identity: Identity },
  ) {
    const { config, clock, counters } = context;
    // Whole ms here and below: V8 gives every other number that an object holds a box of 16 bytes.
    const nowMs = Math.floor(clock.monotonic());
    this.serial = serial;
    this.#context = context;
    this.#owner = owner;
    this.access = access;
    this.identity = access.identity;
    this.#socket = socket;
    this.#outlet = new Outlet({
      socket,
      limits: config,
      counters,
      backlog: this.#backlog,
      meter: counters.meter(DEFAULT_MODE, 'whole'),
      nowMs,
      owner: this,
    });
    this.#replies = new Replies(context, this.#outlet, socket.coding);
    this.#state = {
      phase: 'opening',
      deadlineMs: nowMs + config.hello_timeout_ms,
      hello: undefined,
      decided: false,
      early: [],
    };
    this.#liveness = new Liveness(nowMs, config.ping_interval_ms * (1 - this.#spread));
    this.#openedAtMs = nowMs;
  }

  /** Its place (0–1) in the intervals of pings and heartbeats. */
  get #spread(): number {
    return 1 - ((this.serial * SPREAD_STEP) % 1);
  }

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** The mode it is served in; undefined unless live. */
  get mode(): Mode | undefined {
    return this.#state.phase === 'live' ? this.#state.mode : undefined;
  }

  get isFlushed(): boolean {
    return this.#outlet.isEmpty;
  }

  bufferedBytes(): number {
    return this.#outlet.bufferedBytes();
  }

  // From the socket.

  receive(bytes: Uint8Array, isBinary: boolean): void {
    if (this.#state.phase === 'closing') return;
    this.#context.counters.messagesReceivedTotal++;
    const nowMs = this.#now();
    this.#liveness.heard(nowMs);
    const retryAfterMs = this.#messages.take(this.#context.messages, nowMs);
    if (retryAfterMs > 0) {
      this.#refuseMessage(bytes, isBinary, retryAfterMs);
      return;
    }
    const ackedTick = plainAck(bytes, isBinary);
    if (ackedTick !== undefined && this.#state.phase === 'live') {
      this.#state.acknowledge(ackedTick);
      return;
    }
    const parsed = parseClientMessage(bytes, isBinary);
    if (parsed.kind === 'ping') this.#replies.pong();
    else if (parsed.kind === 'refused') this.#replies.refuse(parsed.refusal);
    else for (const request of parsed.requests) this.#handle(request);
    if (bytes.byteLength > MAX_CLIENT_MESSAGE_BYTES) {
      this.#context.refusals.note('message_size');
      this.close(CLOSE_CODES.BAD_REQUEST, 'message too long');
    }
  }

  ponged(): void {
    const nowMs = this.#now();
    this.#liveness.ponged(nowMs);
    if (this.#state.phase === 'live') this.#state.ponged(nowMs);
  }

  drained(): void {
    this.#outlet.drained();
    if (this.#state.phase === 'live') this.#state.resume(this.#now());
  }

  /** Its buffers or its outbox reached their bound. */
  overflowed(): void {
    if (this.#state.phase === 'closing') return;
    this.#context.counters.memoryLimitTotal++;
    this.close(CLOSE_CODES.MEMORY_LIMIT, 'buffers reached the hard limit');
  }

  /** It takes no more for now. */
  backedUp(): void {
    if (this.#state.phase === 'live') this.#state.leaveCohort();
  }

  /** The socket is gone: nothing can be sent any more. */
  lost(): void {
    this.#end();
  }

  // From the operator.

  describe(nowMs: number): ClientInfo {
    const live = this.#state.phase === 'live' ? this.#state : undefined;
    const mode = live?.mode;
    return {
      id: this.id,
      subject: this.identity.subject,
      role: this.identity.role,
      serial: this.serial,
      phase: this.#state.phase,
      mode: mode ?? null,
      wanted_mode: live?.wantedMode ?? null,
      effective_rate_hz: mode === undefined ? null : MODE_HZ[mode],
      buffered_bytes: this.#outlet.bufferedBytes(),
      bytes_per_second: this.#outlet.bytesPerSecond,
      view: live === undefined ? null : describeView(live.view),
      age_ms: Math.round(nowMs - this.#openedAtMs),
      skips: live?.skips ?? 0,
      behind: this.#outlet.isHeld,
    };
  }

  /** An operator's choice for this client; its own next one is as good. Undefined: it is not live. */
  setMode(mode: Mode): Mode | undefined {
    return this.#state.phase === 'live' ? this.#state.choose(mode) : undefined;
  }

  /** The cap of all clients has changed. True when this one is served in another mode now, and is to be told. */
  applyCap(): boolean {
    return this.#state.phase === 'live' && this.#state.applyCap();
  }

  /** Says in which mode it is served, if the cap changed that and it was not told. */
  tellMode(): void {
    if (this.#state.phase === 'live') this.#state.tellMode();
  }

  // From the clock.

  /** Lets a client that was silent for long enough open with the defaults. True when what it wants is known. */
  checkOpening(nowMs: number): boolean {
    const opening = this.#state;
    if (opening.phase !== 'opening') return true;
    if (nowMs >= opening.deadlineMs) opening.decided = true;
    this.#openWhenPossible(opening);
    return opening.decided;
  }

  /** Its turn. `nowMs` is monotonic. */
  serve(nowMs: number): number {
    if (this.#state.phase === 'live') this.#state.serve(nowMs);
    return 1;
  }

  /** Welcomes it, or sends more of something large. */
  serveBulk(nowMs: number): void {
    if (this.#state.phase === 'opening') this.open();
    else this.serve(nowMs);
  }

  serveHealth(): void {
    if (this.#state.phase === 'live') this.#state.serveHealth();
  }

  /**
   * Pings, finds silence, measures the rate, and sends heartbeats of clients whose pace does not bring them. Called
   * about once a second.
   */
  sweep(nowMs: number): void {
    if (this.#context.clock.now() >= (this.identity.expires_at_ms ?? Number.POSITIVE_INFINITY)) {
      this.dismiss('not_renewed', 'the token has expired and was not renewed', CLOSE_CODES.TOKEN_EXPIRED);
      return;
    }
    if (this.#state.phase === 'live') this.#state.settle();
    const { ping_interval_ms: longestMs, idle_timeout_ms: idleTimeoutMs } = this.#context.config;
    const pingMs = pingIntervalMs(this.mode, this.#outlet.isHeld, this.#backlog, longestMs);
    const speaks = this.#backlog.acknowledges && !this.#outlet.isHeld;
    const found = this.#liveness.check(Math.floor(nowMs), { pingIntervalMs: pingMs, idleTimeoutMs, speaks });
    if (found === 'ping') this.#ping(Math.floor(nowMs));
    this.#outlet.measureRate(Math.floor(nowMs));
    if (found === 'silent' || found === 'no_pong') {
      this.#context.counters.idleClosedTotal++;
      if (found === 'silent') this.close(CLOSE_CODES.IDLE, 'idle');
      else this.close(CLOSE_CODES.NO_PONG, 'no answer to pings');
      return;
    }
    if (this.#state.phase === 'live') this.#state.sweep(nowMs);
  }

  /** The hub began a new life: a discovery and a snapshot follow, in every mode. */
  startEpoch(): void {
    if (this.#state.phase === 'live') this.#state.startEpoch();
  }

  /** Tells why, and closes. */
  dismiss(reason: EdgeRefusal, message: string, code: number): void {
    if (this.#state.phase === 'closing') return;
    this.#context.refusals.note(reason);
    this.#replies.refuse({ code: 'unauthorised', message });
    this.close(code, message);
  }

  /** Says that the connection will end and when to come back. */
  sayGoodbye(reason: string, reconnectAfterMs: number): void {
    if (this.#state.phase === 'closing') return;
    this.#replies.send('goodbye', { reason, reconnect_after_ms: reconnectAfterMs });
  }

  close(code: number, reason: string): void {
    if (this.#state.phase === 'closing') return;
    this.#end();
    this.#socket.close(code, reason);
  }

  // Opening.

  #openWhenPossible(opening: Opening): void {
    if (opening.decided && this.#context.replica.ready) this.#owner.decided(this);
  }

  /** Welcomes a client whose wishes are known, and gives it its first turn. */
  open(): void {
    const opening = this.#state;
    if (opening.phase !== 'opening' || !opening.decided || !this.#context.replica.ready) return;
    const asked = opening.hello?.payload ?? {};
    const coding = this.#socket.coding;
    const wanted = {
      filters: changedFilters(DEFAULT_FILTERS, asked.filters),
      coding,
      positions: asked.positions ?? 'q16',
    };
    const view = acquireView(this.#context, this.#replies, this.identity, wanted);
    if (view === undefined) {
      this.close(CLOSE_CODES.TOO_MANY_CLIENTS, 'too many distinct filters');
      return;
    }
    const parts = {
      context: this.#context,
      session: this,
      socket: this.#socket,
      outlet: this.#outlet,
      replies: this.#replies,
      backlog: this.#backlog,
      liveness: this.#liveness,
      spread: this.#spread,
    };
    const live = new LiveClient(parts, view, asked);
    this.#state = live;
    live.start({ id: this.id, hello: opening.hello });
    for (const request of opening.early) this.#handle(request);
  }

  // Requests.

  #handle(request: ClientMessage): void {
    const state = this.#state;
    if (state.phase === 'live') state.handle(request);
    else if (state.phase === 'opening') this.#handleOpening(state, request);
  }

  #handleOpening(opening: Opening, request: ClientMessage): void {
    if (request.type === 'hello' && !opening.decided) {
      if (request.payload.positions === 'raw28' && this.#socket.coding !== 'json') {
        const message = 'hello: positions raw28 is for the JSON coding only; allowed: q16, f32, none';
        this.#replies.refuse({ id: request.id, code: 'bad_payload', message });
        return;
      }
      opening.hello = { id: request.id, payload: request.payload };
    } else if (opening.early.length < MAX_WAITING_REQUESTS) {
      opening.early.push(request);
    } else {
      this.#replies.refuseRate(request.id, 'requests before welcome', this.#context.config.hello_timeout_ms);
    }
    opening.decided = true;
    this.#openWhenPossible(opening);
  }

  /** More than it may send; a client that goes on regardless is closed, since each refusal costs an answer. */
  #refuseMessage(bytes: Uint8Array, isBinary: boolean, retryAfterMs: number): void {
    this.#context.refusals.note('message_rate');
    if (!this.#messages.isFlooded(this.#context.messages)) {
      this.#replies.refuseRate(requestIdOf(bytes, isBinary), 'messages', retryAfterMs);
      return;
    }
    this.#context.refusals.note('flood');
    this.close(CLOSE_CODES.BAD_REQUEST, 'too many messages');
  }

  #ping(nowMs: number): void {
    this.#context.counters.pingsTotal++;
    if (this.#state.phase === 'live') this.#state.pinged(nowMs);
    this.#socket.ping();
  }

  #now(): number {
    return Math.floor(this.#context.clock.monotonic());
  }

  #end(): void {
    const state = this.#state;
    if (state.phase === 'closing') return;
    this.#state = { phase: 'closing' };
    if (state.phase === 'live') state.end();
    else this.#context.pace.remove(this);
    this.#owner.ended(this);
  }
}
