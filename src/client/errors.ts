/** Errors that users of the SDK meet. */
import type { ErrorCode } from '../protocol/error-codes.ts';

/**
 * Why a request failed: a code of the gateway (PROTOCOL.md, Errors), or one of the SDK's own: `timeout` (no answer in
 * time), `not_connected` (asked while not connected), `closed` (the connection ended first), `too_many_pending`.
 */
export type RequestFailure = ErrorCode | 'timeout' | 'not_connected' | 'closed' | 'too_many_pending';

/** A request that was not answered with `ok`. */
export class RequestError extends Error {
  override name = 'RequestError';
  readonly code: RequestFailure;
  /** Type of the request: `update_filters`, `performance_mode`, … */
  readonly of: string;
  /** How long to wait before asking again, where the gateway said so. */
  readonly retryAfterMs: number | undefined;

  constructor(of: string, code: RequestFailure, message: string, retryAfterMs?: number) {
    super(message.startsWith(`${of}: `) ? message : `${of}: ${message}`);
    this.of = of;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The client is closed and will not come back. */
export class ClientClosedError extends Error {
  override name = 'ClientClosedError';
  /** WebSocket close code; 1000 after `close()`. */
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason === '' ? `connection closed (${code})` : `${reason} (${code})`);
    this.code = code;
  }
}
