/** Who the server is, and who we are to it: over real sockets, with certificates of an authority that nobody else trusts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startUpstream } from '../../../../src/hub/upstream/upstream.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { serverSchema } from '../../../../src/platform/config/schema.ts';
import { Authority } from '../../../support/certificates.ts';
import { HttpPeer, reply } from './http-peer.ts';
import { plainDialect } from './plain-dialect.ts';
import { politePeer, RawPeer, textResult, type Script } from './raw-peer.ts';
import { RecordingSink } from './recording-sink.ts';
import { limits, listing, upstreamOptions } from './upstream-options.ts';

const authority = new Authority('swarm authority');
const stranger = new Authority('somebody else');
const honest = authority.sign('agents', ['DNS:agents.example', 'IP:127.0.0.1']);
const expired = authority.sign('expired', ['IP:127.0.0.1'], -1);
const otherName = authority.sign('other', ['DNS:other.example']);
const gatewayCert = authority.sign('gateway', []);
const strangeCert = stranger.sign('gateway', []);

/** Supervised until disposed; slow enough in its handshakes for a busy machine. */
function start(server: Record<string, unknown>, sink: RecordingSink) {
  return startUpstream({
    ...upstreamOptions({}, sink),
    server: serverSchema.parse({ id: 'one', transport: 'tcp', ...server }),
    limits: { ...limits, connect_timeout_ms: 10_000, request_timeout_ms: 5_000 },
    log: pino({ level: 'silent' }),
    clock: systemClock,
    dialects: [plainDialect()],
  });
}

const reasonOf = (sink: RecordingSink) => sink.health.findLast(({ id }) => id === 'one')?.reason ?? '';
const isDown = (sink: RecordingSink) => sink.state('one') === 'down';

/** A server that nobody listens at: it is tried again and again, which shows that time has passed. */
async function whileOthersTry(attempts: number): Promise<void> {
  const sink = new RecordingSink();
  await using _ = start({ port: 1 }, sink);
  await sink.until(() => sink.health.filter(({ evidence }) => evidence.consecutive_failures > 0).length >= 1);
  await sink.until(() => (sink.health.at(-1)?.evidence.consecutive_failures ?? 0) >= attempts);
}

describe('TLS over TCP', () => {
  test.each([
    ['the address', {}],
    ['a name that is asked for', { server_name: 'agents.example' }],
  ])('the authority that is configured is trusted, for %s', async (_what, more) => {
    await using raw = await RawPeer.start(politePeer(listing('a')), { tls: honest });
    const sink = new RecordingSink();
    await using _ = start({ port: raw.port, tls: { ca: authority.cert, ...more } }, sink);
    await sink.until(() => sink.state('one') === 'healthy');
    expect(sink.introduced[0]?.endpoint).toBe(`tls://127.0.0.1:${raw.port}`);
  });

  test.each([
    ['signed by nobody who is trusted', honest, true],
    ['signed by somebody else', honest, { ca: stranger.cert }],
    ['expired', expired, { ca: authority.cert }],
    ['for another name', otherName, { ca: authority.cert }],
    ['not for the name that is asked for', honest, { ca: authority.cert, server_name: 'evil.example' }],
  ])(
    'a certificate that is %s: not one byte of MCP is sent, and it is not tried again at once',
    async (_w, tls, ours) => {
      await using raw = await RawPeer.start(politePeer(listing('a')), { tls });
      const sink = new RecordingSink();
      await using upstream = start({ port: raw.port, tls: ours, api_key: 'never-sent' }, sink);
      await sink.until(() => isDown(sink));
      expect(reasonOf(sink)).toMatch(/^no connection: the certificate of the server is not trusted: /);
      await whileOthersTry(4);
      expect(upstream.stats().state).toBe('waiting');
      expect(sink.health.at(-1)?.evidence.consecutive_failures).toBe(1);
      expect(raw.heard).toEqual([]);
    },
  );

  test('the gateway proves itself with its certificate', async () => {
    const names: unknown[] = [];
    const tls = { ...honest, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    await using raw = await RawPeer.start(politePeer(listing('a')), {
      tls,
      onConnect: ({ socket }) => {
        if ('getPeerCertificate' in socket && typeof socket.getPeerCertificate === 'function')
          names.push((socket.getPeerCertificate() as { subject?: { CN?: string } }).subject?.CN);
      },
    });
    const sink = new RecordingSink();
    const { cert, key } = gatewayCert;
    await using _ = start({ port: raw.port, tls: { ca: authority.cert, cert, key } }, sink);
    await sink.until(() => sink.state('one') === 'healthy');
    expect(names).toEqual(['gateway']);
  });

  test.each([
    ['no certificate', {}],
    ['a certificate of somebody else', { cert: strangeCert.cert, key: strangeCert.key }],
  ])('a server that refuses %s says so by an alert', async (_what, ours) => {
    await using peer = await opensslServer();
    const sink = new RecordingSink();
    await using upstream = start({ port: peer.port, tls: { ca: authority.cert, ...ours } }, sink);
    await sink.until(() => isDown(sink));
    expect(reasonOf(sink)).toMatch(/^no connection: authentication refused: TLS alert "/);
    await whileOthersTry(4);
    expect(upstream.stats().state).toBe('waiting');
  });
});

/** Node's own server closes without an alert; openssl's sends the one that the protocol has. */
async function opensslServer(): Promise<{ port: number } & AsyncDisposable> {
  const files = ['-cert', honest.certFile, '-key', honest.keyFile, '-CAfile', authority.certFile];
  const child = spawn('openssl', [
    's_server',
    '-accept',
    '127.0.0.1:0',
    '-Verify',
    '1',
    '-verify_return_error',
    ...files,
  ]);
  child.stderr.resume();
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`openssl ended: ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = /^ACCEPT .*:(\d+)$/.exec(line)?.[1];
      if (said !== undefined) resolve(Number(said));
    });
  });
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

describe('keys over TCP', () => {
  /** Tells nobody of its tools who has not logged in. */
  const gated = (key: string): Script => {
    const known = new WeakSet<object>();
    const polite = politePeer(listing('a'));
    return (message, peer, raw) => {
      if (message.method === 'auth.authenticate') {
        if (message.params?.['api_key'] !== key) {
          peer.error(message, -32_000, `no such key: ${String(message.params?.['api_key'])}`);
          return;
        }
        known.add(peer);
        peer.result(message, { authenticated: true });
      } else if (message.method === 'tools/list' && !known.has(peer)) peer.error(message, -32_001, 'log in first');
      else polite(message, peer, raw);
    };
  };

  test('the own key of a server comes before everything else, with the names of the specification', async () => {
    await using raw = await RawPeer.start(gated('right'));
    const sink = new RecordingSink();
    await using _ = start({ port: raw.port, api_key: 'right' }, sink);
    await sink.until(() => sink.state('one') === 'healthy');
    const asked = raw.methods.filter((method) => method === 'auth.authenticate' || method === 'tools/list');
    expect(asked.slice(0, 2)).toEqual(['auth.authenticate', 'tools/list']);
    const login = raw.heard.find(({ method }) => method === 'auth.authenticate');
    expect(login?.params).toEqual({ api_key: 'right', client_id: 'swarmcast', version: expect.any(String) });
  });

  test('a refused key is evidence, is not quoted, and is not tried again at once', async () => {
    await using raw = await RawPeer.start(gated('right'));
    const sink = new RecordingSink();
    await using upstream = start({ port: raw.port, api_key: 'wrong-key' }, sink);
    await sink.until(() => isDown(sink));
    expect(reasonOf(sink)).toBe('no connection: authentication refused: no such key: ***');
    await whileOthersTry(4);
    expect(upstream.stats().state).toBe('waiting');
    expect(raw.connections).toBe(1);
    expect(JSON.stringify(sink.health)).not.toContain('wrong-key');
    // Whoever has mended it asks for a new attempt.
    expect(await upstream.probe()).toMatchObject({ outcome: 'failure' });
    expect(raw.connections).toBe(2);
  });

  test('a server that knows no keys is not stopped by one', async () => {
    await using raw = await RawPeer.start((message, peer, all) => {
      if (message.method === 'auth.authenticate') peer.error(message, -32_601, 'Method not found');
      else politePeer(listing('a'))(message, peer, all);
    });
    const sink = new RecordingSink();
    await using _ = start({ port: raw.port, api_key: 'right' }, sink);
    await sink.until(() => sink.state('one') === 'healthy');
  });
});

describe('HTTP', () => {
  const list = (asked: Parameters<typeof reply>[0]) => reply(asked, { result: textResult({ agents: ['a'] }) });

  test('bearer and key go with every request, over TLS with a certificate of our own', async () => {
    const tls = { ...honest, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    await using peer = await HttpPeer.start(list, 0, tls);
    const seen = new Set<string>();
    peer.gate = ({ request }) => {
      seen.add(`${request.headers.authorization} ${String(request.headers['x-api-key'])}`);
      return false;
    };
    const sink = new RecordingSink();
    const { cert, key } = gatewayCert;
    const server = { transport: 'http', url: peer.url, bearer: 'token-1', headers: { 'x-api-key': 'key-1' } };
    await using _ = start({ ...server, tls: { ca: authority.cert, cert, key } }, sink);
    await sink.until(() => sink.state('one') === 'healthy');
    expect(seen).toEqual(new Set(['Bearer token-1 key-1']));
  });

  test('a certificate that is not trusted gets no token', async () => {
    await using peer = await HttpPeer.start(list, 0, honest);
    const sink = new RecordingSink();
    await using _ = start({ transport: 'http', url: peer.url, bearer: 'token-1', tls: { ca: stranger.cert } }, sink);
    await sink.until(() => isDown(sink));
    expect(reasonOf(sink)).toContain('the certificate of the server is not trusted');
    expect(peer.asked).toEqual([]);
  });

  test.each([401, 403])('HTTP %i at the handshake is a refusal, and is not tried again at once', async (status) => {
    await using peer = await HttpPeer.start(list);
    peer.gate = ({ response }) => {
      response.writeHead(status).end('who are you?');
      return true;
    };
    const sink = new RecordingSink();
    await using upstream = start({ transport: 'http', url: peer.url, bearer: 'wrong' }, sink);
    await sink.until(() => isDown(sink));
    expect(reasonOf(sink)).toMatch(new RegExp(`^no connection: authentication refused: HTTP ${status}`));
    const { length } = peer.asked;
    await whileOthersTry(4);
    expect(upstream.stats().state).toBe('waiting');
    expect(peer.asked).toHaveLength(length);
  });

  test('a token that is taken back ends the connection: no poll goes on with it', async () => {
    await using peer = await HttpPeer.start(list);
    const sink = new RecordingSink();
    await using upstream = start({ transport: 'http', url: peer.url, bearer: 'token-1' }, sink);
    await sink.until(() => sink.state('one') === 'healthy');
    peer.gate = ({ response }) => {
      response.writeHead(401).end();
      return true;
    };
    await sink.until(() => isDown(sink));
    expect(reasonOf(sink)).toMatch(/^no connection: authentication refused: HTTP 401/);
    await expect.poll(() => upstream.stats().state, { timeout: 10_000 }).toBe('waiting');
    await expect.poll(() => sink.health.at(-1)?.evidence.consecutive_failures, { timeout: 10_000 }).toBeGreaterThan(1);
    const { length } = peer.asked;
    await whileOthersTry(4);
    expect(peer.asked).toHaveLength(length);
  });
});
