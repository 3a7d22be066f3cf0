/** Failures of upstream connections. What a server itself answered is an `Outcome`, not one of these. */
import { SwarmcastError } from '../../platform/errors.ts';
import { screenText } from './screen-text.ts';

/** The connection could not be made, or the MCP handshake did not succeed. */
export class ConnectError extends SwarmcastError {
  override name = 'ConnectError';
  override readonly reason = 'connect_failed';
  /** Servers come and go: the next attempt may succeed. */
  override readonly retryable = true;
}

/** The connection is closed, or closed while a request waited. */
export class ConnectionClosedError extends SwarmcastError {
  override name = 'ConnectionClosedError';
  override readonly reason = 'connection_closed';
  /** A new connection can carry the request. */
  override readonly retryable = true;
}

/** No reply within the limit. */
export class RequestTimeoutError extends SwarmcastError {
  override name = 'RequestTimeoutError';
  override readonly reason = 'request_timeout';
  /** The server may only be slow. */
  override readonly retryable = true;
}

/** The peer took no bytes for too long: a half-open connection. */
export class WriteStalledError extends SwarmcastError {
  override name = 'WriteStalledError';
  override readonly reason = 'write_stalled';
  /** A new connection may be whole. */
  override readonly retryable = true;
}

/** As many requests wait on this connection as are allowed to. */
export class TooManyPendingError extends SwarmcastError {
  override name = 'TooManyPendingError';
  override readonly reason = 'too_many_pending';
  /** Room appears with the next reply. */
  override readonly retryable = true;
}

/** The server failed too often: it is left alone for a while. */
export class CircuitOpenError extends SwarmcastError {
  override name = 'CircuitOpenError';
  override readonly reason = 'circuit_open';
  /** After the recovery time a few requests try. */
  override readonly retryable = true;
}

/** More requests than the limits of this server allow, and too many that wait already. */
export class TooManyRequestsError extends SwarmcastError {
  override name = 'TooManyRequestsError';
  override readonly reason = 'too_many_requests';
  /** The others finish. */
  override readonly retryable = true;
}

/** The server answered that it is overloaded, or that what stands behind it fails (HTTP 429, 502, 503, 504). */
export class OverloadedError extends SwarmcastError {
  override name = 'OverloadedError';
  override readonly reason = 'overloaded';
  /** It asks to come back later. */
  override readonly retryable = true;
}

/** An HTTP reply is larger than the limit. */
export class ReplyTooLargeError extends SwarmcastError {
  override name = 'ReplyTooLargeError';
  override readonly reason = 'reply_too_large';
  /** The same question gets the same answer. */
  override readonly retryable = false;
}

/** No dialect understands the server, or the configured one is not known. */
export class NoDialectError extends SwarmcastError {
  override name = 'NoDialectError';
  override readonly reason = 'no_dialect';
  /** Another version of the server may be understood. */
  override readonly retryable = true;
}

/** The server refused the configured credentials, or that there are none. */
export class AuthenticationError extends SwarmcastError {
  override name = 'AuthenticationError';
  override readonly reason = 'authentication_refused';
  /** The same credentials get the same answer: the supervisor leaves time for another key, on either side. */
  override readonly retryable = false;
}

/** The server's certificate does not prove that it is the one that was configured. Nothing was sent to it. */
export class UntrustedServerError extends SwarmcastError {
  override name = 'UntrustedServerError';
  override readonly reason = 'server_untrusted';
  /** The same certificate gets the same verdict. */
  override readonly retryable = false;
}

/** A tool was called on a server that is not connected. */
export class NotConnectedError extends SwarmcastError {
  override name = 'NotConnectedError';
  override readonly reason = 'not_connected';
  /** The supervisor is reconnecting. */
  override readonly retryable = true;
}

/** No server of that id. */
export class UnknownServerError extends SwarmcastError {
  override name = 'UnknownServerError';
  override readonly reason = 'unknown_server';
  /** The set of servers is configuration. */
  override readonly retryable = false;
}

/** A file of a claude-flow project cannot be read: too large, not a file, no access, or not JSON for too long. */
export class ProjectFileError extends SwarmcastError {
  override name = 'ProjectFileError';
  override readonly reason = 'project_file';
  /** Files are read again at every change and every few seconds. */
  override readonly retryable = true;
}

/** The kind of server cannot do what a control operation asks; the message says why. */
export class UnsupportedByServerError extends SwarmcastError {
  override name = 'UnsupportedByServerError';
  override readonly reason = 'unsupported_by_server';
  /** It has no such tool. */
  override readonly retryable = false;
}

/** The server answered a control operation with no, in its own words. */
export class RefusedByServerError extends SwarmcastError {
  override name = 'RefusedByServerError';
  override readonly reason = 'refused_by_server';
  /** It would say no again. */
  override readonly retryable = false;
}

/** The message of anything thrown, with its innermost cause, screened, at most 300 characters. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return screenText(String(error), 300);
  const cause = error.cause;
  const detail = cause instanceof Error && !error.message.includes(cause.message) ? `: ${cause.message}` : '';
  return screenText(error.message + detail, 300);
}
