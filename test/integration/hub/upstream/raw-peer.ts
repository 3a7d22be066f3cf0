import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** A JSON-RPC message as it came. */
export interface Heard {
  id?: string | number;
  method: string;
  params?: Record<string, unknown>;
}

/** What a scripted peer does with each message; it writes to the socket itself. */
export type Script = (message: Heard, peer: PeerSocket, raw: RawPeer) => void;

/** One accepted connection. */
export class PeerSocket {
  readonly socket: Socket;
  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Writes a line, JSON where it is no string. */
  say(line: unknown): void {
    this.socket.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
  }

  result(message: Heard, result: unknown): void {
    this.say({ jsonrpc: '2.0', id: message.id, result });
  }

  error(message: Heard, code: number, text: string): void {
    this.say({ jsonrpc: '2.0', id: message.id, error: { code, message: text } });
  }
}

/** A TCP server of raw lines, on a free port of the loopback. */
export class RawPeer implements AsyncDisposable {
  readonly heard: Heard[] = [];
  readonly sockets = new Set<PeerSocket>();
  connections = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(
    script: Script,
    options: { port?: number; onConnect?: (peer: PeerSocket) => void; tls?: TlsOptions } = {},
  ): Promise<RawPeer> {
    const server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
    const raw = new RawPeer(server);
    server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      const peer = new PeerSocket(socket);
      raw.connections += 1;
      raw.sockets.add(peer);
      socket.on('error', () => undefined);
      socket.on('close', () => raw.sockets.delete(peer));
      options.onConnect?.(peer);
      // readline passes the socket's errors on.
      const lines = createInterface({ input: socket }).on('error', () => undefined);
      lines.on('line', (line) => {
        const message = JSON.parse(line) as Heard;
        raw.heard.push(message);
        script(message, peer, raw);
      });
    });
    server.listen(options.port ?? 0, '127.0.0.1');
    await once(server, 'listening');
    return raw;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Methods (and tools) in the order in which they were heard. */
  get methods(): string[] {
    return this.heard.map(({ method, params }) =>
      method === 'tools/call' ? `tool ${String(params?.['name'])}` : method,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Answers the handshake and tools/list as an old peer; everything else goes to `rest`. */
export function politePeer(rest: Script, tools: readonly string[] = ['agent_list']): Script {
  return (message, peer, raw) => {
    if (message.method === 'initialize') {
      peer.result(message, {
        protocolVersion: '2024-11-05',
        capabilities: { tools: {} },
        serverInfo: { name: 'raw-peer', version: '0.0.1' },
      });
    } else if (message.method === 'tools/list') {
      peer.result(message, { tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) });
    } else if (message.method === 'server/discover') peer.error(message, -32601, 'Method not found');
    else if (message.id !== undefined && 'method' in message) rest(message, peer, raw);
  };
}

/** A tools/call result that wraps JSON in text. */
export function textResult(payload: unknown): Record<string, unknown> {
  return { content: [{ type: 'text', text: JSON.stringify(payload) }] };
}
