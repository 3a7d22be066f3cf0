import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  adapt,
  type AdaptBounds,
  type Adapted,
  type Measured,
} from '../../../../../src/hub/upstream/resilience/adapt.ts';

const bounds: AdaptBounds = {
  retryMinMs: { start: 100, max: 1_000 },
  failureThreshold: { start: 3, min: 2 },
  poolMax: { start: 3, max: 10 },
};
const start: Adapted = { retryMinMs: 100, failureThreshold: 3, poolMax: 3 };
const after = (measured: Measured, times: number): Adapted => {
  const values = { ...start };
  for (let i = 0; i < times; i += 1)
    for (const { setting, to } of adapt(values, measured, bounds)) values[setting] = to;
  return values;
};
const calm: Measured = { latencyMs: 5, errorRate: 0, utilization: 0.1 };

test.each([
  { note: 'calm', measured: calm, times: 5, expected: start },
  {
    note: 'nothing measured',
    measured: { latencyMs: undefined, errorRate: undefined, utilization: undefined },
    times: 5,
    expected: start,
  },
  { note: 'slow', measured: { ...calm, latencyMs: 300 }, times: 2, expected: { ...start, retryMinMs: 400 } },
  {
    note: 'slow for long',
    measured: { ...calm, latencyMs: 300 },
    times: 50,
    expected: { ...start, retryMinMs: 1_000 },
  },
  { note: 'failing', measured: { ...calm, errorRate: 0.2 }, times: 50, expected: { ...start, failureThreshold: 2 } },
  { note: 'crowded', measured: { ...calm, utilization: 0.9 }, times: 50, expected: { ...start, poolMax: 10 } },
])('$note: $expected', ({ measured, times, expected }) => {
  expect(after(measured, times)).toEqual(expected);
});

test('each change names its cause', () => {
  expect(adapt(start, { latencyMs: 250, errorRate: 0.25, utilization: 1 }, bounds)).toEqual([
    { setting: 'retryMinMs', from: 100, to: 200, cause: 'round trips take 250.0 ms' },
    { setting: 'failureThreshold', from: 3, to: 2, cause: '25.0 % of requests failed' },
    { setting: 'poolMax', from: 3, to: 4, cause: '100 % of connections are busy' },
  ]);
});

test('whatever is measured, values stay within their bounds and come back', () => {
  const measured = fc.record({
    latencyMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
    errorRate: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    utilization: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(measured, { maxLength: 40 }), (history) => {
      const values = { ...start };
      const step = (seen: Measured): void => {
        for (const { setting, to } of adapt(values, seen, bounds)) values[setting] = to;
        expect(values.retryMinMs).toBeGreaterThanOrEqual(100);
        expect(values.retryMinMs).toBeLessThanOrEqual(1_000);
        expect([2, 3]).toContain(values.failureThreshold);
        expect(values.poolMax).toBeGreaterThanOrEqual(3);
        expect(values.poolMax).toBeLessThanOrEqual(10);
      };
      history.forEach(step);
      for (let i = 0; i < 10; i += 1) step(calm);
      expect(values).toEqual(start);
    }),
    { numRuns: 500 },
  );
});
