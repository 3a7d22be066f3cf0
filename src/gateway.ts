/**
 * The gateway, composed: configuration → servers → hub → feed → edges. The only file that joins them.
 *
 * The first edge runs on this thread (a native uWebSockets.js app ends cleanly only there), further ones in threads of
 * their own on the same port, hub and HTTP in a worker thread, layout workers below it, simulated servers in child
 * processes.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEdge, type Edge } from './edge/edge.ts';
import { EdgeSupervisor } from './edge-supervisor.ts';
import { createThreadEdgeFeed } from './feed/thread.ts';
import { HubSupervisor } from './hub-supervisor.ts';
import { systemClock } from './platform/clock.ts';
import type { ReloadAnswer } from './platform/config/change.ts';
import { discoversServers } from './platform/config/check.ts';
import { checkNamedFiles } from './platform/config/named-files.ts';
import type { Config } from './platform/config/schema.ts';
import { isLoopback } from './platform/loopback.ts';
import { componentLog, createLogger, type Logger } from './platform/telemetry/log.ts';
import { logExpiry, readCertificate, type Certificate } from './platform/tls/certificate.ts';
import { Reloading } from './reloading.ts';
import { startSimulatedServers, type SimulatedServers } from './simulated-servers.ts';

/** A running gateway. Disposal: not ready → clients told and drained → edge → hub (layout, upstreams) → simulators. */
export interface Gateway extends AsyncDisposable {
  /** `http://host:port`, or `https://…` with a certificate. */
  url: string;
  port: number;
  /** True when the servers are simulated. */
  simulated: boolean;
  /** The operator key that was made at start, since none is configured; undefined otherwise. */
  madeOperatorKey: string | undefined;
  /** Resolves with the cause when the gateway can't go on. */
  failed: Promise<Error>;
  /** Calls a tool of a server, for whoever owns this process (tests, embedding). No socket leads here. */
  callTool(server: string, tool: string, args: Record<string, unknown>): Promise<unknown>;
  /** For tests: the thread of a further edge (1, 2, …) throws where nobody catches. */
  failEdge(edgeId: number): void;
  /**
   * Reads the configuration again, as it was read for the start, with the files that it names, and applies servers, limits
   * of upstreams, discovery, authentication, certificate and log level; clients stay. A bad one is refused whole. Operators do
   * the same by HTTP.
   * @throws when the gateway was not told how to read it
   */
  reload(): Promise<ReloadAnswer>;
}

export interface GatewayOptions {
  /** Reads the configuration again. @throws ConfigError */
  readConfig?: (() => Config) | undefined;
}

/**
 * Starts everything; resolves when clients can connect. Servers connect in the background.
 * @throws {@link PortInUseError} and what simulators throw; whatever was started is stopped first.
 */
export async function openGateway(config: Config, options: GatewayOptions = {}): Promise<Gateway> {
  const log = await createLogger({ ...config.log, part: 'edge' });
  const started: AsyncDisposable[] = [];
  try {
    const simulate =
      config.simulate.enabled === 'always' ||
      (config.simulate.enabled === 'auto' && config.servers.length === 0 && !discoversServers(config));
    // Children take longest to start: they begin first, and the hub gets its servers when all listen.
    const simulators: Promise<SimulatedServers | undefined> = simulate
      ? startSimulatedServers(config.simulate)
      : Promise.resolve(undefined);
    simulators.catch(() => undefined);
    started.push({ [Symbol.asyncDispose]: () => disposeWhenStarted(simulators) });

    const scratchRoot = await mkdtemp(join(tmpdir(), 'swarmcast-'));
    started.push({ [Symbol.asyncDispose]: () => rm(scratchRoot, { recursive: true, force: true }) });

    const madeOperatorKey = makeOperatorKey(config);
    const keyed = withOperatorKey(config, madeOperatorKey);
    // Refused here: in the hub's thread it could only crash.
    await checkNamedFiles(keyed);
    const certificate = readCertificate(config.edge.tls);
    if (certificate !== undefined) logExpiry(certificate, log);
    const { readConfig } = options;
    const hub: HubSupervisor = new HubSupervisor(
      { config: keyed, scratchRoot, canReload: readConfig !== undefined },
      { reload: () => reloading.reload(), adjust: (adjustment) => reloading.adjust(adjustment) },
    );
    started.push(hub);

    const sharePort = config.edge.threads > 1 ? ('open' as const) : undefined;
    const feed = createThreadEdgeFeed(hub.connectEdge());
    const edge = await startEdge({
      feed,
      config: keyed,
      certificate,
      edgeId: 0,
      log: componentLog(log, 'edge'),
      clock: systemClock,
      sharePort,
    });
    started.push(edge);
    const further = await startFurtherEdges({ config: keyed, port: edge.port, certificate, hub, log, started });
    const url = `${certificate === undefined ? 'http' : 'https'}://${printableHost(config.server.host)}:${edge.port}`;

    const reloading = new Reloading({
      started: config,
      server: keyed.server,
      certificate,
      hub,
      edge,
      further,
      log,
      readConfig,
    });
    started.push({ [Symbol.asyncDispose]: () => Promise.resolve(reloading[Symbol.dispose]()) });

    const simulated = await simulators;
    reloading.simulated = simulated?.servers ?? [];
    hub.startServers([...config.servers, ...(simulated?.servers ?? [])]);
    if (simulated !== undefined)
      log.warn(
        { servers: simulated.servers.map(({ id }) => id) },
        'these servers are SIMULATED: no real agents are shown',
      );
    log.info({ url }, 'listening');

    return {
      url,
      port: edge.port,
      simulated: simulated !== undefined,
      madeOperatorKey,
      failed: hub.died(),
      callTool: (server, tool, args) => hub.callTool(server, tool, args),
      failEdge: (edgeId) => further[edgeId - 1]?.fail('failed on purpose'),
      reload: () => noteReload(hub, reloading),
      [Symbol.asyncDispose]: () => close({ config, hub, edges: [edge, ...further], started, log }),
    };
  } catch (error) {
    await disposeAll(started);
    throw error;
  }
}

/** A reload that no operator asked for by HTTP: whoever owns the process did. */
async function noteReload(hub: HubSupervisor, reloading: Reloading): Promise<ReloadAnswer> {
  const startMs = performance.now();
  const answer = await reloading.reload();
  hub.audit({
    subject: 'process',
    role: null,
    via: 'signal',
    operation: 'config.reload',
    kind: 'write',
    target: {},
    ...(answer.outcome === 'applied' ? { outcome: 'ok' } : { outcome: 'bad_config', message: answer.message }),
    took_ms: Math.round(performance.now() - startMs),
  });
  return answer;
}

/** Whoever reads the start's output is on this machine: a key that is shown there is for them. */
function makeOperatorKey(config: Config): string | undefined {
  const isNeeded = config.server.operator_key === undefined && isLoopback(config.server.host);
  return isNeeded ? randomBytes(24).toString('base64url') : undefined;
}

/** With the key made at start where none is configured. */
function withOperatorKey(config: Config, made: string | undefined): Config {
  return { ...config, server: { ...config.server, operator_key: config.server.operator_key ?? made } };
}

interface FurtherEdges {
  config: Config;
  port: number;
  certificate: Certificate | undefined;
  hub: HubSupervisor;
  log: Logger;
  started: AsyncDisposable[];
}

async function startFurtherEdges(parts: FurtherEdges): Promise<EdgeSupervisor[]> {
  const { port, certificate, hub, log, started } = parts;
  const config = { ...parts.config, server: { ...parts.config.server, port } };
  const edges = Array.from(
    { length: config.edge.threads - 1 },
    (_, i) => new EdgeSupervisor({ config, certificate, edgeId: i + 1, connect: () => hub.connectEdge(), log }),
  );
  started.push(...edges);
  await Promise.all(edges.map((edge) => edge.start()));
  return edges;
}

interface Closing {
  config: Config;
  hub: HubSupervisor;
  edges: readonly Pick<Edge, 'drain'>[];
  started: AsyncDisposable[];
  log: Logger;
}

/** Not ready → no newcomers → clients told, flushed and closed → everything else, in reverse order of starting. */
async function close({ config, hub, edges, started, log }: Closing): Promise<void> {
  const { drain_delay_ms, shutdown_deadline_ms } = config.server;
  hub.drain();
  log.info({ drain_delay_ms, shutdown_deadline_ms }, 'draining');
  if (drain_delay_ms > 0) await delay(drain_delay_ms);
  await Promise.all(edges.map((edge) => edge.drain('shutdown', shutdown_deadline_ms)));
  log.info('no clients are left');
  await disposeAll(started);
  log.info('stopped');
}

/** In reverse order of starting; collects errors instead of stopping at the first. */
async function disposeAll(parts: AsyncDisposable[]): Promise<void> {
  const errors: unknown[] = [];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    try {
      await part[Symbol.asyncDispose]();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'parts of the gateway did not stop cleanly');
}

async function disposeWhenStarted(starting: Promise<AsyncDisposable | undefined>): Promise<void> {
  // A start that failed has cleaned up after itself and was reported by openGateway.
  const started = await starting.catch(() => undefined);
  await started?.[Symbol.asyncDispose]();
}

function printableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
