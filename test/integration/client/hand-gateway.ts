/** A gateway made by hand: a WebSocket server that says exactly what a test tells it to say. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { packMessage, unpackMessage } from '../../../src/protocol/codec.ts';
import { writeFrameHeader, writeSectionHeader } from '../../../src/protocol/frames.ts';
import type { ServerMessage } from '../../../src/protocol/server-messages.ts';

export interface Received {
  type: string;
  id?: number;
  payload: Record<string, unknown>;
}

/** One client's connection, from the gateway's side. */
export class Peer {
  readonly socket: WebSocket;
  readonly coding: string;
  readonly offered: string;
  readonly received: Received[] = [];
  readonly #waiting = new Set<() => void>();
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket, offered: string) {
    this.socket = socket;
    this.coding = socket.protocol;
    this.offered = offered;
    socket.on('message', (data: Buffer, isBinary) => {
      this.received.push((isBinary ? unpackMessage(data) : JSON.parse(data.toString('utf8'))) as Received);
      for (const check of this.#waiting) check();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString('utf8') });
      });
    });
  }

  /** The first message of that type that no earlier call took. */
  async next(type: string): Promise<Received> {
    for (;;) {
      const at = this.received.findIndex((message) => message.type === type);
      const [found] = at === -1 ? [] : this.received.splice(at, 1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const check = (): void => {
          this.#waiting.delete(check);
          resolve();
        };
        this.#waiting.add(check);
      });
    }
  }

  send(...messages: (ServerMessage | { type: string; payload: unknown })[]): void {
    for (const message of messages) {
      this.socket.send(this.coding === 'swarmcast.v1.json' ? JSON.stringify(message) : packMessage(message));
    }
  }

  ok({ type, id }: Received, payload: Record<string, unknown> = {}): void {
    this.send({ type: 'ok', payload: { id, of: type, payload } });
  }

  refuse({ id }: Received, code: string, message: string): void {
    this.send({ type: 'error', payload: { id, code, message, retry_after_ms: 1_500 } });
  }
}

export class HandGateway implements AsyncDisposable {
  readonly #server: WebSocketServer;
  readonly #peers: Peer[] = [];
  readonly #waiting: ((peer: Peer) => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, request) => {
      const peer = new Peer(socket, request.headers['sec-websocket-protocol'] ?? '');
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#peers.push(peer);
      else waiting(peer);
    });
  }

  static async open(port = 0): Promise<HandGateway> {
    const server = new WebSocketServer({
      port,
      host: '127.0.0.1',
      handleProtocols: (offered) => [...offered].find((name) => name.startsWith('swarmcast.v1.')) ?? false,
    });
    await once(server, 'listening');
    return new HandGateway(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  /** The next client that connects, or has connected and was not asked for. */
  accept(): Promise<Peer> {
    const peer = this.#peers.shift();
    if (peer !== undefined) return Promise.resolve(peer);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

/** A frame with slot 1 of swarm 1 at x, −x, 0 half units. */
export function q16Frame(tick: number, timeMs: number, x: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 + 28 + 8));
  writeFrameHeader(view, 0, { kind: 'q16', sections: 1, tick, timeMs });
  const section = { swarmRef: 1, count: 1, flags: 0, block: 0, slotsRev: 0, origin: [0, 0, 0] as const, scale: 0.5 };
  writeSectionHeader(view, 16, section);
  view.setUint16(44, 1, true);
  view.setInt16(46, x, true);
  view.setInt16(48, -x, true);
  view.setInt16(50, 0, true);
  return new Uint8Array(view.buffer);
}
