/** Base of every error that crosses a folder: it says what it is for metrics, and whether trying again makes sense. */
export abstract class SwarmcastError extends Error {
  /** Stable, low-cardinality; also the metric label. */
  abstract readonly reason: string;
  abstract readonly retryable: boolean;
}
