/** Bytes that no honest client sends to the port: garbage, requests that are almost right, upgrades that go wrong. */
import fc from 'fast-check';

/** What one connection sends, in pieces. */
export type RawRequest = Uint8Array[];

const CRLF = '\r\n';
/** Where the port is known, it is put in. */
const HOST = 'Host: 127.0.0.1:*';
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const word = fc.string({ maxLength: 40 });
const token = fc.stringMatching(/^[A-Za-z-]{1,20}$/);
const lineEnd = fc.constantFrom(CRLF, CRLF, CRLF, '\n', '\r', '', '\r\r\n', '\0');

const method = fc.oneof(fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'CONNECT', 'PRI', 'get', ''), word);
const path = fc.oneof(
  fc.constantFrom(
    '/',
    '/ws',
    '/healthz',
    '/metrics',
    '/api/agents',
    '*',
    '//',
    '/%',
    '/%00',
    '/../..',
    'http://evil.example/',
  ),
  word,
  fc.integer({ min: 1, max: 100_000 }).map((length) => `/${'a'.repeat(length)}`),
);
const version = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9', 'ICY', '');
const header = fc.oneof(
  fc.tuple(token, word).map(([name, value]) => `${name}: ${value}`),
  fc.tuple(word, word).map(([name, value]) => `${name}:${value}`),
  fc.constantFrom(
    'Content-Length: -1',
    'Content-Length: 1e9',
    'Content-Length: 4',
    'Content-Length: 99999999999999999999',
  ),
  fc.constantFrom(
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Expect: 100-continue',
    ' folded: line',
  ),
  fc.constantFrom('Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: short', 'Sec-WebSocket-Version: 13'),
  fc.integer({ min: 1, max: 70_000 }).map((length) => `X-Long: ${'b'.repeat(length)}`),
);
const headers = fc.oneof(
  { weight: 5, arbitrary: fc.array(header, { maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 50, max: 2_000 }).map((count) => Array(count).fill('X-Many: 1') as string[]),
  },
);
const body = fc.oneof(
  fc.constant(''),
  fc.constantFrom('{}', '{', '0\r\n\r\n', 'ffffffff\r\n', '-1\r\nx\r\n', 'zz\r\n', '4\r\nab'),
  word,
);

const request = fc.record({ method, path, version, headers, body, lineEnd, host: fc.boolean() }).map((of) => {
  const host = of.host ? ['Host: 127.0.0.1'] : [];
  const lines = [`${of.method} ${of.path} ${of.version}`, ...host, ...of.headers];
  return text(`${lines.join(of.lineEnd)}${of.lineEnd}${of.lineEnd}${of.body}`);
});

const pipelined = fc
  .tuple(request, fc.integer({ min: 2, max: 40 }))
  .map(([one, times]) => Buffer.concat(Array<Uint8Array>(times).fill(one)));

const UPGRADE = [
  'GET /ws HTTP/1.1',
  HOST,
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
].join(CRLF);
/** Any opcode and reserved bits, masked or not, of a length that is true or a lie. */
const frame = fc
  .record({
    first: fc.integer({ min: 0, max: 255 }),
    masked: fc.boolean(),
    length: fc.oneof(fc.integer({ min: 0, max: 125 }), fc.constantFrom(126, 127)),
    rest: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ first, masked, length, rest }) => Buffer.from([first, (masked ? 0x80 : 0) | length, ...rest]));
const upgrade = fc.array(header, { maxLength: 1 }).map((more) => text([UPGRADE, ...more, '', ''].join(CRLF)));
const frames = fc.array(frame, { minLength: 1, maxLength: 8 }).map((all) => Buffer.concat(all));

const flipped = fc
  .tuple(fc.oneof(request, upgrade), fc.nat(), fc.integer({ min: 0, max: 255 }))
  .map(([bytes, at, value]) =>
    Buffer.from(bytes).fill(value, at % Math.max(1, bytes.length), (at % Math.max(1, bytes.length)) + 1),
  );

const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  request,
  pipelined,
  upgrade,
  flipped,
);

/** Cut off somewhere, or in pieces, or whole. */
const cut = fc.tuple(bytes, fc.constantFrom('whole', 'half', 'pieces'), fc.nat()).map(([all, how, at]) => {
  const end = at % (all.length + 1);
  if (how === 'whole') return [all];
  return how === 'half' ? [all.subarray(0, end)] : [all.subarray(0, end), all.subarray(end)];
});

/** Each piece is for when something was answered to the one before, or nothing is. */
export const rawRequest: fc.Arbitrary<RawRequest> = fc.oneof(
  { weight: 3, arbitrary: cut },
  { weight: 1, arbitrary: fc.tuple(fc.constant(text([UPGRADE, '', ''].join(CRLF))), frames) },
);

/** For the gateway at that port, whose own name is let in. */
export function addressed(pieces: RawRequest, port: number): RawRequest {
  return pieces.map((piece) => text(Buffer.from(piece).toString('latin1').replaceAll(HOST, `Host: 127.0.0.1:${port}`)));
}
