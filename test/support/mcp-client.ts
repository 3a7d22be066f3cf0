/** The official MCP client against simulated servers, and a raw peer that speaks lines. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Client, ReadBuffer, StreamableHTTPClientTransport, serializeMessage } from '@modelcontextprotocol/client';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { until } from './until.ts';

export type Era = 'legacy' | 'modern';

/** A connected client of the older era, or pinned to the newer one. Dispose closes it. */
export async function connectMcp(transport: Transport, era: Era = 'legacy'): Promise<Client & AsyncDisposable> {
  const mode = era === 'legacy' ? ('legacy' as const) : { pin: '2026-07-28' };
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** The transport for the endpoint of a simulator. */
export function transportTo(endpoint: string): Transport {
  const url = new URL(endpoint);
  return url.protocol === 'tcp:' ? new TcpTransport(Number(url.port)) : new StreamableHTTPClientTransport(url);
}

class TcpTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #socket: Socket;
  readonly #buffer = new ReadBuffer();

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk) => this.#onData(chunk));
    this.#socket.on('close', () => this.onclose?.());
    this.#socket.on('error', (error) => this.onerror?.(error));
  }

  async start(): Promise<void> {
    if (this.#socket.connecting) await once(this.#socket, 'connect');
  }

  send(message: JSONRPCMessage): Promise<void> {
    this.#socket.write(serializeMessage(message));
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#socket.destroy();
    return Promise.resolve();
  }

  #onData(chunk: Buffer): void {
    this.#buffer.append(chunk);
    for (;;) {
      try {
        const message = this.#buffer.readMessage();
        if (message === null) return;
        this.onmessage?.(message);
      } catch (error) {
        // A line that is no JSON-RPC: telemetry, or garbage on order.
        this.onerror?.(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}

/** JSON lines over TCP with nothing in between. What is left without an end of line counts as one when the server ends. */
export class LinePeer implements Disposable {
  readonly lines: string[] = [];
  readonly chunks: Buffer[] = [];
  closed = false;
  readonly socket: Socket;
  #id = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new TextDecoder();
    let rest = '';
    socket.on('data', (chunk) => {
      this.chunks.push(chunk);
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    socket.on('end', () => {
      if (rest !== '') this.lines.push(rest);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static async connect(port: number): Promise<LinePeer> {
    const peer = new LinePeer(connect(port, '127.0.0.1'));
    await once(peer.socket, 'connect');
    return peer;
  }

  /** @returns the id that the request went out with. */
  send(method: string, params: unknown = {}): number {
    const id = ++this.#id;
    this.socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return id;
  }

  /** Everything that parsed. */
  get messages(): Record<string, unknown>[] {
    return this.lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
  }

  answers(id: number): Record<string, unknown>[] {
    return this.messages.filter((message) => message['id'] === id);
  }

  /** The answer to a request, when it has come. */
  async answer(id: number): Promise<Record<string, unknown>> {
    return until(`the answer to ${id}`, () => this.answers(id)[0]);
  }

  async call(method: string, params: unknown = {}): Promise<Record<string, unknown>> {
    return this.answer(this.send(method, params));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
