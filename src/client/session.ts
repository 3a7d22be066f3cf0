/** The life of one connection: hello, keep-alive, acknowledgements, and noticing that the other side went silent. */
import type { ClientMessageType, ClientPayload } from '../protocol/client-messages.ts';
import type { DecodedFrame } from '../protocol/frames.ts';
import type { ServerMessage, ServerPayloads } from '../protocol/server-messages.ts';
import type { Coding } from './connection.ts';
import { Connection } from './connection.ts';
import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';

/** Longest wait for `welcome` after the socket was asked for. */
const WELCOME_DEADLINE_MS = 10_000;
/** Acknowledgements go out at most this often, and at a frame a second or less only every so often. */
const ACK_INTERVAL_MS = 500;
const SLOW_ACK_INTERVAL_MS = 2_500;
/** Heartbeats of the gateway that may be missed before it counts as gone. */
const MISSED_HEARTBEATS = 3;
/** Shortest silence that counts, whatever the heartbeat interval. */
const MIN_SILENCE_MS = 3_000;
/** Id of heartbeats that want an answer; requests count from 1. */
const PROBE_ID = 0;
/** What an abnormal end is called, by the WebSocket standard. */
const ABNORMAL = 1006;

export interface SessionOptions {
  WebSocket: WebSocketConstructor;
  url: string;
  token: string | undefined;
  coding: Coding;
}

export interface SessionHandlers {
  /** Called once the hello may be sent, by the receiver, who knows its id. */
  opened(): void;
  message(message: ServerMessage, bytes: number): void;
  frame(frame: DecodedFrame, bytes: number): void;
  malformed(what: string): void;
  /** The last call; all timers are gone. */
  closed(code: number, reason: string): void;
}

/** Opens a socket. @throws {SyntaxError} when the platform refuses the URL or the token. */
export function openSession(options: SessionOptions, handlers: SessionHandlers): Session {
  const protocols = [`swarmcast.v1.${options.coding}`];
  if (options.token !== undefined) protocols.push(`bearer.${options.token}`);
  return new Session(new options.WebSocket(options.url, protocols), options.coding, handlers);
}

export class Session {
  readonly #connection: Connection;
  readonly #handlers: SessionHandlers;
  readonly #welcomeTimer: ReturnType<typeof setTimeout>;
  #keepAlive: ReturnType<typeof setInterval> | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #ackTimer: ReturnType<typeof setTimeout> | undefined;
  #ackIntervalMs = ACK_INTERVAL_MS;
  #lastTick = 0;
  #heardAt = performance.now();

  /** Takes over a socket that is about to open. */
  constructor(socket: WebSocketLike, coding: Coding, handlers: SessionHandlers) {
    this.#handlers = handlers;
    this.#connection = new Connection(socket, coding, {
      opened: () => {
        handlers.opened();
      },
      message: (message, bytes) => {
        this.#heardAt = performance.now();
        if (message.type === 'welcome') this.#welcomed(message.payload);
        handlers.message(message, bytes);
      },
      frame: (frame, bytes) => {
        this.#heardAt = performance.now();
        handlers.frame(frame, bytes);
        this.#acknowledge(frame.tick);
      },
      malformed: (what) => {
        handlers.malformed(what);
      },
      closed: (code, reason) => {
        this.#closed(code, reason);
      },
    });
    this.#welcomeTimer = setTimeout(() => {
      this.#connection.drop(ABNORMAL, `no welcome within ${WELCOME_DEADLINE_MS} ms`);
    }, WELCOME_DEADLINE_MS);
  }

  /** Sends one message; false when the socket is not open. */
  send<T extends ClientMessageType>(type: T, payload: ClientPayload<T>, id?: number): boolean {
    return this.#connection.send(type, payload, id);
  }

  /** Frames come so often from now on, a second. */
  paced(rateHz: number): void {
    const before = this.#ackIntervalMs;
    this.#ackIntervalMs = rateHz <= 1 ? SLOW_ACK_INTERVAL_MS : ACK_INTERVAL_MS;
    // What waits to be acknowledged waits no longer than either pace lets it.
    if (this.#ackTimer === undefined || this.#ackIntervalMs >= before) return;
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    this.#acknowledge(this.#lastTick);
  }

  close(code: number, reason: string): void {
    this.#stopTimers();
    this.#connection.close(code, reason);
  }

  /** Ends now, as if the connection had been lost; another may follow. */
  drop(reason: string): void {
    this.#stopTimers();
    this.#connection.drop(ABNORMAL, reason);
  }

  #welcomed({ limits }: ServerPayloads['welcome']): void {
    this.#stopTimers();
    this.#keepAlive = setInterval(() => {
      this.send('heartbeat', {});
    }, limits.idle_timeout_ms / 3);
    const silenceMs = Math.max(MIN_SILENCE_MS, limits.heartbeat_ms * MISSED_HEARTBEATS);
    this.#watchdog = setInterval(() => {
      this.#watch(silenceMs);
    }, silenceMs / 3);
  }

  /** A gateway may have nothing to say; before silence counts as its end, it is asked. */
  #watch(silenceMs: number): void {
    const silentMs = performance.now() - this.#heardAt;
    if (silentMs >= silenceMs) this.#connection.drop(ABNORMAL, `nothing heard for ${silenceMs} ms`);
    else if (silentMs >= silenceMs / 3) this.send('heartbeat', {}, PROBE_ID);
  }

  /** Once per interval while frames come, the newest tick each time, and a last time after the last frame. */
  #acknowledge(tick: number): void {
    this.#lastTick = tick;
    this.#ackTimer ??= setTimeout(() => {
      this.#ackTimer = undefined;
      this.send('ack', { tick: this.#lastTick });
    }, this.#ackIntervalMs);
  }

  #closed(code: number, reason: string): void {
    this.#stopTimers();
    this.#handlers.closed(code, reason);
  }

  #stopTimers(): void {
    clearTimeout(this.#welcomeTimer);
    clearInterval(this.#keepAlive);
    clearInterval(this.#watchdog);
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
  }
}
