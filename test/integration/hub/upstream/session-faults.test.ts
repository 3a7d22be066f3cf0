/* oxlint-disable unicorn/consistent-function-scoping -- each script of a peer stands beside what is expected of it */
import { describe, expect, test } from 'vitest';
import { createCounters } from '../../../../src/hub/upstream/connection-counters.ts';
import { ConnectionClosedError } from '../../../../src/hub/upstream/errors.ts';
import { transportFactory } from '../../../../src/hub/upstream/open-transport.ts';
import { openSession, type Session } from '../../../../src/hub/upstream/session.ts';
import { configSchema, serverSchema } from '../../../../src/platform/config/schema.ts';
import { politePeer, RawPeer, textResult, type Heard, type PeerSocket, type Script } from './raw-peer.ts';

const { upstream: limits } = configSchema.parse({
  upstream: { max_line_bytes: 1_048_576, request_timeout_ms: 10_000 },
});
const ASK = { kind: 'tool', tool: 'agent_list', args: {} } as const;

async function connect(port: number, { connectTimeoutMs = 2_000, requestTimeoutMs = 10_000 } = {}) {
  const counters = createCounters();
  const pushed: unknown[] = [];
  const noise: string[] = [];
  const closes: (string | undefined)[] = [];
  const server = serverSchema.parse({ id: 'faulty', transport: 'tcp', port });
  const session = await openSession({
    openTransport: transportFactory(
      server,
      { ...limits, request_timeout_ms: requestTimeoutMs },
      { counters, scratchRoot: '/nowhere' },
    ).open,
    connectTimeoutMs,
    requestTimeoutMs,
    counters,
    events: { onPush: (e) => pushed.push(e), onNoise: (l) => noise.push(l), onClosed: (why) => closes.push(why) },
  });
  return { session, counters, pushed, noise, closes };
}

/** Runs `body` against a peer whose tools/call is answered by `answer`. */
async function withPeer(
  answer: Script,
  body: (connected: Awaited<ReturnType<typeof connect>>, raw: RawPeer) => Promise<void>,
  times: { requestTimeoutMs?: number } = {},
): Promise<void> {
  const raw = await RawPeer.start(politePeer(answer));
  const connected = await connect(raw.port, times);
  try {
    await body(connected, raw);
  } finally {
    await connected.session.close();
    await raw[Symbol.asyncDispose]();
  }
}

const ok = (message: Heard, peer: PeerSocket, value: number): void => peer.result(message, textResult({ value }));
const ask = (session: Session) => session.call(ASK);

describe('what a peer does beside answering', () => {
  const cases: { note: string; answer: Script; counts: Partial<ReturnType<typeof createCounters>> }[] = [
    {
      note: 'garbage lines',
      answer: (m, p) => {
        p.say('🐝 not JSON');
        p.say('{"half": ');
        p.say('42');
        p.say('[]');
        p.say('{"jsonrpc":"1.0","id":1,"result":{}}');
        ok(m, p, 1);
      },
      counts: { noiseLines: 5 },
    },
    {
      note: 'binary garbage without a newline, then a newline',
      answer: (m, p) => {
        p.socket.write(Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]));
        ok(m, p, 1);
      },
      counts: { noiseLines: 1 },
    },
    {
      note: 'a 50 MB line',
      answer: (m, p) => {
        for (let i = 0; i < 50; i += 1) p.socket.write(Buffer.alloc(1_000_000, 'x'));
        p.socket.write('\n', () => ok(m, p, 1));
      },
      counts: { oversizeLines: 1, noiseLines: 0 },
    },
    {
      note: 'a reply with the wrong id first',
      answer: (m, p) => {
        for (const id of [0, 1, 2, 3, '0', 'someone-else', null])
          p.say({ jsonrpc: '2.0', id, result: textResult({ value: 666 }) });
        ok(m, p, 1);
      },
      counts: { droppedReplies: 7 },
    },
    {
      note: 'the reply twice',
      answer: (m, p) => {
        ok(m, p, 1);
        ok(m, p, 666);
        p.say('sync');
      },
      counts: { droppedReplies: 1 },
    },
    {
      note: 'errors without an id',
      answer: (m, p) => {
        p.say({ jsonrpc: '2.0', error: { code: -32601, message: 'Method not found' } });
        p.say({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } });
        ok(m, p, 1);
      },
      counts: { droppedReplies: 2 },
    },
    {
      note: 'a message nested 200,000 deep',
      answer: (m, p) => {
        p.say(
          `{"jsonrpc":"2.0","method":"notifications/deep","params":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`,
        );
        ok(m, p, 1);
      },
      counts: {},
    },
    {
      note: 'requests to us',
      answer: (m, p) => {
        p.say({ jsonrpc: '2.0', id: 'theirs', method: 'sampling/createMessage', params: {} });
        p.say({ jsonrpc: '2.0', id: 'ping', method: 'ping' });
        ok(m, p, 1);
      },
      counts: { droppedReplies: 0 },
    },
  ];
  test.each(cases)('$note: the answer arrives, the rest is counted', async ({ answer, counts }) => {
    await withPeer(answer, async ({ session, counters }) => {
      expect(await ask(session)).toEqual({ ok: true, payload: { value: 1 } });
      // A second exchange, so that everything the first brought has been read.
      expect(await ask(session)).toMatchObject({ ok: true });
      const expected = Object.entries(counts).map(([name, count]) => [name, 2 * count]);
      expect(counters).toMatchObject(Object.fromEntries(expected));
    });
  });

  test('split and joined frames, also within a character', async () => {
    const text = 'ü🐝'.repeat(50);
    const answer: Script = (m, p) => {
      const bytes = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id: m.id, result: textResult({ text }) })}\n`);
      for (const byte of bytes) p.socket.write(Buffer.of(byte));
    };
    await withPeer(answer, async ({ session }) => {
      expect(await Promise.all([ask(session), ask(session)])).toEqual([
        { ok: true, payload: { text } },
        { ok: true, payload: { text } },
      ]);
    });
  });

  test('vendor notifications and bare events are pushed on', async () => {
    const answer: Script = (m, p) => {
      p.say({ jsonrpc: '2.0', method: 'server.initialized', params: { a: 1 } });
      p.say({ type: 'agent.status', timestamp: 't', data: { agent_id: 'a' } });
      ok(m, p, 1);
    };
    await withPeer(answer, async ({ session, pushed, counters }) => {
      await ask(session);
      expect(pushed).toEqual([
        { jsonrpc: '2.0', method: 'server.initialized', params: { a: 1 } },
        { type: 'agent.status', timestamp: 't', data: { agent_id: 'a' } },
      ]);
      expect(counters.events).toBe(1);
    });
  });

  test('an answer after the timeout is dropped, and later calls get their own', async () => {
    let late: (() => void) | undefined;
    const answer: Script = (m, p) => {
      if (late === undefined) late = () => ok(m, p, 666);
      else {
        late();
        ok(m, p, 2);
      }
    };
    await withPeer(
      answer,
      async ({ session, counters }, raw) => {
        await expect(ask(session)).rejects.toThrow('no reply to tools/call within 300 ms');
        expect(await ask(session)).toEqual({ ok: true, payload: { value: 2 } });
        expect(counters.droppedReplies).toBe(1);
        const [asked] = raw.heard.filter(({ method }) => method === 'tools/call');
        const cancelled = raw.heard.find(({ method }) => method === 'notifications/cancelled');
        expect(cancelled?.params?.['requestId'], 'the peer is told by the id that it knows').toBe(asked?.id);
      },
      { requestTimeoutMs: 300 },
    );
  });

  test('ids on the wire are long random strings, never the same', async () => {
    await withPeer(
      (m, p) => ok(m, p, 1),
      async ({ session }, raw) => {
        await Promise.all(Array.from({ length: 20 }, () => ask(session)));
        const ids = raw.heard.flatMap(({ id }) => (id === undefined ? [] : [id]));
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
      },
    );
  });
});

describe('odd answers', () => {
  test.each([
    { note: 'a bare object', result: { swarmId: 's' }, expected: { ok: true, payload: { swarmId: 's' } } },
    { note: 'a bare array', result: ['a'], expected: { ok: true, payload: ['a'] } },
    { note: 'a bare text', result: 'done', expected: { ok: true, payload: 'done' } },
    { note: 'null', result: null, expected: { ok: true, payload: null } },
    {
      note: 'content of type application/json, as the daa-mcp crate sends it',
      result: { content: [{ type: 'application/json', text: '{"agents":[]}' }] },
      expected: { ok: true, payload: { agents: [] } },
    },
    {
      note: 'structuredContent alone',
      result: { structuredContent: { n: 1 } },
      expected: { ok: true, payload: { n: 1 } },
    },
    { note: 'no content at all', result: { content: [] }, expected: { ok: true, payload: { content: [] } } },
    { note: 'isError without text', result: { isError: true, content: [] }, expected: { ok: false, code: undefined } },
    { note: 'a _meta that is no object', result: { _meta: 5, n: 1 }, expected: { ok: true, payload: { n: 1 } } },
  ])('$note', async ({ result, expected }) => {
    await withPeer(
      (m, p) => p.result(m, result),
      async ({ session }) => expect(await ask(session)).toMatchObject(expected),
    );
  });

  test.each([
    { note: 'an error that is text', error: 'broken', expected: { ok: false, code: -32603, message: 'broken' } },
    { note: 'an error that is no text', error: [{ toString: 'x' }], expected: { ok: false, code: -32603 } },
    { note: 'an error without message', error: { code: -5 }, expected: { ok: false, code: -5 } },
    {
      note: 'an error with an odd code',
      error: { code: 'E', message: 'm' },
      expected: { ok: false, code: -32603, message: 'm' },
    },
  ])('$note', async ({ error, expected }) => {
    await withPeer(
      (m, p) => p.say({ jsonrpc: '2.0', id: m.id, error }),
      async ({ session }) => expect(await ask(session)).toMatchObject(expected),
    );
  });
});

describe('peers that end, or never begin', () => {
  test.each([
    { note: 'closes in mid-reply', end: (p: PeerSocket) => p.socket.end('{"jsonrpc":"2.0","id":"') },
    { note: 'resets the connection', end: (p: PeerSocket) => p.socket.resetAndDestroy() },
    {
      note: 'says an error that is not JSON-RPC, then closes',
      end: (p: PeerSocket) => p.socket.end('{"error":"overloaded"}\n'),
    },
  ])('$note: the call fails, the close is told once', async ({ end }) => {
    await withPeer(
      (_m, p) => end(p),
      async ({ session, closes }) => {
        await expect(ask(session)).rejects.toBeInstanceOf(ConnectionClosedError);
        expect(session.closed).toBe(true);
        await session.close();
        expect(closes).toHaveLength(1);
        expect(closes[0]).toBeTypeOf('string');
      },
    );
  });

  test.each<{ note: string; script: Script; error: RegExp }>([
    { note: 'never answers', script: () => undefined, error: /no MCP handshake within 300 ms/ },
    { note: 'closes at once', script: (_m, p) => p.socket.end(), error: /no MCP handshake: .*closed/ },
    {
      note: 'speaks no MCP',
      script: (_m, p) => p.socket.end('HTTP/1.1 400 Bad Request\n\n'),
      error: /it had said: "HTTP\/1.1 400 Bad Request"/,
    },
    {
      note: 'refuses to initialize',
      script: (m, p) => p.error(m, -32600, 'go away'),
      error: /no MCP handshake: .*go away/,
    },
    {
      note: 'offers a version that does not exist',
      script: (m, p) =>
        p.result(m, { protocolVersion: '1999-01-01', capabilities: {}, serverInfo: { name: 'x', version: '1' } }),
      error: /protocol version is not supported: 1999-01-01/,
    },
  ])('$note: a clear error, and nothing stays open', async ({ script, error }) => {
    await using raw = await RawPeer.start(script);
    await expect(connect(raw.port, { connectTimeoutMs: 300 })).rejects.toThrow(error);
    await expect.poll(() => raw.sockets.size).toBe(0);
  });

  test('nobody listens', async () => {
    const raw = await RawPeer.start(() => undefined);
    const { port } = raw;
    await raw[Symbol.asyncDispose]();
    await expect(connect(port)).rejects.toThrow(/cannot connect to 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });
});

describe('peers of the seeds', () => {
  test('initialize with names of tools as capabilities, and no tools/list', async () => {
    const script: Script = (m, p) => {
      if (m.method === 'initialize') {
        p.say({ jsonrpc: '2.0', method: 'server.initialized', params: {} });
        p.result(m, {
          protocolVersion: '2024-11-05',
          serverInfo: { name: 'claude-flow', version: '2.0.0-alpha.101' },
          capabilities: {
            tools: ['agent_spawn', 'agent_task', 'swarm_init'],
            resources: ['memory_bank', 'task_queue'],
          },
        });
      } else if (m.method === 'agent.list') p.result(m, [{ id: 'a' }]);
      // Also notifications are answered, as ruv-swarm does.
      else
        p.say({ jsonrpc: '2.0', ...(m.id === undefined ? {} : { id: m.id }), error: { code: -32601, message: 'no' } });
    };
    await using raw = await RawPeer.start(script);
    const { session, counters, pushed } = await connect(raw.port);
    const peer = await session.describe();
    expect(peer).toEqual({
      name: 'claude-flow',
      version: '2.0.0-alpha.101',
      protocolVersion: '2024-11-05',
      tools: new Set(['agent_spawn', 'agent_task', 'swarm_init']),
    });
    expect(await session.call({ kind: 'method', method: 'agent.list', params: {} })).toEqual({
      ok: true,
      payload: [{ id: 'a' }],
    });
    expect(pushed).toHaveLength(1);
    expect(counters.droppedReplies).toBe(1);
    await session.close();
  });

  test('initialize without capabilities and server info', async () => {
    await using raw = await RawPeer.start((m, p) => {
      if (m.method === 'initialize') p.result(m, { protocolVersion: '2024-11-05' });
      else if (m.id !== undefined) p.error(m, -32601, 'no');
    });
    const { session } = await connect(raw.port);
    expect(await session.describe()).toEqual({
      name: undefined,
      version: undefined,
      protocolVersion: '2024-11-05',
      tools: new Set(),
    });
    await session.close();
  });

  test('an old peer that is silent when asked for the new era', async () => {
    const script = politePeer((m, p) => ok(m, p, 1));
    await using raw = await RawPeer.start((m, p, r) => {
      if (m.method !== 'server/discover') script(m, p, r);
    });
    const { session } = await connect(raw.port, { connectTimeoutMs: 600 });
    expect(session.era).toBe('legacy');
    await session.close();
  });

  test('an old peer that closes when asked for the new era is asked the old way', async () => {
    const script = politePeer((m, p) => ok(m, p, 1));
    await using raw = await RawPeer.start((m, p, r) => {
      if (m.method === 'server/discover') p.socket.end();
      else script(m, p, r);
    });
    const { session, closes } = await connect(raw.port);
    expect(await ask(session)).toMatchObject({ ok: true });
    expect(raw.connections).toBe(2);
    await session.close();
    expect(closes).toEqual([undefined]);
  });

  test('authentication: the key goes with auth.authenticate, a refusal is an error without the key', async () => {
    const answer: Script = (m, p) => {
      if (m.params?.['api_key'] === 'right') p.result(m, { authenticated: true });
      else p.error(m, -32000, 'bad key');
    };
    await withPeer(answer, async ({ session }, raw) => {
      await session.authenticate('right');
      await expect(session.authenticate('wrong')).rejects.toThrow('authentication refused: bad key');
      expect(raw.heard.filter(({ method }) => method === 'auth.authenticate')).toHaveLength(2);
    });
  });

  test('tools/list is paginated, and a cursor that never ends is cut', async () => {
    let page = 0;
    await using raw = await RawPeer.start((m, p) => {
      if (m.method === 'initialize') p.result(m, { protocolVersion: '2024-11-05', capabilities: { tools: {} } });
      else if (m.method === 'tools/list') {
        page += 1;
        p.result(m, { tools: [{ name: `tool-${page}` }, { name: '' }, { name: 5 }, null], nextCursor: String(page) });
      } else if (m.id !== undefined) p.error(m, -32601, 'no');
    });
    const { session } = await connect(raw.port);
    expect((await session.describe()).tools.size).toBe(64);
    await session.close();
  });
});

test('a peer that takes nothing: writes wait, then the connection is given up', async () => {
  await using raw = await RawPeer.start(politePeer(() => undefined));
  const { session, closes } = await connect(raw.port, { requestTimeoutMs: 300 });
  for (const { socket } of raw.sockets) socket.pause();
  const text = 'x'.repeat(1_000_000);
  const calls = Array.from({ length: 40 }, () => session.call({ kind: 'tool', tool: 'agent_list', args: { text } }));
  const results = await Promise.allSettled(calls);
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  await expect.poll(() => closes).toHaveLength(1);
  expect(closes[0]).toMatch(/took no bytes for 300 ms/);
  await session.close();
});
