/** A table of attacks: each is refused with its code, and counted. */
import { describe, expect, test } from 'vitest';
import { createApiKey, hashApiKey } from '../../src/platform/auth/api-keys.ts';
import { countOf, Intruder, raw, request, type Upgrade } from './attacker.ts';
import { forgeToken, hmac, keyPair, SECRET, signToken } from './tokens.ts';

const rsa = keyPair('rsa');
const OPERATOR_KEY = createApiKey();
const REVOKED_KEY = createApiKey();
const nowS = Math.floor(Date.now() / 1_000);
const VIEWER = await signToken({ sub: 'vic' });
/** Of somebody who only watches the attacked gateway. */
export const HONEST_TOKEN = await signToken({ sub: 'hon' });
const TOKENS = {
  forged: await signToken({ role: 'operator' }, 'some other secret of thirty-two bytes and more'),
  none: forgeToken({ alg: 'none' }, {}, () => ''),
  confused: forgeToken({ alg: 'HS256' }, {}, hmac(rsa.pem)),
  expired: await signToken({ exp: nowS - 3_600 }),
  early: await signToken({ nbf: nowS + 3_600 }),
  audience: await signToken({ aud: 'somebody-else' }),
};

/** What an attacked gateway is opened with. */
export const ATTACKED_SETTINGS: Readonly<Record<string, unknown>> = {
  // So that rows may come from addresses of their own.
  'server.trusted_proxies': ['127.0.0.1'],
  'clients.max_clients_per_address': 10,
  'clients.upgrade_burst': 30,
  'clients.upgrades_per_second': 1,
  'auth.jwt.secret': SECRET,
  'auth.jwt.public_key_file': rsa.file,
  'auth.keys': [
    { id: 'ops', sha256: hashApiKey(OPERATOR_KEY), role: 'operator' },
    { id: 'old', sha256: hashApiKey(REVOKED_KEY), role: 'operator', revoked: true },
  ],
};

const refusedBy = (reason: string): [string, string[]] => ['swarmcast_edge_refusals_total', [`reason="${reason}"`]];

/** Tests of every attack against that gateway, which has {@link ATTACKED_SETTINGS}; each may run once, in order. */
export function describeAttacks(target: () => { url: string; port: number }): void {
  const metrics = async (): Promise<string> =>
    (await fetch(`${target().url}/metrics`, { headers: { authorization: `Bearer ${OPERATOR_KEY}` } })).text();

  /** Runs an attack; how much the metric that belongs to it has grown meanwhile. */
  async function grown(name: string, labels: readonly string[], attack: () => Promise<void>): Promise<number> {
    const before = countOf(await metrics(), name, ...labels);
    await attack();
    return countOf(await metrics(), name, ...labels) - before;
  }

  describe('tokens', () => {
    test.each([
      ['no token', undefined, 'no_token'],
      ['forged', TOKENS.forged, 'bad_signature'],
      ['algorithm none', TOKENS.none, 'bad_algorithm'],
      ['the public key as a secret', TOKENS.confused, 'bad_signature'],
      ['expired', TOKENS.expired, 'expired'],
      ['not yet valid', TOKENS.early, 'not_yet_valid'],
      ['for another audience', TOKENS.audience, 'wrong_audience'],
      ['a revoked key', REVOKED_KEY, 'revoked'],
      ['a key that nobody knows', createApiKey(), 'unknown_key'],
      ['nonsense', 'a.b.c', 'malformed'],
    ])('%s', async (_note, token, reason) => {
      const onSocket = await grown(...refusedBy(reason), async () => {
        using intruder = new Intruder(target().url, { token });
        expect(await intruder.hears('close 3500')).toBe('close 3500');
        expect(intruder.says).toEqual(['error unauthorised', 'close 3500']);
      });
      expect(onSocket).toBe(1);
      const onHttp = await grown('swarmcast_http_requests_refused_total', [`reason="${reason}"`], async () => {
        expect(await request(target().url, 'PUT', '/api/clients/cap', token, '{"mode":"normal"}')).toBe(
          `HTTP 401 ${reason}`,
        );
        expect(await request(target().url, 'GET', '/api/bots/agents', token)).toBe(`HTTP 401 ${reason}`);
      });
      expect(onHttp).toBe(2);
    });

    test('replayed after a renewal', async () => {
      const first = await signToken({ sub: 'vic', role: 'operator', iat: nowS - 10, exp: nowS + 300 });
      const second = await signToken({ sub: 'vic', role: 'viewer', iat: nowS, exp: nowS + 600 });
      const count = await grown(...refusedBy('stale_token'), async () => {
        using intruder = await new Intruder(target().url, { token: first }).opened();
        await intruder.hears('welcome');
        intruder.send({ type: 'renew', id: 1, payload: { token: second } });
        await intruder.hears('ok renew');
        intruder.send({ type: 'renew', id: 2, payload: { token: first } });
        await intruder.hears('error unauthorised');
        // It has not won back what the newer token took away.
        intruder.send({ type: 'command', id: 3, payload: { operation: 'agent.spawn', input: { type: 'coder' } } });
        await intruder.hears('error forbidden');
      });
      expect(count).toBe(1);
    });
  });

  describe("a viewer doing an operator's work", () => {
    test.each([
      ['PUT', '/api/clients/cap'],
      ['DELETE', '/api/clients/cap'],
      ['GET', '/api/clients'],
      ['POST', '/api/servers/sim/reset-circuit'],
      ['POST', '/api/reload'],
      ['GET', '/api/audit'],
    ])('%s %s', async (method, path) => {
      const count = await grown('swarmcast_http_requests_refused_total', ['reason="forbidden"'], async () => {
        const body = method === 'PUT' ? '{"mode":"normal"}' : undefined;
        expect(await request(target().url, method, path, VIEWER, body)).toBe('HTTP 403 forbidden');
      });
      expect(count).toBe(1);
    });

    test('an operation, over the socket and HTTP', async () => {
      const count = await grown('swarmcast_control_operations_refused_total', [], async () => {
        using intruder = await new Intruder(target().url, { token: VIEWER }).opened();
        await intruder.hears('welcome');
        intruder.send({ type: 'command', id: 1, payload: { operation: 'agent.spawn', input: { type: 'coder' } } });
        await intruder.hears('error forbidden');
        expect(await request(target().url, 'POST', '/api/agents', VIEWER, '{"type":"coder"}')).toBe(
          'HTTP 403 forbidden',
        );
      });
      expect(count).toBe(2);
    });
  });

  describe('pages and names', () => {
    const cases: [string, Upgrade, string, string][] = [
      ['foreign Origin', { token: VIEWER, origin: 'http://evil.example' }, 'HTTP 403', 'origin'],
      ['Origin of a sandboxed page', { token: VIEWER, origin: 'null' }, 'HTTP 403', 'origin'],
      [
        'our name as a part of another',
        { token: VIEWER, origin: 'http://127.0.0.1.evil.example' },
        'HTTP 403',
        'origin',
      ],
      ['foreign Host', { token: VIEWER, host: 'evil.example' }, 'HTTP 403', 'host'],
      // Programs send none; browsers always do. It lets nobody in who has no token.
      ['no Origin, no token', {}, 'close 3500', 'no_token'],
    ];
    test.each(cases)('%s', async (_note, upgrade, answer, reason) => {
      const count = await grown(...refusedBy(reason), async () => {
        using intruder = new Intruder(target().url, upgrade);
        await intruder.hears(answer);
        expect(intruder.says).not.toContain('welcome');
      });
      expect(count).toBe(1);
    });

    test('a foreign Host over HTTP', async () => {
      const count = await grown(...refusedBy('host'), async () => {
        const answer = await raw(
          target().port,
          'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
          500,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 403 /);
      });
      expect(count).toBe(1);
    });
  });

  describe('messages', () => {
    const welcomed = async (): Promise<Intruder> => {
      const intruder = await new Intruder(target().url, { token: VIEWER }).opened();
      await intruder.hears('welcome');
      return intruder;
    };

    test.each([
      ['100 KB', 100_000, 'close 3501'],
      // The library ends the connection when it reads the length.
      ['100 MB', 100_000_000, 'close 1006'],
    ])('%s at once', async (_note, bytes, answer) => {
      const count = await grown(...refusedBy('message_size'), async () => {
        using intruder = await welcomed();
        intruder.send(Buffer.alloc(bytes, 0x20));
        await intruder.hears(answer);
      });
      expect(count).toBe(1);
    });

    test('10,000 within a second', async () => {
      let flooded = 0;
      const count = await grown(...refusedBy('message_rate'), async () => {
        flooded = await grown(...refusedBy('flood'), async () => {
          using intruder = await welcomed();
          for (let n = 0; n < 10_000; n++) intruder.send('{"type":"heartbeat"}');
          // Who still sends when the connection ends may lose the code on the way: the metric tells why it ended.
          await intruder.hears('close 3501', 'close 1006');
          expect(intruder.says).toContain('error rate_limited');
        });
      });
      expect(flooded).toBe(1);
      // Five bursts' worth, and no more: what comes after the close is not looked at.
      expect(count).toBeGreaterThan(900);
      expect(count).toBeLessThan(2_000);
    });

    test.each([
      [
        'a filter with 10,000 entries',
        { type: 'update_filters', payload: { agent_types: Array(10_000).fill('x') } },
        'bad_payload',
      ],
      ['a type that objects have', { type: 'constructor', payload: {} }, 'unknown_type'],
      ['a type that objects have', { type: '__proto__', payload: {} }, 'unknown_type'],
      [
        '__proto__ in a payload',
        '{"type":"update_filters","payload":{"__proto__":{"agent_types":["x"]}}}',
        'bad_payload',
      ],
      [
        'constructor in a payload',
        { type: 'update_filters', payload: { constructor: { prototype: { a: 1 } } } },
        'bad_payload',
      ],
      [
        'an operation that objects have',
        { type: 'command', id: 1, payload: { operation: 'constructor' } },
        'no_such_operation',
      ],
      [
        'an operation that objects have',
        { type: 'command', id: 1, payload: { operation: '__proto__' } },
        'no_such_operation',
      ],
      [
        '__proto__ in an input',
        '{"type":"command","id":1,"payload":{"operation":"agent.list","input":{"__proto__":{"fresh":true},"constructor":1}}}',
        'bad_input',
      ],
    ])('%s', async (_note, message, code) => {
      const count = await grown('swarmcast_edge_client_errors_total', [], async () => {
        using intruder = await welcomed();
        intruder.send(message);
        await intruder.hears(`error ${code}`);
        expect(intruder.isOpen).toBe(true);
      });
      expect(count).toBe(1);
      expect(
        ({} as Record<string, unknown>)['agent_types'] ?? ({} as Record<string, unknown>)['fresh'],
      ).toBeUndefined();
    });

    test.each([
      ['/api/operations/__proto__', '{}', 'HTTP 404 no_such_operation'],
      ['/api/operations/constructor', '{}', 'HTTP 404 no_such_operation'],
      ['/api/operations/agent.spawn', '{"__proto__":{"type":"coder"},"constructor":{}}', 'HTTP 400 bad_input'],
      ['/api/operations/agent.spawn', `{"type":"${'x'.repeat(70_000)}"}`, 'HTTP 413'],
    ])('POST %s %.40s', async (path, body, answer) => {
      expect(await request(target().url, 'POST', path, OPERATOR_KEY, body)).toBe(answer);
    });
  });

  describe('one address', () => {
    test('more connections than it may have', async () => {
      const intruders: Intruder[] = [];
      const count = await grown(...refusedBy('clients_of_address'), async () => {
        for (let n = 0; n < 15; n++) {
          intruders.push(new Intruder(target().url, { token: VIEWER, forwardedFor: '203.0.113.7' }));
        }
        await Promise.all(intruders.map((one) => one.hears('welcome', 'close 3014')));
      });
      expect(count).toBe(5);
      expect(intruders.filter(({ isOpen }) => isOpen)).toHaveLength(10);
      // Another address is not held up by it.
      using other = new Intruder(target().url, { token: VIEWER, forwardedFor: '203.0.113.8' });
      await other.hears('welcome');
      for (const one of intruders) one[Symbol.dispose]();
    });

    test('more upgrades than it may ask for', async () => {
      const intruders: Intruder[] = [];
      const count = await grown(...refusedBy('upgrade_rate'), async () => {
        for (let n = 0; n < 60; n++) intruders.push(new Intruder(target().url, { forwardedFor: '203.0.113.9' }));
        await Promise.all(intruders.map((one) => one.hears('HTTP 429', 'close 3500')));
      });
      expect(count).toBeGreaterThanOrEqual(8);
      expect(count).toBe(intruders.filter(({ says }) => says.includes('HTTP 429')).length);
      for (const one of intruders) one[Symbol.dispose]();
    });

    test('a forged X-Forwarded-For does not make it another: the nearest hop that is no proxy counts', async () => {
      const intruders: Intruder[] = [];
      const count = await grown(...refusedBy('clients_of_address'), async () => {
        for (let n = 0; n < 12; n++) {
          intruders.push(new Intruder(target().url, { token: VIEWER, forwardedFor: `198.51.100.${n}, 203.0.113.10` }));
        }
        await Promise.all(intruders.map((one) => one.hears('welcome', 'close 3014')));
      });
      expect(count).toBe(2);
      for (const one of intruders) one[Symbol.dispose]();
    });
  });

  describe('paths and headers', () => {
    const get = (path: string, headers = ''): Promise<string> =>
      raw(target().port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${target().port}\r\n${headers}\r\n`, 700);

    test.each([
      '/../package.json',
      '/../../../../../../etc/passwd',
      '/assets/../../../package.json',
      '/..%2f..%2f..%2fetc%2fpasswd',
      '/%2e%2e/%2e%2e/package.json',
      '/assets/..\\..\\package.json',
      '//etc/passwd',
      '/index.html%00.js',
      '/files.json',
    ])('traversal: %s', async (path) => {
      const count = await grown('swarmcast_http_requests_total', ['route="other"', 'status="404"'], async () => {
        const answer = await get(path);
        expect(answer).toMatch(/^HTTP\/1\.1 404 /);
        expect(answer).not.toMatch(/root:|"dependencies"|"inputs"/);
      });
      expect(count).toBe(1);
    });

    test.each([
      ['in the path', '/x%0d%0aSet-Cookie:%20evil=1', ''],
      ['in a query', '/api/openapi.json?a=%0d%0aSet-Cookie:%20evil=1', ''],
      ['in a header that is echoed', '/healthz', 'X-Request-Id: a%0d%0aSet-Cookie: evil=1\r\n'],
      ['a bare CR', '/healthz', 'X-Request-Id: a\rSet-Cookie: evil=1\r\n'],
      ['a bare LF', '/healthz', 'X-Request-Id: a\nSet-Cookie: evil=1\r\n'],
    ])('injection %s', async (_note, path, headers) => {
      const [head = ''] = (await get(path, headers)).split('\r\n\r\n');
      expect(
        head
          .toLowerCase()
          .split(/[\r\n]+/)
          .filter((line) => line.startsWith('set-cookie')),
      ).toEqual([]);
      expect(head === '' || /^HTTP\/1\.1 [24]\d\d /.test(head)).toBe(true);
    });

    test('a request hidden in the body of another is not answered', async () => {
      const hidden = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';
      const smuggled = `POST /api/operations/agent.list HTTP/1.1\r\nHost: 127.0.0.1:${target().port}\r\nContent-Length: ${hidden.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`;
      const answer = await raw(target().port, smuggled, 1_000);
      expect(answer.match(/HTTP\/1\.1 200/g) ?? []).toEqual([]);
    });
  });
}
