import type { Clock } from '../../platform/clock.ts';
import { MODE_HZ, MODES, type Mode } from '../../protocol/modes.ts';
import { PhasePlan } from './phase-plan.ts';

/** Ticks between two turns of a client, by mode; 0: only when asked. */
export const PHASES: Readonly<Record<Mode, number>> = Object.freeze({
  high_frequency: 60 / MODE_HZ.high_frequency,
  normal: 60 / MODE_HZ.normal,
  low_frequency: 60 / MODE_HZ.low_frequency,
  on_demand: 0,
});

/** A slice may take this long before other work on the thread gets its turn. */
const SLICE_MS = 2;
/** The clock is read once per this many clients. */
const CLIENTS_PER_CHECK = 32;
/**
 * Ticks that a slower client may be left waiting by 60 Hz clients before the two are served in turns: one less than the
 * period at 10 Hz, since a turn that still waits when the next is due is one turn less.
 */
const MAX_REST_TICKS = 5;

/** Served entries that a queue keeps before it cuts them off. */
const CUT_AT = 4_096;

/** A client's place in the pace; owned and written by {@link Pace} alone. */
export interface PaceSlot {
  mode: Mode;
  phase: number;
  /** Those among whom it stands, and where. */
  among: Paced[];
  index: number;
  /** Waits for its turn. */
  queued: boolean;
  /** The tick at which it began to. */
  queuedTick: number;
  /** Goes to the phase of this group after its next turn. */
  joins: object | undefined;
}

export interface Paced {
  pace: PaceSlot | undefined;
  /** Its turn. `nowMs`: monotonic, up to a slice old. Must not throw. Returns how many clients it was the turn of. */
  serve(nowMs: number): number;
  /** Its next turn brings more than positions; absent: nobody knows before. */
  hasNews?(): boolean;
  /** Its turn at bulk work; see {@link Pace.enqueueBulk}. Must not throw. */
  serveBulk(nowMs: number): void;
}

/** Whose turns come in one phase of a mode. */
interface Bucket {
  /** Their turns come first: a lone client whose turn follows may find that it holds what they hold, and join. */
  readonly cohorts: Paced[];
  readonly loners: Paced[];
  /** Clients that stand in it, one by one or together. */
  clients: number;
}

export interface PaceOptions {
  clock: Clock;
  /** Runs the next slice after I/O had its turn. Replaced in tests. */
  defer?: ((run: () => void) => () => void) | undefined;
}

/**
 * Whose turn it is, without a timer per client and without looking at clients whose turn it is not.
 *
 * Clients stand in buckets by mode and phase: one bucket at 60 Hz, six at 10 Hz, sixty at 1 Hz. Each tick serves the
 * buckets of its phase; when ticks were skipped, also those of the phases that were missed, each client once. A
 * change of mode moves a client between buckets and leaves nothing behind. 60 Hz clients go first. Work is cut into
 * slices of {@link SLICE_MS}.
 *
 * Clients of one group (those that share a view) stand in one phase, so that what they are sent is made once a period
 * and not once a phase. The phase of a group is the emptiest at its first client; one that is fuller than
 * {@link PhasePlan} allows passes clients on to the next.
 *
 * Bulk work (welcoming clients, the parts of snapshots) comes last, so that a storm of reconnects holds up nobody who
 * is served. It is not starved either: a slice that ran out before it came to bulk does one piece of it all the same.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #defer: (run: () => void) => () => void;
  readonly #buckets: Readonly<Record<Mode, Bucket[]>>;
  readonly #plan = new PhasePlan();
  readonly #first = new TurnQueue();
  readonly #rest = new TurnQueue();
  /** In the order of asking. At most one entry per client. */
  readonly #bulk = new Set<Paced>();
  /** Time spent in slices since the start. */
  #busyMs = 0;
  #tick = 0;
  /** While slower clients wait too long: how many of them were served beyond those at 60 Hz. */
  #restLead = 0;
  #isRestsTurn = false;
  #cancelSlice: (() => void) | undefined;

  constructor(options: PaceOptions) {
    this.#clock = options.clock;
    this.#defer = options.defer ?? deferToImmediate;
    this.#buckets = {
      high_frequency: emptyBuckets('high_frequency'),
      normal: emptyBuckets('normal'),
      low_frequency: emptyBuckets('low_frequency'),
      on_demand: [{ cohorts: [], loners: [], clients: 0 }],
    };
  }

  /** Clients that wait for bulk work. */
  get bulkSize(): number {
    return this.#bulk.size;
  }

  /** Time that turns took since the start. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** `group`: what it shares with others, whose turns should come in the same ticks. */
  add(client: Paced, mode: Mode, group: object): void {
    const buckets = this.#buckets[mode];
    const phase = this.#plan.phaseFor(mode, group, buckets);
    const bucket = this.#bucket({ mode, phase });
    bucket.clients++;
    enter(bucket.loners, client, mode, phase);
  }

  /** `client` has its turns with `cohort` from now on, in the phase in which it stands. */
  unite(client: Paced, cohort: Paced): void {
    const { pace: slot } = client;
    if (slot === undefined) return;
    leave(client);
    if (cohort.pace === undefined) enter(this.#bucket(slot).cohorts, cohort, slot.mode, slot.phase);
  }

  /** `client` has its own turns again, in the phase of `cohort`. A turn that is due to all of them is due to it. */
  part(client: Paced, cohort: Paced): void {
    const { pace: slot } = cohort;
    if (slot === undefined) return;
    enter(this.#bucket(slot).loners, client, slot.mode, slot.phase);
    if (!slot.queued || client.pace === undefined) return;
    this.#queue(client, slot.mode === 'high_frequency' ? this.#first : this.#rest);
    client.pace.queuedTick = slot.queuedTick;
  }

  /** The last of `cohort` has parted. */
  dissolve(cohort: Paced): void {
    leave(cohort);
  }

  move(client: Paced, mode: Mode, group: object): void {
    if (client.pace?.mode !== mode) this.#place(client, mode, group);
  }

  /** It shares something else now. Takes effect after its next turn: none comes later for it. */
  regroup(client: Paced, group: object): void {
    if (client.pace !== undefined) client.pace.joins = group;
  }

  #place(client: Paced, mode: Mode, group: object): void {
    const { queued = false, queuedTick = 0 } = client.pace ?? {};
    this.#leaveBucket(client);
    this.add(client, mode, group);
    if (client.pace === undefined) return;
    // Its entry in a queue stays good: a turn that was due is not lost by the move.
    client.pace.queued = queued;
    client.pace.queuedTick = queuedTick;
  }

  remove(client: Paced): void {
    this.#bulk.delete(client);
    this.#leaveBucket(client);
  }

  #leaveBucket(client: Paced): void {
    if (client.pace === undefined) return;
    this.#bucket(client.pace).clients--;
    leave(client);
  }

  #bucket({ mode, phase }: { mode: Mode; phase: number }): Bucket {
    const bucket = this.#buckets[mode][phase];
    if (bucket === undefined) throw new RangeError(`no phase ${phase} in ${mode}`);
    return bucket;
  }

  /** Gives a client a turn now, whatever its mode: with the next slice. */
  enqueue(client: Paced): void {
    this.#queue(client, this.#first);
    this.#cancelSlice ??= this.#defer(this.#runSlice);
  }

  /** Gives a client, in the pace or not yet, a turn at bulk work when nobody else's turn is due. */
  enqueueBulk(client: Paced): void {
    this.#bulk.add(client);
    this.#cancelSlice ??= this.#defer(this.#runSlice);
  }

  /** `ticks` ≥ 1 have passed: serves those whose turn it is. */
  advance(ticks: number): void {
    const from = this.#tick;
    this.#tick += ticks;
    // What changed before what moved: that is what somebody waits for.
    for (const cohort of this.#bucket({ mode: 'high_frequency', phase: 0 }).cohorts) {
      if (cohort.hasNews?.() === true) this.#queue(cohort, this.#first);
    }
    this.#queuePhases('high_frequency', from, this.#first);
    this.#queuePhases('normal', from, this.#rest);
    this.#queuePhases('low_frequency', from, this.#rest);
    this.#cancelSlice?.();
    this.#runSlice();
  }

  countByMode(): Record<Mode, number> {
    const counts = { high_frequency: 0, normal: 0, low_frequency: 0, on_demand: 0 };
    for (const mode of MODES) for (const { clients } of this.#buckets[mode]) counts[mode] += clients;
    return counts;
  }

  [Symbol.dispose](): void {
    this.#cancelSlice?.();
    this.#cancelSlice = undefined;
  }

  #queuePhases(mode: Mode, from: number, queue: TurnQueue): void {
    const phases = PHASES[mode];
    const missed = Math.min(this.#tick - from, phases);
    for (let i = 0; i < missed; i++) {
      const bucket = this.#buckets[mode][(this.#tick - i) % phases];
      if (bucket === undefined) continue;
      for (const cohort of bucket.cohorts) this.#queue(cohort, queue);
      for (const client of bucket.loners) this.#queue(client, queue);
    }
  }

  #queue(client: Paced, queue: TurnQueue): void {
    if (client.pace === undefined || client.pace.queued) return;
    client.pace.queued = true;
    client.pace.queuedTick = this.#tick;
    queue.push(client);
  }

  readonly #runSlice = (): void => {
    this.#cancelSlice = undefined;
    const startMs = this.#clock.monotonic();
    const endMs = this.#serveUntil(startMs, startMs + SLICE_MS);
    this.#busyMs += endMs - startMs;
    const isDone = this.#first.isEmpty && this.#rest.isEmpty && this.#bulk.size === 0;
    if (!isDone) this.#cancelSlice ??= this.#defer(this.#runSlice);
  };

  // Returns the time at its end.
  #serveUntil(startMs: number, untilMs: number): number {
    let nowMs = startMs;
    let bulkServed = false;
    let served = 0;
    while (nowMs < untilMs) {
      const client = this.#next();
      if (client === undefined) {
        if (!this.#serveBulk(nowMs)) return this.#clock.monotonic();
        bulkServed = true;
      } else if (client.pace !== undefined) {
        served += this.#serve(client, client.pace, nowMs);
      }
      if (client !== undefined && served < CLIENTS_PER_CHECK) continue;
      served = 0;
      nowMs = this.#clock.monotonic();
    }
    if (!bulkServed && this.#serveBulk(nowMs)) return this.#clock.monotonic();
    return nowMs;
  }

  #serve(client: Paced, slot: PaceSlot, nowMs: number): number {
    slot.queued = false;
    const served = client.serve(nowMs);
    this.#restLead += this.#isRestsTurn ? served : -served;
    this.#join(client);
    return served;
  }

  // Its turn may have ended it.
  #join(client: Paced): void {
    const { pace } = client;
    if (pace?.joins !== undefined) this.#place(client, pace.mode, pace.joins);
  }

  #serveBulk(nowMs: number): boolean {
    for (const client of this.#bulk) {
      this.#bulk.delete(client);
      client.serveBulk(nowMs);
      return true;
    }
    return false;
  }

  #next(): Paced | undefined {
    this.#rest.dropLeavers();
    const isLate = !this.#first.isEmpty && this.#isRestLate();
    if (!isLate) this.#restLead = 0;
    this.#isRestsTurn = this.#first.isEmpty || (isLate && this.#restLead <= 0);
    return this.#isRestsTurn ? this.#rest.shift() : this.#first.shift();
  }

  // Judged by the one that has waited longest: under load there is always somebody waiting.
  #isRestLate(): boolean {
    const { head } = this.#rest;
    return head?.pace !== undefined && this.#tick - head.pace.queuedTick >= MAX_REST_TICKS;
  }
}

/** A queue that reuses its array. At most one entry per client: bounded by their number, and those that left meanwhile. */
class TurnQueue {
  readonly #clients: (Paced | undefined)[] = [];
  #head = 0;
  #tail = 0;

  get isEmpty(): boolean {
    return this.#head === this.#tail;
  }

  /** Who comes next. */
  get head(): Paced | undefined {
    return this.isEmpty ? undefined : this.#clients[this.#head];
  }

  /** Those at its head that have left the pace meanwhile have no turn. */
  dropLeavers(): void {
    while (!this.isEmpty && this.head?.pace === undefined) this.shift();
  }

  push(client: Paced): void {
    this.#clients[this.#tail++] = client;
  }

  shift(): Paced | undefined {
    if (this.isEmpty) return undefined;
    const client = this.#clients[this.#head];
    // It must not be kept alive from here, and its place is used again.
    this.#clients[this.#head++] = undefined;
    if (this.isEmpty) {
      this.#head = 0;
      this.#tail = 0;
    } else if (this.#head >= CUT_AT) this.#close();
    return client;
  }

  // Under lasting overload the queue is never empty: what waits moves to the front now and then.
  #close(): void {
    this.#clients.copyWithin(0, this.#head, this.#tail);
    const left = this.#tail - this.#head;
    this.#clients.fill(undefined, left, this.#tail);
    this.#head = 0;
    this.#tail = left;
  }
}

function emptyBuckets(mode: Mode): Bucket[] {
  return Array.from({ length: PHASES[mode] }, () => ({ cohorts: [], loners: [], clients: 0 }));
}

function enter(among: Paced[], client: Paced, mode: Mode, phase: number): void {
  client.pace = { mode, phase, among, index: among.length, queued: false, queuedTick: 0, joins: undefined };
  among.push(client);
}

// An entry that still waits in a queue is passed over.
function leave(client: Paced): void {
  const { pace: slot } = client;
  if (slot === undefined) return;
  client.pace = undefined;
  const last = slot.among.pop();
  if (last === undefined || last === client || last.pace === undefined) return;
  slot.among[slot.index] = last;
  last.pace.index = slot.index;
}

function deferToImmediate(run: () => void): () => void {
  const handle = setImmediate(run);
  return () => clearImmediate(handle);
}
