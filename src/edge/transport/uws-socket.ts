import type { WebSocket } from 'uWebSockets.js';
import type { ClientSocket, Coding, SendResult } from '../clients/client-socket.ts';
import type { Session } from '../clients/session.ts';

/** What hangs on each native socket. */
export interface SocketState {
  coding: Coding;
  socket: UwsSocket | undefined;
  session: Session | undefined;
}

/** A native socket as sessions see it. Touching a closed native socket throws, so it is let go of at once. */
export class UwsSocket implements ClientSocket {
  readonly coding: Coding;
  #socket: WebSocket<SocketState> | undefined;

  constructor(socket: WebSocket<SocketState>, coding: Coding) {
    this.#socket = socket;
    this.coding = coding;
  }

  send(message: string | Uint8Array, isBinary: boolean): SendResult {
    if (this.#socket === undefined) return 'dropped';
    const status = this.#socket.send(message, isBinary);
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
