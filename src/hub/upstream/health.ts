/**
 * Health of one server as a pure reducer: what happened goes in with its time, a report with its evidence comes out.
 * Only replies to real work count as success. `unhealthy`: it answers, but wrongly or rarely; `down`: nobody is there.
 */
import type { HealthEvidence, HealthReport, HealthState } from '../../model/health.ts';

/** How many in a row turn the state: the hysteresis that keeps a flapping server from flickering. */
export interface HealthThresholds {
  /** Successes after which a server that was unhealthy or down is healthy again; until then it is degraded. */
  healthy: number;
  /** Failures after which it is no longer merely degraded. */
  unhealthy: number;
}

const DEFAULT_THRESHOLDS: HealthThresholds = { healthy: 2, unhealthy: 3 };

/** What happened. `method`: the real request, e.g. `tools/call agent_list`. Times are wall clock, ms since 1970. */
export type HealthEvent =
  | { kind: 'success'; atMs: number; method: string; latencyMs: number }
  | { kind: 'failure'; atMs: number; method: string; error: string }
  /** The connection closed, or none could be made. */
  | { kind: 'closed'; atMs: number; error: string }
  /** Time passed. */
  | { kind: 'tick'; atMs: number };

/** The report, and what it is computed from beside its evidence. */
export interface Health {
  report: HealthReport;
  /** No connection since, and no success since. */
  closed: boolean;
  /** Successes that are missing to be healthy again, after it was unhealthy or down. */
  owed: number;
}

/** Never asked. */
export function initialHealth(atMs: number): Health {
  const evidence = { consecutive_failures: 0, consecutive_successes: 0 };
  return { closed: false, owed: 0, report: { state: 'unknown', reason: 'not asked yet', since_ms: atMs, evidence } };
}

/**
 * The health after `event`. `windowMs`: how long a success vouches for the server; after three windows without another
 * it is unhealthy. A success in the future (the clock was set back) vouches for nothing.
 */
export function nextHealth(
  health: Health,
  event: HealthEvent,
  windowMs: number,
  thresholds: HealthThresholds = DEFAULT_THRESHOLDS,
): Health {
  const evidence = nextEvidence(health.report.evidence, event);
  const closed = event.kind === 'closed' || (health.closed && event.kind !== 'success');
  const owed = stillOwed(health, event, thresholds);
  const { state, reason } = judge({ evidence, closed, recovering: owed > 0, thresholds }, event.atMs, windowMs);
  const since_ms = state === health.report.state ? health.report.since_ms : event.atMs;
  return { closed, owed, report: { state, reason, since_ms, evidence } };
}

/**
 * How well a server does, 0 to 1, from evidence alone: the share of requests that succeeded of late, less with every
 * moment that its last success is older than its window, none after three. Undefined where nothing is known.
 */
export function healthScore(
  report: HealthReport,
  recent: { successes: number; failures: number },
  nowMs: number,
  windowMs: number,
): number | undefined {
  const { last_success_ms, consecutive_failures } = report.evidence;
  if (report.state === 'down') return 0;
  if (last_success_ms === undefined) return consecutive_failures > 0 ? 0 : undefined;
  const total = recent.successes + recent.failures;
  const share = total === 0 ? (consecutive_failures > 0 ? 0 : 1) : recent.successes / total;
  const overdue = (nowMs - last_success_ms - windowMs) / (2 * windowMs);
  return share * (1 - Math.min(1, Math.max(0, overdue)));
}

function stillOwed({ report, owed }: Health, event: HealthEvent, thresholds: HealthThresholds): number {
  const wasBad = report.state === 'unhealthy' || report.state === 'down';
  const before = wasBad ? thresholds.healthy : owed;
  if (event.kind === 'success') return Math.max(0, before - 1);
  return event.kind === 'failure' && before > 0 ? thresholds.healthy : before;
}

function nextEvidence(before: HealthEvidence, event: HealthEvent): HealthEvidence {
  switch (event.kind) {
    case 'success':
      return {
        ...before,
        method: event.method,
        last_success_ms: event.atMs,
        latency_ms: event.latencyMs,
        consecutive_failures: 0,
        consecutive_successes: before.consecutive_successes + 1,
      };
    case 'failure':
      return { ...failed(before, event.atMs, event.error), method: event.method };
    case 'closed':
      return failed(before, event.atMs, event.error);
    case 'tick':
      return before;
  }
}

function failed(before: HealthEvidence, atMs: number, error: string): HealthEvidence {
  return {
    ...before,
    last_failure_ms: atMs,
    last_error: error,
    consecutive_failures: before.consecutive_failures + 1,
    consecutive_successes: 0,
  };
}

function judge(
  known: { evidence: HealthEvidence; closed: boolean; recovering: boolean; thresholds: HealthThresholds },
  nowMs: number,
  windowMs: number,
): { state: HealthState; reason: string } {
  const { evidence, closed, recovering, thresholds } = known;
  const { last_success_ms, consecutive_failures: failures, last_error = 'no reason given' } = evidence;
  if (closed) return { state: 'down', reason: `no connection: ${last_error}` };
  if (failures >= thresholds.unhealthy) return { state: 'unhealthy', reason: `fails repeatedly: ${last_error}` };
  if (failures > 0) return { state: 'degraded', reason: `failed: ${last_error}` };
  if (last_success_ms === undefined) return { state: 'unknown', reason: 'no answer yet' };
  const ageMs = nowMs - last_success_ms;
  if (ageMs > 3 * windowMs) return { state: 'unhealthy', reason: 'silent for long' };
  if (ageMs < 0 || ageMs > windowMs) return { state: 'degraded', reason: 'silent since its last answer' };
  if (recovering) return { state: 'degraded', reason: 'answers again, not often enough yet' };
  return { state: 'healthy', reason: 'answers' };
}
