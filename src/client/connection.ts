/** One socket: coding of what goes out, telling apart what comes in, and an end that always comes exactly once. */
import type { DecodedFrame } from '../protocol/frames.ts';
import { decodeFrame, FRAME_MAGIC } from '../protocol/frames.ts';
import type { ServerMessage } from '../protocol/server-messages.ts';
import { packMessage, unpackMessage } from '../protocol/codec.ts';
import type { WebSocketLike } from './web-socket.ts';

export type Coding = 'json' | 'msgpack';

export interface ConnectionHandlers {
  opened(): void;
  /** Envelope checked, payload an object; `bytes` as received. */
  message(message: ServerMessage, bytes: number): void;
  frame(frame: DecodedFrame, bytes: number): void;
  /** Bytes that are neither a message nor a frame; they are dropped. */
  malformed(what: string): void;
  /** The last call. */
  closed(code: number, reason: string): void;
}

/** How long a closing handshake may take before the socket is dropped. */
const CLOSE_DEADLINE_MS = 1_000;
const OPEN = 1;

export class Connection {
  readonly #socket: WebSocketLike;
  readonly #coding: Coding;
  readonly #handlers: ConnectionHandlers;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  #lastError: string | undefined;
  #ended = false;

  /** Takes over a socket that is about to open. */
  constructor(socket: WebSocketLike, coding: Coding, handlers: ConnectionHandlers) {
    this.#socket = socket;
    this.#coding = coding;
    this.#handlers = handlers;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      if (!this.#ended) handlers.opened();
    });
    socket.addEventListener('message', (event) => {
      if (!this.#ended) this.#receive(event.data);
    });
    socket.addEventListener('error', (event) => {
      this.#lastError = event.message;
    });
    socket.addEventListener('close', (event) => {
      this.#end(event.code, event.reason === '' ? (this.#lastError ?? '') : event.reason);
    });
  }

  /** Sends one message; false when the socket is not open. */
  send(type: string, payload: object, id?: number): boolean {
    if (this.#ended || this.#socket.readyState !== OPEN) return false;
    const message = id === undefined ? { type, payload } : { type, id, payload };
    this.#socket.send(this.#coding === 'json' ? JSON.stringify(message) : packMessage(message));
    return true;
  }

  /** Closes with a handshake, or without one after a second. */
  close(code: number, reason: string): void {
    if (this.#ended || this.#closeTimer !== undefined) return;
    this.#closeTimer = setTimeout(() => {
      this.drop(code, reason);
    }, CLOSE_DEADLINE_MS);
    this.#socket.close(code, reason);
  }

  /** Ends now, without a handshake: the other side is gone, or too slow. */
  drop(code: number, reason: string): void {
    if (this.#ended) return;
    if (this.#socket.terminate === undefined) this.#socket.close();
    else this.#socket.terminate();
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#closeTimer);
    this.#handlers.closed(code, reason);
  }

  #receive(data: unknown): void {
    try {
      if (typeof data === 'string') {
        // The older dialect's answer to a text `ping`; it is no message.
        if (data !== 'pong') this.#deliver(JSON.parse(data), data.length);
      } else if (data instanceof ArrayBuffer) {
        this.#receiveBytes(new Uint8Array(data));
      } else {
        this.#handlers.malformed('data of an unknown kind');
      }
    } catch (error) {
      this.#handlers.malformed(error instanceof Error ? error.message : String(error));
    }
  }

  #receiveBytes(bytes: Uint8Array): void {
    if (bytes[0] === FRAME_MAGIC) this.#handlers.frame(decodeFrame(bytes), bytes.byteLength);
    else this.#deliver(unpackMessage(bytes), bytes.byteLength);
  }

  #deliver(message: unknown, bytes: number): void {
    if (isMessage(message)) this.#handlers.message(message, bytes);
    else this.#handlers.malformed('a message without type or payload');
  }
}

// The gateway is trusted to send the shapes of its own protocol; what breaks while it is applied is caught above.
function isMessage(value: unknown): value is ServerMessage {
  if (typeof value !== 'object' || value === null) return false;
  const { type, payload } = value as { type?: unknown; payload?: unknown };
  return typeof type === 'string' && typeof payload === 'object' && payload !== null;
}
