/** Health of one MCP server: never a literal, always with the evidence that it rests on. */

/** `unknown`: never asked, or no answer yet. Unknown is not healthy. */
export const HEALTH_STATES = ['unknown', 'healthy', 'degraded', 'unhealthy', 'down'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** What was asked and what came back. Absent fields never happened. Times are ms since 1970. */
export interface HealthEvidence {
  /** The real request that the state rests on, e.g. `tools/call agent_list`. */
  method?: string | undefined;
  last_success_ms?: number | undefined;
  last_failure_ms?: number | undefined;
  /** Round trip of the last success. */
  latency_ms?: number | undefined;
  last_error?: string | undefined;
  consecutive_failures: number;
  consecutive_successes: number;
}

export interface HealthReport {
  state: HealthState;
  /** One sentence for an operator. */
  reason: string;
  /** When the state was entered. */
  since_ms: number;
  evidence: HealthEvidence;
}

/** See {@link degradationLevel}. */
export type DegradationLevel = 'fully_operational' | 'partial' | 'emergency' | 'safe';

/**
 * The level that the servers' states add up to: all healthy → fully_operational; some not → partial;
 * servers, none of them healthy or degraded → emergency; no servers at all → safe.
 */
export function degradationLevel(states: readonly HealthState[]): DegradationLevel {
  if (states.length === 0) return 'safe';
  if (states.every((state) => state === 'healthy')) return 'fully_operational';
  return states.some((state) => state === 'healthy' || state === 'degraded') ? 'partial' : 'emergency';
}
