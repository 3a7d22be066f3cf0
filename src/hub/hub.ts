/**
 * The hub: everything that needs one owner. MCP servers in, one world, one layout, one feed out. It runs in a thread
 * of its own and never shares it with an edge.
 */
import { isDeepStrictEqual } from 'node:util';
import { MAX_PENDING_REQUESTS } from '../feed/feed.ts';
import type { ClientsPage, EdgeSettings, FeedSource, HubFeed, HubRequests, Responder } from '../feed/feed.ts';
import { degradationLevel, type DegradationLevel } from '../model/health.ts';
import type { CircuitReset, ProbeAnswer } from '../model/probe.ts';
import type { ServerRecord } from '../model/server.ts';
import { SWITCHED_OFF } from '../model/switched-off.ts';
import type { Mode } from '../protocol/modes.ts';
import type { OperationName } from '../protocol/operations/operations.ts';
import type { AuditEntry, AuditPage, AuditQuery } from '../model/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Config, ServerConfig } from '../platform/config/schema.ts';
import type { AuditWriter } from '../platform/telemetry/audit-writer.ts';
import type { CallTracer } from '../platform/telemetry/call-tracer.ts';
import { componentLog, type Logger } from '../platform/telemetry/log.ts';
import { DegradationTracker, type DegradationStats } from './degradation-tracker.ts';
import { MessageRate } from './message-rate.ts';
import type { AdjustGateway } from './control/adjust-gateway.ts';
import { AuditTrail } from './control/audit-trail.ts';
import { Control, type OperationOrder } from './control/control.ts';
import { openLayout } from './layout/open-layout.ts';
import type { Layout } from './layout/layout.ts';
import { openClaudeFlowFiles } from './upstream/claude-flow-files.ts';
import { startDiscovery, type Discovery } from './upstream/discovery/discovery.ts';
import { OperatorsServers } from './upstream/operators-servers.ts';
import { createDialects } from './upstream/dialects/all-dialects.ts';
import type { ObservationSource } from './upstream/observation-source.ts';
import { startUpstreams, type Upstreams } from './upstream/upstreams.ts';
import { RefSpaceExhaustedError } from './world/errors.ts';
import { World } from './world/world.ts';

/** How often silence is looked for. */
const SWEEP_INTERVAL_MS = 250;
const EDGE_ANSWER_TIMEOUT_MS = 1_000;

export interface HubOptions {
  config: Config;
  feed: HubFeed;
  clock: Clock;
  log: Logger;
  /** Folder for the working directories of servers whose process the gateway owns. */
  scratchRoot: string;
  /** Has operators' changes of settings applied in all threads. */
  adjust: AdjustGateway;
  /** Where audit entries go. */
  auditWriter: AuditWriter;
  /** Undefined: calls to servers are not traced. */
  tracer?: CallTracer | undefined;
}

/** A running hub. Its servers are started by {@link Hub.startServers}, once. */
export class Hub implements AsyncDisposable {
  readonly #options: HubOptions;
  readonly #world: World;
  readonly #layout: Layout;
  #upstreams: Upstreams | undefined;
  #discovery: Discovery | undefined;
  #applied: Pick<Config, 'discovery' | 'upstream' | 'resilience'> | undefined;
  #found: readonly ServerConfig[] = [];
  readonly #operatorsServers = new OperatorsServers();
  #flushTimer: NodeJS.Timeout | undefined;
  #flushedAtMs = Number.NEGATIVE_INFINITY;
  readonly #sweepTimer: NodeJS.Timeout;
  readonly #degradation = new DegradationTracker();
  readonly #rate = new MessageRate();
  readonly #audit: AuditTrail;
  readonly #control: Control;
  #draining = false;
  #batches = 0;
  #settings: EdgeSettings = { cap: null };

  private constructor(options: HubOptions, layout: Layout) {
    this.#options = options;
    this.#layout = layout;
    this.#world = new World({ config: options.config.world, clock: options.clock, onDirty: () => this.#flushSoon() });
    this.#audit = new AuditTrail({
      capacity: options.config.audit.entries_kept,
      writer: options.auditWriter,
      clock: options.clock,
      log: options.log,
    });
    this.#control = new Control({
      config: options.config.control,
      upstreams: () => this.#upstreams,
      servers: {
        add: (server) => this.#addServer(server),
        remove: (id) => this.#removeServer(id),
        drain: async (id) => this.#upstreams?.drain(id),
        resume: (id) => this.#upstreams?.resume(id) ?? false,
      },
      adjust: options.adjust,
      messageSent: (from, to) => this.#world.messageBetweenSwarms(from, to),
      snapshot: () => {
        this.#flush();
        return this.#world.snapshot();
      },
      clock: options.clock,
      log: options.log,
      audit: (entry) => this.#audit.note(entry),
    });
    this.#sweepTimer = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
  }

  /** Opens layout and feed; edges may connect from now on. `http` answers what edges pass on. */
  static open(options: HubOptions, http: (hub: Hub) => Responder<HubRequests>['http']): Hub {
    const { config, feed, log } = options;
    const layout = openLayout({
      threads: config.layout.threads,
      seed: config.layout.seed,
      onWorkerReplaced: (error) => log.error({ err: error }, 'a layout worker died and was replaced'),
    });
    const hub = new Hub(options, layout);
    layout.reset(hub.#world.snapshot());
    const source: FeedSource = {
      snapshot: () => hub.#world.snapshot(),
      connectLayout: (sink) => layout.connect(sink),
    };
    feed.serve(source, {
      http: http(hub),
      discover: () => hub.#discover(),
      settings: () => hub.#settings,
      command: (order) => hub.#control.execute(order),
    });
    return hub;
  }

  /** Connects to every server, each on its own: one that fails does not hold up the others. Discovery begins. */
  startServers(servers: readonly ServerConfig[]): void {
    const { config, clock, log, scratchRoot } = this.#options;
    this.#upstreams = startUpstreams({
      servers: [],
      limits: config.upstream,
      resilience: config.resilience,
      sink: this.#world,
      dialects: createDialects,
      level: () => this.#degradation.level,
      openSource,
      tracer: this.#options.tracer,
      clock,
      log: componentLog(log, 'upstream'),
      scratchRoot,
    });
    this.#apply(config, servers);
  }

  /** Servers come, go and change; limits hold from now on. Clients stay. */
  reload(config: Config, servers: readonly ServerConfig[]): void {
    if (this.#upstreams === undefined) return;
    this.#control.config = config.control;
    this.#operatorsServers.reload();
    this.#upstreams.resumeAll();
    this.#apply(config, servers);
  }

  /** Limits hold from now on; servers, also those of operators, stay, and are connected anew where theirs are others. */
  setLimits({ control, upstream, resilience }: Pick<Config, 'control' | 'upstream' | 'resilience'>): void {
    this.#control.config = control;
    if (this.#applied === undefined) return;
    this.#applied = { ...this.#applied, upstream, resilience };
    this.#applyServers();
  }

  /**
   * Calls a tool of a server, for whoever owns this process (tests, embedding). No socket leads here.
   * @throws when the server is unknown, not connected, or refuses.
   */
  async callTool(serverId: string, tool: string, args: Record<string, unknown>): Promise<unknown> {
    if (this.#upstreams === undefined) throw new Error('no servers have been started');
    const outcome = await this.#upstreams.callTool(serverId, tool, args);
    if (!outcome.ok) throw new Error(`${serverId} refused ${tool}: ${outcome.message}`);
    return outcome.payload;
  }

  /** A control operation; what the asker or a server did wrong is in the outcome. */
  operate(order: OperationOrder) {
    return this.#control.execute(order);
  }

  /** What is done or refused beside control operations. */
  noteAudit(entry: AuditEntry): void {
    this.#audit.note(entry);
  }

  auditPage(query: AuditQuery): AuditPage {
    return this.#audit.page(query);
  }

  /** Ids of the servers that can do it now. */
  serversFor(operation: OperationName): string[] {
    return this.#control.serversFor(operation).map(({ id }) => id);
  }

  /** From now on /readyz says no. */
  drain(): void {
    this.#draining = true;
  }

  snapshot() {
    return this.#world.snapshot();
  }

  servers(): readonly ServerRecord[] {
    return this.#world.servers();
  }

  degradationLevel(): DegradationLevel {
    return degradationLevel(this.servers().map((server) => server.health.state));
  }

  /** As of now. */
  degradation(): DegradationStats {
    return this.#degradation.stats(this.#options.clock.monotonic());
  }

  messagesPerSecond(): number | undefined {
    return this.#rate.perSecond;
  }

  stats(): Record<string, Record<string, number>> {
    const { load } = this.#options.feed;
    const { degradations, recoveries } = this.degradation();
    return {
      hub: {
        batches_total: this.#batches,
        degradations_total: degradations,
        recoveries_total: recoveries,
        edges: load.edges,
        edge_requests_pending: load.pendingRequests,
        edge_requests_pending_limit: MAX_PENDING_REQUESTS * Math.max(1, load.edges),
      },
      control: { ...this.#control.stats() },
      audit: { ...this.#audit.stats() },
      world: numbersOf(this.#world.stats()),
      layout: numbersOf(this.#layout.stats()),
    };
  }

  upstreamStats(): Record<string, Record<string, number>> {
    return Object.fromEntries((this.#upstreams?.stats() ?? []).map((stats) => [stats.serverId, numbersOf(stats)]));
  }

  /** Asks a server now; undefined for one that is not there. */
  async probeServer(serverId: string): Promise<ProbeAnswer | undefined> {
    return this.#upstreams?.get(serverId)?.probe();
  }

  /** Closes a server's circuit; undefined for one that is not there. */
  resetCircuit(serverId: string): CircuitReset | undefined {
    return this.#upstreams?.get(serverId)?.resetCircuit();
  }

  edges() {
    return this.#options.feed.askEdges('status', {}, EDGE_ANSWER_TIMEOUT_MS);
  }

  /** One page of all clients: what each edge that answered has of it. */
  clients(page: ClientsPage) {
    return this.#options.feed.askEdges('clients', page, EDGE_ANSWER_TIMEOUT_MS);
  }

  /** Every edge is asked; the one that holds the client does it. */
  setClientMode(clientId: string, mode: Mode) {
    return this.#options.feed.askEdges('set_mode', { client_id: clientId, mode }, EDGE_ANSWER_TIMEOUT_MS);
  }

  settings(): EdgeSettings {
    return this.#settings;
  }

  /** For all edges, also for those that start later. */
  changeSettings(settings: EdgeSettings) {
    this.#settings = settings;
    return this.#options.feed.askEdges('cap', settings, EDGE_ANSWER_TIMEOUT_MS);
  }

  notReady(): readonly string[] {
    const reasons: string[] = [];
    if (this.#draining) reasons.push('shutting down');
    if (this.#upstreams === undefined) reasons.push('servers are not started yet');
    const unasked = this.servers().filter((server) => server.health.state === 'unknown');
    if (unasked.length > 0)
      reasons.push(`no answer yet, and no failure, from: ${unasked.map(({ id }) => id).join(', ')}`);
    return reasons;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweepTimer);
    clearTimeout(this.#flushTimer);
    this.#draining = true;
    const closing = [this.#discovery, this.#layout, this.#upstreams, this.#options.feed];
    for (const part of closing) {
      try {
        await part?.[Symbol.asyncDispose]();
      } catch (error) {
        this.#options.log.error({ err: error }, 'a part of the hub did not stop cleanly');
      }
    }
    clearTimeout(this.#flushTimer);
  }

  #sweep(): void {
    const { clock, log } = this.#options;
    this.#world.sweep(clock.now());
    const level = this.degradationLevel();
    if (this.#degradation.follow(level, clock.monotonic())) {
      // Not `level`: that is how severe a line of the log is.
      log.warn({ degradation_level: level, switched_off: SWITCHED_OFF[level] }, 'degradation level');
    }
    const total = (this.#upstreams?.stats() ?? []).reduce((all, { pushes, calls }) => all + pushes + calls, 0);
    this.#rate.sample(total, clock.monotonic());
  }

  #apply(config: Config, fixed: readonly ServerConfig[]): void {
    const { discovery, upstream: limits, resilience } = config;
    const isFirst = this.#discovery === undefined;
    const same = isDeepStrictEqual(this.#applied?.discovery, discovery);
    this.#applied = { discovery, upstream: limits, resilience };
    this.#upstreams?.apply(this.#operatorsServers.combine(this.#found), { limits, resilience });
    if (same) {
      this.#discovery?.setFixed(fixed);
      return;
    }
    void this.#discovery?.[Symbol.asyncDispose]();
    this.#discovery = startDiscovery({
      config: discovery,
      fixed,
      log: componentLog(this.#options.log, 'discovery'),
      onServers: (found) => this.#follow(found),
      tellAtOnce: isFirst,
    });
  }

  #follow(found: readonly ServerConfig[]): void {
    this.#found = found;
    this.#applyServers();
  }

  #applyServers(): void {
    const { upstream, resilience } = this.#applied ?? this.#options.config;
    this.#upstreams?.apply(this.#operatorsServers.combine(this.#found), { limits: upstream, resilience });
  }

  #addServer(server: ServerConfig): string | undefined {
    const why = this.#operatorsServers.add(server, {
      present: this.#operatorsServers.combine(this.#found),
      allowLinkLocal: (this.#applied ?? this.#options.config).upstream.allow_link_local,
    });
    if (why === undefined) this.#applyServers();
    return why;
  }

  #removeServer(id: string): ReturnType<OperatorsServers['remove']> {
    const lasts = this.#operatorsServers.remove(id);
    this.#applyServers();
    return lasts;
  }

  async #discover(): Promise<{ servers: number }> {
    await this.#discovery?.refresh();
    this.#upstreams?.discover();
    return { servers: this.#found.length };
  }

  // One timer for all changes of a flush interval; none while nothing changes. What ends a quiet time does not wait.
  #flushSoon(): void {
    if (this.#flushTimer !== undefined) return;
    const dueMs = this.#flushedAtMs + this.#options.config.world.flush_interval_ms;
    this.#flushTimer = setTimeout(
      () => {
        this.#flushTimer = undefined;
        this.#flushedAtMs = this.#options.clock.monotonic();
        this.#flush();
      },
      Math.max(0, dueMs - this.#options.clock.monotonic()),
    );
  }

  #flush(): void {
    try {
      const batch = this.#world.flush(this.#options.clock.now());
      if (batch === undefined) return;
      this.#batches += 1;
      this.#layout.follow(batch);
      this.#options.feed.publish(batch);
    } catch (error) {
      if (!(error instanceof RefSpaceExhaustedError)) throw error;
      this.#options.log.warn('refs of this epoch are used up: a new epoch begins');
      this.#world.newEpoch();
      const snapshot = this.#world.snapshot();
      this.#layout.reset(snapshot);
      this.#options.feed.reset(snapshot);
    }
  }
}

/** claude-flow keeps its state in files of its project: reading them costs it nothing, and shows other processes' agents. */
function openSource(server: ServerConfig): ObservationSource | undefined {
  const itsFiles = server.dialect === 'auto' || server.dialect === 'claude-flow';
  if (server.transport !== 'stdio' || server.project === undefined || !itsFiles) return undefined;
  return openClaudeFlowFiles(server.project);
}

function numbersOf(stats: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(stats).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
