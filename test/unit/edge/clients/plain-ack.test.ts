import { describe, expect, test } from 'vitest';
import { plainAck } from '../../../../src/edge/clients/plain-ack.ts';
import { parseClientMessage } from '../../../../src/edge/clients/protocol-messages.ts';
import { packMessage } from '../../../../src/protocol/codec.ts';

const ack = (tick: unknown) => ({ type: 'ack', payload: { tick } });
const json = (message: unknown) => Buffer.from(JSON.stringify(message));

describe('acknowledgements read in place', () => {
  test.each([0, 9, 10, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295])('tick %i, in both codings', (tick) => {
    expect(plainAck(json(ack(tick)), false)).toBe(tick);
    expect(plainAck(packMessage(ack(tick)), true)).toBe(tick);
  });

  // What they don't take must be what the full reading takes, or refuses in its own words.
  const texts = [
    '{"type":"ack","payload":{"tick":01}}',
    '{"type":"ack","payload":{"tick":4294967296}}',
    '{"type":"ack","payload":{"tick":-1}}',
    '{"type":"ack","payload":{"tick":1.5}}',
    '{"type":"ack","payload":{"tick":}}',
    '{"type":"ack","payload":{"tick":1} }',
    '{"type":"ack", "payload":{"tick":1}}',
    '{"type":"ack","payload":{"tick":1,"x":2}}',
    '{"type":"ack","id":1,"payload":{"tick":1}}',
    '{"type":"act","payload":{"tick":1}}',
    '',
  ];
  test.each(texts)('%s is not read in place', (text) => {
    expect(plainAck(Buffer.from(text), false)).toBeUndefined();
  });

  test.each([-1, 1.5, 4_294_967_296, null, 'x'])('msgpack with tick %s is not read in place', (tick) => {
    expect(plainAck(packMessage(ack(tick)), true)).toBeUndefined();
    expect(plainAck(packMessage({ ...ack(1), id: tick }), true)).toBeUndefined();
  });

  test('reads what the full reading reads', () => {
    for (const tick of [3, 300, 70_000]) {
      for (const [bytes, isBinary] of [
        [json(ack(tick)), false],
        [packMessage(ack(tick)), true],
      ] as const) {
        expect(parseClientMessage(bytes, isBinary)).toEqual({ kind: 'requests', requests: [ack(tick)] });
      }
    }
  });
});
