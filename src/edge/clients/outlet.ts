import type { Backlog } from './backlog.ts';
import type { ClientCounters, Meter } from './client-counters.ts';
import type { ClientSocket } from './client-socket.ts';

/** Control messages that wait for a socket to drain; one more and the client is closed. */
export const MAX_OUTBOX_MESSAGES = 64;

export interface OutletLimits {
  /** Buffered bytes above which state and positions are skipped and control waits. */
  soft_limit_bytes: number;
  /** Buffered bytes that no send may reach. */
  hard_limit_bytes: number;
}

export interface OutletOwner {
  /** The hard limit or the outbox's bound was reached: close the client. */
  overflowed(): void;
  /** Something waits: in the socket's buffer, or for it to drain. */
  backedUp(): void;
}

export interface OutletOptions {
  socket: ClientSocket;
  limits: OutletLimits;
  counters: ClientCounters;
  /** Told of everything that a client may be behind with. */
  backlog: Backlog;
  meter: Meter;
  /** Monotonic. */
  nowMs: number;
  owner: OutletOwner;
}

/**
 * The way out to one client. Control (ok, error, mode, health, heartbeat, goodbye) always goes, in order, and waits in
 * a bounded outbox while the socket is backed up; state and positions are offered only while {@link isClear}, which is
 * false until all waiting control has left, and while the client is held back. So nothing overtakes an `ok`, and
 * control is never starved.
 */
export class Outlet {
  /** Where what goes out is counted. */
  meter: Meter;
  /** The client is behind: no state and no positions for now, whatever the socket would take. */
  isHeld = false;
  /** Payload bytes accepted since the start. */
  bytesSent = 0;
  /** Over the time between the last two calls of {@link measureRate}. */
  bytesPerSecond = 0;
  #ratedBytes = 0;
  #ratedAtMs: number;
  readonly #socket: ClientSocket;
  readonly #limits: OutletLimits;
  readonly #counters: ClientCounters;
  readonly #backlog: Backlog;
  readonly #owner: OutletOwner;
  /** Made when needed: most clients never need one. */
  #outbox: (string | Uint8Array)[] | undefined;
  /** Since the last `buffered`, until seen empty: only then the buffered bytes have to be asked for. */
  #backedUp = false;

  constructor(options: OutletOptions) {
    this.#socket = options.socket;
    this.#limits = options.limits;
    this.#counters = options.counters;
    this.#backlog = options.backlog;
    this.meter = options.meter;
    this.#ratedAtMs = options.nowMs;
    this.#owner = options.owner;
  }

  /** True while state and positions may be sent. */
  get isClear(): boolean {
    return !this.isHeld && this.#outbox === undefined && this.#hasRoom();
  }

  /** Nothing holds back what is sent: it is clear, and nothing was buffered when last something was sent. */
  get isAtEase(): boolean {
    return !this.isHeld && this.#outbox === undefined && !this.#backedUp;
  }

  /** Everything was handed to the kernel. */
  get isEmpty(): boolean {
    return this.#outbox === undefined && this.#buffered() === 0;
  }

  bufferedBytes(): number {
    return this.#buffered();
  }

  control(message: string | Uint8Array): void {
    if (this.#outbox === undefined && this.#hasRoom()) {
      this.#sendMessage(message);
      return;
    }
    this.#outbox ??= [];
    if (this.#outbox.length >= MAX_OUTBOX_MESSAGES) {
      this.#owner.overflowed();
      return;
    }
    this.#outbox.push(message);
    this.#owner.backedUp();
    this.#counters.outboxPeak = Math.max(this.#counters.outboxPeak, this.#outbox.length);
  }

  /** One message of state. False: not accepted, and the client does not have it. */
  state(message: Uint8Array): boolean {
    if (!this.#sendMessage(message)) return false;
    this.#backlog.stateSent();
    return true;
  }

  /**
   * One frame of positions of `tick`. False: not accepted. A frame is worth no more room than the soft limit leaves:
   * the next is newer.
   */
  frame(bytes: Uint8Array, tick: number): boolean {
    const buffered = this.#buffered();
    if (buffered > 0 && buffered + bytes.byteLength > this.#limits.soft_limit_bytes) return false;
    if (!this.#send(bytes, true)) return false;
    this.bytesSent += bytes.byteLength;
    this.meter.frames++;
    this.meter.frameBytes += bytes.byteLength;
    this.#backlog.frameSent(tick);
    return true;
  }

  /** The socket buffered something that was not sent from here. */
  noteBackedUp(): void {
    this.#backedUp = true;
  }

  measureRate(nowMs: number): void {
    const elapsedMs = nowMs - this.#ratedAtMs;
    if (elapsedMs <= 0) return;
    this.bytesPerSecond = Math.round(((this.bytesSent - this.#ratedBytes) * 1_000) / elapsedMs);
    this.#ratedBytes = this.bytesSent;
    this.#ratedAtMs = nowMs;
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
      if (message === undefined || !this.#sendMessage(message)) break;
      sent++;
    }
    if (sent === outbox.length) this.#outbox = undefined;
    else outbox.splice(0, sent);
  }

  // JSON is text, also as bytes.
  #sendMessage(message: string | Uint8Array): boolean {
    if (!this.#send(message, this.#socket.coding === 'msgpack' && typeof message !== 'string')) return false;
    this.bytesSent += message.length;
    this.meter.messages++;
    this.meter.messageBytes += message.length;
    return true;
  }

  #send(message: string | Uint8Array, isBinary: boolean): boolean {
    // The library checks its limit before it adds; a sender that wants a bound has to count the message itself.
    const room = this.#limits.hard_limit_bytes - (this.#backedUp ? this.#buffered() : 0);
    // UTF-8 takes at most three bytes for a UTF-16 unit: the exact length is counted only when it matters.
    if (message.length * 3 > room && byteLength(message) > room) {
      this.#owner.overflowed();
      return false;
    }
    const result = this.#socket.send(message, isBinary);
    if (result !== 'sent') {
      this.#backedUp = true;
      this.#owner.backedUp();
    }
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
