/** When, and whether, to come back after a connection ended. Pure: time and chance are arguments. */
import { shouldReconnect } from '../protocol/close-codes.ts';

export interface ReconnectOptions {
  /** First delay, ms (250). */
  minDelayMs?: number | undefined;
  /** Longest delay, ms (10,000). */
  maxDelayMs?: number | undefined;
  /** Growth of the delay with each failed attempt (2). */
  factor?: number | undefined;
  /** Share of the delay that is left to chance, 0–1 (0.5), so that many clients do not come back at once. */
  jitter?: number | undefined;
  /** Failed attempts in a row after which the client gives up (never). */
  maxAttempts?: number | undefined;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** WebSocket close code. */
  code: number;
  /** Failed attempts in a row before this end; 0 when the connection had been good. */
  failures: number;
  /** `reconnect_after_ms` of a goodbye that came before the end. */
  goodbyeAfterMs?: number | undefined;
  /** Uniform in [0, 1). */
  chance: number;
}

export type ReconnectDecision = { kind: 'retry'; delayMs: number } | { kind: 'stop' };

const DEFAULTS = { minDelayMs: 250, maxDelayMs: 10_000, factor: 2, jitter: 0.5, maxAttempts: Number.POSITIVE_INFINITY };

/** A connection that stayed live this long starts the delays anew. */
export const STABLE_AFTER_MS = 5_000;

/**
 * Exponential backoff: min × factor^failures, at most max, of which a random `jitter` share is taken off. A goodbye's
 * wish is a lower bound, itself spread upwards by up to the jitter share. Terminal close codes and spent attempts stop.
 */
export function decideReconnect(options: ReconnectOptions | false, end: ConnectionEnd): ReconnectDecision {
  if (options === false || !shouldReconnect(end.code)) return { kind: 'stop' };
  const { minDelayMs, maxDelayMs, factor, jitter, maxAttempts } = withDefaults(options);
  if (end.failures >= maxAttempts) return { kind: 'stop' };
  const backoff = Math.min(maxDelayMs, minDelayMs * factor ** end.failures);
  const jittered = backoff * (1 - jitter * end.chance);
  const wished = (end.goodbyeAfterMs ?? 0) * (1 + jitter * end.chance);
  return { kind: 'retry', delayMs: Math.round(Math.max(jittered, wished)) };
}

function withDefaults(options: ReconnectOptions): typeof DEFAULTS {
  return {
    minDelayMs: options.minDelayMs ?? DEFAULTS.minDelayMs,
    maxDelayMs: options.maxDelayMs ?? DEFAULTS.maxDelayMs,
    factor: options.factor ?? DEFAULTS.factor,
    jitter: options.jitter ?? DEFAULTS.jitter,
    maxAttempts: options.maxAttempts ?? DEFAULTS.maxAttempts,
  };
}
