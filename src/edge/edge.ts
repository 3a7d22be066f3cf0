/**
 * One edge: what the feed tells becomes a replica, views of it, and messages and frames for clients. Work happens when
 * the layout publishes a tick; while there is none (no hub, no layout), a slow timer keeps control, state and health
 * flowing.
 */
import type { ChangeBatch } from '../model/change.ts';
import type { LayoutEvent } from '../model/position-region.ts';
import type { EdgeFeed, EdgeStatus } from '../feed/feed.ts';
import { cleanText } from '../model/text.ts';
import type { Clock } from '../platform/clock.ts';
import { createAuthenticator, type Authenticator } from '../platform/auth/authenticator.ts';
import type { AuthConfig, Config } from '../platform/config/schema.ts';
import type { Logger } from '../platform/telemetry/log.ts';
import { logExpiry, type Certificate } from '../platform/tls/certificate.ts';
import { LoopLagWatch } from '../platform/telemetry/loop-lag.ts';
import { ClientOperations } from './clients/client-operations.ts';
import { Clients } from './clients/clients.ts';
import { TokenBucket } from './clients/token-bucket.ts';
import { edgeStatus } from './edge-status.ts';
import { Replica } from './replica/replica.ts';
import { AddressGate } from './transport/address-gate.ts';
import { ClientAddresses } from './transport/client-address.ts';
import { startSocketServer, type SocketServer } from './transport/uws-server.ts';
import { ViewRegistry } from './views/view-registry.ts';

export interface EdgeOptions {
  feed: EdgeFeed;
  config: Pick<Config, 'server' | 'clients' | 'auth'>;
  /** Unique among the edges of a hub. */
  edgeId: number;
  log: Logger;
  clock: Clock;
  /** Undefined: plain HTTP. */
  certificate?: Certificate | undefined;
  /** Several edges of one process listen on the same port: one opens it for sharing, the others join. */
  sharePort?: 'open' | 'join' | undefined;
}

/** What can change while an edge runs. */
export interface EdgeReload {
  auth: AuthConfig;
  /** Ignored by an edge that began without one. */
  certificate?: Certificate | undefined;
}

/** Disposal closes what clients are left, the server, and the feed. */
export interface Edge extends AsyncDisposable {
  readonly port: number;
  status(): EdgeStatus;
  /**
   * Applies new authentication settings; clients whose key was taken back are closed with 3500. Newcomers are served with the
   * certificate, if it is another one.
   * @throws {@link ConfigError} for keys that can't be read: the old settings stay.
   */
  reload(next: EdgeReload): Promise<void>;
  /** Stops accepting, says goodbye, flushes, closes; at the latest after `deadlineMs`. */
  drain(reason: string, deadlineMs: number): Promise<void>;
}

/** Silence of the layout after which the edge paces itself. */
const FALLBACK_MS = 100;
/** Ticks that pass in that time. */
const FALLBACK_TICKS = 6;
/** A gap is served as one second at most: more would only repeat phases. */
const MAX_TICKS = 60;
/** A tick this far behind the newest is no late one: the clock started over. */
const RESTART_TICKS = 600;
/** Refused requests that are logged; all are counted. */
const REFUSALS_LOGGED = { perSecond: 1, burst: 20 };
/** Seconds' worth of HTTP requests that an address may send at once. */
const HTTP_BURST_S = 3;

/**
 * Listens and starts following the feed. Clients that connect before the first snapshot wait for it.
 * @throws {@link PortInUseError}, {@link ListenError} and {@link ConfigError}.
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const authenticator = await createAuthenticator(options);
  const edge = new RunningEdge(options, authenticator);
  await edge.start();
  return edge;
}

class RunningEdge implements Edge {
  readonly #options: EdgeOptions;
  readonly #replica: Replica;
  readonly #views: ViewRegistry;
  readonly #clients: Clients;
  readonly #operations: ClientOperations;
  readonly #gates: { upgrades: AddressGate; requests: AddressGate };
  #loopLag: LoopLagWatch | undefined;
  #authenticator: Authenticator;
  #certificate: Certificate | undefined;
  #server: SocketServer | undefined;
  #fallback: NodeJS.Timeout | undefined;
  #discovery: Promise<{ servers: number }> | undefined;
  #lastTick = -1;
  #tickedSinceFallback = false;
  #ticksTotal = 0;
  #fallbackTicksTotal = 0;
  readonly #refusalLog = new TokenBucket();
  #foreignTotal = 0;
  #unfinishedTotal = 0;
  #hubConnected = true;
  #disposed = false;

  constructor(options: EdgeOptions, authenticator: Authenticator) {
    const { clients, server } = options.config;
    this.#options = options;
    this.#gates = {
      upgrades: new AddressGate({ perSecond: clients.upgrades_per_second, burst: clients.upgrade_burst }),
      requests: new AddressGate({
        perSecond: server.http_requests_per_second,
        burst: server.http_requests_per_second * HTTP_BURST_S,
      }),
    };
    this.#authenticator = authenticator;
    this.#certificate = options.certificate;
    this.#replica = new Replica({ tombstones: clients.tombstones, flowLimit: clients.message_history });
    this.#views = new ViewRegistry(this.#replica, { maxViews: clients.max_views });
    this.#clients = new Clients({
      config: clients,
      clock: options.clock,
      replica: this.#replica,
      views: this.#views,
      authenticate: (token) => this.#authenticator.verify(token),
      discover: () => this.#discover(),
      onGone: (client) => options.log.debug({ client }, 'a client went'),
      command: (order) => this.#options.feed.request('command', order),
    });
    this.#operations = new ClientOperations(options.edgeId, this.#clients);
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  async start(): Promise<void> {
    const { feed, config, sharePort, log } = this.#options;
    this.#server = await startSocketServer({
      host: config.server.host,
      port: config.server.port,
      sharePort,
      allowedOrigins: config.server.allowed_origins,
      certificate: this.#certificate,
      compressFromBytes: config.clients.compress_from_bytes,
      hardLimitBytes: config.clients.hard_limit_bytes,
      connect: (socket, access) => {
        const session = this.#clients.connect(socket, access);
        log.debug(
          { client: session?.id, clients: this.#clients.size },
          session ? 'a client came' : 'a client was refused',
        );
        return session;
      },
      authenticate: (token) => this.#authenticator.verify(token),
      addresses: new ClientAddresses(config.server.trusted_proxies),
      gates: this.#gates,
      http: (request) => feed.request('http', request),
      onUnfinished: () => {
        this.#unfinishedTotal++;
      },
      onRefused: (what, value) => {
        this.#clients.refusals.note(what);
        if (what === 'host' || what === 'origin') this.#foreignTotal++;
        // Whoever asks too often must not fill the log as well.
        if (this.#refusalLog.take(REFUSALS_LOGGED, this.#options.clock.monotonic()) > 0) return;
        log.warn({ refused: what, value: cleanText(value, 200) }, 'a request was refused');
      },
    });
    this.#loopLag = new LoopLagWatch();
    this.#fallback = setInterval(() => this.#paceAlone(), FALLBACK_MS);
    feed.listen(
      {
        onSnapshot: (snapshot) => {
          this.#replica.reset(snapshot);
          this.#lastTick = -1;
          this.#views.beginTick();
          this.#clients.startEpoch();
        },
        onChanges: (batch) => this.#follow(batch),
        onLayout: (event) => this.#followLayout(event),
        onClosed: () => {
          this.#hubConnected = false;
          log.warn('the hub is gone: clients keep what is known');
        },
      },
      {
        status: () => this.status(),
        drain: async ({ reason, deadline_ms }) => {
          await this.drain(reason, deadline_ms);
          return {};
        },
        clients: (page) => this.#operations.list(page),
        set_mode: ({ client_id, mode }) => this.#operations.setMode(client_id, mode),
        cap: (settings) => this.#operations.apply(settings),
      },
    );
    // Answered in order with later changes, so that an old cap never replaces a new one.
    feed.request('settings', {}).then(
      (settings) => this.#operations.apply(settings),
      (error: unknown) => {
        if (!this.#disposed) log.warn({ err: error }, 'the hub did not tell its settings: no cap holds here');
      },
    );
  }

  status(): EdgeStatus {
    const lag = this.#loopLag?.read();
    return edgeStatus({
      edgeId: this.#options.edgeId,
      limits: this.#options.config.clients,
      clients: this.#clients,
      views: this.#views,
      replica: this.#replica,
      own: {
        foreign_requests_total: this.#foreignTotal,
        unfinished_requests_total: this.#unfinishedTotal,
        ticks_total: this.#ticksTotal,
        fallback_ticks_total: this.#fallbackTicksTotal,
        hub_connected: this.#hubConnected ? 1 : 0,
        ...(this.#certificate && { certificate_expiry_timestamp_seconds: this.#certificate.expiresAtMs / 1_000 }),
        ...(lag === undefined ? {} : { loop_lag_p99_seconds: lag.p99Seconds, loop_lag_max_seconds: lag.maxSeconds }),
      },
      pendingRequests: this.#options.feed.pendingRequests,
      rememberedAddresses: Math.max(this.#gates.upgrades.size, this.#gates.requests.size),
    });
  }

  async reload({ auth, certificate }: EdgeReload): Promise<void> {
    const { config, clock, log } = this.#options;
    if (certificate !== undefined) await this.#renew(certificate);
    // Everything else of the configuration needs a restart.
    this.#authenticator = await createAuthenticator({ config: { server: config.server, auth }, clock });
    const closed = this.#clients.recheck((identity) => this.#authenticator.stillHolds(identity));
    if (closed > 0) log.warn({ clients: closed }, 'clients were closed whose keys were taken back');
  }

  async #renew(certificate: Certificate): Promise<void> {
    if (this.#certificate === undefined || this.#certificate.fingerprint === certificate.fingerprint) return;
    await this.#server?.renew(certificate);
    this.#certificate = certificate;
    logExpiry(certificate, this.#options.log);
  }

  async drain(reason: string, deadlineMs: number): Promise<void> {
    this.#server?.stopAccepting();
    await this.#clients.drain(reason, deadlineMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    clearInterval(this.#fallback);
    this.#loopLag?.[Symbol.dispose]();
    // The native app is closed whatever else fails: a thread that ends with it open takes the process along.
    try {
      this.#clients[Symbol.dispose]();
    } finally {
      await this.#server?.[Symbol.asyncDispose]();
      await this.#options.feed[Symbol.asyncDispose]();
    }
  }

  #follow(batch: ChangeBatch): void {
    this.#replica.apply(batch);
    if (this.#replica.turnedVersion === batch.version) this.#clients.noteHealthTurned();
  }

  #followLayout(event: LayoutEvent): void {
    this.#replica.onLayout(event);
    if (event.kind !== 'tick') return;
    const { tick } = event;
    const isRestart = tick < this.#lastTick - RESTART_TICKS;
    // Every layout worker reports every tick: the first wakes the edge.
    if (tick <= this.#lastTick && !isRestart) return;
    const ticks = this.#lastTick < 0 || isRestart ? 1 : Math.min(tick - this.#lastTick, MAX_TICKS);
    this.#lastTick = tick;
    this.#ticksTotal++;
    this.#tickedSinceFallback = true;
    this.#advance(ticks);
  }

  #paceAlone(): void {
    if (!this.#tickedSinceFallback) {
      this.#fallbackTicksTotal++;
      this.#advance(FALLBACK_TICKS);
    }
    this.#tickedSinceFallback = false;
  }

  #advance(ticks: number): void {
    this.#views.beginTick();
    this.#clients.tick(ticks);
  }

  /** Clients that ask while the hub is looking share its answer: the number of clients costs upstreams nothing. */
  #discover(): Promise<{ servers: number }> {
    this.#discovery ??= this.#options.feed.request('discover', {}).finally(() => {
      this.#discovery = undefined;
    });
    return this.#discovery;
  }
}
