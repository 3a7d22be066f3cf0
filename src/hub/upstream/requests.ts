/** The requests of one connected server: each through policy and pool, counted, read, and heard as evidence of health. */
import { OverloadedError, RequestTimeoutError } from './errors.ts';
import type { BatchSupport } from './batch-support.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ServerConfig, UpstreamConfig } from '../../platform/config/schema.ts';
import type { CallTracer } from '../../platform/telemetry/call-tracer.ts';
import type { Cadence, Call, Outcome } from './dialects/dialect.ts';
import type { EventReader } from './event-reader.ts';
import { Gathering } from './gathering.ts';
import type { HealthEvent } from './health.ts';
import { tracedServer } from './open-transport.ts';
import { outcomesOfBatch } from './outcome.ts';
import type { PollReply } from './poller.ts';
import type { ServerPolicy } from './resilience/policy.ts';
import type { Session } from './session.ts';
import type { SessionPool } from './session-pool.ts';
import type { UpstreamCounts } from './upstream-stats.ts';

export interface RequestsOptions {
  server: ServerConfig;
  limits: UpstreamConfig;
  clock: Clock;
  counts: UpstreamCounts;
  policy: ServerPolicy;
  pool: SessionPool;
  reader: EventReader;
  batches: BatchSupport;
  tracer?: CallTracer | undefined;
  /** Requests without a reply, in a row, after which `onHanging` is called. */
  unhealthyThreshold: number;
  /** After each answered call. */
  onAnswered(): void;
  onHealth(event: HealthEvent): void;
  /** It hangs, or the connection is half open. */
  onHanging(why: string): void;
  /** Batches are not made on this connection. */
  onNoBatches(why: string): void;
}

/** `repeat`: asking twice does no more than asking once. */
export interface CallOptions {
  signal: AbortSignal;
  repeat: boolean;
}

/** What a call brought: the answer, and what a poll has to know of it. */
export interface Answer {
  outcome: Outcome;
  reply: PollReply;
}

export class Requests {
  readonly #options: RequestsOptions;
  #timeouts = 0;
  #lastRoundTripMs: number | undefined;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  get lastRoundTripMs(): number | undefined {
    return this.#lastRoundTripMs;
  }

  /** One call. @throws as {@link ServerPolicy.request} and Session.call */
  async one(call: Call, options: CallOptions): Promise<Answer> {
    return this.#options.policy.request(this.#requestOptions([call], options), (signal) =>
      this.#attempt(call, options.repeat, signal),
    );
  }

  /**
   * The calls of a poll's round, which may all be repeated: one after the other, or in batches where the server takes
   * them. The first of a fast round is the probe. @throws the first error, which ends the round
   */
  async round(calls: readonly Call[], cadence: Cadence, signal: AbortSignal): Promise<PollReply[]> {
    const probe = cadence === 'fast' ? calls[0] : undefined;
    const size = this.#options.limits.batch_size;
    const replies: PollReply[] = [];
    for (let at = 0; at < calls.length; at += size) {
      const next = calls.slice(at, at + size);
      const canBatch = next.length > 1 && this.#options.batches.mayTry;
      replies.push(...(await (canBatch ? this.#together(next, probe, signal) : this.#inOrder(next, probe, signal))));
    }
    return replies;
  }

  async #inOrder(calls: readonly Call[], probe: Call | undefined, signal: AbortSignal): Promise<PollReply[]> {
    const replies: PollReply[] = [];
    for (const call of calls) {
      signal.throwIfAborted();
      const answer = await this.one(call, { signal, repeat: true });
      if (call === probe) this.#probed(call, answer);
      replies.push(answer.reply);
    }
    return replies;
  }

  /** Limits count each call. A batch is one message: it is answered, lost and repeated as one. */
  async #together(calls: readonly Call[], probe: Call | undefined, signal: AbortSignal): Promise<PollReply[]> {
    const { limits, policy } = this.#options;
    const gathering = new Gathering<Answer>({
      expected: calls.length,
      waitMs: limits.batch_wait_ms,
      send: (batch) => this.#send(batch, signal),
    });
    const asked = calls.map(async (call) => {
      let joined = false;
      try {
        const answer = await policy.admit(signal, () => {
          joined = true;
          return gathering.join(call);
        });
        if (call === probe) this.#probed(call, answer);
        return answer.reply;
      } catch (error) {
        if (!joined) gathering.miss();
        throw error;
      }
    });
    const replies = await Promise.allSettled(asked);
    return replies.map((settled) => {
      if (settled.status === 'rejected') throw settled.reason;
      return settled.value;
    });
  }

  async #send(calls: readonly Call[], signal: AbortSignal): Promise<Answer[]> {
    const { batches } = this.#options;
    if (calls.length > 1 && batches.mayTry) {
      const answers = batches.isProven ? await this.#batch(calls, signal) : await this.#firstBatch(calls, signal);
      if (answers !== undefined) return answers;
    }
    const answers: Answer[] = [];
    for (const call of calls) {
      const options = this.#requestOptions([call], { signal, repeat: true });
      answers.push(await this.#options.policy.exchange(options, (stop) => this.#attempt(call, true, stop)));
    }
    return answers;
  }

  /** Whoever does not know batches may be silent: then the calls go one by one. */
  async #firstBatch(calls: readonly Call[], signal: AbortSignal): Promise<Answer[] | undefined> {
    try {
      return await this.#batch(calls, signal);
    } catch (error) {
      if (!(error instanceof RequestTimeoutError)) throw error;
      this.#options.onNoBatches(error.message);
      return undefined;
    }
  }

  /** Undefined when the server does not take batches. */
  async #batch(calls: readonly Call[], signal: AbortSignal): Promise<Answer[] | undefined> {
    const { policy, batches, clock, counts, pool } = this.#options;
    const options = this.#requestOptions(calls, { signal, repeat: batches.isProven });
    const { outcome, roundTripMs } = await policy.exchange(options, async (stop) => {
      counts.calls += calls.length;
      const startedAt = clock.monotonic();
      const reply = await pool.use('any', (session) => {
        batches.sent();
        return this.#trace('batch', undefined, () => session.batch(calls, stop));
      });
      return { outcome: reply, roundTripMs: clock.monotonic() - startedAt };
    });
    const answered = outcome.ok ? outcomesOfBatch(outcome.payload, calls) : undefined;
    if (answered === undefined) {
      batches.refused();
      counts.failures += calls.length;
      this.#timeouts = 0;
      this.#options.onNoBatches(outcome.ok ? 'the answer is not a result for each call' : outcome.message);
      return undefined;
    }
    batches.took();
    counts.batches += 1;
    counts.batchedCalls += calls.length;
    return answered.map((each) => this.#answered(each.call, each.outcome, roundTripMs));
  }

  async #attempt(call: Call, repeat: boolean, signal: AbortSignal): Promise<Answer> {
    const { clock, counts, pool } = this.#options;
    counts.calls += 1;
    const startedAt = clock.monotonic();
    const outcome = await pool.use(repeat ? 'any' : 'lead', (session) => this.#ask(session, call, signal));
    return this.#answered(call, outcome, clock.monotonic() - startedAt);
  }

  /** In a span, where calls are traced. */
  #ask(session: Session, call: Call, signal: AbortSignal): Promise<Outcome> {
    if (this.#options.tracer === undefined) return session.call(call, signal);
    const [method, tool] = call.kind === 'tool' ? ['tools/call', call.tool] : [call.method];
    return this.#trace(method, tool, (meta) => session.call(call, signal, meta));
  }

  #trace(
    method: string,
    tool: string | undefined,
    run: (meta?: Record<string, string>) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { tracer, server } = this.#options;
    return tracer === undefined ? run() : tracer.trace({ method, tool, server: tracedServer(server) }, run);
  }

  #answered(call: Call, outcome: Outcome, roundTripMs: number): Answer {
    const { counts, reader } = this.#options;
    if (!outcome.ok) counts.failures += 1;
    this.#lastRoundTripMs = roundTripMs;
    this.#timeouts = 0;
    this.#options.onAnswered();
    return { outcome, reply: { roundTripMs, fingerprint: reader.reply(call, outcome) } };
  }

  #probed(call: Call, { outcome, reply }: Answer): void {
    const atMs = this.#options.clock.now();
    const method = nameOf(call);
    if (outcome.ok) this.#options.onHealth({ kind: 'success', atMs, method, latencyMs: reply.roundTripMs });
    else this.#options.onHealth({ kind: 'failure', atMs, method, error: outcome.message });
  }

  #requestOptions(calls: readonly Call[], { signal, repeat }: CallOptions) {
    const name = nameOfAll(calls);
    return { name, signal, repeat, onFailure: (error: unknown) => this.#failed(name, calls.length, error) };
  }

  #failed(name: string, calls: number, error: unknown): void {
    const { counts, clock, unhealthyThreshold } = this.#options;
    counts.failures += calls;
    const isTimeout = error instanceof RequestTimeoutError;
    if (!isTimeout && !(error instanceof OverloadedError)) return;
    this.#options.onHealth({ kind: 'failure', atMs: clock.now(), method: name, error: error.message });
    if (!isTimeout) return;
    this.#timeouts += 1;
    // It hangs, or the connection is half open: only a new one can tell.
    if (this.#timeouts === unhealthyThreshold)
      this.#options.onHanging(`${unhealthyThreshold} requests in a row had no reply`);
  }
}

function nameOf(call: Call): string {
  return call.kind === 'tool' ? `tools/call ${call.tool}` : call.method;
}

function nameOfAll(calls: readonly Call[]): string {
  const [first] = calls;
  const name = first === undefined ? 'nothing' : nameOf(first);
  return calls.length > 1 ? `batch of ${calls.length} (${name}, …)` : name;
}
