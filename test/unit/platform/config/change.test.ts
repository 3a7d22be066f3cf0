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
    control: { writes_per_minute: 7 },
  });
  expect(configChange(now, next, now)).toEqual({
    servers: { added: ['d'], removed: ['c'], changed: ['b'] },
    settings: ['discovery.dns', 'upstream.request_timeout_ms', 'upstream.api_key', 'control.writes_per_minute'],
    needs_restart: ['log.format', 'layout.threads'],
  });
});

test('what needs a restart is compared with the start, also after another reload', () => {
  const started = config({ layout: { threads: 1 } });
  const second = config({ layout: { threads: 2 } });
  expect(configChange(second, second, started)).toMatchObject({ settings: [], needs_restart: ['layout.threads'] });
  expect(configChange(second, started, started).needs_restart).toEqual([]);
});

test('logins hold at once; a certificate does where there was one before', () => {
  const plain = config({});
  const secure = config({ edge: { tls: { cert: 'c', key: 'k' } }, auth: { jwt: { secret_file: 's' } } });
  const other = config({ edge: { tls: { cert: 'd', key: 'k' } }, telemetry: { trace_ratio: 0.5 } });
  expect(configChange(secure, other, secure)).toMatchObject({
    settings: ['auth.jwt.secret_file', 'edge.tls.cert'],
    needs_restart: ['telemetry.trace_ratio'],
  });
  expect(configChange(plain, secure, plain)).toMatchObject({
    settings: ['auth.jwt.secret_file'],
    needs_restart: ['edge.tls.cert', 'edge.tls.key'],
  });
  expect(configChange(secure, plain, secure).needs_restart).toEqual(['edge.tls.cert', 'edge.tls.key']);
});

test('a bad configuration is a refusal with its whole message; other errors are not', async () => {
  const problems = [{ key: 'server.port', source: 'f', message: 'is refused' }];
  const bad = await answerReload(() => Promise.reject(new ConfigError(problems)));
  expect(bad).toEqual({ outcome: 'refused', message: 'server.port (f): is refused' });
  await expect(answerReload(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
});
