/** What one message may be, the same for every transport: a reply beyond it is counted, and the next call is answered. */
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createCounters } from '../../../../src/hub/upstream/connection-counters.ts';
import { transportFactory } from '../../../../src/hub/upstream/open-transport.ts';
import { openSession } from '../../../../src/hub/upstream/session.ts';
import { configSchema, serverSchema } from '../../../../src/platform/config/schema.ts';
import { fileOf } from '../../../support/tokens.ts';
import { HttpPeer, reply } from './http-peer.ts';
import { politePeer, RawPeer } from './raw-peer.ts';

const MAX_BYTES = 65_536;
const { upstream: limits } = configSchema.parse({ upstream: { max_line_bytes: MAX_BYTES, request_timeout_ms: 500 } });
const nested = (levels: number): string => `${'{"a":'.repeat(levels)}"${'x'.repeat(4_096)}"${'}'.repeat(levels)}`;

/** Text of a result, and what becomes of it. The envelope of a reply has two levels. */
const RESULTS = {
  small: { result: '{"said":"hello"}', becomes: 'answered' },
  'as deep as may be': { result: nested(120), becomes: 'answered' },
  'too deep': { result: nested(140), becomes: 'too deep' },
  'deeper than a parser likes': { result: nested(7_000), becomes: 'too deep' },
  'brackets in text, which nest nothing': { result: JSON.stringify({ said: '[{'.repeat(5_000) }), becomes: 'answered' },
  'quotes and backslashes before depth': { result: `{"said":"\\\\\\"[[","deep":${nested(140)}}`, becomes: 'too deep' },
  'as large as may be': { result: `{"said":"${'x'.repeat(MAX_BYTES - 200)}"}`, becomes: 'answered' },
  'too large': { result: `{"said":"${'x'.repeat(2 * MAX_BYTES)}"}`, becomes: 'too large' },
} as const;
type Name = keyof typeof RESULTS;

/** Answers `ask` with the result that is named in it. */
const textOf = (id: unknown, params: unknown): string => {
  const { which } = params as { which: Name };
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${RESULTS[which].result}}`;
};

const STDIO_PEER = `
  const results = ${JSON.stringify(RESULTS)};
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    const say = (text) => process.stdout.write('{"jsonrpc":"2.0","id":' + JSON.stringify(id) + ',' + text + '}\\n');
    if (method === 'initialize')
      say('"result":{"protocolVersion":"2024-11-05","capabilities":{},"serverInfo":{"name":"p","version":"1"}}');
    else if (method === 'ask') say('"result":' + results[params.which].result);
    else if (id !== undefined) say('"error":{"code":-32601,"message":"Method not found"}');
  });`;

const TRANSPORTS = {
  tcp: async () => {
    const raw = await RawPeer.start(politePeer((m, p) => p.say(textOf(m.id, m.params))));
    return { server: { transport: 'tcp', port: raw.port }, [Symbol.asyncDispose]: () => raw[Symbol.asyncDispose]() };
  },
  stdio: async () => ({
    server: { transport: 'stdio', command: process.execPath, args: [fileOf(STDIO_PEER, 'peer.cjs')] },
    [Symbol.asyncDispose]: async () => undefined,
  }),
  http: async () => {
    const peer = await HttpPeer.start(({ message, response }) => {
      const { id, params } = message as { id?: string; params?: unknown };
      response.setHeader('content-type', 'application/json');
      // In two pieces: neither ends where the other begins anything.
      const text = textOf(id, params);
      response.write(text.slice(0, 77));
      setImmediate(() => response.end(text.slice(77)));
    });
    return { server: { transport: 'http', url: peer.url }, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
  },
  'http, as an event stream': async () => {
    const peer = await HttpPeer.start((asked) => {
      const { id, params } = asked.message as { id?: string; params?: unknown };
      if (params === undefined) return reply(asked, { result: {} });
      asked.response.setHeader('content-type', 'text/event-stream');
      asked.response.end(`event: message\ndata: ${textOf(id, params)}\n\n`);
    });
    return { server: { transport: 'http', url: peer.url }, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
  },
};

describe.each(Object.keys(TRANSPORTS) as (keyof typeof TRANSPORTS)[])('%s', (transport) => {
  test.each(Object.keys(RESULTS) as Name[])('%s', async (which) => {
    await using peer = await TRANSPORTS[transport]();
    const counters = createCounters();
    const session = await openSession({
      openTransport: transportFactory(serverSchema.parse({ id: 'one', ...peer.server }), limits, {
        counters,
        scratchRoot: tmpdir(),
      }).open,
      connectTimeoutMs: 8_000,
      requestTimeoutMs: transport === 'stdio' ? 2_000 : 500,
      counters,
      events: { onPush: () => undefined, onNoise: () => undefined, onClosed: () => undefined },
    });
    try {
      const ask = (name: Name) => session.call({ kind: 'method', method: 'ask', params: { which: name } });
      const outcome = await ask(which).catch((error: Error) => error);
      const { becomes } = RESULTS[which];
      const isAnswered = !(outcome instanceof Error) && outcome.ok;
      expect(isAnswered, JSON.stringify(outcome).slice(0, 200)).toBe(becomes === 'answered');
      expect(counters.deepLines).toBe(becomes === 'too deep' ? 1 : 0);
      expect(counters.oversizeLines).toBe(becomes === 'too large' ? 1 : 0);
      expect(await ask('small')).toEqual({ ok: true, payload: { said: 'hello' } });
    } finally {
      await session.close();
    }
  });
});
