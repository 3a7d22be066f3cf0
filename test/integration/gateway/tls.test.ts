import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connectSwarmcast } from '../../../src/client/client.ts';
import type { Gateway } from '../../../src/gateway.ts';
import { openTestGateway } from '../../support/gateway.ts';
import { makeCertificate, nameShownAt, type TestCertificate } from '../../support/self-signed.ts';
import { openTestServer } from '../../support/gateway.ts';
import { secureGet } from '../../support/secure-get.ts';
import { fileOf, keyPair } from '../../support/tokens.ts';
import { until } from '../../support/until.ts';

const OLD = makeCertificate('old');
const NEW = makeCertificate('new', { days: 60 });
/** Files of their own, so that a test can renew them. */
const copyOf = ({ cert, key }: TestCertificate): TestCertificate => ({
  cert: fileOf(readFileSync(cert, 'utf8')),
  key: fileOf(readFileSync(key, 'utf8')),
});
const renew = (files: TestCertificate, next: TestCertificate): void => {
  copyFileSync(next.cert, files.cert);
  copyFileSync(next.key, files.key);
};

/** Seconds since 1970. */
const endOf = ({ cert }: TestCertificate) => Date.parse(new X509Certificate(readFileSync(cert)).validTo) / 1_000;

interface Secure {
  gateway: Gateway;
  settings: Record<string, unknown>;
}

/** A gateway with two edge threads that reads `settings` again when told. */
async function openSecure(files: TestCertificate, more: Record<string, unknown> = {}): Promise<Secure> {
  const settings: Record<string, unknown> = {
    'edge.threads': 2,
    'edge.tls.cert': files.cert,
    'edge.tls.key': files.key,
    ...more,
  };
  return { gateway: await openTestGateway(settings), settings };
}

/** Trusts the certificates of these tests and no other. */
const ca = [readFileSync(OLD.cert), readFileSync(NEW.cert)];
class TrustingSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, { ca });
  }
}

const get = (url: string) => secureGet(url, OLD.cert, NEW.cert);

/** Names shown to so many newcomers, which the kernel deals to both edges. */
async function namesShown(port: number, count = 24): Promise<Set<string>> {
  return new Set(await Promise.all(Array.from({ length: count }, () => nameShownAt(port))));
}

const stream = (gateway: Gateway) => `${gateway.url.replace('http', 'ws')}/ws`;

test('https and wss on two edge threads: the SDK follows the world, pages of its own origin may connect', async () => {
  const { simulator, server } = await openTestServer('sim', { agents: 400, eventsPerSecond: 0 });
  await using _simulator = simulator;
  const { gateway } = await openSecure(OLD, { servers: [server] });
  await using _gateway = gateway;
  expect(gateway.url).toBe(`https://127.0.0.1:${gateway.port}`);
  expect((await get(`${gateway.url}/healthz`)).text).toContain('"alive":true');
  expect((await get(`${gateway.url}/`)).text).toContain('<title>');
  const clients = (['json', 'msgpack'] as const).map((coding) =>
    connectSwarmcast({ url: stream(gateway), WebSocket: TrustingSocket, coding, mode: 'high_frequency' }),
  );
  try {
    for (const client of clients) await until('all agents', () => client.state.agents.size === 400);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }

  const opens = async (origin: string): Promise<boolean> => {
    const page = new WebSocket(stream(gateway), { ca, origin });
    const outcome = await new Promise<boolean>((resolve) => {
      page.once('open', () => resolve(true));
      page.once('error', () => resolve(false));
    });
    page.terminate();
    return outcome;
  };
  expect(await opens(`https://127.0.0.1:${gateway.port}`)).toBe(true);
  expect(await opens(`http://127.0.0.1:${gateway.port}`)).toBe(false);
  await expect(fetch(`http://127.0.0.1:${gateway.port}/healthz`)).rejects.toThrow('fetch failed');
  await expect(nameShownAt(gateway.port, 'TLSv1.1')).rejects.toThrow('protocol version');
});

describe('a new certificate', () => {
  test('written over the old one is shown to newcomers on every edge; nobody is dropped', async () => {
    const files = copyOf(OLD);
    const { gateway } = await openSecure(files, { 'simulate.agents': 2 });
    await using _gateway = gateway;
    const sockets = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const socket = new WebSocket(stream(gateway), ['swarmcast.v1.json'], { ca });
        await once(socket, 'open');
        socket.send(JSON.stringify({ type: 'hello', payload: { mode: 'high_frequency' } }));
        return socket;
      }),
    );
    let closed = 0;
    for (const socket of sockets) socket.once('close', () => (closed += 1));
    expect(await namesShown(gateway.port)).toEqual(new Set(['old']));
    const expiries = async () =>
      (await get(`${gateway.url}/metrics`)).text
        .split('\n')
        .filter((line) => line.startsWith('swarmcast_edge_certificate_expiry_timestamp_seconds{'))
        .map((line) => Number(line.split(' ')[1]));
    await expect.poll(expiries, { timeout: 15_000 }).toEqual([endOf(OLD), endOf(OLD)]);
    // As certificates are renewed: one file after the other. While they do not fit, the old one stays.
    renew(files, NEW);
    await expect.poll(() => namesShown(gateway.port), { timeout: 15_000 }).toEqual(new Set(['new']));
    await expect.poll(expiries, { timeout: 15_000 }).toEqual([endOf(NEW), endOf(NEW)]);
    const frames = sockets.map((socket) => once(socket, 'message'));
    await Promise.all(frames);
    expect(closed).toBe(0);
    expect((await get(`${gateway.url}/healthz`)).status).toBe(200);
    for (const socket of sockets) socket.terminate();
  }, 40_000);

  test('by reload, from other files; the answer says so, and what does not fit is refused whole', async () => {
    const { gateway, settings } = await openSecure(OLD);
    await using _gateway = gateway;
    settings['edge.tls.key'] = NEW.key;
    settings['log.level'] = 'fatal';
    expect(await gateway.reload()).toMatchObject({
      outcome: 'refused',
      message: expect.stringMatching(/edge\.tls\.key .*does not belong to/),
    });
    expect(await namesShown(gateway.port)).toEqual(new Set(['old']));
    settings['edge.tls.cert'] = NEW.cert;
    expect(await gateway.reload()).toEqual({
      outcome: 'applied',
      servers: { added: [], removed: [], changed: [] },
      settings: ['log.level', 'edge.tls.cert', 'edge.tls.key'],
      needs_restart: [],
    });
    expect(await namesShown(gateway.port)).toEqual(new Set(['new']));
    // Many times: what nobody is connected to any more is let go.
    for (const next of [OLD, NEW, OLD]) {
      Object.assign(settings, { 'edge.tls.cert': next.cert, 'edge.tls.key': next.key });
      expect(await gateway.reload()).toMatchObject({ outcome: 'applied', needs_restart: [] });
    }
    expect(await namesShown(gateway.port)).toEqual(new Set(['old']));
    delete settings['edge.tls.cert'];
    delete settings['edge.tls.key'];
    expect(await gateway.reload()).toMatchObject({ needs_restart: ['edge.tls.cert', 'edge.tls.key'] });
    expect(await namesShown(gateway.port)).toEqual(new Set(['old']));
  });
});

test('a certificate that cannot work is refused at the start', async () => {
  await expect(openSecure({ cert: OLD.cert, key: NEW.key })).rejects.toThrow(/edge\.tls\.key .*does not belong to/);
});

describe('other files that the configuration names, at a reload', () => {
  const jwks = (): string => {
    const { privateKey } = keyPair('ec');
    return fileOf(JSON.stringify({ keys: [privateKey.export({ format: 'jwk' })].map(({ d: _, ...pub }) => pub) }));
  };
  test.each([
    ['auth.jwt.jwks_file', jwks(), 'not JSON'],
    ['auth.jwt.public_key_file', keyPair('rsa').file, 'no key'],
    ['auth.jwt.secret_file', fileOf('a secret of thirty-two bytes and more'), 'short'],
  ])('%s: one that is none any more refuses the whole', async (setting, file, garbage) => {
    const settings: Record<string, unknown> = { [setting]: file };
    await using gateway = await openTestGateway(settings);
    // Its hub has read the file.
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    writeFileSync(file, garbage);
    settings['log.level'] = 'fatal';
    const refused = { outcome: 'refused', message: expect.stringContaining(setting) };
    expect(await gateway.reload()).toMatchObject(refused);
    settings[setting] = '/nowhere/at/all';
    expect(await gateway.reload()).toMatchObject(refused);
    // Still the old one: without any, nobody would need a token here.
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(401);
  });

  test('settings that need a restart are named, logins are not among them', async () => {
    const settings: Record<string, unknown> = {};
    await using gateway = await openTestGateway(settings);
    settings['telemetry.otlp_endpoint'] = 'http://127.0.0.1:1';
    settings['audit.entries_kept'] = 7;
    settings['edge.threads'] = 2;
    settings['auth.jwt.secret_file'] = fileOf('a secret of thirty-two bytes and more');
    expect(await gateway.reload()).toEqual({
      outcome: 'applied',
      servers: { added: [], removed: [], changed: [] },
      settings: ['auth.jwt.secret_file'],
      needs_restart: ['edge.threads', 'telemetry.otlp_endpoint', 'audit.entries_kept'],
    });
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(401);
  });

  test('logins are not taken away under an address that stays wide until the restart', async () => {
    const settings: Record<string, unknown> = {
      'server.host': '0.0.0.0',
      'auth.keys': [{ id: 'a', sha256: '0'.repeat(64) }],
    };
    await using gateway = await openTestGateway(settings);
    Object.assign(settings, { 'server.host': '127.0.0.1', 'auth.keys': [], 'auth.anonymous': 'operator' });
    expect(await gateway.reload()).toMatchObject({
      outcome: 'refused',
      message: expect.stringContaining('auth.anonymous (the address that is bound now)'),
    });
    expect((await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).status).toBe(401);
  });
});
