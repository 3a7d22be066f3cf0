import { describe, expect, test } from 'vitest';
import { Measured } from '../../../../src/hub/world/measured.ts';
import type { AgentPerformance } from '../../../../src/model/agent.ts';

const ALL: Required<AgentPerformance> = {
  cpu_usage: 0.5,
  memory_mb: 64,
  response_time_ms: 120,
  success_rate: 0.9,
  error_count: 0,
  throughput_tps: 40,
  queue_depth: 3,
  tasks_active: 2,
  tasks_completed: 7,
  tokens_used: 1_000,
};

describe('what is measured', () => {
  test('every number of a performance is kept apart and published', () => {
    const measured = new Measured();
    for (const [name, value] of Object.entries(ALL)) expect(measured.merge({ [name]: value })).toBe(true);
    expect(measured.publish()).toBe(true);
    expect(measured.published()).toStrictEqual(ALL);
  });

  test('what is not published yet is not shown, and what came back is no change', () => {
    const measured = published({ cpu_usage: 0.5 });
    measured.merge({ cpu_usage: 0.75 });
    expect(measured.published()).toStrictEqual({ cpu_usage: 0.5 });
    measured.merge({ cpu_usage: 0.5 });
    expect(measured.publish()).toBe(false);
  });

  test.each([
    { note: 'absent says nothing', told: {}, changed: false, after: { cpu_usage: 0, memory_mb: 1 } },
    {
      note: 'so does undefined',
      told: { cpu_usage: undefined },
      changed: false,
      after: { cpu_usage: 0, memory_mb: 1 },
    },
    { note: 'nothing new', told: { cpu_usage: 0 }, changed: false, after: { cpu_usage: 0, memory_mb: 1 } },
    { note: 'no number', told: { cpu_usage: Number.NaN }, changed: false, after: { cpu_usage: 0, memory_mb: 1 } },
    { note: 'beyond all', told: { cpu_usage: Infinity }, changed: false, after: { cpu_usage: 0, memory_mb: 1 } },
    { note: 'null makes unknown', told: { cpu_usage: null }, changed: true, after: { memory_mb: 1 } },
    {
      note: 'null of what is unknown',
      told: { queue_depth: null },
      changed: false,
      after: { cpu_usage: 0, memory_mb: 1 },
    },
    { note: 'null for all', told: null, changed: true, after: undefined },
    {
      note: 'what is new is added',
      told: { queue_depth: 2 },
      changed: true,
      after: { cpu_usage: 0, memory_mb: 1, queue_depth: 2 },
    },
  ])('$note', ({ told, changed, after }) => {
    const measured = published({ cpu_usage: 0, memory_mb: 1 });
    expect(measured.merge(told)).toBe(changed);
    expect(measured.publish()).toBe(changed);
    expect(measured.published()).toStrictEqual(after);
  });

  test('null for all is no change where nothing is known', () => {
    expect(new Measured().merge(null)).toBe(false);
  });
});

describe('looks', () => {
  test('follow from the numbers of now, each from its own', () => {
    const measured = published({ throughput_tps: 100, success_rate: 1 });
    expect(measured.publishVisual()).toBe(true);
    expect(measured.publishedVisual()).toStrictEqual({ size: 15, color: '#009e73' });
    measured.merge({ throughput_tps: null, response_time_ms: 500 });
    expect(measured.hasLooks).toBe(true);
    expect(measured.publishVisual()).toBe(true);
    expect(measured.publishedVisual()).toStrictEqual({ color: '#009e73', pulse_hz: 2 });
  });

  test('are none without the numbers behind them, and no change where nothing is seen of one', () => {
    const measured = published({ memory_mb: 1 });
    expect([measured.hasLooks, measured.publishVisual(), measured.publishedVisual()]).toEqual([
      false,
      false,
      undefined,
    ]);
    measured.merge({ success_rate: 0.9 });
    expect(measured.publishVisual()).toBe(true);
    measured.merge({ success_rate: 0.91 });
    expect(measured.publishVisual()).toBe(false);
  });
});

test('one that moved begins with the numbers of now, and nothing published', () => {
  const measured = published({ cpu_usage: 0.5 });
  measured.merge({ queue_depth: 1 });
  const moved = Measured.of(measured);
  expect(moved.published()).toBeUndefined();
  expect(moved.publish()).toBe(true);
  expect(moved.published()).toStrictEqual({ cpu_usage: 0.5, queue_depth: 1 });
});

function published(performance: AgentPerformance): Measured {
  const measured = new Measured();
  measured.merge(performance);
  measured.publish();
  return measured;
}
