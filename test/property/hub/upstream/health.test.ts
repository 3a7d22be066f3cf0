import fc from 'fast-check';
import { test } from 'vitest';
import { initialHealth, nextHealth, type HealthEvent } from '../../../../src/hub/upstream/health.ts';

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

test('no schedule of events gives healthy without a success inside the window and nothing bad since', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(kind, step), { maxLength: 60 }), (schedule) => {
      let health = initialHealth(0);
      let now = 0;
      let lastSuccess: number | undefined;
      let badSince = false;
      return schedule.every(([name, delta]) => {
        now += delta;
        health = nextHealth(health, eventAt(name, now), WINDOW_MS);
        if (name === 'success') [lastSuccess, badSince] = [now, false];
        else if (name !== 'tick') badSince = true;
        const vouched = lastSuccess !== undefined && now >= lastSuccess && now - lastSuccess <= WINDOW_MS;
        return (health.report.state === 'healthy') === (vouched && !badSince);
      });
    }),
    { numRuns: 10_000 },
  );
});
