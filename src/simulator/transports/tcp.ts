import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { SimulatorStartError } from '../errors.ts';
import type { TelemetryEvent } from '../telemetry.ts';
import type { LineConnection, LineConnectionOptions } from './line-connection.ts';
import type { Listening } from './listening.ts';

/** Sockets at most; more are refused. */
const MAX_CONNECTIONS = 10_000;

/** Makes a served connection of a pair of streams. */
export type Connect = (
  streams: Pick<LineConnectionOptions, 'input' | 'output' | 'release' | 'onClosed'>,
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
    const connection = connect({ input: socket, output: socket, release, onClosed });
    open.add(connection);
    if (frozen) connection.freeze();
  };
  const server = createServer(accept);
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, address);
  const { port } = server.address() as AddressInfo;
  const stop = () => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const connection of open) connection.cut();
    return closed;
  };
  let stopped: Promise<void> | undefined;
  return {
    port,
    endpoint: `tcp://${bracketed(address.host)}:${port}`,
    unsupported: new Set(),
    flood: (events: readonly TelemetryEvent[]) => open.forEach((connection) => connection.push(events)),
    freeze: () => {
      frozen = true;
      open.forEach((connection) => connection.freeze());
    },
    thaw: () => {
      frozen = false;
      open.forEach((connection) => connection.thaw());
    },
    cut: () => void (stopped ??= stop()),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

/** Listens, or says what is in the way. Also for HTTP servers. @throws SimulatorStartError */
export async function listen(
  server: Pick<ReturnType<typeof createServer>, 'listen' | 'once' | 'off'>,
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
