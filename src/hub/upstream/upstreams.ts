/** All servers of one hub. Each is supervised by itself: one that fails, hangs or floods takes nothing from the others. */
import type { ServerConfig } from '../../platform/config/schema.ts';
import type { Dialect, Outcome } from './dialects/dialect.ts';
import { UnknownServerError } from './errors.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from './upstream.ts';
import type { UpstreamStats } from './upstream-stats.ts';

export interface UpstreamsOptions extends Omit<UpstreamOptions, 'server' | 'dialects'> {
  servers: readonly ServerConfig[];
  /** A function where they depend on the server's configuration, as the generic dialect does. */
  dialects: readonly Dialect[] | ((server: ServerConfig) => readonly Dialect[]);
}

/** The set of servers, until disposed. */
export interface Upstreams extends AsyncDisposable {
  get(serverId: string): Upstream | undefined;
  /** As Upstream.callTool. @throws {@link UnknownServerError} */
  callTool(serverId: string, tool: string, args: Record<string, unknown>): Promise<Outcome>;
  /** Asks every server to connect or poll now; each heeds it at most once a second. */
  discover(): void;
  stats(): UpstreamStats[];
}

/** Starts all servers side by side; returns at once. Of servers with the same id the first is started. */
export function startUpstreams(options: UpstreamsOptions): Upstreams {
  const { servers, dialects, ...shared } = options;
  const upstreams = new Map<string, Upstream>();
  for (const server of servers) {
    if (upstreams.has(server.id)) continue;
    upstreams.set(
      server.id,
      startUpstream({ ...shared, server, dialects: typeof dialects === 'function' ? dialects(server) : dialects }),
    );
  }
  return {
    get: (serverId) => upstreams.get(serverId),
    callTool: async (serverId, tool, args) => {
      const upstream = upstreams.get(serverId);
      if (upstream === undefined) throw new UnknownServerError(`no server ${serverId}`);
      return upstream.callTool(tool, args);
    },
    discover: () => {
      for (const upstream of upstreams.values()) upstream.hurry();
    },
    stats: () => [...upstreams.values()].map((upstream) => upstream.stats()),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...upstreams.values()].map((upstream) => upstream[Symbol.asyncDispose]()));
    },
  };
}
