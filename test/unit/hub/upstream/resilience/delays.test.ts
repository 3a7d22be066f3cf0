import { expect, test } from 'vitest';
import { RateLimit } from '../../../../../src/hub/upstream/resilience/rate-limit.ts';
import { RetryDelays } from '../../../../../src/hub/upstream/resilience/retry-delays.ts';

test('retry delays double up to their limit, less what chance takes', () => {
  let chance = 0;
  const delays = new RetryDelays({ minMs: () => 100, maxMs: 350, jitter: 0.5, random: () => chance });
  const first = delays.next();
  const second = first.next(undefined);
  const third = second.next(undefined);
  expect([first, second, third].map(({ duration }) => duration)).toEqual([100, 200, 350]);
  chance = 0.999;
  expect(delays.next().duration).toBeCloseTo(50, 0);
});

test('a thousand gateways that retry together come back spread over half of the delay', () => {
  let seed = 1;
  const random = (): number => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const delays = new RetryDelays({ minMs: () => 1_000, maxMs: 1_000, jitter: 0.5, random });
  const buckets = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 1_000; i += 1) {
    const index = Math.floor((delays.next().duration - 500) / 50);
    buckets[index] = (buckets[index] ?? 0) + 1;
  }
  expect(Math.max(...buckets)).toBeLessThan(150);
  expect(Math.min(...buckets)).toBeGreaterThan(60);
});

test('the rate is kept over time, whatever the bursts', () => {
  let now = 0;
  const limit = new RateLimit(100, () => now);
  const waits = Array.from({ length: 12 }, () => limit.take());
  expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20]);
  now += 60_000;
  expect(limit.take()).toBe(0);
  expect(new RateLimit(0, () => now).take()).toBe(0);
});
