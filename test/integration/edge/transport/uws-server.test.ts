import { createServer, connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ListenError, PortInUseError } from '../../../../src/edge/transport/errors.ts';
import { until } from '../../../support/until.ts';
import { httpCall, refusedStatus, startHandHub, type HandOptions } from './harness.ts';

const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const one of cleanup.splice(0).toReversed()) await one();
});

async function start(options: HandOptions = {}) {
  const hand = await startHandHub(options);
  cleanup.push(() => hand.dispose());
  return hand;
}

describe('who may connect', () => {
  const ALLOWED = 'https://dash.example';
  const table: { note: string; headers: (port: number) => Record<string, string>; status: number }[] = [
    { note: 'no Origin (programs)', headers: () => ({}), status: 101 },
    { note: 'own origin', headers: (port) => ({ origin: `http://127.0.0.1:${port}` }), status: 101 },
    { note: 'own origin by name', headers: (port) => ({ origin: `http://localhost:${port}` }), status: 101 },
    { note: 'own origin over IPv6', headers: (port) => ({ origin: `http://[::1]:${port}` }), status: 101 },
    { note: 'a configured origin', headers: () => ({ origin: ALLOWED }), status: 101 },
    { note: 'a foreign origin', headers: () => ({ origin: 'https://evil.example' }), status: 403 },
    { note: 'a configured origin, more or less', headers: () => ({ origin: `${ALLOWED}.evil.example` }), status: 403 },
    { note: 'another port of this machine', headers: () => ({ origin: 'http://127.0.0.1:1' }), status: 403 },
    { note: 'own address over https', headers: (port) => ({ origin: `https://127.0.0.1:${port}` }), status: 403 },
    { note: 'a sandboxed page', headers: () => ({ origin: 'null' }), status: 403 },
    { note: 'a rebound host name', headers: (port) => ({ host: `evil.example:${port}` }), status: 403 },
    {
      note: 'a rebound host name, its page as origin',
      headers: (port) => ({ host: `evil.example:${port}`, origin: `http://evil.example:${port}` }),
      status: 403,
    },
    { note: 'a host without port', headers: () => ({ host: '127.0.0.1' }), status: 403 },
    { note: 'the other name of loopback', headers: (port) => ({ host: `LOCALHOST:${port}` }), status: 101 },
  ];
  test.each(table)('$note: $status', async ({ headers, status }) => {
    const { edge } = await start({ server: { allowed_origins: [ALLOWED] } });
    expect(await refusedStatus(edge.port, headers(edge.port))).toBe(status);
    expect(await refusedStatus(edge.port, headers(edge.port), '/api/multi-mcp/ws')).toBe(status);
    expect(edge.status().metrics['foreign_requests_total']).toBe(status === 403 ? 2 : 0);
  });

  test('HTTP requests under a foreign host name are refused', async () => {
    const hand = await start();
    const reply = await httpCall(hand.edge.port, { path: '/healthz', headers: { host: 'evil.example' } });
    expect(reply.status).toBe(403);
    expect(hand.httpRequests).toEqual([]);
  });
});

describe('HTTP', () => {
  test('who leaves before the body has come is counted; who gets an answer is not', async () => {
    const hand = await start();
    const { port } = hand.edge;
    await httpCall(port, { method: 'POST', path: '/api/x', headers: {}, body: Buffer.from('{}') });
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST /api/x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 9\r\n\r\n{`,
      () =>
        // Its headers have been read when another request is answered.
        void httpCall(port, { path: '/api/y' }).then(() => socket.destroy()),
    );
    await until('counted', () => hand.edge.status().metrics['unfinished_requests_total'] === 1);
    expect(hand.httpRequests.map(({ url }) => url)).toEqual(['/api/x', '/api/y']);
  });

  test('a request reaches the hub whole, and its reply comes back whole', async () => {
    const hand = await start();
    const body = Buffer.from('{"a":1}');
    const reply = await httpCall(hand.edge.port, {
      method: 'POST',
      path: '/api/x/y?q=1&q=%20',
      headers: { 'content-type': 'application/json', 'x-thing': 'é'.normalize('NFD').slice(0, 1) },
      body,
    });
    expect(reply).toMatchObject({ status: 201, body: '/api/x/y?q=1&q=%20', headers: { 'x-hub': 'yes' } });
    expect(hand.httpRequests).toHaveLength(1);
    expect(hand.httpRequests[0]).toMatchObject({
      method: 'POST',
      url: '/api/x/y?q=1&q=%20',
      headers: { 'content-type': 'application/json', 'x-thing': 'e' },
    });
    expect(Buffer.from(hand.httpRequests[0]?.body ?? []).toString()).toBe('{"a":1}');
  });

  test('GET has no body; HEAD gets none', async () => {
    const hand = await start();
    expect((await httpCall(hand.edge.port, { path: '/a' })).body).toBe('/a');
    expect(hand.httpRequests[0]?.body).toBeUndefined();
    const head = await httpCall(hand.edge.port, { method: 'HEAD', path: '/abc' });
    expect(head).toMatchObject({ status: 201, body: '', headers: { 'content-length': '4' } });
  });

  test('HEAD of a file of the dashboard, and of a foreign host: answered without a body, and the process lives', async () => {
    const hand = await start();
    const url = `http://127.0.0.1:${hand.edge.port}`;
    const head = await fetch(`${url}/`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const foreign = await httpCall(hand.edge.port, { method: 'HEAD', path: '/a', headers: { host: 'evil.example' } });
    expect(foreign.status).toBe(403);
    expect(await (await fetch(`${url}/a`)).text()).toBe('/a');
  });

  test('a large reply arrives whole', async () => {
    const large = 'abcdefgh'.repeat(1_000_000);
    const hand = await start({
      responder: { http: () => ({ status: 200, headers: {}, body: new TextEncoder().encode(large) }) },
    });
    const reply = await httpCall(hand.edge.port, { path: '/a' });
    expect(reply.body.length).toBe(large.length);
    expect(reply.body === large).toBe(true);
  });

  test('a body above 64 KiB: 413, and the hub is not asked', async () => {
    const hand = await start();
    const reply = await httpCall(hand.edge.port, { method: 'POST', path: '/a', body: Buffer.alloc(70_000) });
    expect(reply.status).toBe(413);
    expect(hand.httpRequests).toEqual([]);
  });

  test('the hub fails: 503 without its words', async () => {
    const hand = await start({
      responder: {
        http: () => {
          throw new Error('secret insides');
        },
      },
    });
    const reply = await httpCall(hand.edge.port, { path: '/a' });
    expect(reply.status).toBe(503);
    expect(reply.body).not.toContain('secret');
  });

  test('a request that was given up while the hub works harms nothing', async () => {
    let release: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      release = resolve;
    });
    let reached: (() => void) | undefined;
    const arrived = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const hand = await start({
      responder: {
        http: async () => {
          reached?.();
          await asked;
          return { status: 200, headers: {}, body: new Uint8Array(1) };
        },
      },
    });
    const socket = connect(hand.edge.port, '127.0.0.1');
    socket.write(`GET /a HTTP/1.1\r\nHost: 127.0.0.1:${hand.edge.port}\r\n\r\n`);
    await arrived;
    await new Promise((resolve) => {
      socket.once('close', resolve);
      socket.resetAndDestroy();
    });
    release?.();
    await refusedStatus(hand.edge.port, {});
    expect(hand.edge.status().metrics['connections_total']).toBe(1);
  });
});

describe('listening', () => {
  test('a port in use is named', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    cleanup.push(() => void other.close());
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const failed = startHandHub({ server: { port } });
    await expect(failed).rejects.toBeInstanceOf(PortInUseError);
    await expect(failed).rejects.toThrow(String(port));
  });

  test('a port that another edge has is in use too', async () => {
    const { edge } = await start();
    await expect(startHandHub({ server: { port: edge.port } })).rejects.toBeInstanceOf(PortInUseError);
  });

  test('an address that is not ours', async () => {
    await expect(startHandHub({ server: { host: '203.0.113.1' } })).rejects.toBeInstanceOf(ListenError);
  });

  test('a hundred edges come and go, and leave their ports', async () => {
    for (let i = 0; i < 100; i++) {
      const hand = await startHandHub();
      const { port } = hand.edge;
      await hand.dispose();
      await hand.dispose();
      if (i === 99) {
        const again = await startHandHub({ server: { port } });
        await again.dispose();
      }
    }
  });
});
