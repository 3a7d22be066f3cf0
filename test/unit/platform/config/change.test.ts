import { expect, test } from 'vitest';
import { answerReload, configChange } from '../../../../src/platform/config/change.ts';
import { ConfigError } from '../../../../src/platform/config/errors.ts';
import { configSchema } from '../../../../src/platform/config/schema.ts';

const config = (value: Record<string, unknown>) => configSchema.parse(value);
const tcp = (id: string, port = 1) => ({ id, transport: 'tcp', port });

test('servers that came, went and changed, settings that hold now, and those that wait for a restart', () => {
  const now = config({ servers: [tcp('a'), tcp('b'), tcp('c')], upstream: { api_key: 'secret' } });
  const next = config({
    servers: [tcp('a'), tcp('b', 2), tcp('d')],
    upstream: { request_timeout_ms: 7 },
    discovery: { dns: ['h:1'] },
    layout: { threads: 2 },
    log: { format: 'json' },
  });
  expect(configChange(now, next, now)).toEqual({
    servers: { added: ['d'], removed: ['c'], changed: ['b'] },
    settings: ['discovery.dns', 'upstream.request_timeout_ms', 'upstream.api_key'],
    needs_restart: ['log.format', 'layout.threads'],
  });
});

test('what needs a restart is compared with the start, also after another reload', () => {
  const started = config({ layout: { threads: 1 } });
  const second = config({ layout: { threads: 2 } });
  expect(configChange(second, second, started)).toMatchObject({ settings: [], needs_restart: ['layout.threads'] });
  expect(configChange(second, started, started).needs_restart).toEqual([]);
});

test('a bad configuration is a refusal with its whole message; other errors are not', () => {
  const problems = [{ key: 'server.port', source: 'f', message: 'is refused' }];
  const bad = answerReload(() => {
    throw new ConfigError(problems);
  });
  expect(bad).toEqual({ outcome: 'refused', message: 'server.port (f): is refused' });
  expect(() =>
    answerReload(() => {
      throw new TypeError('a bug');
    }),
  ).toThrow('a bug');
});
