/* oxlint-disable unicorn/consistent-function-scoping -- each script of a peer stands beside what is expected of it */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startUpstream } from '../../../../src/hub/upstream/upstream.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { configSchema, serverSchema } from '../../../../src/platform/config/schema.ts';
import { HttpPeer, reply, type Answer } from './http-peer.ts';
import { plainDialect } from './plain-dialect.ts';
import { textResult } from './raw-peer.ts';
import { RecordingSink } from './recording-sink.ts';

const list: Answer = (asked) => reply(asked, { result: textResult({ agents: ['a'] }) });

function start(url: string, sink: RecordingSink, upstream: Record<string, unknown> = {}) {
  const server = { id: 'web', transport: 'http', url, headers: { 'x-secret': 'key' } };
  return startUpstream({
    server: serverSchema.parse(server),
    limits: configSchema.parse({ upstream: { reconnect_min_ms: 10, reconnect_max_ms: 50, ...upstream } }).upstream,
    resilience: configSchema.parse({ resilience: { recovery_ms: 100, retry_min_ms: 10 } }).resilience,
    sink,
    dialects: [plainDialect()],
    clock: systemClock,
    log: pino({ level: 'silent' }),
    scratchRoot: '/nowhere',
  });
}

test('polls with the configured headers, keeps few sockets, and ends its session', async () => {
  const sink = new RecordingSink();
  await using peer = await HttpPeer.start(list);
  const upstream = start(peer.url, sink);
  await sink.until(() => sink.state('web') === 'healthy');
  await expect.poll(() => peer.count('tools/call')).toBeGreaterThan(5);
  expect(new Set(peer.asked.map(({ secret }) => secret))).toEqual(new Set(['key']));
  await upstream[Symbol.asyncDispose]();
  expect(peer.count('DELETE')).toBe(1);
  await expect.poll(() => peer.open).toBe(0);
});

test('a server that is gone is told as lost, and found again when it is back', async () => {
  const sink = new RecordingSink();
  const first = await HttpPeer.start(list);
  const { port, url } = first;
  await using upstream = start(url, sink);
  await sink.until(() => sink.state('web') === 'healthy');
  await first[Symbol.asyncDispose]();
  await sink.until(() => sink.state('web') === 'down');
  expect(sink.disconnects).toEqual(['web']);
  await using _second = await HttpPeer.start(list, port);
  await sink.until(() => sink.state('web') === 'healthy');
  expect(upstream.stats().reconnects).toBe(1);
});

test('a session that the server forgot is opened anew', async () => {
  const sink = new RecordingSink();
  let forgetful = false;
  await using peer = await HttpPeer.start((asked) => {
    if (forgetful && asked.request.headers['mcp-session-id'] === 'session-1')
      asked.response.writeHead(404).end('no such session');
    else list(asked);
  });
  await using _upstream = start(peer.url, sink);
  await sink.until(() => sink.state('web') === 'healthy');
  forgetful = true;
  await sink.until(() => sink.disconnects.length === 1);
  await sink.until(() => sink.state('web') === 'healthy');
  expect(peer.sessions).toBe(2);
});

test('the secret headers never follow a redirect to another origin', async () => {
  const sink = new RecordingSink();
  await using thief = await HttpPeer.start(list);
  await using peer = await HttpPeer.start((asked) => asked.response.writeHead(307, { location: thief.url }).end());
  await using upstream = start(peer.url, sink);
  await sink.until(() => sink.state('web') === 'unhealthy');
  expect(sink.health.at(-1)?.evidence.last_error).toContain('not followed');
  expect(thief.asked).toEqual([]);
  expect(upstream.stats().state).toBe('online');
});

test('within the origin a redirect is followed', async () => {
  const sink = new RecordingSink();
  await using peer = await HttpPeer.start((asked) => {
    if (asked.request.url === '/mcp') asked.response.writeHead(307, { location: '/elsewhere' }).end();
    else list(asked);
  });
  await using _upstream = start(peer.url, sink);
  await sink.until(() => sink.state('web') === 'healthy');
});

test.each<{ note: string; answer: Answer; error: RegExp }>([
  { note: 'too many requests', answer: ({ response }) => response.writeHead(429).end('slow down'), error: /slow down/ },
  {
    note: 'an HTML page',
    answer: ({ response }) => response.setHeader('content-type', 'text/html').end('<p>'),
    error: /content type/i,
  },
  {
    note: 'a reply over the limit',
    answer: (asked) => reply(asked, { result: textResult({ filler: 'x'.repeat(5_000) }) }),
    error: /larger than 2048 bytes/,
  },
])('$note: unhealthy with the reason, and nothing breaks', async ({ answer, error }) => {
  const sink = new RecordingSink();
  await using peer = await HttpPeer.start(answer);
  await using _upstream = start(peer.url, sink, { max_line_bytes: 2_048 });
  await sink.until(() => sink.health.some(({ evidence }) => error.test(evidence.last_error ?? '')));
  expect(sink.health.map(({ state }) => state)).not.toContain('healthy');
});

test('an answer as an event stream is read', async () => {
  const sink = new RecordingSink();
  await using peer = await HttpPeer.start(({ message, response }) => {
    response.setHeader('content-type', 'text/event-stream');
    const body = JSON.stringify({ jsonrpc: '2.0', id: message?.id, result: textResult({ agents: ['streamed'] }) });
    response.write(`event: message\nda`);
    response.end(`ta: ${body}\n\n`);
  });
  await using _upstream = start(peer.url, sink);
  await sink.until(() => sink.agents.has('streamed'));
});
