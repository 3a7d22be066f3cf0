import type { WebSocket } from 'uWebSockets.js';
import type { Access } from '../clients/access.ts';
import type { ClientSocket, Coding, SendResult } from '../clients/client-socket.ts';
import type { Session } from '../clients/session.ts';

/** What hangs on each native socket. */
export interface SocketState {
  coding: Coding;
  access: Access;
  socket: UwsSocket | undefined;
  session: Session | undefined;
}

/**
 * Messages from here on take a shortcut in the library that loses part of them when the kernel takes no more than their
 * header (fixed upstream by uNetworking/uWebSockets#1662, not in the registry's repackaging). Sockets with a
 * subscription don't take it.
 */
const SHORTCUT_BYTES = 16_384;
/** Nothing is ever published to it. */
const NO_TOPIC = '-';

/** A native socket as sessions see it. Touching a closed native socket throws, so it is let go of at once. */
export class UwsSocket implements ClientSocket {
  readonly coding: Coding;
  #socket: WebSocket<SocketState> | undefined;
  #isSubscribed = false;
  readonly #compressFromBytes: number;

  /** `compressFromBytes`: text of this length and more is compressed, where the client offered it; 0: never. */
  constructor(socket: WebSocket<SocketState>, coding: Coding, compressFromBytes: number) {
    this.#socket = socket;
    this.coding = coding;
    this.#compressFromBytes = compressFromBytes;
  }

  send(message: string | Uint8Array, isBinary: boolean): SendResult {
    if (this.#socket === undefined) return 'dropped';
    if (!this.#isSubscribed && mayReach(message, SHORTCUT_BYTES)) {
      this.#isSubscribed = true;
      this.#socket.subscribe(NO_TOPIC);
    }
    const isCompressed = this.#compressFromBytes > 0 && !isBinary && message.length >= this.#compressFromBytes;
    const status = this.#socket.send(message, isBinary, isCompressed);
    if (status === 1) return 'sent';
    return status === 0 ? 'buffered' : 'dropped';
  }

  bufferedAmount(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  cork(run: () => void): void {
    if (this.#socket === undefined) run();
    else this.#socket.cork(run);
  }

  ping(): void {
    this.#socket?.ping();
  }

  close(code: number, reason: string): void {
    const socket = this.#socket;
    // The library calls the close handler within `end`.
    this.#socket = undefined;
    socket?.end(code, reason);
  }

  /** The native socket has closed. */
  detach(): void {
    this.#socket = undefined;
  }
}

/** UTF-8 takes at most three bytes for a UTF-16 unit. */
function mayReach(message: string | Uint8Array, bytes: number): boolean {
  return typeof message === 'string' ? message.length * 3 >= bytes : message.byteLength >= bytes;
}
