import type { OperationFailureCode } from '../../protocol/error-codes.ts';
import type { OperationFailure } from '../../protocol/operations/operations.ts';
import { SwarmcastError } from '../../platform/errors.ts';
import {
  CircuitOpenError,
  NotConnectedError,
  OverloadedError,
  RefusedByServerError,
  TooManyPendingError,
  TooManyRequestsError,
  UnsupportedByServerError,
} from '../upstream/errors.ts';

/** An operation that is not done, for a reason that whoever asked can understand. */
export class ControlError extends SwarmcastError {
  override name = 'ControlError';
  override readonly reason: OperationFailureCode;
  override readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: OperationFailureCode, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.reason = code;
    this.retryAfterMs = options.retryAfterMs;
    this.retryable = options.retryAfterMs !== undefined;
  }

  toFailure(): OperationFailure {
    const retry = this.retryAfterMs === undefined ? {} : { retry_after_ms: this.retryAfterMs };
    return { code: this.reason, message: this.message, ...retry };
  }
}

/** Errors of before anything was sent. */
const UNSENT = [NotConnectedError, CircuitOpenError];
const CROWDED = [TooManyRequestsError, TooManyPendingError, OverloadedError];

/** What an error of a call to a server means for who asked. A write without an answer may have been done. */
export function controlErrorOf(error: unknown, serverId: string, isWrite: boolean): ControlError {
  if (error instanceof ControlError) return error;
  if (error instanceof UnsupportedByServerError)
    return new ControlError('unsupported_by_server', error.message, { cause: error });
  if (error instanceof RefusedByServerError)
    return new ControlError('refused_by_server', `${serverId}: ${error.message}`, { cause: error });
  if (UNSENT.some((kind) => error instanceof kind))
    return new ControlError('unavailable', `${serverId} cannot be asked now: ${words(error)}`, { cause: error });
  if (CROWDED.some((kind) => error instanceof kind))
    return new ControlError('busy', `${serverId}: ${words(error)}`, { cause: error, retryAfterMs: 1_000 });
  if (!(error instanceof SwarmcastError)) throw error;
  if (!isWrite) return new ControlError('unavailable', `${serverId} did not answer: ${words(error)}`, { cause: error });
  const message = `${serverId} was asked and did not answer (${words(error)}): it may have been done; look before you repeat it`;
  return new ControlError('outcome_unknown', message, { cause: error });
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
