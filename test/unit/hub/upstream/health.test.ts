import { describe, expect, test } from 'vitest';
import {
  healthScore,
  initialHealth,
  nextHealth,
  type Health,
  type HealthEvent,
} from '../../../../src/hub/upstream/health.ts';

const WINDOW_MS = 1_000;
const ok = (atMs: number): HealthEvent => ({ kind: 'success', atMs, method: 'tools/call agent_list', latencyMs: 3 });
const bad = (atMs: number, error = 'refused'): HealthEvent => ({
  kind: 'failure',
  atMs,
  method: 'tools/call agent_list',
  error,
});
const closed = (atMs: number): HealthEvent => ({ kind: 'closed', atMs, error: 'reset' });
const tick = (atMs: number): HealthEvent => ({ kind: 'tick', atMs });

const after = (...events: HealthEvent[]): Health =>
  events.reduce((health, event) => nextHealth(health, event, WINDOW_MS), initialHealth(0));

describe('score', () => {
  test.each([
    { note: 'never asked', events: [], recent: [0, 0], at: 10, score: undefined },
    { note: 'all fine', events: [ok(5)], recent: [10, 0], at: 10, score: 1 },
    { note: 'a quarter failed', events: [ok(5)], recent: [3, 1], at: 10, score: 0.75 },
    { note: 'one window overdue', events: [ok(0)], recent: [1, 0], at: 2_000, score: 0.5 },
    { note: 'three windows silent', events: [ok(0)], recent: [1, 0], at: 3_000, score: 0 },
    { note: 'down', events: [ok(5), closed(6)], recent: [10, 1], at: 10, score: 0 },
    { note: 'failed at first', events: [bad(5)], recent: [0, 1], at: 10, score: 0 },
    { note: 'nothing of late', events: [ok(5)], recent: [0, 0], at: 10, score: 1 },
  ])('$note: $score', ({ events, recent: [successes = 0, failures = 0], at, score }) => {
    expect(healthScore(after(...events).report, { successes, failures }, at, WINDOW_MS)).toBe(score);
  });
});

describe('health', () => {
  test.each([
    { note: 'never asked', events: [], state: 'unknown', since: 0 },
    { note: 'time alone', events: [tick(10_000)], state: 'unknown', since: 0 },
    { note: 'first success', events: [ok(5)], state: 'healthy', since: 5 },
    { note: 'more successes', events: [ok(5), ok(500), tick(900)], state: 'healthy', since: 5 },
    { note: 'a failure', events: [ok(5), bad(10)], state: 'degraded', since: 10 },
    { note: 'a failure before any success', events: [bad(10)], state: 'degraded', since: 10 },
    { note: 'two failures', events: [ok(5), bad(10), bad(20)], state: 'degraded', since: 10 },
    { note: 'three failures', events: [ok(5), bad(10), bad(20), bad(30)], state: 'unhealthy', since: 30 },
    { note: 'recovering', events: [bad(10), bad(20), bad(30), ok(40)], state: 'degraded', since: 40 },
    { note: 'recovered', events: [bad(10), bad(20), bad(30), ok(40), ok(50)], state: 'healthy', since: 50 },
    { note: 'failed once while recovering', events: [closed(1), ok(2), bad(3), ok(4)], state: 'degraded', since: 2 },
    { note: 'failed a few times only', events: [ok(5), bad(10), bad(20), ok(30)], state: 'healthy', since: 30 },
    { note: 'at the end of the window', events: [ok(5), tick(1_005)], state: 'healthy', since: 5 },
    { note: 'after the window', events: [ok(5), tick(1_006)], state: 'degraded', since: 1_006 },
    { note: 'after three windows', events: [ok(5), tick(1_006), tick(3_006)], state: 'unhealthy', since: 3_006 },
    { note: 'the clock was set back', events: [ok(5_000), tick(4_000)], state: 'degraded', since: 4_000 },
    { note: 'closed', events: [ok(5), closed(6)], state: 'down', since: 6 },
    { note: 'closed before any success', events: [closed(6)], state: 'down', since: 6 },
    {
      note: 'still closed: failures and time change nothing',
      events: [ok(5), closed(6), bad(7), tick(8)],
      state: 'down',
      since: 6,
    },
    { note: 'back after a close', events: [ok(5), closed(6), ok(7)], state: 'degraded', since: 7 },
    { note: 'back to stay', events: [ok(5), closed(6), ok(7), ok(8)], state: 'healthy', since: 8 },
  ])('$note: $state', ({ events, state, since }) => {
    const { report } = after(...events);
    expect(report.state).toBe(state);
    expect(report.since_ms).toBe(since);
  });

  test('the report names its evidence', () => {
    expect(after(ok(5), ok(8), bad(10, 'no reply')).report).toEqual({
      state: 'degraded',
      reason: 'failed: no reply',
      since_ms: 10,
      evidence: {
        method: 'tools/call agent_list',
        last_success_ms: 8,
        latency_ms: 3,
        last_failure_ms: 10,
        last_error: 'no reply',
        consecutive_failures: 1,
        consecutive_successes: 0,
      },
    });
  });
});
