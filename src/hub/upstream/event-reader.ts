/** From what a server says to the sink: the dialect reads, the result is cleaned, pushed events go out in batches. */
import type { Observation } from '../../model/observation.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Call, DialectSession, Outcome } from './dialects/dialect.ts';
import { cleanObservations } from './clean-observations.ts';
import { fingerprint } from './fingerprint.ts';
import type { UpstreamCounts } from './upstream-stats.ts';
import type { UpstreamSink } from './upstream-sink.ts';

export interface EventReaderOptions {
  serverId: string;
  session: DialectSession;
  sink: UpstreamSink;
  clock: Clock;
  counts: UpstreamCounts;
  /** A dialect failed to read something: bounded words for the log. */
  onUnreadable(error: unknown): void;
}

/** Reads for one connection. A payload that makes a dialect throw is counted and skipped. */
export class EventReader {
  readonly #options: EventReaderOptions;
  #gathered: Observation[] = [];
  #gatheredAtMs = 0;
  #gathering = false;

  constructor(options: EventReaderOptions) {
    this.#options = options;
  }

  get session(): DialectSession {
    return this.#options.session;
  }

  /** Reads a reply; returns the fingerprint of what it said. */
  reply(call: Call, outcome: Outcome): number {
    const { session, clock } = this.#options;
    const atMs = clock.now();
    let observations: Observation[] = [];
    try {
      observations = session.read(call, outcome, atMs);
    } catch (error) {
      this.#unreadable(error);
    }
    this.observe(observations, atMs);
    return fingerprint(observations);
  }

  push(event: unknown): void {
    const { counts, session } = this.#options;
    counts.pushes += 1;
    try {
      this.#gather(session.readPush(event, this.#atMs()));
    } catch (error) {
      this.#unreadable(error);
    }
  }

  noise(line: string): void {
    try {
      this.#gather(this.#options.session.readNoise(line, this.#atMs()));
    } catch (error) {
      this.#unreadable(error);
    }
  }

  /** Sends observations on, cleaned. */
  observe(observations: readonly Observation[], atMs: number): void {
    if (observations.length === 0) return;
    const { kept, refused } = cleanObservations(observations);
    this.#options.counts.refusedObservations += refused;
    if (kept.length === 0) return;
    this.#options.sink.observe({ server_id: this.#options.serverId, at_ms: atMs, observations: kept });
  }

  /** Events of one read of the socket become one batch, of one time: a chunk of bytes bounds it. */
  #gather(observations: readonly Observation[]): void {
    for (const observation of observations) this.#gathered.push(observation);
  }

  /** The time of the batch that is being gathered, which the first event begins. */
  #atMs(): number {
    if (this.#gathering) return this.#gatheredAtMs;
    this.#gathering = true;
    this.#gatheredAtMs = this.#options.clock.now();
    queueMicrotask(() => {
      const gathered = this.#gathered;
      this.#gathered = [];
      this.#gathering = false;
      this.observe(gathered, this.#gatheredAtMs);
    });
    return this.#gatheredAtMs;
  }

  #unreadable(error: unknown): void {
    this.#options.counts.unreadable += 1;
    this.#options.onUnreadable(error);
  }
}
