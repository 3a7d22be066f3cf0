import { basename, resolve, sep } from 'node:path';
import type { ServerConfig, UpstreamConfig } from '../../platform/config/schema.ts';
import type { TracedServer } from '../../platform/telemetry/call-tracer.ts';
import type { ConnectionCounters } from './connection-counters.ts';
import type { ServerTurn } from './fair-turns.ts';
import type { OpenTransport } from './session.ts';
import { HttpTransport } from './transports/http-transport.ts';
import type { LineOptions } from './transports/line-transport.ts';
import { Scratch } from './transports/scratch.ts';
import { StdioTransport } from './transports/stdio-transport.ts';
import { TcpTransport } from './transports/tcp-transport.ts';

/** Where a server is, without secrets: `tcp://host:port`, `stdio:command`, the URL without user, query and fragment. */
export function describeEndpoint(server: ServerConfig): string {
  switch (server.transport) {
    case 'tcp':
      return `${server.tls === false ? 'tcp' : 'tls'}://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`;
    case 'stdio':
      return `stdio:${basename(server.command)}`;
    case 'http': {
      const url = new URL(server.url);
      return `${url.origin}${url.pathname}`;
    }
  }
}

/** The same for spans. */
export function tracedServer(server: ServerConfig): TracedServer {
  const { id, transport } = server;
  if (transport === 'stdio') return { id, transport };
  if (transport === 'tcp') return { id, transport, address: server.host, port: server.port };
  const { hostname, port, protocol } = new URL(server.url);
  return { id, transport, address: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) };
}

/** Makes transports for one server. */
export interface TransportFactory {
  open: OpenTransport;
  /** Of the current process; only where the server runs in a scratch directory of ours. */
  scratch: () => Scratch | undefined;
}

/** Transports for `server`, each new; nothing is opened yet. */
export function transportFactory(
  server: ServerConfig,
  limits: UpstreamConfig,
  context: {
    counters: ConnectionCounters;
    scratchRoot: string;
    firstTurn?: number | undefined;
    turn?: ServerTurn | undefined;
  },
): TransportFactory {
  let scratch: Scratch | undefined;
  // Each connection goes to the next address: load is shared, and a dead address is passed over.
  let turn = context.firstTurn ?? 0;
  const lines: LineOptions = {
    maxLineBytes: limits.max_line_bytes,
    writeStallMs: limits.request_timeout_ms,
    counters: context.counters,
    turn: context.turn,
  };
  const open: OpenTransport = (hooks) => {
    const options = { ...lines, onNoise: hooks.onNoise, onEvent: hooks.onPush };
    const allowLinkLocal = limits.allow_link_local;
    switch (server.transport) {
      case 'tcp': {
        const addresses = [{ host: server.host, port: server.port }, ...(server.endpoints ?? [])];
        const { host, port } = addresses[turn++ % addresses.length] ?? server;
        const { tls } = server;
        const times = { connectTimeoutMs: limits.connect_timeout_ms, keepAliveMs: limits.heartbeat_interval_ms };
        const transport = new TcpTransport({ ...options, ...times, host, port, tls, allowLinkLocal });
        return { transport, pipe: true, why: () => transport.closeReason, refusal: () => transport.refusal };
      }
      case 'stdio': {
        const { args, cwd } = server;
        // Relative to where the gateway was started, not to the child's scratch directory.
        const command = server.command.includes(sep) ? resolve(server.command) : server.command;
        const home = new Scratch(context.scratchRoot, server.id);
        scratch = cwd === undefined ? home : undefined;
        const env = { ...projectEnv(server.project), ...server.env };
        const transport = new StdioTransport({ ...options, command, args, env, cwd, scratch: home });
        return { transport, pipe: true, why: () => transport.exitReason ?? transport.closeReason };
      }
      case 'http': {
        const { url, bearer, tls } = server;
        const headers = { ...server.headers, ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) };
        const { counters } = context;
        const bounds = { counters, maxReplyBytes: limits.max_line_bytes, allowLinkLocal };
        const transport = new HttpTransport({ url, headers, tls, ...bounds });
        return { transport, pipe: false, why: () => transport.closeReason, refusal: () => transport.refusal };
      }
    }
  };
  return { open, scratch: () => scratch };
}

/** claude-flow keeps its state in the project, while its ledger of calls stays in the working directory, our scratch. */
function projectEnv(project: string | undefined): Record<string, string> {
  return project === undefined ? {} : { CLAUDE_FLOW_CWD: resolve(project) };
}
