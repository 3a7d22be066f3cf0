import { expect, test } from 'vitest';
import { DegradationTracker } from '../../../src/hub/degradation-tracker.ts';
import { MessageRate } from '../../../src/hub/message-rate.ts';

test('degradations and recoveries are counted, and the time in each level', () => {
  const tracker = new DegradationTracker();
  expect(tracker.follow('emergency', 0)).toBe(false);
  expect(tracker.follow('partial', 100)).toBe(true);
  expect(tracker.follow('fully_operational', 150)).toBe(true);
  expect(tracker.follow('fully_operational', 400)).toBe(false);
  expect(tracker.follow('emergency', 1_000)).toBe(true);
  expect(tracker.stats(1_200)).toEqual({
    level: 'emergency',
    sinceMs: 200,
    degradations: 1,
    recoveries: 2,
    timeInMs: { fully_operational: 850, partial: 50, emergency: 100, safe: 0 },
  });
});

test('a rate is over the last minute, and unknown before it was measured twice', () => {
  const rate = new MessageRate();
  expect(rate.perSecond).toBeUndefined();
  for (let second = 0; second <= 120; second += 1) rate.sample(second <= 60 ? 0 : (second - 60) * 10, second * 1_000);
  expect(rate.perSecond).toBe(10);
  rate.sample(601, 120_500);
  expect(rate.perSecond).toBe(10);
  rate.sample(0, 121_000);
  expect(rate.perSecond).toBeUndefined();
});
