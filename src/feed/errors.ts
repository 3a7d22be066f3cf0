import { SwarmcastError } from '../platform/errors.ts';

/** The other side is gone, or this side was closed. Final for this feed. */
export class FeedClosedError extends SwarmcastError {
  override name = 'FeedClosedError';
  override readonly reason = 'feed_closed';
  // A feed never reopens; whoever owns it makes a new one.
  override readonly retryable = false;

  constructor(options?: ErrorOptions) {
    super('the feed between hub and edge is closed', options);
  }
}

/** As many requests are pending as a feed holds. */
export class FeedBusyError extends SwarmcastError {
  override name = 'FeedBusyError';
  override readonly reason = 'feed_busy';
  // Replies make room.
  override readonly retryable = true;
  readonly limit: number;

  constructor(limit: number) {
    super(`${limit} requests are pending on the feed`);
    this.limit = limit;
  }
}

/** The other side's responder threw; `name` and `message` are those of what it threw. */
export class FeedRequestError extends SwarmcastError {
  override readonly reason: string;
  override readonly retryable: boolean;

  constructor(thrown: ThrownForm) {
    super(thrown.message);
    this.name = thrown.name;
    this.reason = thrown.reason;
    this.retryable = thrown.retryable;
  }
}

/** The form in which a thrown value crosses a feed. */
export interface ThrownForm {
  name: string;
  message: string;
  reason: string;
  retryable: boolean;
}

export function thrownForm(thrown: unknown): ThrownForm {
  if (thrown instanceof SwarmcastError) {
    return { name: thrown.name, message: thrown.message, reason: thrown.reason, retryable: thrown.retryable };
  }
  if (thrown instanceof Error) {
    return { name: thrown.name, message: thrown.message, reason: 'unexpected', retryable: false };
  }
  return { name: 'Error', message: String(thrown), reason: 'unexpected', retryable: false };
}
