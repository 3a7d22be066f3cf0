import { expect, test } from 'vitest';
import { agentVisual } from '../../../../src/hub/world/visual.ts';

test.each([
  { note: 'no metrics at all', performance: undefined, visual: undefined },
  { note: 'metrics that draw nothing', performance: { cpu_usage: 0.5 }, visual: undefined },
  { note: 'idle: smallest', performance: { throughput_tps: 0 }, visual: { size: 5 } },
  { note: 'half way', performance: { throughput_tps: 50 }, visual: { size: 10 } },
  { note: 'grows no further', performance: { throughput_tps: 1_000 }, visual: { size: 15 } },
  { note: 'nonsense below zero', performance: { throughput_tps: -5 }, visual: { size: 5 } },
  { note: 'excellent', performance: { success_rate: 0.95 }, visual: { color: '#009e73' } },
  { note: 'good', performance: { success_rate: 0.949 }, visual: { color: '#f0e442' } },
  { note: 'good, just', performance: { success_rate: 0.85 }, visual: { color: '#f0e442' } },
  { note: 'fair', performance: { success_rate: 0.7 }, visual: { color: '#e69f00' } },
  { note: 'poor', performance: { success_rate: 0.699 }, visual: { color: '#d55e00' } },
  { note: 'zero is a value', performance: { success_rate: 0 }, visual: { color: '#d55e00' } },
  { note: 'fast answers: 2 Hz at most', performance: { response_time_ms: 1 }, visual: { pulse_hz: 2 } },
  { note: '1,500 ms', performance: { response_time_ms: 1_500 }, visual: { pulse_hz: 1 } },
  { note: 'slow answers: 0.5 Hz at least', performance: { response_time_ms: 60_000 }, visual: { pulse_hz: 0.5 } },
  {
    note: 'all three',
    performance: { throughput_tps: 25, success_rate: 1, response_time_ms: 2_000 },
    visual: { size: 7.5, color: '#009e73', pulse_hz: 0.8 },
  },
])('$note', ({ performance, visual }) => {
  expect(agentVisual(performance)).toEqual(visual);
});

test('noise in the sixth digit of a metric changes no looks', () => {
  expect(agentVisual({ throughput_tps: 50.000_01, response_time_ms: 700.000_1 })).toEqual(
    agentVisual({ throughput_tps: 50, response_time_ms: 700 }),
  );
});
