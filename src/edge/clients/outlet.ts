import type { ClientCounters } from './client-counters.ts';
import type { ClientSocket } from './client-socket.ts';

/** Control messages that wait for a socket to drain; one more and the client is closed. */
const MAX_OUTBOX_MESSAGES = 64;

export interface OutletLimits {
  /** Buffered bytes above which state and positions are skipped and control waits. */
  soft_limit_bytes: number;
  /** Buffered bytes that no send may reach. */
  hard_limit_bytes: number;
}

/**
 * The way out to one client. Control (ok, error, mode, health, heartbeat, goodbye) always goes, in order, and waits in
 * a bounded outbox while the socket is backed up; state and positions are offered only while {@link isClear}, which is
 * false until all waiting control has left. So nothing overtakes an `ok`, and control is never starved.
 */
export class Outlet {
  readonly #socket: ClientSocket;
  readonly #limits: OutletLimits;
  readonly #counters: ClientCounters;
  readonly #overflowed: () => void;
  /** Made when needed: most clients never need one. */
  #outbox: (string | Uint8Array)[] | undefined;
  /** Since the last `buffered`, until seen empty: only then the buffered bytes have to be asked for. */
  #backedUp = false;

  /** `overflowed` is called when the hard limit or the outbox's bound was reached: close the client. */
  constructor(socket: ClientSocket, limits: OutletLimits, counters: ClientCounters, overflowed: () => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#counters = counters;
    this.#overflowed = overflowed;
  }

  /** True while state and positions may be sent. */
  get isClear(): boolean {
    return this.#outbox === undefined && this.#hasRoom();
  }

  /** Everything was handed to the kernel. */
  get isEmpty(): boolean {
    return this.#outbox === undefined && this.#buffered() === 0;
  }

  bufferedBytes(): number {
    return this.#buffered();
  }

  control(message: string | Uint8Array): void {
    if (this.isClear) {
      if (this.#send(message, typeof message !== 'string')) this.#counters.messagesSentTotal++;
      return;
    }
    this.#outbox ??= [];
    if (this.#outbox.length >= MAX_OUTBOX_MESSAGES) this.#overflowed();
    else this.#outbox.push(message);
  }

  /** One message of state. False: not accepted, and the client does not have it. */
  state(message: string | Uint8Array): boolean {
    const accepted = this.#send(message, typeof message !== 'string');
    if (accepted) this.#counters.messagesSentTotal++;
    return accepted;
  }

  /** One frame of positions. False: not accepted. A frame is worth no more room than the soft limit leaves: the next is newer. */
  frame(bytes: Uint8Array): boolean {
    const buffered = this.#buffered();
    if (buffered > 0 && buffered + bytes.byteLength > this.#limits.soft_limit_bytes) return false;
    const accepted = this.#send(bytes, true);
    if (accepted) this.#counters.framesSentTotal++;
    return accepted;
  }

  cork(run: () => void): void {
    this.#socket.cork(run);
  }

  /** The socket took some of what was buffered: sends waiting control as far as there is room. */
  drained(): void {
    const outbox = this.#outbox;
    if (outbox === undefined) return;
    let sent = 0;
    while (sent < outbox.length && this.#hasRoom()) {
      const message = outbox[sent];
      if (message === undefined || !this.#send(message, typeof message !== 'string')) break;
      this.#counters.messagesSentTotal++;
      sent++;
    }
    if (sent === outbox.length) this.#outbox = undefined;
    else outbox.splice(0, sent);
  }

  #send(message: string | Uint8Array, isBinary: boolean): boolean {
    // The library checks its limit before it adds; a sender that wants a bound has to count the message itself.
    const room = this.#limits.hard_limit_bytes - (this.#backedUp ? this.#buffered() : 0);
    // UTF-8 takes at most three bytes for a UTF-16 unit: the exact length is counted only when it matters.
    if (message.length * 3 > room && byteLength(message) > room) {
      this.#overflowed();
      return false;
    }
    const result = this.#socket.send(message, isBinary);
    if (result !== 'sent') this.#backedUp = true;
    return result !== 'dropped';
  }

  #hasRoom(): boolean {
    return !this.#backedUp || this.#buffered() <= this.#limits.soft_limit_bytes;
  }

  #buffered(): number {
    if (!this.#backedUp) return 0;
    const bytes = this.#socket.bufferedAmount();
    if (bytes === 0) this.#backedUp = false;
    return bytes;
  }
}

function byteLength(message: string | Uint8Array): number {
  return typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength;
}
