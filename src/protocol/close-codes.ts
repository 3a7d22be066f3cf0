/**
 * Close codes of the client WebSocket. The range tells a client what to do, as in Centrifugo:
 * 3000–3499 reconnect (with backoff), 3500–3999 do not.
 */
export const CLOSE_CODES = {
  /** The gateway shuts down; `goodbye` said when to come back. */
  SHUTDOWN: 3001,
  /** Nothing was heard from the client for the idle time. */
  IDLE: 3002,
  /** The hub began a new life that this connection could not follow. */
  INTERNAL: 3004,
  /** The client could not follow and its buffers reached the hard limit. */
  MEMORY_LIMIT: 3008,
  /** Pings stayed unanswered. */
  NO_PONG: 3012,
  /** The edge holds as many clients as it may. */
  TOO_MANY_CLIENTS: 3013,
  /** The address or the user has as many connections as one may have. */
  TOO_MANY_CONNECTIONS: 3014,
  /** Missing or bad token. */
  UNAUTHORISED: 3500,
  /** The client broke the protocol in a way that repeats (a message above 64 KiB, a flood of messages). */
  BAD_REQUEST: 3501,
  /** Token expired and was not renewed. */
  TOKEN_EXPIRED: 3507,
} as const;

/** True for codes after which a client may come back. Codes outside 3500–3999 and 1008 are all retryable. */
export function shouldReconnect(code: number): boolean {
  return !(code >= 3500 && code <= 3999) && code !== 1008;
}
