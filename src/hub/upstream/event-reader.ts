/** From what a server says to the sink: the dialect reads, the result is cleaned, pushed events go out in batches. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Observation } from '../../model/observation.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Call, DialectSession, Outcome } from './dialects/dialect.ts';
import { cleanObservations } from './clean-observations.ts';
import type { ServerTurn } from './fair-turns.ts';
import { fingerprint } from './fingerprint.ts';
import { Inbox } from './inbox.ts';
import { countFindings, endFindings, startFindings } from './screen-text.ts';
import type { UpstreamCounts } from './upstream-stats.ts';
import type { UpstreamSink } from './upstream-sink.ts';

/** Observations that are told at once: a fraction of a server's turn. */
const SLICE = 64;
/** Messages that wait for their server's turn at most. */
const MAX_MESSAGES = 1_000;
/** Observations that wait at most; then all are told, whoever has to wait for it: none of them may be lost. */
const MAX_WAITING = 20_000;

export interface EventReaderOptions {
  serverId: string;
  session: DialectSession;
  sink: UpstreamSink;
  clock: Clock;
  counts: UpstreamCounts;
  /** The server's share of the thread; undefined: all is told at once. */
  turn?: ServerTurn | undefined;
  /** A dialect failed to read something: bounded words for the log. */
  onUnreadable(error: unknown): void;
}

const SETTLE_TURN_MS = 5;
const SETTLE_TURNS = 100;

/** Reads for one connection. A payload that makes a dialect throw is counted and skipped. */
export class EventReader {
  readonly #options: EventReaderOptions;
  readonly #inbox: Inbox;
  #inboxAtMs = 0;
  #gathered: Observation[] = [];
  #gatheredAtMs = 0;
  #gathering = false;

  constructor(options: EventReaderOptions) {
    this.#options = options;
    const { counts } = options;
    this.#inbox = new Inbox({
      maxMessages: MAX_MESSAGES,
      onDropped: () => {
        counts.messagesDropped += 1;
      },
      onMerged: () => {
        counts.factsMerged += 1;
      },
    });
  }

  get session(): DialectSession {
    return this.#options.session;
  }

  /** Reads a reply; returns the fingerprint of what it said. */
  reply(call: Call, outcome: Outcome): number {
    const { session, clock, counts } = this.#options;
    const atMs = clock.now();
    let observations: Observation[] = [];
    try {
      observations = countFindings(counts, () => session.read(call, outcome, atMs));
    } catch (error) {
      this.#unreadable(error);
    }
    this.observe(observations, atMs);
    return fingerprint(observations);
  }

  push(event: unknown): void {
    const { counts, session } = this.#options;
    counts.pushes += 1;
    startFindings();
    try {
      const observations = session.readPush(event, this.#atMs());
      this.#gather(session.pushesAreClean === true ? observations : this.#cleaned(observations));
    } catch (error) {
      this.#unreadable(error);
    } finally {
      endFindings(counts);
    }
  }

  noise(line: string): void {
    const { counts, session } = this.#options;
    try {
      this.#gather(countFindings(counts, () => this.#cleaned(session.readNoise(line, this.#atMs()))));
    } catch (error) {
      this.#unreadable(error);
    }
  }

  /** Sends observations on, cleaned; when the server has had its time, in its next turn. */
  observe(observations: readonly Observation[], atMs: number): void {
    if (observations.length === 0) return;
    this.#admit(
      countFindings(this.#options.counts, () => this.#cleaned(observations)),
      atMs,
    );
  }

  #cleaned(observations: readonly Observation[]): Observation[] {
    const { kept, refused } = cleanObservations(observations);
    this.#options.counts.refusedObservations += refused;
    return kept;
  }

  /** Takes what is clean. */
  #admit(kept: Observation[], atMs: number): void {
    const { turn, counts } = this.#options;
    if (turn === undefined || (this.#inbox.size === 0 && kept.length <= SLICE && turn.mayWork)) {
      this.#tell(kept, atMs);
      return;
    }
    const before = this.#inbox.size;
    for (const observation of kept) this.#inbox.add(observation);
    this.#inboxAtMs = atMs;
    counts.waitingObservations += this.#inbox.size - before;
    if (this.#inbox.size > MAX_WAITING) {
      counts.inboxesFull += 1;
      this.#take(Infinity);
    } else if (before === 0 && this.resume()) turn.wait(this);
  }

  /** Tells what the server's turn allows of what waits; true when something is left. */
  resume(): boolean {
    while (this.#inbox.size > 0 && this.#options.turn?.mayWork !== false) this.#take(SLICE);
    return this.#inbox.size > 0;
  }

  /** Resolves when all that was said until now is told, or after half a second: a server that floods may not hold up more. */
  async settled(): Promise<void> {
    for (let turns = 0; turns < SETTLE_TURNS && this.#inbox.size > 0; turns++) await delay(SETTLE_TURN_MS);
  }

  /** The connection ended: what it said before is told at once. */
  end(): void {
    this.#flush();
    this.#take(Infinity);
    this.#options.turn?.leave(this);
  }

  /** The end was told: what is left is of no use. */
  discard(): void {
    this.#gathered = [];
    this.#options.counts.waitingObservations -= this.#inbox.size;
    this.#inbox.take(Infinity);
    this.#options.turn?.leave(this);
  }

  #take(max: number): void {
    const before = this.#inbox.size;
    const taken = this.#inbox.take(max);
    this.#options.counts.waitingObservations += this.#inbox.size - before;
    this.#tell(taken, this.#inboxAtMs);
  }

  #tell(observations: Observation[], atMs: number): void {
    if (observations.length === 0) return;
    const { turn, sink, serverId } = this.#options;
    const tell = (): void => sink.observe({ server_id: serverId, at_ms: atMs, observations });
    if (turn === undefined) tell();
    else turn.work(tell);
  }

  /** Events of one read of the socket become few batches, of one time: a chunk of bytes bounds them. */
  #gather(observations: readonly Observation[]): void {
    for (const observation of observations) this.#gathered.push(observation);
    if (this.#gathered.length >= SLICE) this.#flush();
  }

  #flush(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#admit(gathered, this.#gatheredAtMs);
  }

  /** The time of the batch that is being gathered, which the first event begins. */
  #atMs(): number {
    if (this.#gathering) return this.#gatheredAtMs;
    this.#gathering = true;
    this.#gatheredAtMs = this.#options.clock.now();
    queueMicrotask(() => {
      this.#gathering = false;
      this.#flush();
    });
    return this.#gatheredAtMs;
  }

  #unreadable(error: unknown): void {
    this.#options.counts.unreadable += 1;
    this.#options.onUnreadable(error);
  }
}
