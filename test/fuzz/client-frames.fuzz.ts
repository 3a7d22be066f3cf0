/** What clients send, in both codings: messages with wrong fields, other dialects, text and bytes that are no message. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { CLOSE_CODES } from '../../src/protocol/close-codes.ts';
import { packMessage } from '../../src/protocol/codec.ts';
import { agent, fakeEdge, FakeSocket, snapshot } from '../unit/edge/clients/fake-edge.ts';
import { fuzz, type AnyFuzz } from './fuzz.ts';

const TYPES =
  'hello update_filters performance_mode request_update resync heartbeat discover command renew ack ping constructor __proto__'.split(
    ' ',
  );
const FIELDS =
  'type id payload action mode filters agent_types servers swarms statuses positions resume cursor epoch token operation input seq tick coding __proto__ constructor'.split(
    ' ',
  );
const WORDS = [
  'high_frequency',
  'on_demand',
  'q16',
  'f32',
  'coder',
  's1',
  's1/w1',
  'e1',
  'agent.spawn',
  '\u0000',
  '\u202e',
];

const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...WORDS, null, true, -1, 0, 1e308, 2 ** 53),
    fc.string({ maxLength: 40 }),
    fc.double(),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...FIELDS), tie('any'), { maxKeys: 4 }),
  ),
})).any;
const message = fc.record({ type: fc.constantFrom(...TYPES), id: value, payload: value }, { requiredKeys: ['type'] });
const text = fc.oneof(
  message.map((one) => JSON.stringify(one)),
  value.map((one) => JSON.stringify(one) ?? ''),
  fc.tuple(message, fc.nat(200)).map(([one, cut]) => JSON.stringify(one).slice(0, cut)),
  fc.constantFrom('ping', '', '[', '{"type":', '['.repeat(30_000), '{"__proto__":{"type":"hello"}}', '\ufeff{}'),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const bytes = fc.oneof(
  text.map((one) => new TextEncoder().encode(one)),
  fc.uint8Array({ maxLength: 80 }),
  message.map((one) => packMessage(one)),
  fc
    .tuple(message, fc.nat(60), fc.nat(255))
    .map(([one, at, byte]) => packMessage(one).map((old, index) => (index === at ? byte : old))),
  fc.tuple(message, fc.nat(60)).map(([one, cut]) => packMessage(one).slice(0, cut)),
  // Lengths of msgpack that promise what is not there.
  fc
    .constantFrom([0xdd, 255, 255, 255, 255], [0xdf, 255, 255, 255, 255], [0xc6, 255, 255, 255, 255])
    .map((list) => Uint8Array.from(list)),
);

const edge = fakeEdge({}, snapshot([agent(0), agent(1), agent(2)]));
const KNOWN_CODES = new Set<number>(Object.values(CLOSE_CODES));
const settled = () => new Promise((resolve) => setImmediate(resolve));

export const FUZZES: readonly AnyFuzz[] = [
  fuzz({
    name: 'frames of clients',
    cases: fc.record({
      coding: fc.constantFrom('json' as const, 'msgpack' as const),
      welcomed: fc.boolean(),
      sent: fc.array(fc.record({ bytes, isBinary: fc.boolean() }), { minLength: 1, maxLength: 4 }),
    }),
    run: async ({ coding, welcomed, sent }) => {
      const { session, socket } = edge.connect(new FakeSocket(coding));
      try {
        if (welcomed) session.receive(new TextEncoder().encode('{"type":"hello","payload":{}}'), false);
        for (const one of sent) {
          // The transport tells a session nothing more once it is closed.
          if (socket.closed !== undefined) break;
          session.receive(one.bytes, one.isBinary);
          edge.tick();
        }
        // Answers of the hub, verdicts on tokens.
        await settled();
        edge.tick();
        if (socket.closed !== undefined) assert.ok(KNOWN_CODES.has(socket.closed.code), `close ${socket.closed.code}`);
        // That each message can be read was seen as it was sent; of errors, that none tells of our insides.
        for (const { type, payload } of socket.messages) {
          if (type !== 'error') continue;
          assert.doesNotMatch(payload.message, /at \w+ \(|node_modules|\.ts:/);
          assert.notEqual(payload.code, 'internal');
        }
      } finally {
        session.lost();
      }
      assert.equal(edge.clients.size, 0);
      assert.equal(({} as Record<string, unknown>)['type'], undefined);
    },
  }),
];
