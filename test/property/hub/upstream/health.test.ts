import fc from 'fast-check';
import { test } from 'vitest';
import { initialHealth, nextHealth, type HealthEvent } from '../../../../src/hub/upstream/health.ts';

/** All of the schedules that reliability.md asks for, or a hundredth. */
const LONG = process.env['LONG'] !== undefined;
const WINDOW_MS = 1_000;
const kind = fc.constantFrom<HealthEvent['kind']>('success', 'failure', 'closed', 'tick', 'tick');
/** Mostly forward, sometimes the wall clock is set back. */
const step = fc.oneof(
  { weight: 9, arbitrary: fc.nat(2_500) },
  { weight: 1, arbitrary: fc.integer({ min: -5_000, max: 0 }) },
);

const eventAt = (name: HealthEvent['kind'], atMs: number): HealthEvent => {
  if (name === 'success') return { kind: name, atMs, method: 'm', latencyMs: 1 };
  if (name === 'failure') return { kind: name, atMs, method: 'm', error: 'e' };
  return name === 'closed' ? { kind: name, atMs, error: 'e' } : { kind: name, atMs };
};

test(
  'healthy if and only if a success is inside the window, nothing bad came since, and recovery is complete',
  () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(kind, step), { maxLength: 60 }), (schedule) => {
        let health = initialHealth(0);
        let now = 0;
        let lastSuccess: number | undefined;
        let badSince = false;
        let owed = 0;
        return schedule.every(([name, delta]) => {
          now += delta;
          health = nextHealth(health, eventAt(name, now), WINDOW_MS);
          if (name === 'success') [lastSuccess, badSince, owed] = [now, false, Math.max(0, owed - 1)];
          else if (name !== 'tick') badSince = true;
          const { state } = health.report;
          if (state === 'down' || state === 'unhealthy' || (owed > 0 && name === 'failure')) owed = 2;
          const vouched = lastSuccess !== undefined && now >= lastSuccess && now - lastSuccess <= WINDOW_MS;
          return (state === 'healthy') === (vouched && !badSince && owed === 0);
        });
      }),
      { numRuns: LONG ? 1_000_000 : 10_000 },
    );
  },
  LONG ? 1_800_000 : 20_000,
);
