import { describe, expect, test } from 'vitest';
import { decideReconnect, type ReconnectOptions } from '../../../src/client/reconnect-policy.ts';

describe('decideReconnect', () => {
  const end = { code: 1006, failures: 0, chance: 0 };
  const rows: {
    note: string;
    options: ReconnectOptions | false;
    end: Parameters<typeof decideReconnect>[1];
    delayMs: number | 'stop';
  }[] = [
    { note: 'first', options: {}, end, delayMs: 250 },
    { note: 'doubles', options: {}, end: { ...end, failures: 3 }, delayMs: 2_000 },
    { note: 'is capped', options: {}, end: { ...end, failures: 60 }, delayMs: 10_000 },
    {
      note: 'jitter takes off up to its share',
      options: {},
      end: { ...end, failures: 3, chance: 0.999 },
      delayMs: 1_001,
    },
    {
      note: 'goodbye is a lower bound',
      options: {},
      end: { ...end, code: 3001, goodbyeAfterMs: 4_000 },
      delayMs: 4_000,
    },
    {
      note: 'and is spread upwards',
      options: {},
      end: { ...end, code: 3001, goodbyeAfterMs: 4_000, chance: 0.5 },
      delayMs: 5_000,
    },
    { note: 'memory limit: come back', options: {}, end: { ...end, code: 3008 }, delayMs: 250 },
    { note: 'unauthorised: do not', options: {}, end: { ...end, code: 3500 }, delayMs: 'stop' },
    { note: 'bad request: do not', options: {}, end: { ...end, code: 3501 }, delayMs: 'stop' },
    { note: 'policy violation: do not', options: {}, end: { ...end, code: 1008 }, delayMs: 'stop' },
    { note: 'switched off', options: false, end, delayMs: 'stop' },
    { note: 'attempts spent', options: { maxAttempts: 2 }, end: { ...end, failures: 2 }, delayMs: 'stop' },
    { note: 'attempts left', options: { maxAttempts: 2, minDelayMs: 10 }, end: { ...end, failures: 1 }, delayMs: 20 },
  ];
  test.each(rows)('$note', ({ options, end: how, delayMs }) => {
    expect(decideReconnect(options, how)).toStrictEqual(
      delayMs === 'stop' ? { kind: 'stop' } : { kind: 'retry', delayMs },
    );
  });
});
