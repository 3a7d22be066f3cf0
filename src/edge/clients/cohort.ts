/**
 * Clients of one view and mode that hold the same, take all that they are sent and answer in time. What there is for
 * them is composed once, and leaves in one loop that looks at nothing of a client but its socket and two numbers:
 * the turn of a lone client reads a dozen objects, which for thousands of clients have to come from memory each time.
 *
 * A client is in a cohort or alone ({@link LiveClient}), never both. Whatever is not the common case (a request that
 * changes what it is sent, an operator's choice, a socket that is backed up, answers that stay away) makes it alone
 * first; it then holds what the cohort holds, and joins one again when it stands where that stands. What the cohort
 * counts for its members, in columns by seat, is handed to them when it is asked for.
 */
import type { Clock } from '../../platform/clock.ts';
import type { Replica } from '../replica/replica.ts';
import type { EncodedMessage } from '../views/encoded-messages.ts';
import type { Held, View } from '../views/view.ts';
import { BEHIND_MS, isOverdue, NOTHING, windowOf } from './backlog.ts';
import { TURNS_PER_SAMPLE, type ClientCounters, type Meter } from './client-counters.ts';
import type { ClientSocket, SendResult } from './client-socket.ts';
import type { HashWarmer } from './hash-warmer.ts';
import { nextOccurrence } from './liveness.ts';
import { PHASES, type Pace, type Paced, type PaceSlot } from './pace.ts';

/** Members of one cohort: about a millisecond of sends, after which the pace looks at the clock. */
const MAX_MEMBERS = 64;
/**
 * Agents of a view whose clients share turns: more are more bytes than one turn may leave in a socket's buffer, and
 * sending them costs so much that nothing would be gained.
 */
export const MAX_AGENTS = 2_000;
const FIRST_SEATS = 4;
const NEVER = Number.POSITIVE_INFINITY;
const NO_FRAMES: readonly Uint8Array[] = [];

/** Where all members of a cohort stand. */
export interface Standing {
  /** Version of the view that they hold. */
  version: number;
  /** Tick of the replica at which they were last brought positions. */
  positionsTick: number;
  /** Version up to which they were told of health. */
  healthVersion: number;
  /** Monotonic. */
  nextHeartbeatMs: number;
}

export interface CohortMember {
  /** What stands in the pace while it is alone. */
  readonly session: Paced;
  readonly socket: ClientSocket;
  /** Its place in the cohort; owned by {@link Cohort}. */
  seat: number;
  /**
   * It was sent `bytes` since it was last told; `newestTick`: of the newest frame. The others as in
   * {@link Backlog.sentTogether}.
   */
  sentTogether(bytes: number, judgedTick: number, newestTick: number, sincePing: boolean): void;
  /** It is alone again, and stands where the cohort stood. `last`: what became of the last send to it. */
  parted(standing: Standing, last: SendResult): void;
}

/** What a member brings along. */
export interface Joining {
  member: CohortMember;
  /** Version up to which it was told of health. */
  healthVersion: number;
  /** {@link Backlog.judgedTick}. */
  judgedTick: number;
  /** {@link Backlog.wantsPing}. */
  sentSincePing: boolean;
  /** When it was pinged, if that was not answered. */
  askedAtMs: number | undefined;
}

export interface CohortContext {
  config: { soft_limit_bytes: number; heartbeat_interval_ms: number };
  clock: Clock;
  replica: Replica;
  pace: Pace;
  counters: ClientCounters;
  hashes: HashWarmer;
  /** What the view has is more than a cohort sends: its clients are better alone for a while. */
  tooLarge: (view: View) => void;
}

export class Cohort implements Paced {
  pace: PaceSlot | undefined;
  readonly #context: CohortContext;
  readonly #view: View;
  readonly #meter: Meter;
  readonly #onEmpty: (cohort: Cohort) => void;
  readonly #window: number;
  readonly #held: { -readonly [K in keyof Held]: Held[K] };
  #positionsTick: number;
  #healthVersion: number;
  #nextHeartbeatMs: number;

  readonly #members: CohortMember[] = [];
  readonly #sockets: ClientSocket[] = [];
  /** Tick of the oldest frame that each may not have acknowledged; see {@link Backlog.judgedTick}. */
  #judgedTicks = new Int32Array(FIRST_SEATS);
  /** When each was pinged, if that was not answered; else {@link NEVER}. */
  #askedMs = new Float64Array(FIRST_SEATS);
  /** {@link #sends} at the last ping of each. */
  #pingedAt = new Int32Array(FIRST_SEATS);
  /** {@link #bytes} when each was last told. */
  #toldBytes = new Float64Array(FIRST_SEATS);
  /** Sent to each who was there all along: bytes, turns with state or positions, tick of the newest frame. */
  #bytes = 0;
  #sends = 0;
  #frameTick = NOTHING;

  // One turn: what leaves before and after the frames, and whom it reached not at all or not at once.
  readonly #before: EncodedMessage[] = [];
  #frames = NO_FRAMES;
  readonly #after: EncodedMessage[] = [];
  readonly #refused: { seat: number; last: SendResult }[] = [];
  #corkedSeat = 0;
  #corkedResult: SendResult = 'sent';

  /** `meter`: that of its mode and view. `onEmpty`: the last one has left. */
  constructor(
    context: CohortContext,
    view: View,
    standing: Standing,
    options: { meter: Meter; onEmpty: (cohort: Cohort) => void },
  ) {
    const { version, positionsTick, healthVersion, nextHeartbeatMs } = standing;
    this.#context = context;
    this.#view = view;
    this.#meter = options.meter;
    this.#onEmpty = options.onEmpty;
    this.#window = windowOf(PHASES[options.meter.mode]);
    this.#held = { view, epoch: context.replica.epoch, version, resumed: false };
    this.#positionsTick = positionsTick;
    this.#healthVersion = healthVersion;
    this.#nextHeartbeatMs = nextHeartbeatMs;
  }

  get view(): View {
    return this.#view;
  }

  get size(): number {
    return this.#members.length;
  }

  /** True when one with turns in the phase of `slot` may join, now or later. */
  hasRoom(slot: PaceSlot): boolean {
    return this.pace?.phase === slot.phase && this.pace.mode === slot.mode && this.#members.length < MAX_MEMBERS;
  }

  /** True when all of them hold this: one who does may join. */
  standsAt({ version, positionsTick }: { version: number; positionsTick: number }): boolean {
    const { version: held, epoch } = this.#held;
    return held === version && epoch === this.#context.replica.epoch && this.#positionsTick === positionsTick;
  }

  get nextHeartbeatMs(): number {
    return this.#nextHeartbeatMs;
  }

  join({ member, healthVersion, judgedTick, sentSincePing, askedAtMs }: Joining): void {
    const seat = this.#members.length;
    if (seat === this.#judgedTicks.length) this.#grow();
    member.seat = seat;
    this.#members.push(member);
    this.#sockets.push(member.socket);
    this.#judgedTicks[seat] = judgedTick;
    this.#askedMs[seat] = askedAtMs ?? NEVER;
    this.#pingedAt[seat] = sentSincePing ? this.#sends - 1 : this.#sends;
    this.#toldBytes[seat] = this.#bytes;
    // Told twice of health does no harm.
    this.#healthVersion = Math.min(this.#healthVersion, healthVersion);
    this.#context.pace.unite(member.session, this);
  }

  /** Hands a member what was counted for it. */
  settle(seat: number): void {
    const bytes = this.#bytes - (this.#toldBytes[seat] ?? 0);
    this.#toldBytes[seat] = this.#bytes;
    this.#members[seat]?.sentTogether(
      bytes,
      this.#judgedTicks[seat] ?? NOTHING,
      this.#frameTick,
      this.#sends > (this.#pingedAt[seat] ?? 0),
    );
  }

  /** It acknowledged, after {@link settle}. */
  judge(seat: number, judgedTick: number): void {
    this.#judgedTicks[seat] = judgedTick;
  }

  /** It is pinged now, after {@link settle}. */
  pinged(seat: number, nowMs: number): void {
    this.#askedMs[seat] = nowMs;
    this.#pingedAt[seat] = this.#sends;
  }

  ponged(seat: number): void {
    this.#askedMs[seat] = NEVER;
  }

  /** The member there is alone from now on. */
  part(seat: number, last: SendResult = 'sent'): void {
    const member = this.#members[seat];
    if (member === undefined) return;
    this.settle(seat);
    this.#vacate(seat);
    const { pace } = this.#context;
    pace.part(member.session, this);
    if (this.#members.length === 0) {
      pace.dissolve(this);
      this.#onEmpty(this);
    }
    member.parted(this.#standing(), last);
  }

  hasNews(): boolean {
    const { version } = this.#held;
    return version < this.#context.replica.version && !this.#view.showsTheSameSince(version);
  }

  serve(nowMs: number): number {
    const { length } = this.#members;
    this.#partFromLate(nowMs);
    if (this.#members.length > 0 && !this.#turn(nowMs)) this.#disband(nowMs);
    return length;
  }

  serveBulk(): void {}

  /** Health that turned goes to all of them, at once. */
  serveHealth(): void {
    const { replica } = this.#context;
    if (this.#healthVersion >= replica.version) return;
    this.#clear();
    for (const message of this.#view.healthSince(this.#healthVersion)) this.#before.push(message);
    this.#healthVersion = replica.version;
    this.#send();
    this.#partFromRefused();
  }

  #standing(): Standing {
    return {
      version: this.#held.version,
      positionsTick: this.#positionsTick,
      healthVersion: this.#healthVersion,
      nextHeartbeatMs: this.#nextHeartbeatMs,
    };
  }

  // Those who are behind are passed over, and whatever follows from that.
  #partFromLate(nowMs: number): void {
    const { tick } = this.#context.replica;
    for (let seat = this.#members.length - 1; seat >= 0; seat--) {
      if (this.#isLate(seat, tick, nowMs)) this.#serveAlone(seat, nowMs);
    }
  }

  #serveAlone(seat: number, nowMs: number): void {
    const member = this.#members[seat];
    this.part(seat);
    member?.session.serve(nowMs);
  }

  // As Backlog.isBehind.
  #isLate(seat: number, tick: number, nowMs: number): boolean {
    if (isOverdue(this.#judgedTicks[seat] ?? NOTHING, tick, this.#window)) return true;
    return nowMs - (this.#askedMs[seat] ?? NEVER) > BEHIND_MS && this.#sends > (this.#pingedAt[seat] ?? 0);
  }

  /** False: each has to be served alone. */
  #turn(nowMs: number): boolean {
    const { counters, clock, replica } = this.#context;
    const { length } = this.#members;
    const samples = samplesIn(counters.turns, length);
    const startMs = samples > 0 ? clock.monotonic() : 0;
    const beats = this.#compose(nowMs);
    if (beats === undefined) return false;
    counters.turns += length;
    this.#meter.turns += length;
    this.#send();
    this.#positionsTick = replica.tick;
    if (beats) {
      const { heartbeat_interval_ms: intervalMs } = this.#context.config;
      this.#nextHeartbeatMs = nextOccurrence(this.#nextHeartbeatMs, intervalMs, Math.floor(nowMs));
    }
    this.#partFromRefused();
    if (samples === 0) return true;
    // As many as would have been timed one by one, each with its share.
    this.#meter.sampledTurns += samples;
    this.#meter.sampledMs += ((clock.monotonic() - startMs) * samples) / length;
    return true;
  }

  /**
   * What all of them are to be sent now. Returns whether a heartbeat is in it; undefined when it is more than may be left
   * in a buffer at once, or older than now, and nothing is composed.
   */
  #compose(nowMs: number): boolean | undefined {
    const { replica, config } = this.#context;
    this.#clear();
    if (this.#held.epoch !== replica.epoch || this.#view.agentCount > MAX_AGENTS) return undefined;
    let left = config.soft_limit_bytes;
    if (this.hasNews()) {
      const { messages, held } = this.#view.compose(this.#held);
      // A snapshot may be a little old.
      if (held.version !== replica.version) return undefined;
      // Encoded one by one: the parts of something large are not made here.
      for (let i = 0; i < messages.length && left >= 0; i++) {
        const message = messages.at(i);
        this.#before.push(message);
        left -= message.byteLength;
      }
    }
    const isState = this.#before.length > 0;
    let told = this.#healthVersion;
    if (replica.turnedVersion > told) told = this.#addHealth(this.#before, told);
    this.#frames = this.#view.frames(this.#positionsTick);
    const isDue = this.#isHeartbeatDue(nowMs);
    if (isDue) {
      told = this.#addHealth(this.#after, told);
      this.#after.push(this.#view.heartbeat(this.#context.clock.now()));
    }
    if (left < 0 || this.#turnBytes() > config.soft_limit_bytes) {
      this.#context.tooLarge(this.#view);
      return undefined;
    }
    if (isState || this.#frames.length > 0) this.#sends++;
    this.#held.version = replica.version;
    this.#healthVersion = told;
    return isDue;
  }

  #turnBytes(): number {
    return bytesOf(this.#before) + bytesOf(this.#frames) + bytesOf(this.#after);
  }

  // What was sent is not kept alive until the next turn, which may be a second away.
  #clear(): void {
    clear(this.#before);
    clear(this.#after);
    this.#frames = NO_FRAMES;
  }

  /** Adds health that changed after version `from`. Returns the version up to which it is told. */
  #addHealth(messages: EncodedMessage[], from: number): number {
    for (const message of this.#view.healthSince(from)) messages.push(message);
    return this.#context.replica.version;
  }

  #isHeartbeatDue(nowMs: number): boolean {
    const { hashes, config } = this.#context;
    const lateMs = nowMs - this.#nextHeartbeatMs;
    return lateMs >= 0 && hashes.hashOf(this.#view, lateMs > config.heartbeat_interval_ms) !== undefined;
  }

  #send(): void {
    const [frame] = this.#frames;
    const isPlain = frame !== undefined && this.#frames.length === 1 && this.#before.length + this.#after.length === 0;
    if (frame === undefined && this.#before.length + this.#after.length === 0) return;
    const { tick } = this.#context.replica;
    const judged = this.#judgedTicks;
    for (let seat = this.#members.length - 1; seat >= 0; seat--) {
      const last = isPlain ? this.#sendTo(seat, frame, true) : this.#sendInOne(seat);
      if (last !== 'sent') this.#refused.push({ seat, last });
      if (frame !== undefined && judged[seat] === NOTHING) judged[seat] = tick;
    }
    if (frame !== undefined) this.#frameTick = tick;
    this.#count();
    this.#clear();
  }

  #sendInOne(seat: number): SendResult {
    this.#corkedSeat = seat;
    this.#corkedResult = 'sent';
    this.#sockets[seat]?.cork(this.#sendCorked);
    return this.#corkedResult;
  }

  // Made once: a closure for each client would cost more than what it would hold.
  readonly #sendCorked = (): void => {
    const isBinary = this.#view.coding === 'msgpack';
    this.#sendAll(this.#before, isBinary);
    this.#sendAll(this.#frames, true);
    this.#sendAll(this.#after, isBinary);
  };

  #sendAll(messages: readonly Uint8Array[], isBinary: boolean): void {
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i];
      if (message === undefined) return;
      // What follows on something that was lost would be taken for the whole.
      if (this.#corkedResult === 'dropped') this.#uncount(this.#corkedSeat, message);
      else {
        const result = this.#sendTo(this.#corkedSeat, message, isBinary);
        if (result !== 'sent') this.#corkedResult = result;
      }
    }
  }

  #sendTo(seat: number, message: Uint8Array, isBinary: boolean): SendResult {
    const result = this.#sockets[seat]?.send(message, isBinary) ?? 'dropped';
    if (result === 'dropped') this.#uncount(seat, message);
    return result;
  }

  // It never left: what is counted for all of them is not for this one.
  #uncount(seat: number, message: Uint8Array): void {
    const { byteLength } = message;
    this.#toldBytes[seat] = (this.#toldBytes[seat] ?? 0) + byteLength;
    if (this.#frames.includes(message)) {
      this.#meter.frames--;
      this.#meter.frameBytes -= byteLength;
    } else {
      this.#meter.messages--;
      this.#meter.messageBytes -= byteLength;
    }
  }

  #count(): void {
    const { length } = this.#members;
    const messageBytes = bytesOf(this.#before) + bytesOf(this.#after);
    const frameBytes = bytesOf(this.#frames);
    this.#bytes += messageBytes + frameBytes;
    this.#meter.messages += length * (this.#before.length + this.#after.length);
    this.#meter.messageBytes += length * messageBytes;
    this.#meter.frames += length * this.#frames.length;
    this.#meter.frameBytes += length * frameBytes;
  }

  // From the last seat to the first: a seat that is vacated is taken by the last one.
  #partFromRefused(): void {
    for (const { seat, last } of this.#refused) this.part(seat, last);
    clear(this.#refused);
  }

  #disband(nowMs: number): void {
    for (let seat = this.#members.length - 1; seat >= 0; seat--) this.#serveAlone(seat, nowMs);
  }

  #vacate(seat: number): void {
    const last = this.#members.pop();
    const socket = this.#sockets.pop();
    const from = this.#members.length;
    if (last === undefined || socket === undefined || seat === from) return;
    last.seat = seat;
    this.#members[seat] = last;
    this.#sockets[seat] = socket;
    for (const column of [this.#judgedTicks, this.#askedMs, this.#pingedAt, this.#toldBytes]) {
      column[seat] = column[from] ?? 0;
    }
  }

  #grow(): void {
    const seats = this.#judgedTicks.length * 2;
    this.#judgedTicks = copyOf(this.#judgedTicks, new Int32Array(seats));
    this.#askedMs = copyOf(this.#askedMs, new Float64Array(seats));
    this.#pingedAt = copyOf(this.#pingedAt, new Int32Array(seats));
    this.#toldBytes = copyOf(this.#toldBytes, new Float64Array(seats));
  }
}

function copyOf<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Turns of `more` after the first `turns` that are timed, one of {@link TURNS_PER_SAMPLE}. */
function samplesIn(turns: number, more: number): number {
  return Math.floor((turns + more) / TURNS_PER_SAMPLE) - Math.floor(turns / TURNS_PER_SAMPLE);
}

// Setting the length costs a call, also of an empty list.
function clear(list: unknown[]): void {
  if (list.length > 0) list.length = 0;
}

function bytesOf(messages: readonly Uint8Array[]): number {
  let bytes = 0;
  for (let i = 0; i < messages.length; i++) bytes += messages[i]?.byteLength ?? 0;
  return bytes;
}
