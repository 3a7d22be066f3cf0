/**
 * One client: `opening` until it said what it wants and the edge knows the world, then `live`, then `closing`.
 * What it is sent by its pace is {@link ViewStream}'s; what goes out at once is {@link Outlet}'s control.
 */
import { randomUUID } from 'node:crypto';
import type { ClientsConfig } from '../../platform/config/schema.ts';
import type { Clock } from '../../platform/clock.ts';
import {
  MAX_CLIENT_MESSAGE_BYTES,
  type ClientMessage,
  type ClientPayload,
  type PositionFormat,
  type RequestId,
} from '../../protocol/client-messages.ts';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { DEFAULT_FILTERS, type FilterPatch, type Filters } from '../../protocol/filters.ts';
import { DEFAULT_MODE, MODE_HZ, type Mode, type ModeReason } from '../../protocol/modes.ts';
import type { ServerPayloads } from '../../protocol/server-messages.ts';
import type { ClientInfo } from '../../feed/feed.ts';
import type { Replica } from '../replica/replica.ts';
import { TooManyViewsError } from '../views/errors.ts';
import type { View } from '../views/view.ts';
import type { ViewRegistry } from '../views/view-registry.ts';
import { Backlog } from './backlog.ts';
import { describeView } from './describe-view.ts';
import { TURNS_PER_SAMPLE, type ClientCounters } from './client-counters.ts';
import type { ClientSocket } from './client-socket.ts';
import type { HashWarmer } from './hash-warmer.ts';
import { Liveness, nextOccurrence } from './liveness.ts';
import { ModeLadder, type ModeCap } from './mode-ladder.ts';
import { Outlet } from './outlet.ts';
import { PHASES, type Pace, type Paced, type PaceSlot } from './pace.ts';
import { pingIntervalMs } from './ping-interval.ts';
import { parseClientMessage, requestIdOf } from './protocol-messages.ts';
import { Replies } from './replies.ts';
import { TokenBucket, type Allowance } from './token-bucket.ts';
import { ViewStream } from './view-stream.ts';
import { welcomePayload } from './welcome.ts';

/** Requests that a client may send before it was welcomed, and resyncs that may wait for it to drain. */
const MAX_WAITING_REQUESTS = 16;
/** Neighbours in joining order are this far apart in every interval: the golden ratio spreads any number evenly. */
const SPREAD_STEP = 0.618_033_988_75;

/** What all sessions of an edge share. */
export interface SessionContext {
  config: ClientsConfig;
  clock: Clock;
  replica: Replica;
  views: ViewRegistry;
  pace: Pace;
  counters: ClientCounters;
  hashes: HashWarmer;
  /** The fastest mode that anybody is served in now. */
  cap: () => ModeCap | undefined;
  /** Messages and discoveries that a client may send. */
  messages: Allowance;
  discoveries: Allowance;
  /** State that one turn may bring. */
  maxTurnBytes: number;
  /** True when any server is this gateway's own simulator. */
  isSimulated: () => boolean;
  /** Asks the hub to look for servers. */
  discover: () => Promise<{ servers: number }>;
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

interface Live {
  phase: 'live';
  stream: ViewStream;
  positions: PositionFormat;
  ladder: ModeLadder;
  /** Monotonic. */
  nextHeartbeatMs: number;
  /** on_demand: proof of what was last brought, since the view itself moves on. */
  lastProof: ServerPayloads['heartbeat'] | undefined;
  /** A turn outside the pace (the first, request_update, resync, a new epoch) is not fully sent. */
  owesTurn: boolean;
  discoveries: TokenBucket | undefined;
  /** Asked for while nothing could be sent. */
  resyncs: (RequestId | undefined)[] | undefined;
}

type State = Opening | Live | { phase: 'closing' };

export class Session implements Paced {
  readonly id = randomUUID();
  pace: PaceSlot | undefined;
  /** Place in the list of all sessions; owned by {@link Clients}. */
  index = -1;
  /** Grows from session to session of an edge. */
  readonly serial: number;
  readonly #context: SessionContext;
  readonly #socket: ClientSocket;
  readonly #backlog = new Backlog();
  readonly #outlet: Outlet;
  readonly #replies: Replies;
  readonly #messages = new TokenBucket();
  readonly #liveness: Liveness;
  readonly #openedAtMs: number;
  #state: State;
  #skips = 0;

  constructor(context: SessionContext, socket: ClientSocket, serial: number) {
    const { config, clock, counters } = context;
    // Whole ms here and below: V8 gives every other number that an object holds a box of 16 bytes.
    const nowMs = Math.floor(clock.monotonic());
    this.serial = serial;
    this.#context = context;
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
    return this.#state.phase === 'live' ? this.#state.ladder.mode : undefined;
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
      this.#replies.refuseRate(requestIdOf(bytes, isBinary), 'messages', retryAfterMs);
      return;
    }
    const parsed = parseClientMessage(bytes, isBinary);
    if (parsed.kind === 'ping') this.#replies.pong();
    else if (parsed.kind === 'refused') this.#replies.refuse(parsed.refusal);
    else for (const request of parsed.requests) this.#handle(request);
    if (bytes.byteLength > MAX_CLIENT_MESSAGE_BYTES) this.close(CLOSE_CODES.BAD_REQUEST, 'message too long');
  }

  ponged(): void {
    const nowMs = this.#now();
    this.#liveness.ponged(nowMs);
    this.#backlog.ponged(this.#context.replica.tick);
    this.#answered(nowMs);
  }

  drained(): void {
    this.#outlet.drained();
    this.#resume(this.#now());
  }

  /** Its buffers or its outbox reached their bound. */
  overflowed(): void {
    if (this.#state.phase === 'closing') return;
    this.#context.counters.memoryLimitTotal++;
    this.close(CLOSE_CODES.MEMORY_LIMIT, 'buffers reached the hard limit');
  }

  /** The socket is gone: nothing can be sent any more. */
  lost(): void {
    this.#end();
  }

  // From the operator.

  describe(nowMs: number): ClientInfo {
    const live = this.#state.phase === 'live' ? this.#state : undefined;
    const mode = live?.ladder.mode;
    return {
      id: this.id,
      serial: this.serial,
      phase: this.#state.phase,
      mode: mode ?? null,
      wanted_mode: live?.ladder.wanted ?? null,
      effective_rate_hz: mode === undefined ? null : MODE_HZ[mode],
      buffered_bytes: this.#outlet.bufferedBytes(),
      bytes_per_second: this.#outlet.bytesPerSecond,
      view: live === undefined ? null : describeView(live.stream.view),
      age_ms: Math.round(nowMs - this.#openedAtMs),
      skips: this.#skips,
      behind: this.#outlet.isHeld,
    };
  }

  /** An operator's choice for this client; its own next one is as good. Undefined: it is not live. */
  setMode(mode: Mode): Mode | undefined {
    const live = this.#state;
    if (live.phase !== 'live') return undefined;
    this.#context.counters.operatorChangesTotal++;
    this.#oweBeforeSilence(live, mode);
    live.ladder.want(mode);
    this.#enterMode(live, 'operator');
    return live.ladder.mode;
  }

  /** The cap of all clients has changed. True when this one is served in another mode now. */
  applyCap(): boolean {
    const live = this.#state;
    if (live.phase !== 'live' || !live.ladder.limit(this.#context.cap())) return false;
    this.#context.counters.operatorChangesTotal++;
    this.#enterMode(live, 'server_limit');
    return true;
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
  serve(nowMs: number): void {
    const live = this.#state;
    if (live.phase !== 'live') return;
    const { counters, clock, replica } = this.#context;
    const { meter } = this.#outlet;
    meter.turns++;
    this.#outlet.isHeld = this.#backlog.isBehind(replica.tick, this.#liveness.unansweredMs(nowMs));
    const isTimed = ++counters.turns % TURNS_PER_SAMPLE === 0;
    const startMs = isTimed ? clock.monotonic() : 0;
    if (live.resyncs !== undefined && this.#outlet.isClear) this.#answerResyncs(live, live.resyncs);
    if (this.#state !== live) return;
    const brought = live.stream.serve();
    if (isTimed) {
      meter.sampledTurns++;
      meter.sampledMs += clock.monotonic() - startMs;
    }
    // The hard limit may have closed it in mid-send.
    if (this.#state !== live) return;
    if (brought === 'complete') this.#served(live, nowMs);
    else if (brought === 'more') this.#context.pace.enqueueBulk(this);
    else this.#skipped(live, nowMs);
  }

  /** Welcomes it, or sends more of something large. */
  serveBulk(nowMs: number): void {
    if (this.#state.phase === 'opening') this.open();
    else this.serve(nowMs);
  }

  serveHealth(): void {
    if (this.#state.phase === 'live') this.#state.stream.serveHealth();
  }

  /**
   * Pings, finds silence, measures the rate, and sends heartbeats of clients whose pace does not bring them. Called
   * about once a second.
   */
  sweep(nowMs: number): void {
    const { ping_interval_ms: longestMs, idle_timeout_ms: idleTimeoutMs } = this.#context.config;
    const intervalMs = pingIntervalMs(this.mode, this.#outlet.isHeld, this.#backlog, longestMs);
    const found = this.#liveness.check(Math.floor(nowMs), intervalMs, idleTimeoutMs);
    if (found === 'ping') this.#ping();
    this.#outlet.measureRate(Math.floor(nowMs));
    if (found === 'silent' || found === 'no_pong') {
      this.#context.counters.idleClosedTotal++;
      if (found === 'silent') this.close(CLOSE_CODES.IDLE, 'idle');
      else this.close(CLOSE_CODES.NO_PONG, 'no answer to pings');
      return;
    }
    const live = this.#state;
    if (live.phase === 'live' && live.ladder.mode === 'on_demand') this.#heartbeat(live, nowMs);
  }

  /** The hub began a new life: a discovery and a snapshot follow, in every mode. */
  startEpoch(): void {
    if (this.#state.phase !== 'live') return;
    this.#state.stream.restart();
    this.#backlog.restart();
    this.#state.lastProof = undefined;
    this.#owe(this.#state);
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
    if (opening.decided && this.#context.replica.ready) this.#context.decided(this);
  }

  /** Welcomes a client whose wishes are known, and gives it its first turn. */
  open(): void {
    const opening = this.#state;
    if (opening.phase !== 'opening' || !opening.decided || !this.#context.replica.ready) return;
    const { config, replica, views, pace, clock, cap, maxTurnBytes } = this.#context;
    const asked = opening.hello?.payload ?? {};
    const positions = asked.positions ?? 'q16';
    const view = this.#acquire({ ...DEFAULT_FILTERS, ...definedFields(asked.filters) }, positions);
    if (view === undefined) {
      this.close(CLOSE_CODES.TOO_MANY_CLIENTS, 'too many distinct filters');
      return;
    }
    const held = asked.resume === undefined ? undefined : view.resume(asked.resume.cursor);
    const ladder = new ModeLadder(asked.mode ?? DEFAULT_MODE, cap());
    const nowMs = clock.monotonic();
    const live: Live = {
      phase: 'live',
      stream: new ViewStream({ replica, views, outlet: this.#outlet, view, held, maxTurnBytes }),
      positions,
      ladder,
      nextHeartbeatMs: Math.floor(nowMs + config.heartbeat_interval_ms * this.#spread),
      lastProof: undefined,
      owesTurn: true,
      discoveries: undefined,
      resyncs: undefined,
    };
    this.#state = live;
    pace.add(this, ladder.mode);
    this.#chooseMeter(live);
    this.#replies.ok(opening.hello?.id, 'hello', { unmatched: view.unmatched() });
    const cursor = held === undefined ? undefined : asked.resume?.cursor;
    const welcomed = { id: this.id, mode: ladder.mode, view, cursor };
    this.#replies.send('welcome', welcomePayload(this.#context, welcomed));
    this.serve(nowMs);
    for (const request of opening.early) this.#handle(request);
  }

  // Requests.

  #handle(request: ClientMessage): void {
    const state = this.#state;
    if (state.phase === 'live') this.#handleLive(state, request);
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

  #handleLive(live: Live, request: ClientMessage): void {
    switch (request.type) {
      case 'hello':
        this.#replies.refuse({ id: request.id, code: 'bad_message', message: 'hello is only the first message' });
        return;
      case 'update_filters':
        this.#updateFilters(live, request.id, request.payload);
        return;
      case 'performance_mode':
        this.#setMode(live, request.id, request.payload.mode);
        return;
      case 'heartbeat':
        this.#replies.ok(request.id, 'heartbeat', { server_time: this.#context.clock.now() });
        return;
      case 'discover':
        this.#discover(live, request.id);
        return;
      case 'request_update':
        this.#replies.ok(request.id, 'request_update', {});
        this.#owe(live);
        return;
      case 'resync':
        this.#resync(live, request.id);
        return;
      case 'ack':
        this.#backlog.acked(request.payload.tick, PHASES[live.ladder.mode]);
        this.#answered(this.#now());
    }
  }

  #updateFilters(live: Live, id: RequestId | undefined, patch: FilterPatch): void {
    const filters = { ...live.stream.view.filters, ...definedFields(patch) };
    const view = this.#acquire(filters, live.positions, id);
    if (view === undefined) return;
    this.#replies.ok(id, 'update_filters', { filters: view.filters, unmatched: view.unmatched() });
    live.stream.switchView(view);
    this.#chooseMeter(live);
  }

  #setMode(live: Live, id: RequestId | undefined, mode: Mode): void {
    this.#oweBeforeSilence(live, mode);
    live.ladder.want(mode);
    const served = live.ladder.mode;
    this.#replies.ok(id, 'performance_mode', { mode: served, effective_rate_hz: MODE_HZ[served] });
    this.#enterMode(live, served === mode ? 'client' : 'server_limit');
  }

  // What is owed under the old mode goes first, so that the proof of what the client holds is known.
  #oweBeforeSilence(live: Live, mode: Mode): void {
    if (mode === 'on_demand' && live.ladder.mode !== 'on_demand') this.#owe(live);
  }

  #enterMode(live: Live, reason: ModeReason): void {
    const { mode } = live.ladder;
    this.#context.pace.move(this, mode);
    this.#chooseMeter(live);
    this.#replies.send('mode_changed', { mode, effective_rate_hz: MODE_HZ[mode], reason });
  }

  #chooseMeter(live: Live): void {
    this.#outlet.meter = this.#context.counters.meter(live.ladder.mode, live.stream.view.kind);
  }

  #resync(live: Live, id: RequestId | undefined): void {
    live.resyncs ??= [];
    if (live.resyncs.length >= MAX_WAITING_REQUESTS) {
      this.#replies.refuseRate(id, 'resyncs that wait', this.#context.config.heartbeat_interval_ms);
      return;
    }
    live.resyncs.push(id);
    live.owesTurn = true;
    this.serve(this.#now());
  }

  // Answered when the snapshot can go: the hash is that of what it brings.
  #answerResyncs(live: Live, ids: readonly (RequestId | undefined)[]): void {
    live.resyncs = undefined;
    const { view } = live.stream;
    live.stream.restartNow();
    const payload = { state_hash: view.stateHash(), cursor: view.cursor(this.#context.replica.version) };
    for (const id of ids) this.#replies.ok(id, 'resync', payload);
  }

  #discover(live: Live, id: RequestId | undefined): void {
    const { clock, discover, discoveries } = this.#context;
    const nowMs = clock.monotonic();
    live.discoveries ??= new TokenBucket();
    const retryAfterMs = live.discoveries.take(discoveries, nowMs);
    if (retryAfterMs > 0) {
      this.#replies.refuseRate(id, 'discovery requests', retryAfterMs);
      return;
    }
    // Never rejects.
    void this.#answerDiscovery(live, id, discover());
  }

  async #answerDiscovery(live: Live, id: RequestId | undefined, asked: Promise<{ servers: number }>): Promise<void> {
    try {
      const { servers } = await asked;
      if (this.#state !== live) return;
      this.#replies.ok(id, 'discover', { servers });
      live.stream.sendDiscovery();
      // It shows swarms newer than what on demand last brought: without the rest the next heartbeat's hash would not fit.
      if (live.ladder.mode === 'on_demand') this.#owe(live);
    } catch {
      // What went wrong is the hub's to log; a client is told no insides.
      if (this.#state !== live) return;
      this.#replies.refuse({ id, code: 'internal', message: 'discovery is not possible now' });
    }
  }

  #acquire(filters: Filters, positions: PositionFormat, id?: RequestId): View | undefined {
    try {
      return this.#context.views.acquire(filters, this.#socket.coding, positions);
    } catch (error) {
      if (!(error instanceof TooManyViewsError)) throw error;
      this.#replies.refuse({ id, code: 'rate_limited', message: error.message }, 1_000);
      return undefined;
    }
  }

  // Turns.

  /** It answered a ping or acknowledged: what was held back may go on. */
  #answered(nowMs: number): void {
    if (!this.#outlet.isHeld) return;
    this.#outlet.isHeld = this.#backlog.isBehind(this.#context.replica.tick, this.#liveness.unansweredMs(nowMs));
    this.#resume(nowMs);
  }

  /** Goes on with what does not wait for a turn of the pace. */
  #resume(nowMs: number): void {
    const live = this.#state;
    if (live.phase !== 'live' || !this.#outlet.isClear) return;
    live.stream.catchUpHealth();
    if (live.owesTurn || live.stream.isDelivering) this.serve(nowMs);
  }

  #ping(): void {
    this.#context.counters.pingsTotal++;
    this.#backlog.pinged();
    this.#socket.ping();
  }

  /** A turn as soon as possible, in every mode. */
  #owe(live: Live): void {
    live.owesTurn = true;
    this.#context.pace.enqueue(this);
  }

  #served(live: Live, nowMs: number): void {
    const wasOwed = live.owesTurn;
    live.owesTurn = false;
    live.stream.catchUpHealth();
    if (live.ladder.mode !== 'on_demand') this.#heartbeat(live, nowMs);
    else if (wasOwed || live.lastProof === undefined) live.lastProof = this.#proof(live, true);
    if (live.ladder.flowed(nowMs) === undefined) return;
    this.#context.counters.promotionsTotal++;
    this.#enterMode(live, 'recovered');
  }

  #skipped(live: Live, nowMs: number): void {
    const { counters } = this.#context;
    this.#skips++;
    counters.skipsTotal++;
    if (this.#outlet.isHeld) counters.behindSkipsTotal++;
    if (live.ladder.skipped(nowMs) === undefined) return;
    counters.demotionsTotal++;
    this.#enterMode(live, 'slow_client');
  }

  #heartbeat(live: Live, nowMs: number): void {
    const lateMs = nowMs - live.nextHeartbeatMs;
    if (lateMs < 0) return;
    const { heartbeat_interval_ms: intervalMs } = this.#context.config;
    const proof = live.ladder.mode === 'on_demand' ? live.lastProof : this.#proof(live, lateMs > intervalMs);
    if (proof === undefined) return;
    live.nextHeartbeatMs = nextOccurrence(live.nextHeartbeatMs, intervalMs, Math.floor(nowMs));
    this.#replies.send('heartbeat', proof);
  }

  /**
   * Only right in the turn that brought everything: the view's hash is that of the present version. Undefined too while
   * there is much to hash and it can wait.
   */
  #proof(live: Live, isUrgent: boolean): ServerPayloads['heartbeat'] | undefined {
    const { view, isCurrent } = live.stream;
    if (!isCurrent) return undefined;
    const hash = isUrgent ? view.stateHash() : this.#context.hashes.hashOf(view);
    return hash === undefined ? undefined : { state_hash: hash, cursor: view.cursor(this.#context.replica.version) };
  }

  #now(): number {
    return Math.floor(this.#context.clock.monotonic());
  }

  #end(): void {
    const state = this.#state;
    if (state.phase === 'closing') return;
    this.#state = { phase: 'closing' };
    this.#context.pace.remove(this);
    if (state.phase === 'live') state.stream.close();
    this.#context.ended(this);
  }
}

/** Without keys whose value is undefined: they must not overwrite. */
function definedFields(patch: FilterPatch | undefined): Partial<Filters> {
  return Object.fromEntries(Object.entries(patch ?? {}).filter(([, value]) => value !== undefined));
}
