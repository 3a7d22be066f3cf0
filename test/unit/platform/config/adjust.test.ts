import { describe, expect, test } from 'vitest';
import { adjust } from '../../../../src/platform/config/adjust.ts';
import { configSchema } from '../../../../src/platform/config/schema.ts';

const config = (value: Record<string, unknown> = {}) => configSchema.parse(value);
const level = (of: ReturnType<typeof config>, change: { level: 'debug' | 'warn'; component?: 'edge' | 'hub' }) =>
  adjust(of, { kind: 'level', component: undefined, ...change });

describe('levels of the log', () => {
  test('of one component: the others keep theirs', () => {
    const before = config({ log: { level: 'warn', levels: ['hub=error'] } });
    const { config: next, answer } = level(before, { level: 'debug', component: 'edge' });
    expect(answer).toMatchObject({
      outcome: 'level',
      before: { edge: 'warn', hub: 'error', gateway: 'warn' },
      now: { edge: 'debug', hub: 'error', gateway: 'warn' },
    });
    expect(next?.log).toMatchObject({ level: 'warn', levels: ['hub=error', 'edge=debug'] });
    expect(before.log.levels).toEqual(['hub=error']);
  });

  test('of all: none keeps one of its own', () => {
    const { config: next, answer } = level(config({ log: { levels: ['hub=error', 'warn'] } }), { level: 'debug' });
    expect(new Set(Object.values((answer as { now: object }).now))).toEqual(new Set(['debug']));
    expect(next?.log).toMatchObject({ level: 'debug', levels: [] });
  });

  test('a thousand changes leave one entry', () => {
    let now = config();
    for (let n = 0; n < 1_000; n++) now = level(now, { level: 'debug', component: 'hub' }).config ?? now;
    expect(now.log.levels).toEqual(['hub=debug']);
  });
});

describe('limits', () => {
  const limit = (name: string, value: number) => adjust(config(), { kind: 'limit', limit: name, value });

  test.each([
    ['control.writes_per_minute', 120, 7],
    ['resilience.error_rate', 0.4, 0.25],
    ['upstream.request_timeout_ms', config().upstream.request_timeout_ms, 1_234],
  ])('%s', (name, before, now) => {
    const { config: next, answer } = limit(name, now);
    expect(answer).toEqual({ outcome: 'limit', before, now });
    const [section, key] = name.split('.') as ['control', 'writes_per_minute'];
    expect(next?.[section][key]).toBe(now);
  });

  test.each([
    ['control.writes_per_minute', 0, 'control.writes_per_minute: 0 is refused; allowed: 1–1000000'],
    ['control.writes_per_minute', 1.5, 'control.writes_per_minute: 1.5 is refused'],
    ['resilience.error_rate', 2, 'resilience.error_rate: 2 is refused; allowed: above 0, up to 1'],
    // Not a number; holds after a restart; no setting at all.
    ['upstream.allow_link_local', 1, '"upstream.allow_link_local" is no limit that can be changed here'],
    ['clients.max_clients', 1, '"clients.max_clients" is no limit that can be changed here'],
    ['control.__proto__', 1, 'allowed: upstream.'],
    ['constructor', 1, 'control.reads_per_minute, control.writes_per_minute'],
  ])('%s = %d is refused, and says what is allowed', (name, value, why) => {
    const { config: next, answer } = limit(name, value);
    expect(next).toBeUndefined();
    expect(answer).toMatchObject({ outcome: 'refused', message: expect.stringContaining(why) });
  });
});
