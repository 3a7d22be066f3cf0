import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { answerHttp, createHttpApp } from '../../../src/http/app.ts';
import type { HubStatus } from '../../../src/http/hub-status.ts';
import type { HealthReport } from '../../../src/model/health.ts';
import type { CircuitReport, ServerRecord } from '../../../src/model/server.ts';
import { accessOf } from '../../support/access.ts';

const KEY = 'a-key-of-sixteen-and-more';
const keyed = await accessOf({ server: { operator_key: KEY } });
const open: CircuitReport = { state: 'open', trips_total: 1, recoveries_total: 0, since_ms: 1 };
const closed: CircuitReport = { ...open, state: 'closed', since_ms: 2 };
const health: HealthReport = {
  state: 'down',
  reason: 'no connection',
  since_ms: 1,
  evidence: { consecutive_failures: 3, consecutive_successes: 0 },
};
const server: ServerRecord = {
  ref: 1,
  id: 'a',
  type: 'other',
  simulated: false,
  transport: 'tcp',
  endpoint: 'tcp://127.0.0.1:1',
  health,
  circuit: open,
};

/** A hub of one server, `a`. */
async function call(method: string, url: string, key = KEY) {
  const calls: string[] = [];
  const hub: Partial<HubStatus> = {
    servers: () => [server],
    noteAudit: () => undefined,
    upstreamStats: () => ({ a: { circuitTrips: 1 } }),
    probeServer: (id) => {
      calls.push(`probe ${id}`);
      const answer = { method: 'connect', error: 'refused', took_ms: 1, health, circuit: open };
      return Promise.resolve(id === 'a' ? ({ ...answer, outcome: 'failure' } as const) : undefined);
    },
    resetCircuit: (id) => {
      calls.push(`reset ${id}`);
      return id === 'a' ? { before: open, after: closed } : undefined;
    },
  };
  const app = createHttpApp(hub as HubStatus, pino({ level: 'silent' }), () => keyed);
  const headers = { authorization: `Bearer ${key}` };
  const { status, body } = await answerHttp(app, { method, url, headers, body: undefined });
  return { status, calls, json: JSON.parse(new TextDecoder().decode(body)) };
}

describe('servers, for operators', () => {
  test.each([
    ['GET', '/api/servers'],
    ['POST', '/api/servers/a/probe'],
    ['POST', '/api/servers/a/reset-circuit'],
    ['POST', '/api/reload'],
  ])('%s %s needs the key', async (method, url) => {
    expect(await call(method, url, 'wrong')).toMatchObject({
      status: 401,
      calls: [],
      json: { code: 'unknown_key' },
    });
  });

  test('are listed with health, circuit and counts', async () => {
    const { json } = await call('GET', '/api/servers');
    expect(json.servers).toMatchObject([{ id: 'a', health, circuit: open, stats: { circuitTrips: 1 } }]);
  });

  test('one is asked now: the answer is the evidence', async () => {
    expect(await call('POST', '/api/servers/a/probe')).toMatchObject({
      status: 200,
      json: { id: 'a', outcome: 'failure', method: 'connect', error: 'refused', health, circuit: open },
    });
  });

  test('a circuit is closed by hand', async () => {
    const { status, json } = await call('POST', '/api/servers/a/reset-circuit');
    expect(status).toBe(200);
    expect(json).toEqual({ id: 'a', before: open, after: closed });
  });

  test.each(['probe', 'reset-circuit'])(
    '%s of an unknown server: 404 that names those that are known',
    async (verb) => {
      expect(await call('POST', `/api/servers/b/${verb}`)).toMatchObject({
        status: 404,
        json: { code: 'no_such_server', detail: 'no server "b"; known: a' },
      });
    },
  );

  test('a gateway that has nothing to read again says so', async () => {
    expect(await call('POST', '/api/reload')).toMatchObject({ status: 409, json: { code: 'no_config' } });
  });
});
