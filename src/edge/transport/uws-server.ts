/**
 * The native server of one edge: WebSocket upgrades at {@link SOCKET_PATHS}, the dashboard's files, everything else
 * relayed to the hub's HTTP application. Holds no rules of the protocol: sessions do. This folder alone imports uWebSockets.js.
 */
import * as uws from 'uWebSockets.js';
import type {
  HttpRequest as UwsRequest,
  HttpResponse as UwsResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
} from 'uWebSockets.js';
import { createServer } from 'node:net';
import type { HttpReply, HttpRequest } from '../../feed/feed.ts';
import { MAX_CLIENT_MESSAGE_BYTES } from '../../protocol/client-messages.ts';
import { bearerToken } from '../../platform/auth/bearer.ts';
import type { Verdict } from '../../platform/auth/identity.ts';
import { ConfigError } from '../../platform/config/errors.ts';
import type { Certificate } from '../../platform/tls/certificate.ts';
import type { Access } from '../clients/access.ts';
import type { ClientSocket } from '../clients/client-socket.ts';
import type { Session } from '../clients/session.ts';
import type { AddressGate } from './address-gate.ts';
import type { ClientAddresses } from './client-address.ts';
import { ListenError, PortInUseError } from './errors.ts';
import { relayHttp, textReply, writeReply } from './http-relay.ts';
import { createOriginPolicy, type OriginPolicy } from './origin-policy.ts';
import { chooseSubprotocol } from './subprotocol.ts';
import { loadStaticFiles, type StaticFiles } from './static-files.ts';
import { UwsSocket, type SocketState } from './uws-socket.ts';

/** The second is the seeds' path. */
const SOCKET_PATHS = ['/ws', '/api/multi-mcp/ws'] as const;
/**
 * Longest message that is read at all. The library cuts the connection without a close frame above it (clients see
 * 1006), so it lies above the protocol's own limit: what is between the two gets an `error` and close 3501.
 */
const MAX_READ_BYTES = 4 * MAX_CLIENT_MESSAGE_BYTES;

/** How the library says that a message was longer than that, to us alone. */
const ABNORMAL = 1006;
const TOO_LONG = 'Received too big message';

export interface SocketServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /**
   * Several edges of one process listen on the same port: one opens it for sharing, the others join. Otherwise, and
   * for the one that opens, a port in use is an error.
   */
  sharePort?: 'open' | 'join' | undefined;
  allowedOrigins: readonly string[];
  /** Undefined: plain HTTP. */
  certificate?: Certificate | undefined;
  /** JSON messages of this size and more are compressed, where the client offered it; 0: none. */
  compressFromBytes: number;
  /** Buffered bytes of a socket that its sessions keep below; the library's own bound lies above. */
  hardLimitBytes: number;
  /** A new client; undefined when it was refused and closed. */
  connect: (socket: ClientSocket, access: Access) => Session | undefined;
  /** Who the bearer of a token is, or of none. Never rejects. */
  authenticate: (token: string | undefined) => Verdict | Promise<Verdict>;
  addresses: ClientAddresses;
  /** What an address may do: upgrades and HTTP requests. */
  gates: { upgrades: AddressGate; requests: AddressGate };
  http: (request: HttpRequest) => Promise<HttpReply>;
  /** A request ended before its body had come: the asker left, or the library's time for it was over. */
  onUnfinished: () => void;
  /** What was refused here; `value`: the foreign host or page, or the address that asked too often. */
  onRefused: (what: 'host' | 'origin' | 'upgrade_rate' | 'request_rate' | 'message_size', value: string) => void;
}

export interface SocketServer extends AsyncDisposable {
  /** The port it listens on. */
  readonly port: number;
  /**
   * Newcomers are served with this one; those who are connected stay as they are. An attempt to connect in that very instant
   * may be reset. @throws {@link ConfigError} and {@link ListenError}: all stays as it was.
   */
  renew(certificate: Certificate): Promise<void>;
  /** No new connections; those that are open go on. */
  stopAccepting(): void;
}

// Names of the official build beside those of the registry's repackaging (style.md, trap 1).
interface Library {
  closeSocket?: (socket: us_listen_socket) => void;
  us_listen_socket_close?: (socket: us_listen_socket) => void;
  getSocketPort?: (socket: us_listen_socket) => number;
  us_socket_local_port?: (socket: us_listen_socket) => number;
}
interface App extends Pick<TemplatedApp, 'any' | 'ws'> {
  close(): void;
  listen(host: string, port: number, options: number, done: (socket: us_listen_socket | false) => void): App;
}
// The repackaging lists only its official names as named exports.
const library = { ...uws, ...(uws as unknown as { default?: object }).default } as Library;
const SHARED_PORT = 0;
const EXCLUSIVE_PORT = 1;

/**
 * Listens, or says why not.
 * @throws {@link PortInUseError}
 * @throws {@link ListenError}
 */
export async function startSocketServer(options: SocketServerOptions): Promise<SocketServer> {
  const server = new Server(options, await loadStaticFiles());
  await server.start();
  return server;
}

/** One native app with what it serves. Clients stay with the one that took them. */
interface Listener {
  app: App;
  /** Undefined once it takes no newcomers. */
  listening: us_listen_socket | undefined;
  /** WebSockets that are open. */
  sockets: number;
}

class Server implements SocketServer {
  readonly #options: SocketServerOptions;
  readonly #files: StaticFiles;
  /** The last one takes newcomers. */
  readonly #listeners: Listener[] = [];
  #policy: OriginPolicy | undefined;
  #port = 0;
  #closed = false;

  constructor(options: SocketServerOptions, files: StaticFiles) {
    this.#options = options;
    this.#files = files;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const { host, certificate, allowedOrigins } = this.#options;
    // With a certificate the port is shared with those who follow when it is renewed.
    const sharePort = this.#options.sharePort ?? (certificate === undefined ? undefined : 'open');
    await this.#listen(certificate, { ...this.#options, sharePort });
    const isSecure = certificate !== undefined;
    this.#policy = createOriginPolicy({ host, port: this.#port, isSecure, allowedOrigins });
  }

  async renew(certificate: Certificate): Promise<void> {
    const before = this.#listeners.at(-1);
    await this.#listen(certificate, { host: this.#options.host, port: this.#port, sharePort: 'join' });
    if (before !== undefined) stopListening(before);
    this.#dropIdle();
  }

  stopAccepting(): void {
    for (const listener of this.#listeners) stopListening(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.stopAccepting();
    for (const { app } of this.#listeners) app.close();
    // The library frees its sockets in the next turn of the loop.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  async #listen(certificate: Certificate | undefined, place: ListenPlace): Promise<void> {
    const options = this.#options;
    const listener: Listener = { app: openApp(certificate), listening: undefined, sockets: 0 };
    const { app } = listener;
    for (const path of SOCKET_PATHS) routeSockets(app, path, options, () => this.#policy, listener);
    app.any('/*', (res, req) => {
      if (!allowsHost(res, req, this.#policy, options)) return;
      if (!allowsRate(res, req, options, 'requests')) return;
      if (!serveFile(res, req, this.#files)) relayHttp(res, req, options.http, options.onUnfinished);
    });
    listener.listening = await listen(app, place);
    this.#port = portOf(listener.listening);
    this.#listeners.push(listener);
  }

  /** Closes those that were renewed and whose last client has gone: what is left on them is at most a kept-alive request. */
  #dropIdle(): void {
    for (const listener of this.#listeners.slice(0, -2)) {
      if (listener.sockets > 0) continue;
      this.#listeners.splice(this.#listeners.indexOf(listener), 1);
      listener.app.close();
    }
  }
}

/** @throws {@link ConfigError} for files that the library does not take. */
function openApp(certificate: Certificate | undefined): App {
  if (certificate === undefined) return uws.App() as unknown as App;
  const { certFile, keyFile, passphrase } = certificate;
  const files = { cert_file_name: certFile, key_file_name: keyFile };
  try {
    return uws.SSLApp({ ...files, ...(passphrase === undefined ? {} : { passphrase }) }) as unknown as App;
  } catch (cause) {
    const message = `${certFile} and ${keyFile} are refused by the TLS library`;
    throw new ConfigError([{ key: 'edge.tls.cert', source: 'configuration', message }], { cause });
  }
}

function stopListening(listener: Listener): void {
  const { listening } = listener;
  listener.listening = undefined;
  if (listening === undefined) return;
  const close = library.us_listen_socket_close ?? library.closeSocket;
  close?.(listening);
}

function serveFile(res: UwsResponse, req: UwsRequest, files: StaticFiles): boolean {
  const method = req.getCaseSensitiveMethod();
  if (method !== 'GET' && method !== 'HEAD') return false;
  const reply = files.reply(req.getUrl(), {
    acceptEncoding: req.getHeader('accept-encoding'),
    ifNoneMatch: req.getHeader('if-none-match'),
    host: req.getHeader('host'),
  });
  if (reply === undefined) return false;
  writeReply(res, reply, method);
  return true;
}

function routeSockets(
  app: App,
  path: string,
  options: SocketServerOptions,
  policy: () => OriginPolicy | undefined,
  listener: Listener,
): void {
  app.ws<SocketState>(path, {
    maxPayloadLength: MAX_READ_BYTES,
    // One compressor for all sockets of the thread: a window of its own for each would cost memory that idle clients hold.
    compression: options.compressFromBytes > 0 ? uws.SHARED_COMPRESSOR : uws.DISABLED,
    // Above what sessions allow themselves, so that the library never drops what they count as sent.
    maxBackpressure: options.hardLimitBytes + MAX_READ_BYTES,
    // Sessions ping and find silence themselves.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    upgrade: (res, req, context) => upgrade(res, req, context, policy(), options),
    open: (ws) => {
      listener.sockets += 1;
      const state = ws.getUserData();
      const socket = new UwsSocket(ws, state.coding, options.compressFromBytes);
      state.socket = socket;
      state.session = options.connect(socket, state.access);
    },
    message: (ws, message, isBinary) => ws.getUserData().session?.receive(new Uint8Array(message), isBinary),
    drain: (ws) => ws.getUserData().session?.drained(),
    pong: (ws) => ws.getUserData().session?.ponged(),
    close: (ws, code, reason) => {
      listener.sockets -= 1;
      if (code === ABNORMAL && Buffer.from(reason).toString() === TOO_LONG) options.onRefused('message_size', '');
      const state = ws.getUserData();
      state.socket?.detach();
      state.session?.lost();
      state.session = undefined;
    },
  });
}

function upgrade(
  res: UwsResponse,
  req: UwsRequest,
  context: us_socket_context_t,
  policy: OriginPolicy | undefined,
  options: SocketServerOptions,
): void {
  if (!allowsHost(res, req, policy, options) || !allowsRate(res, req, options, 'upgrades')) return;
  const origin = req.getHeader('origin');
  if (policy?.allowsOrigin(origin) !== true) {
    options.onRefused('origin', origin);
    writeReply(res, textReply(403, 'this origin may not connect\n'));
    return;
  }
  // The native request is gone when this handler returns: everything is read now.
  const chosen = chooseSubprotocol(req.getHeader('sec-websocket-protocol'));
  const key = req.getHeader('sec-websocket-key');
  const extensions = req.getHeader('sec-websocket-extensions');
  const address = addressOf(res, req, options);
  const verdict = options.authenticate(bearerToken(req.getHeader('authorization')) ?? chosen.token);
  // Also with a bad token: a page is told why only by a message.
  const accept = (found: Verdict): void => {
    const access = { verdict: found, address };
    const state: SocketState = { coding: chosen.coding, access, socket: undefined, session: undefined };
    res.upgrade(state, key, chosen.echo, extensions, context);
  };
  if (!(verdict instanceof Promise)) {
    accept(verdict);
    return;
  }
  let aborted = false;
  res.onAborted(() => {
    aborted = true;
  });
  void (async () => {
    const found = await verdict;
    if (!aborted) res.cork(() => accept(found));
  })();
}

function addressOf(res: UwsResponse, req: UwsRequest, { addresses }: SocketServerOptions): string {
  return addresses.groupOf(res.getRemoteAddress(), req.getHeader('x-forwarded-for'));
}

/** Answers 429 to an address that asks too often. */
function allowsRate(
  res: UwsResponse,
  req: UwsRequest,
  options: SocketServerOptions,
  kind: 'upgrades' | 'requests',
): boolean {
  const address = addressOf(res, req, options);
  const waitMs = options.gates[kind].take(address, performance.now());
  if (waitMs === 0) return true;
  options.onRefused(kind === 'upgrades' ? 'upgrade_rate' : 'request_rate', address);
  const reply = textReply(429, `too many ${kind} from your address\n`);
  const headers = { ...reply.headers, 'retry-after': String(Math.ceil(waitMs / 1_000)) };
  // Kept open, it would cost a socket until the library's own time limit.
  writeReply(res, { ...reply, headers }, req.getCaseSensitiveMethod(), true);
  return false;
}

function allowsHost(
  res: UwsResponse,
  req: UwsRequest,
  policy: OriginPolicy | undefined,
  options: SocketServerOptions,
): boolean {
  const host = req.getHeader('host');
  if (policy?.allowsHost(host) === true) return true;
  options.onRefused('host', host);
  writeReply(res, textReply(403, 'this host name is not served\n'), req.getCaseSensitiveMethod());
  return false;
}

type ListenPlace = Pick<SocketServerOptions, 'host' | 'port' | 'sharePort'>;

async function listen(app: App, { host, port: wanted, sharePort }: ListenPlace): Promise<us_listen_socket> {
  let port = wanted;
  let found: Probed = { port };
  if (sharePort === 'open') {
    // A shared port would also be shared with a stranger who does the same; and the library shares no port that it
    // chose itself.
    found = await probe(host, port);
    port = found.port;
  }
  const socket =
    found.refusal === undefined &&
    (await new Promise<us_listen_socket | false>((resolve) => {
      app.listen(host, port, sharePort === undefined ? EXCLUSIVE_PORT : SHARED_PORT, resolve);
    }));
  if (socket !== false) return socket;
  app.close();
  throw (
    found.refusal ??
    (await probe(host, port)).refusal ??
    // Free by now: whoever had it has left in between.
    new ListenError(host, port, 'it was taken for a moment; try again')
  );
}

function portOf(listening: us_listen_socket): number {
  const port = (library.us_socket_local_port ?? library.getSocketPort)?.(listening);
  if (port === undefined || port < 0) throw new Error('the native library does not tell its port');
  return port;
}

interface Probed {
  /** The port asked about; for 0, one that is free. */
  port: number;
  /** Why it can't be listened on, which the library does not say and Node's own error does. */
  refusal?: Error | undefined;
}

function probe(host: string, port: number): Promise<Probed> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const refusal =
        error.code === 'EADDRINUSE'
          ? new PortInUseError(host, port, { cause: error })
          : new ListenError(host, port, error.message, { cause: error });
      resolve({ port, refusal });
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve({ port: found }));
    });
  });
}
