import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCounters, type ConnectionCounters } from '../../../../src/hub/upstream/connection-counters.ts';
import { ConnectionClosedError, RequestTimeoutError } from '../../../../src/hub/upstream/errors.ts';
import { transportFactory } from '../../../../src/hub/upstream/open-transport.ts';
import { openSession, type Session } from '../../../../src/hub/upstream/session.ts';
import { configSchema, serverSchema, type ServerConfig } from '../../../../src/platform/config/schema.ts';

const PEER = fileURLToPath(new URL('mcp-peer.mjs', import.meta.url));
const { upstream: limits } = configSchema.parse({ upstream: { request_timeout_ms: 5_000 } });

interface Fixture {
  server: ServerConfig;
  peer: ChildProcess | undefined;
}

/** A peer that listens, in a process of its own; stdio peers are started by the transport itself. */
async function startPeer(face: 'tcp' | 'stdio' | 'http', era: 'modern' | 'legacy'): Promise<Fixture> {
  if (face === 'stdio') {
    const server = { id: 'peer', transport: 'stdio', command: process.execPath, args: [PEER, 'stdio', era] };
    return { server: serverSchema.parse(server), peer: undefined };
  }
  const peer = spawn(process.execPath, [PEER, face, era], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: peer.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const port = Number(line.split(' ')[1]);
  const where = face === 'tcp' ? { port } : { url: `http://127.0.0.1:${port}/mcp` };
  return { server: serverSchema.parse({ id: 'peer', transport: face, ...where }), peer };
}

describe.each([
  { face: 'tcp', era: 'legacy' },
  { face: 'tcp', era: 'modern' },
  { face: 'stdio', era: 'legacy' },
  { face: 'stdio', era: 'modern' },
  { face: 'http', era: 'legacy' },
  { face: 'http', era: 'modern' },
] as const)('a session over $face with a $era peer', ({ face, era }) => {
  let fixture: Fixture;
  let session: Session;
  let counters: ConnectionCounters;
  let scratchRoot: string;
  let closed: { count: number; why: string | undefined };
  let noise: string[];
  let ended: Promise<unknown>;

  beforeAll(async () => {
    fixture = await startPeer(face, era);
  });

  afterAll(() => {
    fixture.peer?.kill('SIGKILL');
  });

  beforeEach(async () => {
    scratchRoot = await mkdtemp(join(tmpdir(), 'swarmcast-contract-'));
    counters = createCounters();
    closed = { count: 0, why: undefined };
    noise = [];
    const closes = new EventEmitter();
    ended = once(closes, 'closed');
    session = await openSession({
      openTransport: transportFactory(fixture.server, limits, { counters, scratchRoot }).open,
      connectTimeoutMs: 8_000,
      requestTimeoutMs: 5_000,
      counters,
      events: {
        onPush: () => undefined,
        onNoise: (line) => noise.push(line),
        onClosed: (why) => {
          closed = { count: closed.count + 1, why };
          closes.emit('closed');
        },
      },
    });
  });

  afterEach(async () => {
    await session.close();
    await rm(scratchRoot, { recursive: true, force: true });
  });

  test('the peer is described', async () => {
    expect(session.era).toBe(era);
    const peer = await session.describe();
    expect(peer).toMatchObject({ name: 'contract-peer', version: '1.2.3' });
    expect([...peer.tools].toSorted()).toEqual(['echo', 'exits', 'fails', 'sleeps', 'words']);
    expect(peer.protocolVersion).toBe(era === 'modern' ? '2026-07-28' : '2025-11-25');
  });

  test('calls are answered, also many at once', async () => {
    const texts = Array.from({ length: 50 }, (_, i) => `text ${i} äöü 🐝`);
    const calls = texts.map((text) => session.call({ kind: 'tool', tool: 'echo', args: { text } }));
    expect(await Promise.all(calls)).toEqual(texts.map((said) => ({ ok: true, payload: { said } })));
  });

  test.each([
    { tool: 'words', expected: { ok: true, payload: 'no JSON at all' }, note: 'plain text stays text' },
    { tool: 'fails', expected: { ok: false, code: undefined, message: 'it went wrong' }, note: 'isError' },
  ])('$note', async ({ tool, expected }) => {
    expect(await session.call({ kind: 'tool', tool, args: {} })).toEqual(expected);
  });

  test('an unknown tool and an unknown method are errors in the words of the server', async () => {
    expect(await session.call({ kind: 'tool', tool: 'nothing', args: {} })).toMatchObject({ ok: false });
    const outcome = await session.call({ kind: 'method', method: 'agent.list', params: {} });
    expect(outcome).toMatchObject({ ok: false, code: -32601 });
  });

  test('a megabyte goes and comes back', async () => {
    const text = 'x'.repeat(1_000_000);
    expect(await session.call({ kind: 'tool', tool: 'echo', args: { text } })).toEqual({
      ok: true,
      payload: { said: text },
    });
  });

  test('a call can be given up, and the session goes on', async () => {
    const giveUp = new AbortController();
    const call = session.call({ kind: 'tool', tool: 'sleeps', args: {} }, giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    expect(await session.call({ kind: 'tool', tool: 'echo', args: { text: 'on' } })).toMatchObject({ ok: true });
  });

  test('closing leaves nothing, is told once, and can be repeated', async () => {
    await session.close();
    await session.close();
    expect(closed).toEqual({ count: 1, why: undefined });
    await expect(session.call({ kind: 'tool', tool: 'echo', args: { text: '' } })).rejects.toThrow('session is closed');
    expect(await readdir(scratchRoot)).toEqual([]);
  });

  test('noise before the protocol is survived', () => {
    expect(noise).toEqual(face === 'stdio' ? ['hello, I am a banner'] : []);
    expect(counters.noiseLines).toBe(noise.length);
  });

  // Last: the peer is shared, and gone after it.
  test('when the peer ends, waiting calls fail and the close is told once', async () => {
    const call = session.call({ kind: 'tool', tool: 'exits', args: {} });
    await expect(call).rejects.toBeInstanceOf(ConnectionClosedError);
    await ended;
    await session.close();
    expect(closed.count).toBe(1);
    expect(closed.why).toBeTypeOf('string');
  });
});

test('a request that is not answered in time is a timeout, and the session goes on', async () => {
  const { server, peer } = await startPeer('tcp', 'legacy');
  const counters = createCounters();
  const session = await openSession({
    openTransport: transportFactory(server, limits, { counters, scratchRoot: tmpdir() }).open,
    connectTimeoutMs: 8_000,
    requestTimeoutMs: 100,
    counters,
    events: { onPush: () => undefined, onNoise: () => undefined, onClosed: () => undefined },
  });
  await expect(session.call({ kind: 'tool', tool: 'sleeps', args: {} })).rejects.toBeInstanceOf(RequestTimeoutError);
  expect(await session.call({ kind: 'tool', tool: 'words', args: {} })).toMatchObject({ ok: true });
  await session.close();
  peer?.kill('SIGKILL');
});
