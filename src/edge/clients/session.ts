/**
 * One client: `opening` until it said what it wants and the edge knows the world, then `live`, then `closing`.
 * What it is sent by its pace is {@link ViewStream}'s; what goes out at once is {@link Outlet}'s control.
 */
import { randomUUID } from 'node:crypto';
import type { ClientsConfig } from '../../platform/config/schema.ts';
import type { Clock } from '../../platform/clock.ts';
import {
  MAX_CLIENT_MESSAGE_BYTES,
  PROTOCOL_VERSION,
  type ClientMessage,
  type ClientMessageType,
  type ClientPayload,
  type PositionFormat,
  type RequestId,
} from '../../protocol/client-messages.ts';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { DEFAULT_FILTERS, type FilterPatch, type Filters } from '../../protocol/filters.ts';
import { DEFAULT_MODE, MODE_HZ, type Mode, type ModeReason } from '../../protocol/modes.ts';
import type { ServerMessage, ServerPayloads } from '../../protocol/server-messages.ts';
import type { Replica } from '../replica/replica.ts';
import { TooManyViewsError } from '../views/errors.ts';
import type { View } from '../views/view.ts';
import type { ViewRegistry } from '../views/view-registry.ts';
import type { ClientCounters } from './client-counters.ts';
import type { ClientSocket } from './client-socket.ts';
import { Liveness, nextOccurrence } from './liveness.ts';
import { ModeLadder } from './mode-ladder.ts';
import { Outlet } from './outlet.ts';
import type { Pace, Paced, PaceSlot } from './pace.ts';
import { parseClientMessage, requestIdOf, type Refusal } from './protocol-messages.ts';
import { encodeServerMessage } from './server-message.ts';
import { TokenBucket } from './token-bucket.ts';
import { ViewStream } from './view-stream.ts';

/** Requests that a client may send before it was welcomed. */
const MAX_EARLY_REQUESTS = 16;

/** What all sessions of an edge share. */
export interface SessionContext {
  config: ClientsConfig;
  clock: Clock;
  replica: Replica;
  views: ViewRegistry;
  pace: Pace;
  counters: ClientCounters;
  /** True when any server is this gateway's own simulator. */
  isSimulated: () => boolean;
  /** Asks the hub to look for servers. */
  discover: () => Promise<{ servers: number }>;
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
  ackedTick: number;
  discoveries: TokenBucket | undefined;
}

type State = Opening | Live | { phase: 'closing' };

export class Session implements Paced {
  readonly id = randomUUID();
  pace: PaceSlot | undefined;
  /** Place in the list of all sessions; owned by {@link Clients}. */
  index = -1;
  readonly #context: SessionContext;
  readonly #socket: ClientSocket;
  readonly #outlet: Outlet;
  readonly #messages: TokenBucket;
  #state: State;
  readonly #liveness: Liveness;
  readonly #spread: number;

  /** `spread` (0–1) sets the session's place in the intervals of pings and heartbeats. */
  constructor(context: SessionContext, socket: ClientSocket, spread: number) {
    const { config, clock } = context;
    const nowMs = clock.monotonic();
    this.#context = context;
    this.#socket = socket;
    this.#outlet = new Outlet(socket, config, context.counters, () => this.#overflow());
    this.#messages = new TokenBucket({ perSecond: config.messages_per_second, burst: config.message_burst, nowMs });
    this.#state = {
      phase: 'opening',
      deadlineMs: nowMs + config.hello_timeout_ms,
      hello: undefined,
      decided: false,
      early: [],
    };
    this.#liveness = new Liveness({
      idleTimeoutMs: config.idle_timeout_ms,
      pingIntervalMs: config.ping_interval_ms,
      nowMs,
      spread,
    });
    this.#spread = spread;
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
    const retryAfterMs = this.#messages.take(nowMs);
    if (retryAfterMs > 0) {
      this.#refuseRate(requestIdOf(bytes, isBinary), 'messages', retryAfterMs);
      return;
    }
    const parsed = parseClientMessage(bytes, isBinary);
    if (parsed.kind === 'ping') this.#outlet.control('pong');
    else if (parsed.kind === 'refused') this.#refuse(parsed.refusal);
    else for (const request of parsed.requests) this.#handle(request);
    if (bytes.byteLength > MAX_CLIENT_MESSAGE_BYTES) this.close(CLOSE_CODES.BAD_REQUEST, 'message too long');
  }

  ponged(): void {
    this.#liveness.heard(this.#now());
  }

  drained(): void {
    this.#outlet.drained();
    if (this.#state.phase !== 'live' || !this.#outlet.isClear) return;
    this.#state.stream.catchUpHealth();
    if (this.#state.owesTurn) this.serve(this.#now());
  }

  /** The socket is gone: nothing can be sent any more. */
  lost(): void {
    this.#end();
  }

  // From the clock.

  /** Opens a client that was silent for long enough, or that waited for the first snapshot. */
  checkOpening(nowMs: number): void {
    if (this.#state.phase !== 'opening') return;
    if (nowMs >= this.#state.deadlineMs) this.#state.decided = true;
    this.#openIfReady(this.#state);
  }

  /** Its turn. `nowMs` is monotonic. */
  serve(nowMs: number): void {
    const live = this.#state;
    if (live.phase !== 'live') return;
    const complete = live.stream.serve();
    // The hard limit may have closed it in mid-send.
    if (this.#state !== live) return;
    if (complete) this.#served(live, nowMs);
    else this.#skipped(live, nowMs);
  }

  serveHealth(): void {
    if (this.#state.phase === 'live') this.#state.stream.serveHealth();
  }

  /** Pings, finds silence, and sends heartbeats of clients whose pace does not bring them. Called about once a second. */
  sweep(nowMs: number): void {
    const found = this.#liveness.check(nowMs);
    if (found === 'ping') this.#socket.ping();
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
    this.#state.lastProof = undefined;
    this.#owe(this.#state);
  }

  /** Says that the connection will end and when to come back. */
  sayGoodbye(reason: string, reconnectAfterMs: number): void {
    if (this.#state.phase === 'closing') return;
    this.#send('goodbye', { reason, reconnect_after_ms: reconnectAfterMs });
  }

  close(code: number, reason: string): void {
    if (this.#state.phase === 'closing') return;
    this.#end();
    this.#socket.close(code, reason);
  }

  // Opening.

  #openIfReady(opening: Opening): void {
    if (opening.decided && this.#context.replica.ready) this.#open(opening);
  }

  #open(opening: Opening): void {
    const { config, replica, views, pace, clock } = this.#context;
    const asked = opening.hello?.payload ?? {};
    const positions = asked.positions ?? 'q16';
    const view = this.#acquire({ ...DEFAULT_FILTERS, ...definedFields(asked.filters) }, positions);
    if (view === undefined) {
      this.close(CLOSE_CODES.TOO_MANY_CLIENTS, 'too many distinct filters');
      return;
    }
    const held = asked.resume === undefined ? undefined : view.resume(asked.resume.cursor);
    const mode = asked.mode ?? DEFAULT_MODE;
    const nowMs = clock.monotonic();
    const live: Live = {
      phase: 'live',
      stream: new ViewStream({ replica, views, outlet: this.#outlet, view, held }),
      positions,
      ladder: new ModeLadder(mode),
      nextHeartbeatMs: nowMs + config.heartbeat_interval_ms * this.#spread,
      lastProof: undefined,
      owesTurn: true,
      ackedTick: -1,
      discoveries: undefined,
    };
    this.#state = live;
    pace.add(this, mode);
    this.#ok(opening.hello?.id, 'hello', { unmatched: view.unmatched() });
    this.#welcome(live, held === undefined ? undefined : asked.resume?.cursor);
    this.serve(nowMs);
    for (const request of opening.early) this.#handle(request);
  }

  #welcome(live: Live, cursor: string | undefined): void {
    const { config, replica, clock, isSimulated } = this.#context;
    this.#send('welcome', {
      client_id: this.id,
      protocol: PROTOCOL_VERSION,
      epoch: replica.epoch,
      cursor: cursor ?? '',
      follows: cursor === undefined ? 'snapshot' : 'resume',
      mode: live.ladder.mode,
      effective_rate_hz: MODE_HZ[live.ladder.mode],
      filters: live.stream.view.filters,
      positions: live.positions,
      simulated: isSimulated(),
      limits: {
        max_message_bytes: MAX_CLIENT_MESSAGE_BYTES,
        idle_timeout_ms: config.idle_timeout_ms,
        heartbeat_ms: config.heartbeat_interval_ms,
        discover_per_minute: config.discover_per_minute,
      },
      server_time: clock.now(),
    });
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
        this.#refuse({ id: request.id, code: 'bad_payload', message });
        return;
      }
      opening.hello = { id: request.id, payload: request.payload };
    } else if (opening.early.length < MAX_EARLY_REQUESTS) {
      opening.early.push(request);
    } else {
      this.#refuseRate(request.id, 'requests before welcome', this.#context.config.hello_timeout_ms);
    }
    opening.decided = true;
    this.#openIfReady(opening);
  }

  #handleLive(live: Live, request: ClientMessage): void {
    switch (request.type) {
      case 'hello':
        this.#refuse({ id: request.id, code: 'bad_message', message: 'hello is only the first message' });
        return;
      case 'update_filters':
        this.#updateFilters(live, request.id, request.payload);
        return;
      case 'performance_mode':
        this.#setMode(live, request.id, request.payload.mode);
        return;
      case 'heartbeat':
        this.#ok(request.id, 'heartbeat', { server_time: this.#context.clock.now() });
        return;
      case 'discover':
        this.#discover(live, request.id);
        return;
      case 'request_update':
        this.#ok(request.id, 'request_update', {});
        this.#owe(live);
        return;
      case 'resync':
        this.#resync(live, request.id);
        return;
      case 'ack':
        live.ackedTick = request.payload.tick;
    }
  }

  #updateFilters(live: Live, id: RequestId | undefined, patch: FilterPatch): void {
    const filters = { ...live.stream.view.filters, ...definedFields(patch) };
    const view = this.#acquire(filters, live.positions, id);
    if (view === undefined) return;
    this.#ok(id, 'update_filters', { filters: view.filters, unmatched: view.unmatched() });
    live.stream.switchView(view);
  }

  #setMode(live: Live, id: RequestId | undefined, mode: Mode): void {
    // What is owed under the old mode goes first, so that the proof of what the client holds is known.
    if (mode === 'on_demand' && live.ladder.mode !== 'on_demand') this.#owe(live);
    live.ladder.want(mode);
    this.#ok(id, 'performance_mode', { mode, effective_rate_hz: MODE_HZ[mode] });
    this.#enterMode(mode, 'client');
  }

  #enterMode(mode: Mode, reason: ModeReason): void {
    this.#context.pace.move(this, mode);
    this.#send('mode_changed', { mode, effective_rate_hz: MODE_HZ[mode], reason });
  }

  #resync(live: Live, id: RequestId | undefined): void {
    const { view } = live.stream;
    live.stream.restart();
    // The snapshot is composed in the same breath: the hash is that of what it brings.
    this.#ok(id, 'resync', { state_hash: view.stateHash(), cursor: view.cursor(this.#context.replica.version) });
    live.owesTurn = true;
    this.serve(this.#now());
  }

  #discover(live: Live, id: RequestId | undefined): void {
    const { config, clock, discover } = this.#context;
    const nowMs = clock.monotonic();
    const perMinute = config.discover_per_minute;
    live.discoveries ??= new TokenBucket({ perSecond: perMinute / 60, burst: perMinute, nowMs });
    const retryAfterMs = live.discoveries.take(nowMs);
    if (retryAfterMs > 0) {
      this.#refuseRate(id, 'discovery requests', retryAfterMs);
      return;
    }
    // Never rejects.
    void this.#answerDiscovery(live, id, discover());
  }

  async #answerDiscovery(live: Live, id: RequestId | undefined, asked: Promise<{ servers: number }>): Promise<void> {
    try {
      const { servers } = await asked;
      if (this.#state !== live) return;
      this.#ok(id, 'discover', { servers });
      live.stream.sendDiscovery();
      // It shows swarms newer than what on demand last brought: without the rest the next heartbeat's hash would not fit.
      if (live.ladder.mode === 'on_demand') this.#owe(live);
    } catch {
      // What went wrong is the hub's to log; a client is told no insides.
      this.#refuse({ id, code: 'internal', message: 'discovery is not possible now' });
    }
  }

  #acquire(filters: Filters, positions: PositionFormat, id?: RequestId): View | undefined {
    try {
      return this.#context.views.acquire(filters, this.#socket.coding, positions);
    } catch (error) {
      if (!(error instanceof TooManyViewsError)) throw error;
      this.#refuse({ id, code: 'rate_limited', message: error.message }, 1_000);
      return undefined;
    }
  }

  // Turns.

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
    else if (wasOwed || live.lastProof === undefined) live.lastProof = this.#proof(live);
    const promoted = live.ladder.flowed(nowMs);
    if (promoted === undefined) return;
    this.#context.counters.promotionsTotal++;
    this.#enterMode(promoted, 'recovered');
  }

  #skipped(live: Live, nowMs: number): void {
    this.#context.counters.skipsTotal++;
    const demoted = live.ladder.skipped(nowMs);
    if (demoted === undefined) return;
    this.#context.counters.demotionsTotal++;
    this.#enterMode(demoted, 'slow_client');
  }

  #heartbeat(live: Live, nowMs: number): void {
    if (nowMs < live.nextHeartbeatMs) return;
    const proof = live.ladder.mode === 'on_demand' ? live.lastProof : this.#proof(live);
    if (proof === undefined) return;
    live.nextHeartbeatMs = nextOccurrence(live.nextHeartbeatMs, this.#context.config.heartbeat_interval_ms, nowMs);
    this.#send('heartbeat', proof);
  }

  /** Only right in the turn that brought everything: the view's hash is that of the present version. */
  #proof(live: Live): ServerPayloads['heartbeat'] | undefined {
    const { stream } = live;
    if (!stream.isCurrent) return undefined;
    return { state_hash: stream.view.stateHash(), cursor: stream.view.cursor(this.#context.replica.version) };
  }

  // Out.

  #ok(id: RequestId | undefined, of: ClientMessageType, payload: Record<string, unknown>): void {
    if (id !== undefined) this.#send('ok', { id, of, payload });
  }

  #refuseRate(id: RequestId | undefined, what: string, retryAfterMs: number): void {
    this.#context.counters.rateLimitedTotal++;
    this.#refuse({ id, code: 'rate_limited', message: `too many ${what}` }, retryAfterMs);
  }

  #refuse(refusal: Refusal, retryAfterMs?: number): void {
    if (this.#state.phase === 'closing') return;
    this.#context.counters.errorsSentTotal++;
    const { id, message } = refusal;
    const code: ErrorCode = refusal.code;
    this.#send('error', { id, code, message, retry_after_ms: retryAfterMs });
  }

  #send<T extends ServerMessage['type']>(type: T, payload: ServerPayloads[T]): void {
    const message = { type, timestamp: this.#context.clock.now(), payload } as ServerMessage;
    this.#outlet.control(encodeServerMessage(message, this.#socket.coding));
  }

  #now(): number {
    return this.#context.clock.monotonic();
  }

  #overflow(): void {
    if (this.#state.phase === 'closing') return;
    this.#context.counters.memoryLimitTotal++;
    this.close(CLOSE_CODES.MEMORY_LIMIT, 'buffers reached the hard limit');
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
