/**
 * A client that was welcomed: its requests, its turns, and the mode it is served in. What a turn brings is
 * {@link ViewStream}'s.
 */
import { isLimited, type Identity } from '../../platform/auth/identity.ts';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import type { ClientMessage, ClientPayload, PositionFormat, RequestId } from '../../protocol/client-messages.ts';
import type { FilterPatch, Filters } from '../../protocol/filters.ts';
import { DEFAULT_MODE, MODE_HZ, type Mode, type ModeReason } from '../../protocol/modes.ts';
import type { ServerPayloads } from '../../protocol/server-messages.ts';
import type { View } from '../views/view.ts';
import { renewed, visibleServers } from './access.ts';
import { acquireView, changedFilters } from './asked-view.ts';
import type { Backlog } from './backlog.ts';
import { TURNS_PER_SAMPLE } from './client-counters.ts';
import { Commands } from './commands.ts';
import type { ClientSocket, SendResult } from './client-socket.ts';
import type { Cohort, CohortMember, Standing } from './cohort.ts';
import { nextOccurrence, type Liveness } from './liveness.ts';
import { ModeLadder } from './mode-ladder.ts';
import type { Outlet } from './outlet.ts';
import { PHASES, type Paced } from './pace.ts';
import type { Replies } from './replies.ts';
import type { SessionContext } from './session-context.ts';
import { TokenBucket } from './token-bucket.ts';
import { ViewStream } from './view-stream.ts';
import { identityPayload, welcomePayload } from './welcome.ts';

/** Resyncs that may wait for a client to drain. */
const MAX_WAITING_RESYNCS = 16;

/** What a live client asks of its session, which has its turns in the pace. */
interface LiveSession extends Paced {
  /** Who it is now; a renewal replaces it. */
  identity: Identity;
  close(code: number, reason: string): void;
}

/** What a live client takes over from its session. */
export interface LiveParts {
  context: SessionContext;
  /** To which turns are given, and which ends the connection. */
  session: LiveSession;
  socket: ClientSocket;
  outlet: Outlet;
  replies: Replies;
  backlog: Backlog;
  liveness: Liveness;
  /** Its place (0–1) in the interval of heartbeats. */
  spread: number;
}

/** What a client holds, and the heartbeat that says so. */
interface Proof {
  view: View;
  version: number;
  payload: ServerPayloads['heartbeat'];
}

export class LiveClient implements CohortMember {
  readonly phase = 'live';
  readonly session: LiveSession;
  readonly socket: ClientSocket;
  skips = 0;
  seat = 0;
  readonly #context: SessionContext;
  readonly #outlet: Outlet;
  readonly #replies: Replies;
  readonly #backlog: Backlog;
  readonly #liveness: Liveness;
  readonly #stream: ViewStream;
  readonly #positions: PositionFormat;
  readonly #ladder: ModeLadder;
  /** With whom it shares its turns; undefined while it has its own. */
  #cohort: Cohort | undefined;
  /** Monotonic. That of its cohort while it has one. */
  #nextHeartbeatMs: number;
  /** on_demand: proof of what was last brought, since the view itself moves on. */
  #lastProof: Proof | undefined;
  /** The cap put it in another mode, and it was not told. */
  #owesMode = false;
  /** A turn outside the pace (the first, request_update, resync, a new epoch) is not fully sent. */
  #owesTurn = true;
  #discoveries: TokenBucket | undefined;
  #commands: Commands | undefined;
  /** Asked for while nothing could be sent. */
  #resyncs: (RequestId | undefined)[] | undefined;
  /** Sending may end it: the hard limit is found then. */
  #ended = false;

  /** Takes over one use of `view`. `asked`: its hello. */
  constructor(parts: LiveParts, view: View, asked: ClientPayload<'hello'>) {
    const { context, outlet, spread } = parts;
    const { replica, views, maxTurnBytes, cap, clock, config } = context;
    this.#context = context;
    this.session = parts.session;
    this.socket = parts.socket;
    this.#outlet = outlet;
    this.#replies = parts.replies;
    this.#backlog = parts.backlog;
    this.#liveness = parts.liveness;
    const held = asked.resume === undefined ? undefined : view.resume(asked.resume.cursor);
    this.#stream = new ViewStream({ replica, views, outlet, view, held, maxTurnBytes });
    this.#positions = view.positions;
    this.#ladder = new ModeLadder(asked.mode ?? DEFAULT_MODE, cap());
    this.#nextHeartbeatMs = Math.floor(clock.monotonic() + config.heartbeat_interval_ms * spread);
  }

  get mode(): Mode {
    return this.#ladder.mode;
  }

  /** The mode it asked for. */
  get wantedMode(): Mode {
    return this.#ladder.wanted;
  }

  get view(): View {
    return this.#stream.view;
  }

  /** Enters the pace, says welcome, and has its first turn. */
  start(client: {
    id: string;
    hello: { id: RequestId | undefined; payload: ClientPayload<'hello'> } | undefined;
  }): void {
    const { hello, id } = client;
    const { view } = this.#stream;
    this.#context.pace.add(this.session, this.mode, view);
    this.#backlog.paced(PHASES[this.mode], this.#context.replica.tick);
    this.#chooseMeter();
    this.#replies.ok(hello?.id, 'hello', { unmatched: view.unmatched() });
    const cursor = this.#stream.isResuming ? hello?.payload.resume?.cursor : undefined;
    const { identity } = this.session;
    const simulated = visibleServers(identity, this.#context.replica).some((server) => server.simulated);
    const welcomed = { id, identity, simulated, mode: this.mode, view, cursor };
    this.#replies.send('welcome', welcomePayload(this.#context, welcomed));
    this.serve(this.#context.clock.monotonic());
  }

  end(): void {
    if (this.#ended) return;
    this.leaveCohort();
    this.#ended = true;
    this.#context.pace.remove(this.session);
    this.#stream.close();
  }

  // From the operator.

  /** An operator's choice for this client; its own next one is as good. Returns the mode it is served in. */
  choose(mode: Mode): Mode {
    this.#context.counters.operatorChangesTotal++;
    this.leaveCohort();
    this.#oweBeforeSilence(mode);
    this.#ladder.want(mode);
    this.#enterMode('operator');
    return this.mode;
  }

  /** The cap of all clients has changed. True when this one is served in another mode now, and is to be told. */
  applyCap(): boolean {
    if (!this.#ladder.limit(this.#context.cap())) return false;
    this.#context.counters.operatorChangesTotal++;
    this.leaveCohort();
    this.#takeMode();
    this.#owesMode = true;
    return true;
  }

  /** Says in which mode it is served, if the cap changed that and it was not told. */
  tellMode(): void {
    if (this.#owesMode) this.#sayMode('server_limit');
  }

  // From the clock.

  /** Its turn. `nowMs` is monotonic. */
  serve(nowMs: number): void {
    if (this.#ended || this.#cohort !== undefined) return;
    const { counters, clock } = this.#context;
    const { meter } = this.#outlet;
    meter.turns++;
    this.#outlet.isHeld = this.#isBehind(nowMs);
    if (++counters.turns % TURNS_PER_SAMPLE !== 0) {
      this.#turn(nowMs);
      return;
    }
    const startMs = clock.monotonic();
    this.#turn(nowMs);
    meter.sampledTurns++;
    meter.sampledMs += clock.monotonic() - startMs;
  }

  serveHealth(): void {
    if (this.#cohort === undefined) this.#stream.serveHealth();
    else this.#cohort.serveHealth();
  }

  /** Heartbeats of a client whose pace does not bring them. */
  sweep(nowMs: number): void {
    if (this.mode === 'on_demand') this.#heartbeat(nowMs);
  }

  /** The hub began a new life: a discovery and a snapshot follow, in every mode. */
  startEpoch(): void {
    this.leaveCohort();
    this.#stream.restart();
    this.#backlog.restart();
    this.#lastProof = undefined;
    this.#owe();
  }

  /** It answered a ping or acknowledged: what was held back may go on. */
  answered(nowMs: number): void {
    if (!this.#outlet.isHeld) return;
    this.#outlet.isHeld = this.#isBehind(nowMs);
    this.resume(nowMs);
  }

  /** Goes on with what does not wait for a turn of the pace. */
  resume(nowMs: number): void {
    if (!this.#outlet.isClear) return;
    this.#stream.catchUpHealth();
    if (this.#owesTurn || this.#stream.isDelivering) this.serve(nowMs);
  }

  // Its cohort.

  /** It has turns of its own from now on, and holds what its cohort holds. */
  leaveCohort(): void {
    this.#cohort?.part(this.seat);
  }

  /** What its cohort counted for it is in its outlet and its backlog. */
  settle(): void {
    this.#cohort?.settle(this.seat);
  }

  sentTogether(bytes: number, judgedTick: number, newestTick: number, sincePing: boolean): void {
    this.#outlet.bytesSent += bytes;
    this.#backlog.sentTogether(judgedTick, newestTick, sincePing);
  }

  parted(standing: Standing, last: SendResult): void {
    this.#cohort = undefined;
    this.#nextHeartbeatMs = standing.nextHeartbeatMs;
    this.#stream.follow(standing);
    if (last !== 'sent') this.#outlet.noteBackedUp();
    // Nobody knows what of it arrived.
    if (last === 'dropped') this.#stream.restart();
  }

  /** A ping is sent now. */
  pinged(nowMs: number): void {
    this.settle();
    this.#backlog.pinged();
    this.#cohort?.pinged(this.seat, nowMs);
  }

  /** A ping was answered. */
  ponged(nowMs: number): void {
    this.settle();
    this.#backlog.ponged(this.#context.replica.tick);
    this.#cohort?.ponged(this.seat);
    this.answered(nowMs);
  }

  // After a turn that left nothing over: its next ones may be the same as others'.
  #joinCohort(nowMs: number): void {
    if (!this.#isSteady()) return;
    const { replica, cohorts } = this.#context;
    const { version, tick: positionsTick } = replica;
    const { pace: slot } = this.session;
    const cohort = cohorts.find(this.view, slot, { version, positionsTick });
    if (cohort === undefined || slot === undefined) return;
    // Nobody waits longer for a heartbeat than if it had stayed alone: an early one, once.
    const wouldWait = (): boolean => cohort !== 'new' && this.#nextHeartbeatMs < cohort.nextHeartbeatMs;
    if (wouldWait()) this.#beat(nowMs, false);
    if (wouldWait() || !this.#isSteady()) return;
    const { healthVersion } = this.#stream;
    const standing = { version, positionsTick, healthVersion, nextHeartbeatMs: this.#nextHeartbeatMs };
    const { judgedTick, wantsPing: sentSincePing } = this.#backlog;
    const { askedAtMs } = this.#liveness;
    this.#cohort = cohort === 'new' ? cohorts.create(this.view, slot, standing) : cohort;
    this.#cohort.join({ member: this, healthVersion, judgedTick, sentSincePing, askedAtMs });
  }

  #isSteady(): boolean {
    if (this.#owesMode || this.#resyncs !== undefined || this.#ladder.isReduced) return false;
    if (!this.#outlet.isAtEase || !this.#stream.isSteady) return false;
    return this.#backlog.isInTime(this.#context.replica.tick);
  }

  // Requests.

  handle(request: ClientMessage): void {
    switch (request.type) {
      case 'hello':
        this.#replies.refuse({ id: request.id, code: 'bad_message', message: 'hello is only the first message' });
        return;
      case 'update_filters':
        this.leaveCohort();
        this.#updateFilters(request.id, request.payload);
        return;
      case 'performance_mode':
        this.leaveCohort();
        this.#setMode(request.id, request.payload.mode);
        return;
      case 'heartbeat':
        this.#replies.ok(request.id, 'heartbeat', { server_time: this.#context.clock.now() });
        return;
      case 'discover':
        this.#discover(request.id);
        return;
      case 'command':
        this.#commands ??= new Commands(this.#context.command, this.#replies, () => this.#ended);
        // Never rejects.
        void this.#commands.ask(request.id, this.session.identity, request.payload);
        return;
      case 'renew':
        // Never rejects.
        void this.#renew(request.id, request.payload.token);
        return;
      case 'request_update':
        this.leaveCohort();
        this.#replies.ok(request.id, 'request_update', {});
        this.#owe();
        return;
      case 'resync':
        this.leaveCohort();
        this.#resync(request.id);
        return;
      case 'ack':
        this.acknowledge(request.payload.tick);
    }
  }

  /** It has all frames up to `tick`. */
  acknowledge(tick: number): void {
    this.settle();
    this.#backlog.acked(tick);
    this.#cohort?.judge(this.seat, this.#backlog.judgedTick);
    if (this.#outlet.isHeld) this.answered(this.#now());
  }

  #updateFilters(id: RequestId | undefined, patch: FilterPatch): void {
    const view = this.#acquire(changedFilters(this.#stream.view.filters, patch), id);
    if (view === undefined) return;
    this.#replies.ok(id, 'update_filters', { filters: view.filters, unmatched: view.unmatched() });
    this.#show(view);
  }

  async #renew(id: RequestId | undefined, token: string): Promise<void> {
    const { authenticate, refusals } = this.#context;
    const verdict = await authenticate(token);
    if (this.#ended) return;
    this.leaveCohort();
    const found = renewed(this.session.identity, verdict);
    if ('reason' in found) {
      refusals.note(found.reason);
      this.#replies.refuse({ id, code: 'unauthorised', message: found.message });
      return;
    }
    this.session.identity = found;
    const view = this.#acquire(this.#stream.view.filters, id);
    if (view === undefined) {
      // What the new token shows can't be served, and the old one's view must not go on.
      this.session.close(CLOSE_CODES.TOO_MANY_CLIENTS, 'too many distinct views');
      return;
    }
    this.#replies.ok(id, 'renew', identityPayload(found));
    this.#show(view);
  }

  #acquire(filters: Filters, id: RequestId | undefined): View | undefined {
    const asked = { filters, coding: this.socket.coding, positions: this.#positions, id };
    return acquireView(this.#context, this.#replies, this.session.identity, asked);
  }

  #show(view: View): void {
    this.#stream.switchView(view);
    this.#context.pace.regroup(this.session, view);
    this.#chooseMeter();
  }

  #setMode(id: RequestId | undefined, mode: Mode): void {
    this.#oweBeforeSilence(mode);
    this.#ladder.want(mode);
    const served = this.mode;
    this.#replies.ok(id, 'performance_mode', { mode: served, effective_rate_hz: MODE_HZ[served] });
    this.#enterMode(served === mode ? 'client' : 'server_limit');
  }

  // What is owed under the old mode goes first, so that the proof of what the client holds is known.
  #oweBeforeSilence(mode: Mode): void {
    if (mode === 'on_demand' && this.mode !== 'on_demand') this.#owe();
  }

  #enterMode(reason: ModeReason): void {
    this.#takeMode();
    this.#sayMode(reason);
  }

  #takeMode(): void {
    this.#context.pace.move(this.session, this.mode, this.#stream.view);
    this.#backlog.paced(PHASES[this.mode], this.#context.replica.tick);
    this.#chooseMeter();
  }

  #sayMode(reason: ModeReason): void {
    this.#owesMode = false;
    const { mode } = this;
    this.#replies.send('mode_changed', { mode, effective_rate_hz: MODE_HZ[mode], reason });
  }

  #chooseMeter(): void {
    this.#outlet.meter = this.#context.counters.meter(this.mode, this.#stream.view.kind);
  }

  #resync(id: RequestId | undefined): void {
    this.#resyncs ??= [];
    if (this.#resyncs.length >= MAX_WAITING_RESYNCS) {
      this.#replies.refuseRate(id, 'resyncs that wait', this.#context.config.heartbeat_interval_ms);
      return;
    }
    this.#resyncs.push(id);
    this.#owesTurn = true;
    this.serve(this.#now());
  }

  // Answered when the snapshot can go: the hash is that of what it brings.
  #answerResyncs(ids: readonly (RequestId | undefined)[]): void {
    this.#resyncs = undefined;
    const { view } = this.#stream;
    this.#stream.restartNow();
    const payload = { state_hash: view.stateHash(), cursor: view.cursor(this.#context.replica.version) };
    for (const id of ids) this.#replies.ok(id, 'resync', payload);
  }

  #discover(id: RequestId | undefined): void {
    const { clock, discover, discoveries } = this.#context;
    this.#discoveries ??= new TokenBucket();
    const retryAfterMs = this.#discoveries.take(discoveries, clock.monotonic());
    if (retryAfterMs > 0) {
      this.#replies.refuseRate(id, 'discovery requests', retryAfterMs);
      return;
    }
    // Never rejects.
    void this.#answerDiscovery(id, discover());
  }

  async #answerDiscovery(id: RequestId | undefined, asked: Promise<{ servers: number }>): Promise<void> {
    try {
      const all = await asked;
      if (this.#ended) return;
      const { identity } = this.session;
      // Those that are hidden are not counted either.
      const visible = visibleServers(identity, this.#context.replica).length;
      this.#replies.ok(id, 'discover', { servers: isLimited(identity.limits) ? visible : all.servers });
      this.leaveCohort();
      this.#stream.sendDiscovery();
      // It shows swarms newer than what was last brought: nothing is proven until the rest has followed.
      this.#lastProof = undefined;
      if (this.mode === 'on_demand') this.#owe();
    } catch {
      // What went wrong is the hub's to log; a client is told no insides.
      if (this.#ended) return;
      this.#replies.refuse({ id, code: 'internal', message: 'discovery is not possible now' });
    }
  }

  // Turns.

  #isBehind(nowMs: number): boolean {
    return this.#backlog.isBehind(this.#context.replica.tick, this.#liveness.unansweredMs(nowMs));
  }

  /** A turn as soon as possible, in every mode. */
  #owe(): void {
    this.#owesTurn = true;
    this.#context.pace.enqueue(this.session);
  }

  // A frame alone is the common turn; whatever more is worth a cork, which makes one call to the system of it all.
  #turn(nowMs: number): void {
    if (this.#isPlain(nowMs) || !this.#outlet.isClear) this.takeTurn(nowMs);
    else turnInOne(this, this.#outlet, nowMs);
  }

  #isPlain(nowMs: number): boolean {
    if (this.#owesMode || this.#resyncs !== undefined || nowMs >= this.#nextHeartbeatMs) return false;
    return this.#stream.hasOnlyPositions();
  }

  /** What a turn has corked. */
  takeTurn(nowMs: number): void {
    this.tellMode();
    if (this.#resyncs !== undefined && this.#outlet.isClear) this.#answerResyncs(this.#resyncs);
    if (this.#ended) return;
    const brought = this.#stream.serve();
    // The hard limit may have closed it in mid-send.
    if (this.#ended) return;
    if (brought === 'complete') this.#served(nowMs);
    else if (brought === 'more') this.#context.pace.enqueueBulk(this.session);
    else this.#skipped(nowMs);
  }

  #served(nowMs: number): void {
    this.#owesTurn = false;
    this.#stream.catchUpHealth();
    if (this.mode !== 'on_demand') {
      this.#heartbeat(nowMs);
      this.#joinCohort(nowMs);
    } else {
      this.#lastProof = this.#proof();
    }
    if (!this.#ladder.isReduced || this.#ladder.flowed(nowMs) === undefined) return;
    this.#context.counters.promotionsTotal++;
    this.#enterMode('recovered');
  }

  #skipped(nowMs: number): void {
    const { counters } = this.#context;
    this.skips++;
    counters.skipsTotal++;
    if (this.#outlet.isHeld) counters.behindSkipsTotal++;
    if (this.#ladder.skipped(nowMs) === undefined) return;
    counters.demotionsTotal++;
    this.#enterMode('slow_client');
  }

  #heartbeat(nowMs: number): void {
    const lateMs = nowMs - this.#nextHeartbeatMs;
    if (lateMs >= 0) this.#beat(nowMs, lateMs > this.#context.config.heartbeat_interval_ms);
  }

  // A heartbeat now, unless there is nothing to prove, or much to hash for it and it can wait.
  #beat(nowMs: number, isUrgent: boolean): void {
    const { config, clock } = this.#context;
    const isOnDemand = this.mode === 'on_demand';
    const proof = isOnDemand ? this.#standingProof() : undefined;
    if (isOnDemand ? proof === undefined : this.#hash(isUrgent) === undefined) return;
    const dueMs = Math.min(this.#nextHeartbeatMs, Math.floor(nowMs));
    this.#nextHeartbeatMs = nextOccurrence(dueMs, config.heartbeat_interval_ms, Math.floor(nowMs));
    // Evidence that changes with every request to a server would else be most of what a world at rest sends.
    this.#stream.serveHealth();
    if (proof === undefined) this.#outlet.control(this.#stream.view.heartbeat(clock.now()));
    else this.#replies.send('heartbeat', proof);
  }

  /**
   * Only right in the turn that brought everything: the view's hash is that of the present version. Undefined too while
   * there is much to hash and it can wait.
   */
  #hash(isUrgent: boolean): string | undefined {
    const { view, isCurrent } = this.#stream;
    return isCurrent ? this.#context.hashes.hashOf(view, isUrgent) : undefined;
  }

  #proof(): Proof | undefined {
    const hash = this.#hash(true);
    if (hash === undefined) return undefined;
    const { view } = this.#stream;
    const { version } = this.#context.replica;
    return { view, version, payload: { state_hash: hash, cursor: view.cursor(version) } };
  }

  // Undefined too while something else has reached it, or is on its way: its next turn in this mode proves that.
  #standingProof(): ServerPayloads['heartbeat'] | undefined {
    const proof = this.#lastProof;
    return proof !== undefined && this.#stream.holds(proof.view, proof.version) ? proof.payload : undefined;
  }

  // Whole ms: V8 gives every other number that an object holds a box of 16 bytes.
  #now(): number {
    return Math.floor(this.#context.clock.monotonic());
  }
}

// A cork calls back at once and passes nothing on; a closure for each client would cost more than what it would hold.
let corked: LiveClient | undefined;
let corkedMs = 0;

function turnInOne(client: LiveClient, outlet: Outlet, nowMs: number): void {
  corked = client;
  corkedMs = nowMs;
  outlet.cork(turnCorked);
}

function turnCorked(): void {
  const client = corked;
  corked = undefined;
  client?.takeTurn(corkedMs);
}
