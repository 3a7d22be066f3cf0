/**
 * Supervision of one server: connects, identifies, listens, and connects again when it ends. Owns the server's health
 * and its counts. What happens while connected is live-connection.ts.
 */
import type { Clock } from '../../platform/clock.ts';
import type { ResilienceConfig, ServerConfig, UpstreamConfig } from '../../platform/config/schema.ts';
import type { CallTracer } from '../../platform/telemetry/call-tracer.ts';
import type { Logger } from '../../platform/telemetry/log.ts';
import { BatchMemory } from './batch-support.ts';
import { deferred } from './deferred.ts';
import type { Call, Dialect, Outcome } from './dialects/dialect.ts';
import { AuthenticationError, describeError, NotConnectedError, UntrustedServerError } from './errors.ts';
import { healthScore, type HealthEvent } from './health.ts';
import type { ServerTurn } from './fair-turns.ts';
import { HealthReporter } from './health-reporter.ts';
import { openLive, type LiveConnection } from './live-connection.ts';
import type { OpenSource } from './observation-source.ts';
import { describeEndpoint } from './open-transport.ts';
import type { DegradationLevel } from '../../model/health.ts';
import type { CircuitReset, ProbeAnswer, ProbeOutcome } from '../../model/probe.ts';
import type { CircuitReport } from '../../model/server.ts';
import { SWITCHED_OFF, type SwitchedOff } from '../../model/switched-off.ts';
import { ProbeNow } from './probe-now.ts';
import { adapt, type Adaptation } from './resilience/adapt.ts';
import { ServerPolicy } from './resilience/policy.ts';
import { ReconnectBackoff } from './resilience/reconnect-backoff.ts';
import { createUpstreamCounts, type UpstreamCounts, type UpstreamStats } from './upstream-stats.ts';
import type { UpstreamSink } from './upstream-sink.ts';

export interface UpstreamOptions {
  server: ServerConfig;
  limits: UpstreamConfig;
  resilience: ResilienceConfig;
  sink: UpstreamSink;
  dialects: readonly Dialect[];
  clock: Clock;
  log: Logger;
  /** Child processes get their working directories below it. */
  scratchRoot: string;
  /** 0 ≤ x < 1, for the jitter of reconnects. */
  random?: (() => number) | undefined;
  openSource?: OpenSource | undefined;
  /** The server's share of the hub's thread; undefined: it has it alone. */
  turn?: ServerTurn | undefined;
  /** Of the whole gateway, which decides what is left undone; undefined before there is one. */
  level?: (() => DegradationLevel | undefined) | undefined;
  /** Undefined: calls are not traced. */
  tracer?: CallTracer | undefined;
}

/** One supervised server, until disposed. */
export interface Upstream extends AsyncDisposable {
  readonly serverId: string;
  /**
   * For the owner of the server's process: calls a tool, lets the dialect read the reply, and asks for a prompt poll.
   * @throws {@link NotConnectedError} while not online; RequestTimeoutError, ConnectionClosedError.
   */
  callTool(tool: string, args: Record<string, unknown>): Promise<Outcome>;
  /** What is known of the server while it is online. */
  connected(): Connected | undefined;
  /**
   * One call for a control operation. Writes go one at a time and are followed by a prompt poll. `repeat`: asking twice
   * does no more than asking once.
   * @throws {@link NotConnectedError} while not online, CircuitOpenError; RequestTimeoutError, ConnectionClosedError.
   */
  call(call: Call, options: CallKind): Promise<Outcome>;
  /** Asks for the state that polls ask for, now. @throws as {@link Upstream.call} */
  refresh(): Promise<void>;
  /** Subscribes anew where the server can push, and polls. @throws {@link NotConnectedError} */
  restartTelemetry(): Promise<'push' | 'poll'>;
  /** Connects or polls now instead of in its time; at most once a second. */
  hurry(): void;
  /**
   * Asks now, on the path and within the time limits of real work: connects where there is no connection. Heeds the
   * circuit. Whoever asks meanwhile shares the answer.
   */
  probe(): Promise<ProbeAnswer>;
  /** Closes the circuit and forgets what led to it; health stays as the evidence has it. Asks the server at once. */
  resetCircuit(): CircuitReset;
  /**
   * From now on calls are refused; resolves when those under way have ended, or after `limitMs`. How many had not.
   * Disposal comes after it.
   */
  drain(limitMs: number): Promise<number>;
  stats(): UpstreamStats;
}

export interface CallKind {
  kind: 'read' | 'write';
  repeat: boolean;
}

/** A server that is online, as control needs to know it. */
export interface Connected {
  dialect: Dialect;
  /** Empty where it lists none. */
  tools: ReadonlySet<string>;
}

/** `hurry` more often than this changes nothing. */
const HURRY_GAP_MS = 1_000;

/** How often values are fitted to what is measured. */
const ADAPT_MS = 5_000;
const QUIET_POOL = 3;
/** One side does not trust the other: that takes people, who look at it and probe, or reload, when they are done. */
const REFUSED_RETRY_MS = 30_000;

/** Introduces the server to the sink and begins to connect. */
export function startUpstream(options: UpstreamOptions): Upstream {
  return new SupervisedUpstream(options);
}

type State =
  | { name: 'connecting'; attempt: number }
  | { name: 'online'; live: LiveConnection; end: () => void }
  | { name: 'waiting'; attempt: number; wake: () => void }
  | { name: 'stopped' };

class SupervisedUpstream implements Upstream {
  readonly serverId: string;
  readonly #options: UpstreamOptions;
  readonly #counts: UpstreamCounts;
  readonly #backoff: ReconnectBackoff;
  readonly #health: HealthReporter;
  readonly #policy: ServerPolicy;
  readonly #probe: ProbeNow;
  readonly #batches = new BatchMemory();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #state: State = { name: 'connecting', attempt: 0 };
  #lastRoundTripMs: number | undefined;
  #hurriedAt = Number.NEGATIVE_INFINITY;
  #connections = 0;
  #attempts = 0;
  #onlineAt: number | undefined;
  /** Calls of control operations. */
  #underWay = 0;
  #onIdle: (() => void) | undefined;
  #draining = false;
  /** The last attempt to connect failed of who is who. */
  #isRefused = false;
  #latencyMs: number | undefined;
  #poolMax: number;
  #adaptations = 0;
  readonly #adaptTimer: NodeJS.Timeout | undefined;

  constructor(options: UpstreamOptions) {
    const { server, sink, limits, resilience, clock, random = Math.random } = options;
    this.serverId = server.id;
    this.#options = options;
    this.#counts = createUpstreamCounts();
    this.#backoff = new ReconnectBackoff({
      minMs: limits.reconnect_min_ms,
      maxMs: limits.reconnect_max_ms,
      random,
    });
    const { id, type, simulated, transport } = server;
    sink.addServer({ id, type, simulated, transport, endpoint: describeEndpoint(server) });
    const onCircuit = (circuit: CircuitReport): void => this.#onCircuit(circuit);
    const mayRetry = (): boolean => !this.#isOff('retries');
    this.#policy = new ServerPolicy({ resilience, limits, clock, random, onCircuit, mayRetry });
    sink.identify(id, { circuit: this.#policy.circuit });
    this.#health = new HealthReporter({
      serverId: id,
      sink,
      clock,
      windowMs: () => this.#healthWindowMs(),
      thresholds: { healthy: resilience.healthy_threshold, unhealthy: resilience.unhealthy_threshold },
    });
    this.#probe = new ProbeNow(clock);
    this.#poolMax = startingPoolMax(limits);
    if (resilience.adaptive) this.#adaptTimer = setInterval(() => this.#adapt(), ADAPT_MS);
    this.#done = this.#run();
  }

  async callTool(tool: string, args: Record<string, unknown>): Promise<Outcome> {
    return this.#live().write({ kind: 'tool', tool, args }, { repeat: false });
  }

  connected(): Connected | undefined {
    if (this.#state.name !== 'online') return undefined;
    const { dialect, tools } = this.#state.live;
    return { dialect, tools };
  }

  async call(call: Call, { kind, repeat }: CallKind): Promise<Outcome> {
    const live = this.#live();
    this.#underWay += 1;
    try {
      return await (kind === 'read' ? live.ask(call) : live.write(call, { repeat }));
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#onIdle?.();
    }
  }

  async drain(limitMs: number): Promise<number> {
    this.#draining = true;
    if (this.#underWay === 0) return 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.#underWay;
  }

  async refresh(): Promise<void> {
    await this.#live().refresh();
  }

  async restartTelemetry(): Promise<'push' | 'poll'> {
    return this.#live().restartTelemetry();
  }

  #live(): LiveConnection {
    if (this.#draining) throw new NotConnectedError(`${this.serverId} is drained`);
    if (this.#state.name !== 'online') throw new NotConnectedError(`${this.serverId} is ${this.#state.name}`);
    return this.#state.live;
  }

  hurry(): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#hurriedAt < HURRY_GAP_MS) return;
    this.#hurriedAt = now;
    this.#askNow();
  }

  async probe(): Promise<ProbeAnswer> {
    const { clock, limits } = this.#options;
    const startedAt = clock.monotonic();
    const outcome = await this.#probeOutcome(limits.connect_timeout_ms + limits.request_timeout_ms);
    const tookMs = clock.monotonic() - startedAt;
    return { ...outcome, took_ms: tookMs, health: this.#health.report, circuit: this.#policy.circuit };
  }

  resetCircuit(): CircuitReset {
    const before = this.#policy.circuit;
    this.#policy.reset();
    this.#askNow();
    return { before, after: this.#policy.circuit };
  }

  stats(): UpstreamStats {
    const live = this.#state.name === 'online' ? this.#state.live : undefined;
    const policy = this.#policy.stats();
    const recent = { successes: policy.windowSuccesses, failures: policy.windowFailures };
    return {
      ...policy,
      ...this.#counts,
      ...live?.poolStats(),
      serverId: this.serverId,
      state: this.#state.name,
      lastRoundTripMs: live?.lastRoundTripMs ?? this.#lastRoundTripMs,
      pollIntervalMs: live?.pollIntervalMs,
      onlineForMs: this.#onlineAt === undefined ? undefined : this.#options.clock.monotonic() - this.#onlineAt,
      rememberedEntries: live?.remembered,
      averageRoundTripMs: this.#latencyMs,
      adaptations: this.#adaptations,
      healthScore: healthScore(this.#health.report, recent, this.#options.clock.now(), this.#healthWindowMs()),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    if (this.#state.name === 'online') this.#state.end();
    else if (this.#state.name === 'waiting') this.#state.wake();
    await this.#done;
  }

  async #run(): Promise<void> {
    // The caller has its handle before anything happens.
    await Promise.resolve();
    let attempt = 0;
    while (!this.#stop.signal.aborted) {
      this.#state = { name: 'connecting', attempt };
      const worked = await this.#connectAndStay();
      attempt = worked ? 0 : attempt + 1;
      if (!this.#stop.signal.aborted) await this.#wait(attempt);
    }
    this.#health.stop();
    this.#probe.end('this server is not watched any more');
    clearInterval(this.#adaptTimer);
    this.#state = { name: 'stopped' };
  }

  /** One connection from its beginning to its end; true when the server answered real work in it. */
  async #connectAndStay(): Promise<boolean> {
    const { log } = this.#options;
    const { promise: ended, resolve: end } = deferred<string | undefined>();
    let worked = false;
    let live: LiveConnection;
    try {
      live = await openLive(
        {
          ...this.#options,
          counts: this.#counts,
          policy: this.#policy,
          batches: this.#batches,
          mayAskDetails: () => !this.#isOff('details_of_unwell_servers'),
          attempt: this.#attempts++,
          poolMax: () => this.#poolMax,
          unhealthyThreshold: this.#options.resilience.unhealthy_threshold,
          onClosed: end,
          onAdapted: (change) => this.#adapted(change),
          onHealth: (event) => {
            if (event.kind === 'success' && !worked) {
              worked = true;
              this.#backoff.reset();
            }
            if (event.kind === 'success') this.#measure(event.latencyMs);
            this.#hear(event);
          },
        },
        this.#stop.signal,
      );
    } catch (error) {
      this.#isRefused = error instanceof AuthenticationError || error instanceof UntrustedServerError;
      if (!this.#stop.signal.aborted) this.#failed(error);
      return false;
    }
    this.#isRefused = false;
    if (this.#connections > 0) this.#counts.reconnects += 1;
    this.#connections += 1;
    this.#onlineAt = this.#options.clock.monotonic();
    this.#state = { name: 'online', live, end: () => end(undefined) };
    log.info({ server: this.serverId, dialect: live.dialect.name }, 'connected');
    if (this.#stop.signal.aborted) end(undefined);
    const why = await ended;
    this.#onlineAt = undefined;
    this.#lost(why ?? 'closed');
    live.mute();
    this.#lastRoundTripMs = live.lastRoundTripMs;
    await live[Symbol.asyncDispose]();
    return worked;
  }

  /** Other servers' troubles take nothing from one that is well, nor from one that was not asked yet. */
  #isOff(what: SwitchedOff): boolean {
    if (['healthy', 'unknown'].includes(this.#health.report.state)) return false;
    // A server that is not well makes the level partial at least, which the hub may not have seen yet.
    return SWITCHED_OFF[this.#options.level?.() ?? 'partial'].includes(what) || SWITCHED_OFF.partial.includes(what);
  }

  #hear(event: HealthEvent): void {
    this.#health.apply(event);
    this.#probe.hear(event);
  }

  /** An open circuit would refuse: it has its own time. */
  #askNow(): void {
    if (this.#state.name === 'online') this.#state.live.pollNow();
    else if (this.#state.name === 'waiting' && this.#policy.refusesForMs === 0) this.#state.wake();
  }

  async #probeOutcome(limitMs: number): Promise<ProbeOutcome> {
    const { refusesForMs } = this.#policy;
    if (refusesForMs > 0) {
      return { outcome: 'refused', error: 'the circuit is open: reset it, or wait', retry_after_ms: refusesForMs };
    }
    if (this.#stop.signal.aborted) return { outcome: 'no_answer', error: 'this server is not watched any more' };
    return this.#probe.run(limitMs, () => this.#askNow());
  }

  /** Smoothed over about ten probes. */
  #measure(latencyMs: number): void {
    this.#latencyMs = this.#latencyMs === undefined ? latencyMs : this.#latencyMs + (latencyMs - this.#latencyMs) / 10;
  }

  #adapt(): void {
    const { limits, resilience } = this.#options;
    const { windowSuccesses, windowFailures } = this.#policy.stats();
    const pool = this.#state.name === 'online' ? this.#state.live.poolStats() : undefined;
    const requests = windowSuccesses + windowFailures;
    const { tuning } = this.#policy;
    const changes = adapt(
      { ...tuning, poolMax: this.#poolMax },
      {
        latencyMs: this.#latencyMs,
        errorRate: requests === 0 ? undefined : windowFailures / requests,
        utilization:
          pool === undefined || this.#isOff('more_connections')
            ? undefined
            : pool.poolActive / Math.max(1, pool.poolMax),
      },
      {
        retryMinMs: {
          start: resilience.retry_min_ms,
          max: Math.min(resilience.retry_max_ms, 10 * resilience.retry_min_ms),
        },
        failureThreshold: { start: resilience.failure_threshold, min: Math.min(2, resilience.failure_threshold) },
        poolMax: { start: startingPoolMax(limits), max: limits.pool_size },
      },
    );
    for (const change of changes) {
      if (change.setting === 'poolMax') this.#poolMax = change.to;
      else tuning[change.setting] = change.to;
      this.#adapted(change);
    }
  }

  #adapted(change: Adaptation): void {
    this.#adaptations += 1;
    this.#options.log.info({ server: this.serverId, ...change }, 'adapted');
  }

  #failed(error: unknown): void {
    const message = describeError(error);
    const known = this.#health.report.evidence.last_error === message;
    this.#options.log[known ? 'debug' : 'warn']({ server: this.serverId, error: message }, 'cannot connect');
    this.#hear({ kind: 'closed', atMs: this.#options.clock.now(), error: message });
  }

  /** Told at once: clients hear of it within a tick. */
  #lost(why: string): void {
    const { sink, clock, log } = this.#options;
    const atMs = clock.now();
    sink.disconnected(this.serverId, atMs);
    if (this.#stop.signal.aborted) return;
    log.warn({ server: this.serverId, error: why }, 'connection lost');
    this.#hear({ kind: 'closed', atMs, error: why });
  }

  /** An open circuit means that nothing is heard of the server: what is known is stale from now on. */
  #onCircuit(circuit: CircuitReport): void {
    const { sink, clock, log } = this.#options;
    sink.identify(this.serverId, { circuit });
    if (circuit.state === 'open') sink.disconnected(this.serverId, clock.now());
    log[circuit.state === 'open' ? 'warn' : 'info']({ server: this.serverId, circuit: circuit.state }, 'circuit');
  }

  async #wait(attempt: number): Promise<void> {
    // Gateways that lost a server together come back spread over the first delay of reconnects.
    const { limits, random = Math.random } = this.#options;
    const refusedMs = this.#policy.refusesForMs;
    const closedMs = refusedMs === 0 ? 0 : refusedMs + random() * limits.reconnect_min_ms;
    const refusedLoginMs = this.#isRefused ? REFUSED_RETRY_MS : 0;
    const delayMs = Math.max(this.#backoff.nextDelayMs(), closedMs, refusedLoginMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#state = { name: 'waiting', attempt, wake };
    });
  }

  #healthWindowMs(): number {
    const { limits } = this.#options;
    return this.#state.name === 'online' ? this.#state.live.healthWindowMs : 2 * limits.request_timeout_ms;
  }
}

/** Connections at most while a server is not crowded. */
function startingPoolMax({ pool_min, pool_size }: UpstreamConfig): number {
  return Math.max(pool_min, Math.min(pool_size, QUIET_POOL));
}
