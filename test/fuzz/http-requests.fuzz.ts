/** What comes over HTTP: paths, queries, headers, bodies and tokens that mean nothing. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { pino } from 'pino';
import { answerHttp, createHttpApp } from '../../src/http/app.ts';
import type { HubStatus } from '../../src/http/hub-status.ts';
import { describedRoutes } from '../../src/http/openapi/document.ts';
import { Control } from '../../src/hub/control/control.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { configSchema } from '../../src/platform/config/schema.ts';
import { accessOf } from '../support/access.ts';
import { SECRET } from '../support/tokens.ts';
import { agent, server, snapshot } from '../unit/edge/clients/fake-edge.ts';
import { fuzz, type AnyFuzz } from './fuzz.ts';

const KEY = 'an-operator-key-of-the-fuzz';
const access = await accessOf({
  server: { operator_key: KEY },
  auth: { jwt: { secret: SECRET }, anonymous: 'viewer' },
});
const log = pino({ level: 'silent' });
const world = snapshot([agent(0), agent(1)]);
const control = new Control({
  config: { ...configSchema.parse({}).control, reads_per_minute: 1_000_000, writes_per_minute: 1_000_000 },
  upstreams: () => undefined,
  messageSent: () => undefined,
  adjust: () => Promise.resolve({ outcome: 'refused', message: 'not here' }),
  servers: {
    add: () => undefined,
    remove: () => 'until a reload',
    drain: () => Promise.resolve(0),
    resume: () => true,
  },
  snapshot: () => world,
  clock: systemClock,
  log,
  audit: () => undefined,
});
const hub: Partial<HubStatus> = {
  snapshot: () => world,
  servers: () => [server()],
  degradationLevel: () => 'fully_operational',
  messagesPerSecond: () => undefined,
  stats: () => ({}),
  upstreamStats: () => ({}),
  notReady: () => [],
  edges: () => Promise.resolve([]),
  clients: () => Promise.resolve([]),
  settings: () => ({ cap: null }),
  changeSettings: () => Promise.resolve([]),
  setClientMode: () => Promise.resolve([]),
  probeServer: () => Promise.resolve(undefined),
  resetCircuit: () => undefined,
  operate: (order) => control.execute(order),
  serversFor: () => [],
  noteAudit: () => undefined,
  auditPage: () => ({ entries: [], next: { life: 'a', seq: 0 }, gap: false, unwritten: 0 }),
};
const app = createHttpApp(hub as HubStatus, log, () => access);

// Those that measure take their time; the documents are fixed text.
const PATHS = describedRoutes()
  .map(({ path }) => path)
  .filter((path) => !/cost|metrics$|json$|websocket|network|debug|metrics\/mcp/.test(path));
const FIELDS = [
  'server_id',
  'swarm_id',
  'swarmId',
  'agent_id',
  'type',
  'topology',
  'key',
  'value',
  'limit',
  'after',
  'mode',
];
const odd = fc.oneof(
  fc.constantFrom(
    '',
    '%',
    '%00',
    '..',
    '%2e%2e',
    '__proto__',
    'constructor',
    's1',
    's1/w1',
    '\u202e',
    'null',
    '1e999',
    '-1',
  ),
  fc.string({ maxLength: 20 }),
);
const path = fc
  .tuple(fc.constantFrom(...PATHS), odd, fc.boolean())
  .map(([known, text, isEscaped]) =>
    known.replaceAll(/\{\w+\}/g, isEscaped ? encodeURIComponent(text.toWellFormed()) : 'x'),
  );
const query = fc
  .dictionary(fc.oneof(fc.constantFrom(...FIELDS, 'kind', 'fresh', '__proto__'), odd), odd, { maxKeys: 3 })
  .map((fields) =>
    Object.entries(fields).map(
      ([key, text]) => `${encodeURIComponent(key.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`,
    ),
  )
  .map((parts) => (parts.length === 0 ? '' : `?${parts.join('&')}`));
const body = fc.oneof(
  fc
    .dictionary(fc.constantFrom(...FIELDS, '__proto__', 'constructor'), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
    .map((one) => JSON.stringify(one)),
  fc.jsonValue({ maxDepth: 3 }).map((one) => JSON.stringify(one)),
  fc.constantFrom('', '{', '[]', '"', '{"__proto__":{"type":"x"}}', '['.repeat(20_000), '\ufeff{}', '{"type":1e999}'),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const encoded = fc.oneof(
  body.map((text) => new TextEncoder().encode(text)),
  fc.uint8Array({ maxLength: 60 }),
);
const token = fc.oneof(
  fc.constantFrom(KEY, '', 'swk_', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.', `swk_${'A'.repeat(43)}`),
  fc.string({ maxLength: 40 }),
  fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => parts.join('.')),
  fc.jsonValue({ maxDepth: 1 }).map((one) => `${Buffer.from(JSON.stringify(one)).toString('base64url')}.e30.AA`),
);

export const FUZZES: readonly AnyFuzz[] = [
  fuzz({
    name: 'HTTP requests',
    cases: fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
      path,
      query,
      isOperator: fc.boolean(),
      contentType: fc.constantFrom(undefined, 'application/json', 'text/plain', 'multipart/form-data', '\u00e9'),
      body: encoded,
    }),
    run: async ({ method, path: at, query: asked, isOperator, contentType, body: sent }) => {
      const headers: Record<string, string> = {
        ...(isOperator ? { authorization: `Bearer ${KEY}` } : {}),
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      };
      const {
        status,
        headers: answered,
        body: told,
      } = await answerHttp(app, { method, url: at + asked, headers, body: sent });
      // 500 is a fault of ours; 501 to 504 speak of servers and edges, which are not there.
      assert.notEqual(status, 500, new TextDecoder().decode(told));
      if (status >= 400 && status !== 503 && method !== 'HEAD') {
        assert.equal(answered['content-type'], 'application/problem+json');
        assert.equal((JSON.parse(new TextDecoder().decode(told)) as { status: number }).status, status);
      }
      for (const text of Object.values(answered)) assert.doesNotMatch(text, /[\r\n]/);
      assert.equal(({} as Record<string, unknown>)['type'], undefined);
    },
  }),
  fuzz({
    name: 'tokens',
    cases: token,
    run: async (given) => {
      const verdict = await access.verify(given);
      if (verdict.kind === 'identity') assert.ok(given === KEY || given === '', `let in: ${given}`);
      else assert.notEqual(verdict.refusal.message, '');
    },
  }),
];
