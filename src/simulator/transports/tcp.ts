import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { SimulatorStartError } from '../errors.ts';
import type { FaultKind } from '../faults.ts';
import type { TelemetryEvent } from '../telemetry.ts';
import type { LineConnection, LineConnectionOptions } from './line-connection.ts';
import type { Listening } from './listening.ts';

type ListeningServer = Pick<ReturnType<typeof createServer>, 'listen' | 'listening' | 'once' | 'off' | 'on' | 'close'>;

/** Sockets at most; more are refused. */
const MAX_CONNECTIONS = 10_000;

/** Makes a served connection of a pair of streams. */
export type Connect = (
  streams: Pick<LineConnectionOptions, 'input' | 'output' | 'release' | 'onClosed' | 'others'>,
) => LineConnection;

/**
 * Newline-delimited JSON-RPC over TCP; all connections see one world.
 * @throws SimulatorStartError when the address cannot be had.
 */
export async function openTcp(address: { host: string; port: number }, connect: Connect): Promise<Listening> {
  const open = new Set<LineConnection>();
  let frozen = false;
  const accept = (socket: Socket) => {
    socket.setNoDelay(true);
    const release = (how: 'end' | 'cut') => {
      if (how === 'cut') socket.destroy();
      else socket.destroySoon();
    };
    const onClosed = (connection: LineConnection) => void open.delete(connection);
    const others = () => [...open].filter((other) => other !== connection);
    const connection = connect({ input: socket, output: socket, release, onClosed, others });
    open.add(connection);
    if (frozen) connection.freeze();
  };
  const server = createServer(accept);
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, address);
  const { port } = server.address() as AddressInfo;
  const gap = new Reopening(server, { host: address.host, port });
  const stop = () => {
    const closed = gap.close();
    for (const connection of open) connection.cut();
    return closed;
  };
  let stopped: Promise<void> | undefined;
  return {
    port,
    endpoint: `tcp://${bracketed(address.host)}:${port}`,
    unsupported: new Set<FaultKind>(['rate-limited']),
    flood: (events: readonly TelemetryEvent[]) => open.forEach((connection) => connection.push(events)),
    freeze: () => {
      frozen = true;
      open.forEach((connection) => connection.freeze());
    },
    thaw: () => {
      frozen = false;
      open.forEach((connection) => connection.thaw());
    },
    goHalfOpen: () => open.forEach((connection) => connection.goDead()),
    restart: (ms) => {
      gap.closeFor(ms);
      for (const connection of open) connection.cut();
    },
    cut: () => void (stopped ??= stop()),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

/** Retries of listening again, when somebody else took the port meanwhile. */
const REOPEN_RETRY_MS = 100;

/** A listening server that can be away for a while. Also for HTTP servers. */
export class Reopening {
  readonly #server: ListeningServer;
  readonly #address: { host: string; port: number };
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #over = false;

  constructor(server: ListeningServer, address: { host: string; port: number }) {
    this.#server = server;
    this.#address = address;
    server.on('error', () => {
      if (!this.#server.listening) this.#reopenAfter(REOPEN_RETRY_MS);
    });
  }

  /** Accepts nobody until `ms` have passed. The caller ends what is open. */
  closeFor(ms: number): void {
    if (this.#over) return;
    if (this.#server.listening) this.#server.close();
    this.#reopenAfter(ms);
  }

  /** For good; resolves when the last connection is gone. */
  close(): Promise<void> {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#closing ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
    return this.#closing;
  }

  #reopenAfter(ms: number): void {
    if (this.#over) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#server.listen(this.#address.port, this.#address.host), ms);
  }
}

/** Listens, or says what is in the way. Also for HTTP servers. @throws SimulatorStartError */
export async function listen(
  server: Pick<ListeningServer, 'listen' | 'once' | 'off'>,
  { host, port }: { host: string; port: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error & { code?: string }) => {
      const why = cause.code === 'EADDRINUSE' ? 'the port is in use' : cause.message;
      reject(new SimulatorStartError(`cannot listen on ${bracketed(host)}:${port}: ${why}`, { cause }));
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** IPv6 addresses in brackets, as in a URL. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
