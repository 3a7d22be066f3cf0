/**
 * Everything that exists while a server is connected: the session, the dialect that understands it, its poll, its pushed
 * events and its source beside MCP. It ends as a whole.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../platform/clock.ts';
import type { ServerConfig, UpstreamConfig } from '../../platform/config/schema.ts';
import type { CallTracer } from '../../platform/telemetry/call-tracer.ts';
import type { Logger } from '../../platform/telemetry/log.ts';
import { MAX_ID_LENGTH } from '../../model/limits.ts';
import { BatchSupport, type BatchMemory } from './batch-support.ts';
import { chooseDialect, type DialectChoice } from './choose-dialect.ts';
import type { Call, Dialect, DialectTiming, Outcome, PeerDescription } from './dialects/dialect.ts';
import { ConnectionClosedError, describeError, NotConnectedError, RequestTimeoutError } from './errors.ts';
import { EventReader } from './event-reader.ts';
import type { ServerTurn } from './fair-turns.ts';
import type { HealthEvent } from './health.ts';
import type { OpenSource } from './observation-source.ts';
import { shareOfInterval } from './poll-pace.ts';
import { startPoller, type Poller } from './poller.ts';
import { presentDefaultKey, presentOwnKey, secretsOf } from './present-key.ts';
import { Requests, type CallOptions } from './requests.ts';
import { openSession, type Session, type SessionEvents } from './session.ts';
import type { Adaptation } from './resilience/adapt.ts';
import type { ServerPolicy } from './resilience/policy.ts';
import { SessionPool, type PoolStats } from './session-pool.ts';
import { SpacedWrites } from './spaced-writes.ts';
import { isFields } from './transports/lenient-message.ts';
import type { Scratch } from './transports/scratch.ts';
import { transportFactory } from './open-transport.ts';
import type { UpstreamCounts } from './upstream-stats.ts';
import type { UpstreamSink } from './upstream-sink.ts';

/** claude-flow's ledger is dropped after this many calls. */
const LEDGER_CALLS = 50;
/** Fast rounds while the server tells by itself. */
const SAFETY_POLL_MS = 5_000;

export interface LiveOptions {
  server: ServerConfig;
  limits: UpstreamConfig;
  sink: UpstreamSink;
  dialects: readonly Dialect[];
  clock: Clock;
  log: Logger;
  scratchRoot: string;
  counts: UpstreamCounts;
  /** All requests go through it. */
  policy: ServerPolicy;
  batches: BatchMemory;
  /** Requests without a reply, in a row, after which the connection is given up. */
  unhealthyThreshold: number;
  /** False while the server is asked only for what its state rests on. */
  mayAskDetails: () => boolean;
  /** Counts attempts to connect: of several addresses each is tried in its turn. */
  attempt: number;
  /** Connections at most. */
  poolMax: () => number;
  openSource?: OpenSource | undefined;
  turn?: ServerTurn | undefined;
  /** Undefined: calls are not traced. */
  tracer?: CallTracer | undefined;
  onHealth(event: HealthEvent): void;
  onAdapted(change: Adaptation): void;
  /** Once, when the connection ended; undefined when we closed it. */
  onClosed(why: string | undefined): void;
}

/**
 * Connects, finds out who is there, and starts to listen and ask.
 * @throws SwarmcastError when any of that fails; nothing is left open then.
 */
export async function openLive(options: LiveOptions, signal: AbortSignal): Promise<LiveConnection> {
  const { policy } = options;
  let live: LiveConnection | undefined;
  let closedEarly = false;
  let connected: Connected | undefined;
  connected = await policy.connect(signal, () =>
    connect(options, signal, {
      onPush: (event) => live?.push(event),
      onNoise: (line) => live?.noise(line),
      onClosed: (why) => {
        if (live === undefined || connected === undefined) closedEarly = true;
        else live.lose(connected.session, why);
      },
    }),
  );
  try {
    if (closedEarly) throw new ConnectionClosedError('closed right after the handshake');
    live = new LiveConnection(options, connected);
    await live.prepare(signal);
    return live;
  } catch (error) {
    // Whoever called learns of the failure from the error alone.
    live?.mute();
    await live?.[Symbol.asyncDispose]();
    await connected.session.close();
    throw error;
  }
}

/** Connects, and finds out who is there and how it speaks. */
async function connect(options: LiveOptions, signal: AbortSignal, events: SessionEvents): Promise<Connected> {
  const { server, limits, counts, dialects } = options;
  const transports = transportFactory(server, limits, {
    counters: counts,
    scratchRoot: options.scratchRoot,
    firstTurn: options.attempt,
    turn: options.turn,
  });
  const openMore = (more: SessionEvents, stop: AbortSignal): Promise<Session> =>
    openSession({
      openTransport: transports.open,
      connectTimeoutMs: limits.connect_timeout_ms,
      requestTimeoutMs: limits.request_timeout_ms,
      counters: counts,
      secrets: secretsOf(server, limits),
      signal: stop,
      events: more,
    });
  const session = await openMore(events, signal);
  return closeIfFailed(session, async () => {
    await presentOwnKey(session, { server }, signal);
    const peer = await session.describe(signal);
    const choice = chooseDialect(server, peer, dialects);
    const keys = { server, limits, dialect: choice.dialect };
    await presentDefaultKey(session, keys, signal);
    const openAnother = async (more: SessionEvents, stop: AbortSignal): Promise<Session> => {
      const another = await openMore(more, stop);
      return closeIfFailed(another, async () => {
        await presentOwnKey(another, keys, stop);
        await presentDefaultKey(another, keys, stop);
        return another;
      });
    };
    return { session, openAnother, peer, choice, scratch: transports.scratch };
  });
}

async function closeIfFailed<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await session.close();
    throw error;
  }
}

interface Connected {
  session: Session;
  /** One more connection with the same server. */
  openAnother: (events: SessionEvents, signal: AbortSignal) => Promise<Session>;
  peer: PeerDescription;
  choice: DialectChoice;
  scratch: () => Scratch | undefined;
}

export class LiveConnection implements AsyncDisposable {
  readonly #options: LiveOptions;
  readonly #connected: Connected;
  readonly #reader: EventReader;
  readonly #pool: SessionPool;
  readonly #requests: Requests;
  readonly #timing: DialectTiming;
  readonly #stop = new AbortController();
  #poller: Poller | undefined;
  #source: AsyncDisposable | undefined;
  #background: Promise<void> = Promise.resolve();
  readonly #writes = new SpacedWrites();
  #answered = 0;
  #muted = false;
  #pushing = false;
  #subscriptionId: string | undefined;
  #refreshing: Promise<void> | undefined;

  constructor(options: LiveOptions, connected: Connected) {
    this.#options = options;
    this.#connected = connected;
    // Every request in flight listens; their number is bounded by the policy.
    setMaxListeners(0, this.#stop.signal);
    const { dialect } = connected.choice;
    const { poll_interval_ms: fastMs = dialect.timing.fastMs } = options.server;
    this.#timing = { ...dialect.timing, fastMs, slowMs: Math.max(dialect.timing.slowMs, fastMs) };
    this.#reader = new EventReader({
      serverId: options.server.id,
      session: dialect.open(connected.peer),
      sink: options.sink,
      clock: options.clock,
      counts: options.counts,
      turn: options.turn,
      onUnreadable: (error) =>
        options.log.warn({ server: options.server.id, error: describeError(error) }, 'a dialect could not read'),
    });
    // A stdio server is a process of ours: another connection would be another server.
    const single = options.server.transport === 'stdio';
    this.#pool = new SessionPool({
      lead: connected.session,
      min: single ? 1 : Math.max(options.limits.pool_min, addressCount(options.server)),
      max: () => (single ? 1 : options.poolMax()),
      idleMs: options.limits.pool_idle_ms,
      clock: options.clock,
      open: (onClosed, signal) => this.#openAnother(onClosed, signal),
      onLeadChanged: () => this.#resubscribe(),
      onOpenFailed: (error) => this.#debug(error, 'no further connection'),
    });
    // Params of the newer era are objects: a list would not arrive as one.
    const mayBatch = dialect.batches === true && options.limits.batch_size > 1 && connected.session.era === 'legacy';
    this.#requests = new Requests({
      ...options,
      pool: this.#pool,
      reader: this.#reader,
      batches: new BatchSupport(options.batches, mayBatch),
      onAnswered: () => this.#trimLedger(),
      onHealth: (event) => this.#health(event),
      onHanging: (why) => this.#hangUp(why),
      onNoBatches: (why) => this.#debug(why, 'no batches: calls go one by one'),
    });
  }

  get dialect(): Dialect {
    return this.#connected.choice.dialect;
  }

  get lastRoundTripMs(): number | undefined {
    return this.#requests.lastRoundTripMs;
  }

  get remembered(): number {
    return this.#reader.session.remembered ?? 0;
  }

  poolStats(): PoolStats {
    return this.#pool.stats();
  }

  /** A connection ended by itself. The whole ends with the last. */
  lose(session: Session, why: string | undefined): void {
    if (!this.#pool.lose(session)) this.#closed(why);
  }

  get pollIntervalMs(): number | undefined {
    return this.#poller?.intervalMs;
  }

  /** How long a success vouches for the server at the current pace. */
  get healthWindowMs(): number {
    return 2 * (this.pollIntervalMs ?? this.#timing.fastMs) + this.#options.limits.request_timeout_ms;
  }

  /** Warm-up and bootstrap; then polling, subscription and source begin. */
  async prepare(signal: AbortSignal): Promise<void> {
    this.#identify();
    for (const call of this.#reader.session.warmUp()) await this.#attempt(call, { signal, repeat: true });
    for (const { tool, args } of this.#options.server.bootstrap) {
      await this.#writes.inTurn(() => this.#attempt({ kind: 'tool', tool, args }, { signal, repeat: false }));
    }
    if (this.#pool.stats().poolConnections === 0) throw new ConnectionClosedError('closed while preparing');
    await this.#startSource();
    this.#poller = startPoller({
      timing: this.#timing,
      clock: this.#options.clock,
      // A server that is not well is asked only for what its state rests on, until it is healthy again.
      plan: (cadence) =>
        cadence === 'slow' && !this.#options.mayAskDetails() ? undefined : this.#reader.session.plan(cadence),
      ask: (calls, cadence, pollSignal) => this.#requests.round(calls, cadence, pollSignal),
      onAdapted: (change) => this.#options.onAdapted({ setting: 'pollIntervalMs', ...change }),
      onError: (error) => this.#debug(error, 'poll failed'),
    });
    if (this.#source !== undefined) this.#relax();
    this.#background = this.#subscribe();
  }

  push(event: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#reader.push(event);
  }

  noise(line: string): void {
    if (!this.#stop.signal.aborted) this.#reader.noise(line);
  }

  pollNow(): void {
    this.#poller?.pollNow();
  }

  /** Tools that the server lists; empty where it lists none. */
  get tools(): ReadonlySet<string> {
    return this.#connected.peer.tools;
  }

  /** Has everything that a fast round asks for asked now; who comes meanwhile waits for the same answers. */
  async refresh(): Promise<void> {
    this.#refreshing ??= this.#askAll().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Subscribes anew, where the server can push, and polls at once. How it is listened to from now on. */
  async restartTelemetry(): Promise<'push' | 'poll'> {
    this.#background = this.#background.then(() => this.#subscribeAnew());
    await this.#background;
    this.pollNow();
    return this.#pushing ? 'push' : 'poll';
  }

  /** One call that changes nothing, at once. */
  async ask(call: Call): Promise<Outcome> {
    const { outcome } = await this.#requests.one(call, { signal: this.#stop.signal, repeat: true });
    return outcome;
  }

  /** Writes go one at a time, in a distance; the reply is read like any other, and a prompt poll follows. */
  async write(call: Call, { repeat }: Pick<CallOptions, 'repeat'>): Promise<Outcome> {
    const outcome = await this.#writes.inTurn(async () => {
      if (this.#stop.signal.aborted) throw new NotConnectedError('the connection ended');
      const { outcome: told } = await this.#requests.one(call, { signal: this.#stop.signal, repeat });
      return told;
    });
    this.pollNow();
    // Whoever asked looks at once for what came of it.
    await this.#reader.settled();
    return outcome;
  }

  /** Health events and the end are not reported any more. */
  mute(): void {
    this.#muted = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new ConnectionClosedError('closing'));
    this.#reader.discard();
    const errors = [
      ...(await Promise.allSettled([this.#poller?.[Symbol.asyncDispose](), this.#source?.[Symbol.asyncDispose]()])),
      ...(await Promise.allSettled([this.#background, this.#pool[Symbol.asyncDispose]()])),
    ].flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    for (const error of errors) this.#debug(error, 'closing was not clean');
  }

  /** A dialect's own request: errors are not fatal, unless the connection ends. */
  async #attempt(call: Call, options: CallOptions): Promise<void> {
    try {
      const { outcome } = await this.#requests.one(call, options);
      if (!outcome.ok) this.#debug(outcome.message, 'preparation was refused');
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof RequestTimeoutError)) throw error;
      this.#debug(error, 'preparation timed out');
    }
  }

  #hangUp(why: string): void {
    if (this.#muted) return;
    this.#muted = true;
    this.#closed(why);
  }

  /** What the server said before its end is told before its end is. */
  #closed(why: string | undefined): void {
    this.#reader.end();
    this.#options.onClosed(why);
  }

  async #openAnother(onClosed: () => void, signal: AbortSignal): Promise<Session> {
    let session: Session | undefined;
    const leads = (): boolean => session !== undefined && this.#pool.leads(session);
    // It proves little: a server may take only so many. So the circuit is heeded, not told.
    if (this.#options.policy.refusesForMs > 0) throw new NotConnectedError('the circuit is open');
    session = await this.#connected.openAnother(
      {
        // Some peers tell every connection the same: only the lead is listened to.
        onPush: (event) => (leads() ? this.push(event) : undefined),
        onNoise: (line) => (leads() ? this.noise(line) : undefined),
        onClosed: (why) => {
          onClosed();
          if (this.#pool.stats().poolConnections === 0) this.#closed(why);
        },
      },
      signal,
    );
    return session;
  }

  /** Another connection leads: pushes must be asked for there. */
  #resubscribe(): void {
    if (this.#stop.signal.aborted) return;
    this.#background = this.#background.then(() => this.#subscribe());
    this.pollNow();
  }

  async #subscribe(): Promise<void> {
    const { telemetry_interval_ms: intervalMs, telemetry_buffer: bufferSize } = this.#options.limits;
    const call = this.dialect.subscribe?.({ intervalMs, bufferSize });
    if (call === undefined) return;
    try {
      const { outcome } = await this.#requests.one(call, { signal: this.#stop.signal, repeat: false });
      if (!outcome.ok) {
        this.#debug(outcome.message, 'no push: polling');
        return;
      }
      this.#pushing = true;
      this.#subscriptionId = subscriptionIn(outcome.payload);
      this.#identify();
      this.#relax();
    } catch (error) {
      this.#debug(error, 'no push: polling');
    }
  }

  async #subscribeAnew(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    await this.#unsubscribe();
    await this.#subscribe();
  }

  async #unsubscribe(): Promise<void> {
    const subscription_id = this.#subscriptionId;
    const isPushed = this.#pushing;
    this.#pushing = false;
    this.#subscriptionId = undefined;
    if (!isPushed || subscription_id === undefined) return;
    const call: Call = { kind: 'method', method: 'telemetry.unsubscribe', params: { subscription_id } };
    try {
      await this.#requests.one(call, { signal: this.#stop.signal, repeat: false });
    } catch (error) {
      this.#debug(error, 'not unsubscribed');
    }
  }

  async #askAll(): Promise<void> {
    await this.#requests.round(this.#reader.session.plan('fast'), 'fast', this.#stop.signal);
  }

  async #startSource(): Promise<void> {
    const { server, log, openSource } = this.#options;
    const onError = (error: Error): void =>
      log.warn({ server: server.id, error: describeError(error) }, 'a source beside MCP failed');
    try {
      this.#source = await openSource?.(server)?.start((observations, atMs) => {
        if (!this.#stop.signal.aborted) this.#reader.observe(observations, atMs);
      }, onError);
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #relax(): void {
    const { limits, server } = this.#options;
    const longestMs = Math.min(SAFETY_POLL_MS, this.#timing.slowMs, limits.heartbeat_interval_ms);
    this.#poller?.relax(Math.round(longestMs * shareOfInterval(server.id)));
  }

  #identify(): void {
    const { server, sink } = this.#options;
    const { peer } = this.#connected;
    sink.identify(server.id, {
      type: server.type === 'other' ? this.dialect.serverType : server.type,
      dialect: this.dialect.name,
      name: peer.name,
      version: peer.version,
      protocol_version: peer.protocolVersion,
      capabilities: { tools: peer.tools.size, push: this.#pushing },
    });
  }

  #trimLedger(): void {
    this.#answered += 1;
    if (this.#answered % LEDGER_CALLS !== 0) return;
    this.#connected
      .scratch()
      ?.trimLedger()
      .catch((error: unknown) => this.#debug(error, 'ledger not removed'));
  }

  #health(event: HealthEvent): void {
    if (!this.#muted) this.#options.onHealth(event);
  }

  #debug(error: unknown, message: string): void {
    this.#options.log.debug({ server: this.#options.server.id, error: describeError(error) }, message);
  }
}

/** With several addresses each has a connection. */
function addressCount(server: ServerConfig): number {
  return server.transport === 'tcp' ? 1 + (server.endpoints?.length ?? 0) : 1;
}

function subscriptionIn(payload: unknown): string | undefined {
  const id = isFields(payload) ? payload['subscription_id'] : undefined;
  return typeof id === 'string' && id.length <= MAX_ID_LENGTH ? id : undefined;
}
