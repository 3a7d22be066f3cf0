/** All servers of one hub. Each is supervised by itself: one that fails, hangs or floods takes nothing from the others. */
import { isDeepStrictEqual } from 'node:util';
import type { ServerConfig } from '../../platform/config/schema.ts';
import type { Dialect, Outcome } from './dialects/dialect.ts';
import { describeError, UnknownServerError } from './errors.ts';
import { FairTurns } from './fair-turns.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from './upstream.ts';
import type { UpstreamStats } from './upstream-stats.ts';

export interface UpstreamsOptions extends Omit<UpstreamOptions, 'server' | 'dialects' | 'turn'> {
  servers: readonly ServerConfig[];
  /** A function where they depend on the server's configuration, as the generic dialect does. */
  dialects: readonly Dialect[] | ((server: ServerConfig) => readonly Dialect[]);
}

/** The set of servers, until disposed. */
export interface Upstreams extends AsyncDisposable {
  get(serverId: string): Upstream | undefined;
  /** As Upstream.callTool. @throws {@link UnknownServerError} */
  callTool(serverId: string, tool: string, args: Record<string, unknown>): Promise<Outcome>;
  /**
   * From now on these servers, with these limits: new ones start, missing ones are stopped and removed with all they
   * had, changed ones do both; others are left alone. When limits changed they connect anew, and what they had stays,
   * stale until it is heard of again. Of servers with the same id the first counts.
   */
  apply(servers: readonly ServerConfig[], settings: Pick<UpstreamOptions, 'limits' | 'resilience'>): void;
  /**
   * No new requests; those under way have as long as requests have, then the server is left: what is known of it stays,
   * stale. Operations without an answer by then; undefined for a server that is not watched.
   */
  drain(serverId: string): Promise<number | undefined>;
  /** A drained server is watched again; false where it was not drained. */
  resume(serverId: string): boolean;
  resumeAll(): void;
  /** Asks every server to connect or poll now; each heeds it at most once a second. */
  discover(): void;
  stats(): UpstreamStats[];
}

/** Starts all servers side by side; returns at once. */
export function startUpstreams(options: UpstreamsOptions): Upstreams {
  const upstreams = new SupervisedUpstreams(options);
  upstreams.apply(options.servers, options);
  return upstreams;
}

interface Running {
  server: ServerConfig;
  upstream: Upstream;
}

class SupervisedUpstreams implements Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #running = new Map<string, Running>();
  /** Those that are being stopped: a server of the same id starts when its predecessor is gone. */
  readonly #stopping = new Map<string, Promise<void>>();
  /** Left alone by operators, and still known to the world; those that are on their way there included. */
  readonly #drained = new Map<string, ServerConfig>();
  /** Waiting for a predecessor to stop. */
  readonly #next = new Map<string, ServerConfig>();
  readonly #turns: FairTurns;
  #settings: Pick<UpstreamOptions, 'limits' | 'resilience'>;
  #disposed = false;

  constructor(options: UpstreamsOptions) {
    this.#options = options;
    this.#turns = new FairTurns(() => options.clock.monotonic());
    this.#settings = options;
  }

  get(serverId: string): Upstream | undefined {
    return this.#running.get(serverId)?.upstream;
  }

  async callTool(serverId: string, tool: string, args: Record<string, unknown>): Promise<Outcome> {
    const upstream = this.get(serverId);
    if (upstream === undefined) throw new UnknownServerError(`no server ${serverId}`);
    return upstream.callTool(tool, args);
  }

  apply(servers: readonly ServerConfig[], settings: Pick<UpstreamOptions, 'limits' | 'resilience'>): void {
    if (this.#disposed) return;
    const { limits, resilience } = settings;
    const sameSettings =
      isDeepStrictEqual(limits, this.#settings.limits) && isDeepStrictEqual(resilience, this.#settings.resilience);
    this.#settings = { limits, resilience };
    const wanted = new Map<string, ServerConfig>();
    for (const server of servers) if (!wanted.has(server.id)) wanted.set(server.id, server);
    this.#next.clear();
    for (const [id, { server }] of this.#running) {
      if (this.#drained.has(id)) continue;
      if (!sameSettings || !isDeepStrictEqual(wanted.get(id), server)) this.#stop(id);
    }
    for (const id of this.#drained.keys()) {
      if (wanted.has(id)) wanted.delete(id);
      else this.#forgetDrained(id);
    }
    for (const [id, server] of wanted) {
      if (this.#stopping.has(id)) this.#next.set(id, server);
      else if (!this.#running.has(id)) this.#start(server);
    }
  }

  async drain(serverId: string): Promise<number | undefined> {
    const running = this.#running.get(serverId);
    if (running === undefined || this.#drained.has(serverId)) return undefined;
    this.#drained.set(serverId, running.server);
    const { log, sink, clock } = this.#options;
    const unanswered = await running.upstream.drain(this.#settings.limits.request_timeout_ms);
    // It may have been resumed or removed meanwhile.
    if (this.#running.get(serverId) !== running || !this.#drained.has(serverId)) return unanswered;
    this.#running.delete(serverId);
    await running.upstream[Symbol.asyncDispose]();
    const evidence = { consecutive_failures: 0, consecutive_successes: 0 };
    sink.setHealth(serverId, { state: 'down', reason: 'drained by an operator', since_ms: clock.now(), evidence });
    log.info({ server: serverId, unanswered }, 'drained');
    return unanswered;
  }

  resume(serverId: string): boolean {
    const server = this.#drained.get(serverId);
    if (server === undefined) return false;
    this.#drained.delete(serverId);
    const running = this.#running.get(serverId);
    if (running !== undefined) this.#stop(serverId);
    if (this.#stopping.has(serverId)) this.#next.set(serverId, server);
    else this.#start(server);
    return true;
  }

  resumeAll(): void {
    for (const id of this.#drained.keys()) this.resume(id);
  }

  discover(): void {
    for (const { upstream } of this.#running.values()) upstream.hurry();
  }

  stats(): UpstreamStats[] {
    return [...this.#running.values()].map(({ upstream }) => upstream.stats());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#next.clear();
    const running = [...this.#running.values()].map(({ upstream }) => upstream[Symbol.asyncDispose]());
    await Promise.all([...running, ...this.#stopping.values()]);
  }

  #start(server: ServerConfig): void {
    const { servers: _servers, dialects, ...shared } = this.#options;
    const upstream = startUpstream({
      ...shared,
      ...this.#settings,
      server,
      turn: this.#turns.forServer(),
      dialects: typeof dialects === 'function' ? dialects(server) : dialects,
    });
    this.#running.set(server.id, { server, upstream });
  }

  /** No longer among those that are to be watched. */
  #forgetDrained(id: string): void {
    this.#drained.delete(id);
    if (this.#running.has(id)) this.#stop(id);
    else this.#options.sink.removeServer(id);
  }

  #stop(id: string): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    this.#stopping.set(id, this.#stopped(running));
  }

  async #stopped({ server, upstream }: Running): Promise<void> {
    const { id } = server;
    try {
      await upstream[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.log.error({ server: id, error: describeError(error) }, 'a server did not stop cleanly');
    }
    const next = this.#next.get(id);
    this.#next.delete(id);
    if (!isDeepStrictEqual(next, server)) this.#options.sink.removeServer(id);
    this.#stopping.delete(id);
    if (next !== undefined && !this.#disposed) this.#start(next);
  }
}
