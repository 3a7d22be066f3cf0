import { describe, expect, test } from 'vitest';
import { Activity, ACTIVITY_SECONDS } from '../../../../src/dashboard/session/activity.ts';
import { KnownValues } from '../../../../src/dashboard/session/known-values.ts';
import { LatencyHistory, MAX_LATENCIES, quantile } from '../../../../src/dashboard/session/latency-history.ts';
import { TrafficMeter } from '../../../../src/dashboard/session/traffic-meter.ts';

describe('traffic meter', () => {
  test('rates over the last three seconds; unknown before there are two samples; anew when counters go back', () => {
    const meter = new TrafficMeter();
    const at = (seconds: number, frames: number) =>
      meter.sample({ atMs: seconds * 1_000, frames, messages: frames, bytes: frames * 100 });
    at(0, 0);
    expect(meter.traffic).toBeUndefined();
    for (let i = 1; i <= 20; i++) at(i / 2, i * 30);
    expect(meter.traffic).toEqual({ framesPerSecond: 60, messagesPerSecond: 60, bytesPerSecond: 6_000 });
    for (let i = 21; i <= 30; i++) at(i / 2, 600);
    expect(meter.traffic?.framesPerSecond).toBe(0);
    at(16, 5);
    expect(meter.traffic).toBeUndefined();
  });
});

describe('activity', () => {
  test('counts per second; gaps are zero, what lies before the start is not there', () => {
    const activity = new Activity();
    expect(activity.read(0)).toEqual([]);
    activity.add(2, 1_000);
    activity.add(3, 1_900);
    activity.add(1, 4_100);
    expect(activity.read(5_000)).toEqual([5, 0, 0, 1]);
  });

  test('is bounded, also over a long silence', () => {
    const activity = new Activity();
    for (let second = 0; second < 1_000; second++) activity.add(1, second * 1_000);
    expect(activity.read(1_000_000)).toHaveLength(ACTIVITY_SECONDS - 1);
    const later = activity.read(1_000_000_000);
    expect(later).toHaveLength(ACTIVITY_SECONDS - 1);
    expect(Math.max(...later)).toBe(0);
  });
});

test('latencies: one per new success, the newest 300', () => {
  const history = new LatencyHistory();
  for (let i = 0; i < MAX_LATENCIES + 40; i++) {
    history.add('s', { last_success_ms: i, latency_ms: i * 2 });
    history.add('s', { last_success_ms: i, latency_ms: 999 });
  }
  history.add('s', {});
  expect(history.of('s').atMs).toEqual(Array.from({ length: MAX_LATENCIES }, (_, i) => 40 + i));
  expect(history.of('s').latencyMs.at(-1)).toBe((MAX_LATENCIES + 39) * 2);
  expect(history.of('nobody')).toEqual({ atMs: [], latencyMs: [] });
});

test.each([
  { values: [], share: 0.5, expected: undefined },
  { values: [3], share: 0.95, expected: 3 },
  { values: [4, 1, 3, 2], share: 0.5, expected: 2 },
  { values: Array.from({ length: 100 }, (_, i) => 100 - i), share: 0.95, expected: 95 },
])('quantile $share', ({ values, share, expected }) => {
  expect(quantile(values, share)).toBe(expected);
});

test('known values: sorted, distinct, bounded', () => {
  const values = new KnownValues();
  for (const value of ['b', 'a', 'b', undefined, '']) values.add(value);
  expect(values.values).toEqual(['a', 'b']);
  for (let i = 0; i < 1_000; i++) values.add(`v${i}`);
  expect(values.values.length).toBe(200);
});
