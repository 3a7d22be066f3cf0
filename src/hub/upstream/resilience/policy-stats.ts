/** Counts of one server's policy; they only grow. */
export interface PolicyCounts {
  /** Requests that were let in, and the attempts made for them (connects not included). */
  requests: number;
  attempts: number;
  /** Attempts and connects that succeeded, and that failed. */
  successes: number;
  failures: number;
  /** Attempts of requests that failed. */
  attemptFailures: number;
  /** Attempts after a request's first. */
  retries: number;
  /** Requests that succeeded, or failed, after at least one retry. */
  retriedSuccesses: number;
  retriedFailures: number;
  /** Requests that used all their attempts. */
  maxAttemptsReached: number;
  /** Refused at once because the circuit was open. */
  refused: number;
  /** Refused because too many waited. */
  rejected: number;
  /** Requests that had to wait for the rate limit. */
  rateLimited: number;
}

/** How one server's policy stands. */
export interface PolicyStats extends Readonly<PolicyCounts> {
  /** 0 closed, 1 half open, 2 open. */
  circuitState: 0 | 1 | 2;
  circuitTrips: number;
  circuitRecoveries: number;
  /** Times that an operator closed it. */
  circuitResets: number;
  circuitTimeInStateMs: number;
  /** Of the sliding window. */
  windowSuccesses: number;
  windowFailures: number;
  inFlight: number;
  maxInFlight: number;
  queued: number;
  maxQueued: number;
  /** Attempts that a request may have; 1: no retries. */
  retryAttempts: number;
  retryMinMs: number;
  failureThreshold: number;
}

/** All zero. */
export function createPolicyCounts(): PolicyCounts {
  return {
    requests: 0,
    attempts: 0,
    successes: 0,
    failures: 0,
    attemptFailures: 0,
    retries: 0,
    retriedSuccesses: 0,
    retriedFailures: 0,
    maxAttemptsReached: 0,
    refused: 0,
    rejected: 0,
    rateLimited: 0,
  };
}
