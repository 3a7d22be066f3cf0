/**
 * One policy per server, through which every request to it goes: bulkhead(retry(breaker(timeout))), after the rate
 * limit. It outlives connections, so that a server that keeps failing is left alone for a while however often it is
 * connected to. The only folder that knows cockatiel.
 */
import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  CircuitState,
  handleWhen,
  retry,
  type BulkheadPolicy,
  type CircuitBreakerPolicy,
  type RetryPolicy,
} from 'cockatiel';
import type { CircuitReport } from '../../../model/server.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { ResilienceConfig, UpstreamConfig } from '../../../platform/config/schema.ts';
import { SwarmcastError } from '../../../platform/errors.ts';
import { CircuitOpenError, OverloadedError, RequestTimeoutError, TooManyRequestsError } from '../errors.ts';
import { AttemptSignals } from './attempt-signals.ts';
import { CircuitTimer } from './circuit-timer.ts';
import { createPolicyCounts, type PolicyStats } from './policy-stats.ts';
import { RateLimit } from './rate-limit.ts';
import { RetryDelays } from './retry-delays.ts';
import { TripRule } from './trip-rule.ts';

export interface PolicyOptions {
  resilience: ResilienceConfig;
  limits: UpstreamConfig;
  clock: Clock;
  /** 0 ≤ x < 1, for jitter. */
  random: () => number;
  /** False while nothing is tried a second time. */
  mayRetry: () => boolean;
  /** The circuit changed its state. */
  onCircuit: (circuit: CircuitReport) => void;
}

export interface RequestOptions {
  /** Names the request in errors. */
  name: string;
  /** True only where asking twice does no more than asking once. */
  repeat: boolean;
  signal: AbortSignal;
  /** Each attempt that failed, also where another follows. */
  onFailure?: ((error: unknown) => void) | undefined;
}

/** Values that may be adapted while running; each within bounds that the caller keeps. */
export interface Tuning {
  retryMinMs: number;
  failureThreshold: number;
}

/** The caller gave up: neither success nor failure of the server. */
class GivenUp extends Error {}

const STATES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
} as const;

/** Shared by all connections of one server. No timers of its own; what it waits for ends with the request's signal. */
export class ServerPolicy {
  readonly tuning: Tuning;
  readonly #options: PolicyOptions;
  readonly #bulkhead: BulkheadPolicy;
  readonly #retry: RetryPolicy;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #rule: TripRule;
  readonly #timer: CircuitTimer;
  readonly #rate: RateLimit;
  readonly #counts = createPolicyCounts();
  readonly #signals = new AttemptSignals();
  #circuit: CircuitReport;
  #enteredAt: number;
  #resets = 0;
  #isResetting = false;

  constructor(options: PolicyOptions) {
    const { resilience, limits, clock } = options;
    const now = (): number => clock.monotonic();
    this.#options = options;
    this.tuning = { retryMinMs: resilience.retry_min_ms, failureThreshold: resilience.failure_threshold };
    this.#rate = new RateLimit(limits.requests_per_second, now);
    this.#bulkhead = bulkhead(limits.max_in_flight, limits.max_queued);
    this.#retry = retry(handleWhen(isWorthRepeating), {
      maxAttempts: resilience.retry_attempts - 1,
      backoff: new RetryDelays({
        minMs: () => this.tuning.retryMinMs,
        maxMs: resilience.retry_max_ms,
        jitter: resilience.retry_jitter,
        random: options.random,
      }),
    }).dangerouslyUnref();
    this.#timer = new CircuitTimer(resilience.recovery_ms, now);
    this.#rule = new TripRule({
      failureThreshold: () => this.tuning.failureThreshold,
      errorRate: resilience.error_rate,
      windowMs: resilience.window_ms,
      minimumRequests: resilience.minimum_requests,
      now,
    });
    // While half open, a request that its caller gave up on proves nothing: cockatiel would take it for a success.
    const counts = (error: unknown): boolean =>
      !(error instanceof GivenUp) || this.#breaker.state === CircuitState.HalfOpen;
    this.#breaker = circuitBreaker(handleWhen(counts), {
      breaker: this.#rule,
      halfOpenAfter: this.#timer,
      halfOpenSampling: { calls: resilience.success_threshold, threshold: 0 },
    });
    this.#circuit = { state: 'closed', trips_total: 0, recoveries_total: 0, since_ms: clock.now() };
    this.#enteredAt = now();
    this.#breaker.onStateChange((state) => {
      if (!this.#isResetting) this.#enter(STATES[state], state === CircuitState.Closed);
    });
  }

  get circuit(): CircuitReport {
    return this.#circuit;
  }

  /** Time until an open circuit lets requests try again; 0 when nothing is refused. */
  get refusesForMs(): number {
    return this.#circuit.state === 'open' ? this.#timer.remainingMs : 0;
  }

  /**
   * One request: waits for its turn, tries, and tries again where that is safe. `work` may run several times; its signal
   * ends with the caller's or at the time limit, and must reach the socket.
   * @throws {@link CircuitOpenError} at once while the circuit is open, {@link TooManyRequestsError} when too many wait,
   * {@link RequestTimeoutError}, the signal's reason, and what `work` throws.
   */
  async request<T>(options: RequestOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.admit(options.signal, () => this.exchange(options, work));
  }

  /**
   * One request within the bounds of what may be asked in a second, be in flight and wait: runs `work` when it is its
   * turn. What is sent meanwhile goes through {@link exchange}, alone or several requests in one message.
   * @throws {@link CircuitOpenError}, {@link TooManyRequestsError}, the signal's reason, and what `work` throws.
   */
  async admit<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.refusesForMs > 0) throw this.#refusal();
    this.#counts.requests += 1;
    try {
      return await this.#inTurn(signal, async () => {
        const waitMs = this.#turn();
        if (waitMs > 0) await sleep(waitMs, signal);
        return work();
      });
    } catch (error) {
      signal.throwIfAborted();
      throw this.#translated(error);
    }
  }

  /** One message and its reply, for requests that were admitted: retry(circuit(time limit)). @throws as {@link request} */
  async exchange<T>(options: RequestOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, repeat } = options;
    let attempts = 0;
    const onFailure = (error: unknown): void => {
      this.#counts.attemptFailures += 1;
      options.onFailure?.(error);
    };
    const attempt = async (): Promise<T> => {
      attempts += 1;
      if (attempts > 1) this.#counts.retries += 1;
      return this.#guarded(() => this.#limited(options, work), { signal, onFailure });
    };
    try {
      const result = await (repeat ? this.#repeated(attempt, signal) : attempt());
      this.#finish(true, attempts);
      return result;
    } catch (error) {
      this.#finish(false, attempts);
      throw error;
    }
  }

  /**
   * One attempt to connect: its success and failure count like a request's; it has its own time limit.
   * @throws {@link CircuitOpenError}, the signal's reason, and what `work` throws.
   */
  async connect<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#guarded(work, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw this.#translated(error);
    }
  }

  /** Closes the circuit, whatever led to it. That is no recovery: nothing was proven. */
  reset(): void {
    this.#isResetting = true;
    this.#breaker.isolate().dispose();
    this.#isResetting = false;
    this.#rule.forget();
    this.#resets += 1;
    if (this.#circuit.state !== 'closed') this.#enter('closed');
  }

  stats(): PolicyStats {
    const { successes, failures } = this.#rule.window();
    const { state, trips_total, recoveries_total } = this.#circuit;
    const { max_in_flight, max_queued } = this.#options.limits;
    return {
      ...this.#counts,
      circuitState: state === 'closed' ? 0 : state === 'half_open' ? 1 : 2,
      circuitTrips: trips_total,
      circuitRecoveries: recoveries_total,
      circuitResets: this.#resets,
      circuitTimeInStateMs: this.#options.clock.monotonic() - this.#enteredAt,
      windowSuccesses: successes,
      windowFailures: failures,
      maxInFlight: max_in_flight,
      maxQueued: max_queued,
      inFlight: max_in_flight - this.#bulkhead.executionSlots,
      queued: max_queued - this.#bulkhead.queueSlots,
      retryAttempts: this.#options.resilience.retry_attempts,
      retryMinMs: this.tuning.retryMinMs,
      failureThreshold: this.tuning.failureThreshold,
    };
  }

  async #guarded<T>(
    work: () => Promise<T>,
    { signal, onFailure }: Pick<RequestOptions, 'signal' | 'onFailure'>,
  ): Promise<T> {
    return this.#breaker.execute(async () => {
      try {
        signal.throwIfAborted();
        const result = await work();
        this.#counts.successes += 1;
        return result;
      } catch (error) {
        if (signal.aborted) throw new GivenUp('given up by the caller', { cause: error });
        this.#counts.failures += 1;
        onFailure?.(error);
        throw error;
      }
    }, signal);
  }

  /** Within the bounds of what may be in flight and wait. */
  async #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const isFree = this.#bulkhead.executionSlots > 0;
    const turn = this.#bulkhead.execute(work, signal);
    return isFree ? turn : orAbort(turn, signal);
  }

  /** The first attempt goes straight: nearly all succeed, and what it takes to repeat costs more than a small request. */
  async #repeated<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let first: { error: unknown } | undefined;
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !isWorthRepeating(error) || !this.#options.mayRetry()) throw error;
      first = { error };
    }
    const again = this.#retry.execute(async () => {
      if (first === undefined) return attempt();
      const { error } = first;
      first = undefined;
      throw error;
    }, signal);
    return orAbort(again, signal);
  }

  /** Not cockatiel's timeout, which listens to the caller's signal anew for each attempt: it cost half of a round trip. */
  async #limited<T>({ name, signal }: RequestOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limitMs = this.#options.limits.request_timeout_ms;
    const attempt = this.#signals.open(signal);
    const timer = setTimeout(() => attempt.abort(), limitMs);
    try {
      return await work(attempt.signal);
    } catch (error) {
      if (!attempt.signal.aborted || signal.aborted) throw error;
      throw new RequestTimeoutError(`no reply to ${name} within ${limitMs} ms`, { cause: error });
    } finally {
      clearTimeout(timer);
      this.#signals.close(signal, attempt);
    }
  }

  /** Time until the request may go. @throws {@link TooManyRequestsError} when that is too long */
  #turn(): number {
    const waitMs = this.#rate.take();
    if (waitMs === 0) return 0;
    this.#counts.rateLimited += 1;
    if (waitMs <= this.#options.limits.request_timeout_ms) return waitMs;
    this.#rate.giveBack();
    throw new TooManyRequestsError(`more than ${this.#options.limits.requests_per_second} requests per second`);
  }

  #finish(succeeded: boolean, attempts: number): void {
    this.#counts.attempts += attempts;
    if (attempts < 2) return;
    if (succeeded) this.#counts.retriedSuccesses += 1;
    else this.#counts.retriedFailures += 1;
    if (attempts >= this.#options.resilience.retry_attempts) this.#counts.maxAttemptsReached += 1;
  }

  #translated(error: unknown): unknown {
    if (error instanceof BrokenCircuitError) return this.#refusal(error);
    if (error instanceof BulkheadRejectedError) {
      this.#counts.rejected += 1;
      return new TooManyRequestsError('too many requests wait for this server', { cause: error });
    }
    return error;
  }

  #refusal(cause?: unknown): CircuitOpenError {
    this.#counts.refused += 1;
    const seconds = (this.refusesForMs / 1_000).toFixed(1);
    return new CircuitOpenError(`the circuit is open for another ${seconds} s`, { cause });
  }

  #enter(state: CircuitReport['state'], hasRecovered = false): void {
    const before = this.#circuit;
    this.#enteredAt = this.#options.clock.monotonic();
    this.#circuit = {
      state,
      trips_total: before.trips_total + (state === 'open' ? 1 : 0),
      recoveries_total: before.recoveries_total + (hasRecovered ? 1 : 0),
      since_ms: this.#options.clock.now(),
      ...(state === 'open' ? { retry_at_ms: this.#options.clock.now() + this.#timer.remainingMs } : {}),
    };
    this.#options.onCircuit(this.#circuit);
  }
}

/** Another try may go better soon: not with an open circuit, and not with a server that asks for rest. */
function isWorthRepeating(error: unknown): boolean {
  if (error instanceof CircuitOpenError || error instanceof OverloadedError) return false;
  return error instanceof SwarmcastError && error.retryable;
}

/** What cockatiel waits for (its turn, the next try) it waits for whatever the signal says: the caller doesn't. */
async function orAbort<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(reasonOf(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new GivenUp('aborted', { cause: signal.reason });
}
