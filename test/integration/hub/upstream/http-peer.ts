import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

interface Asked {
  message: { id?: string; method: string } | undefined;
  request: IncomingMessage;
  response: ServerResponse;
}
export type Answer = (asked: Asked) => void;

/** An old-era MCP server over HTTP with a session; `tools/call` and everything odd is up to `answer`. */
export class HttpPeer implements AsyncDisposable {
  readonly asked: { method: string | undefined; http: string | undefined; url: string | undefined; secret: unknown }[] =
    [];
  sessions = 0;
  /** Connections that are open. */
  open = 0;
  readonly #server: Server;
  readonly #scheme: string;
  /** Answers instead, where it does: a gate before everything else. */
  gate: (asked: Asked) => boolean = () => false;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
  }

  static async start(answer: Answer, port = 0, tls?: ServerOptions): Promise<HttpPeer> {
    const server = tls === undefined ? createServer() : createSecureServer(tls);
    const peer = new HttpPeer(server, tls === undefined ? 'http' : 'https');
    server.on('connection', (socket) => {
      peer.open += 1;
      socket.on('close', () => (peer.open -= 1));
    });
    server.on('request', (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => peer.#hear(body, request, response, answer));
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return peer;
  }

  #hear(body: string, request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    const message = body === '' ? undefined : (JSON.parse(body) as { id?: string; method: string });
    this.asked.push({
      method: message?.method,
      http: request.method,
      url: request.url,
      secret: request.headers['x-secret'],
    });
    this.#serve({ message, request, response }, answer);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}/mcp`;
  }

  count(method: string): number {
    return this.asked.filter((one) => one.method === method || one.http === method).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #serve(asked: Asked, answer: Answer): void {
    const { message, request, response } = asked;
    if (this.gate(asked)) return;
    if (request.method === 'GET') response.writeHead(405).end();
    else if (request.method === 'DELETE') response.writeHead(200).end();
    else if (message?.method === 'server/discover')
      reply(asked, { error: { code: -32601, message: 'Method not found' } });
    else if (message?.method === 'initialize') {
      this.sessions += 1;
      response.setHeader('mcp-session-id', `session-${this.sessions}`);
      const serverInfo = { name: 'http-peer', version: '1' };
      reply(asked, { result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } });
    } else if (message?.method === 'tools/list') {
      reply(asked, { result: { tools: [{ name: 'agent_list', inputSchema: { type: 'object' } }] } });
    } else if (message?.id === undefined) response.writeHead(202).end();
    else answer(asked);
  }
}

export function reply({ message, response }: Asked, body: object): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ jsonrpc: '2.0', id: message?.id, ...body }));
}
