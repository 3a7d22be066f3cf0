import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LoopLagWatch } from '../../../../src/platform/telemetry/loop-lag.ts';

test('a loop that was held up shows it, in seconds', async () => {
  using watch = new LoopLagWatch();
  await delay(30);
  const untilMs = performance.now() + 200;
  while (performance.now() < untilMs);
  await delay(30);
  const { maxSeconds, p99Seconds } = watch.read();
  expect(maxSeconds).toBeGreaterThan(0.15);
  expect(maxSeconds).toBeLessThan(30);
  expect(p99Seconds).toBeLessThanOrEqual(maxSeconds);
});

test('nothing measured yet is no lateness', () => {
  using watch = new LoopLagWatch();
  expect(watch.read()).toEqual({ p99Seconds: 0, maxSeconds: 0 });
});
