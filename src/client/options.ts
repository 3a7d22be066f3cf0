import type { FilterPatch } from '../protocol/filters.ts';
import type { Mode } from '../protocol/modes.ts';
import type { Coding } from './connection.ts';
import type { ReconnectOptions } from './reconnect-policy.ts';
import type { TokenSource } from './token-renewal.ts';
import type { WebSocketConstructor } from './web-socket.ts';

/** How to connect; everything but the URL has a default. */
export interface ConnectOptions {
  /** `ws://host:port/ws` or `wss://…`. */
  url: string;
  /**
   * A token, or what gives one: asked before each connection, and before the one in use expires, which then is renewed.
   * Sent as a subprotocol, since browsers cannot set headers: letters, digits and `!#$%&'*+-.^_\`|~` only.
   */
  token?: TokenSource | undefined;
  /** `normal` (10 Hz). */
  mode?: Mode | undefined;
  /** No restriction. */
  filters?: FilterPatch | undefined;
  /** `q16` (8 bytes an agent), `f32` (16, exact) or `none`. */
  positions?: 'q16' | 'f32' | 'none' | undefined;
  /** `json`, or `msgpack`: smaller, for machines. */
  coding?: Coding | undefined;
  /** When to come back; `false`: never. */
  reconnect?: ReconnectOptions | false | undefined;
  /** In place of the platform's, or of the package `ws` where the platform has none. */
  WebSocket?: WebSocketConstructor | undefined;
  /** Longest wait for the answer to a request, ms (10,000). */
  requestTimeoutMs?: number | undefined;
}

/** @throws {TypeError} naming the option that cannot work. */
export function checkOptions(options: ConnectOptions): void {
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  if (url === undefined || !['ws:', 'wss:'].includes(url.protocol)) {
    throw new TypeError(`url must be ws://… or wss://…, not ${JSON.stringify(options.url)}`);
  }
  if (typeof options.token === 'string') checkToken(options.token);
  if ((options.positions as string | undefined) === 'raw28') {
    throw new TypeError("positions 'raw28' have no header; use q16 or f32");
  }
}

/** @throws {TypeError} for a token that cannot be sent. */
export function checkToken(token: string): void {
  if (/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(token)) return;
  throw new TypeError('token has characters that a WebSocket subprotocol cannot carry');
}
