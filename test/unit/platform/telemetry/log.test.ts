import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../src/platform/config/load.ts';
import { componentLog, createLogger, setLogLevels, type LogOptions } from '../../../../src/platform/telemetry/log.ts';

async function setup(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = await createLogger({
    level: 'info',
    levels: [],
    format: 'json',
    part: 'hub',
    destination: { write: (line) => void lines.push(line) },
    ...options,
  });
  return {
    log,
    entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    text: () => lines.join(''),
  };
}

describe('levels', () => {
  test('each component has its own; an entry names its component and its thread', async () => {
    const { log, entries } = await setup({ levels: ['upstream=debug', 'http=error'] });
    log.debug('no');
    componentLog(log, 'upstream').debug('yes');
    componentLog(log, 'http').warn('no');
    componentLog(log, 'discovery').info('yes');
    expect(entries()).toMatchObject([
      { part: 'hub', component: 'upstream', msg: 'yes' },
      { part: 'hub', component: 'discovery', msg: 'yes' },
    ]);
  });

  test('a level alone is for all that have none; later entries win', async () => {
    const { log, entries } = await setup({ levels: ['silent', 'edge=silent', 'edge=info'] });
    log.fatal('no');
    componentLog(log, 'edge').info('yes');
    expect(entries()).toMatchObject([{ component: 'edge' }]);
  });

  test('new levels reach loggers that were handed out before', async () => {
    const { log, entries } = await setup();
    const upstream = componentLog(log, 'upstream');
    upstream.debug('no');
    setLogLevels(log, { level: 'warn', levels: ['upstream=debug'] });
    upstream.debug('yes');
    log.info('no');
    setLogLevels(log, { level: 'warn', levels: [] });
    upstream.info('no');
    expect(entries().map(({ msg }) => msg)).toEqual(['yes']);
    expect(componentLog(log, 'upstream')).toBe(upstream);
  });

  test('SWARMCAST_LOG sets them, and says what is allowed', () => {
    const load = (text: string) =>
      loadConfig({ files: [], flags: {}, environment: { SWARMCAST_LOG: text } }).config.log;
    expect(load('warn,upstream=debug').levels).toEqual(['warn', 'upstream=debug']);
    expect(() => load('upstraem=debug')).toThrow(/log\.levels\.0.*must be component=level, of gateway, edge/);
    expect(() => load('upstream=loud')).toThrow(/trace, debug/);
  });
});

test('secret fields are never written, wherever they are', async () => {
  const { log, text } = await setup();
  const secret = 'hunter2-hunter2';
  const config = { api_key: secret, headers: { authorization: secret }, operator_key: secret };
  log.info(
    { config, token: secret, server: { hiveToken: secret, env: { password: secret } }, api_key: secret },
    'start',
  );
  componentLog(log, 'http').error({ authorization: secret, cookie: secret }, 'x');
  expect(text()).not.toContain('hunter2');
  expect(text().match(/\*\*\*/g)?.length).toBeGreaterThanOrEqual(8);
});
