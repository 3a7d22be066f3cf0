import { describe, expect, test } from 'vitest';
import { parseClientMessage, requestIdOf, type ParsedMessage } from '../../../../src/edge/clients/protocol-messages.ts';
import { packMessage } from '../../../../src/protocol/codec.ts';

const text = (value: unknown) =>
  parseClientMessage(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), false);
const messageOf = (parsed: ParsedMessage): string => (parsed.kind === 'refused' ? parsed.refusal.message : '');
const binary = (value: unknown) => parseClientMessage(packMessage(value), true);

describe('messages of today', () => {
  const accepted = [
    { note: 'hello without payload', value: { type: 'hello' }, request: { type: 'hello', payload: {} } },
    {
      note: 'hello, everything',
      value: {
        type: 'hello',
        id: 1,
        payload: { protocol: 1, positions: 'f32', mode: 'low_frequency', filters: {}, resume: { cursor: 'x' } },
      },
      request: {
        type: 'hello',
        id: 1,
        payload: { protocol: 1, positions: 'f32', mode: 'low_frequency', filters: {}, resume: { cursor: 'x' } },
      },
    },
    {
      note: 'server types with underscore, and as Rust variants',
      value: { type: 'update_filters', id: 'a', payload: { server_types: ['claude_flow', 'RuvSwarm', 'daa'] } },
      request: {
        type: 'update_filters',
        id: 'a',
        payload: { server_types: ['claude-flow', 'ruv-swarm', 'daa'] },
      },
    },
    {
      note: 'mode as a Rust variant',
      value: { type: 'performance_mode', payload: { mode: 'HighFrequency' } },
      request: { type: 'performance_mode', payload: { mode: 'high_frequency' } },
    },
    { note: 'ack', value: { type: 'ack', payload: { tick: 7 } }, request: { type: 'ack', payload: { tick: 7 } } },
    { note: 'null payload', value: { type: 'resync', payload: null }, request: { type: 'resync', payload: {} } },
    { note: 'extra envelope keys', value: { type: 'discover', at: 1 }, request: { type: 'discover', payload: {} } },
  ];
  test.each(accepted)('$note', ({ value, request }) => {
    const expected = { kind: 'requests', requests: [request] };
    expect(text(value)).toEqual(expected);
    expect(binary(value)).toEqual(expected);
  });

  const refused = [
    { note: 'a number', value: 5, code: 'bad_message', says: ['{type, id?, payload?}', 'object'] },
    { note: 'an array', value: [], code: 'bad_message', says: ['object'] },
    { note: 'null', value: null, code: 'bad_message', says: ['object'] },
    { note: 'type missing', value: { payload: {} }, code: 'bad_message', says: ['type must be a string'] },
    { note: 'type of the wrong type', value: { type: 3 }, code: 'bad_message', says: ['type must be a string'] },
    { note: 'id of the wrong type', value: { type: 'hello', id: {} }, code: 'bad_message', says: ['id must be'] },
    { note: 'unknown type', value: { type: 'dance', id: 4 }, code: 'unknown_type', says: ['"dance"', 'resync'], id: 4 },
    { note: 'a type named like a method', value: { type: 'toString' }, code: 'unknown_type', says: ['toString'] },
    { note: 'a renewal without token', value: { type: 'renew', id: 4 }, code: 'bad_payload', says: ['token'], id: 4 },
    {
      note: 'payload of the wrong type',
      value: { type: 'ack', id: 9, payload: 'x' },
      code: 'bad_payload',
      says: ['object'],
      id: 9,
    },
    { note: 'tick missing', value: { type: 'ack' }, code: 'bad_payload', says: ['tick must be a'] },
    {
      note: 'negative tick',
      value: { type: 'ack', payload: { tick: -1 } },
      code: 'bad_payload',
      says: ['tick', 'at least 0'],
    },
    {
      note: 'unknown server type',
      value: { type: 'update_filters', id: 'q', payload: { server_types: ['daa', 'martian'] } },
      code: 'unknown_value',
      says: ['server_types.1', 'claude-flow, ruv-swarm, daa, other'],
      id: 'q',
    },
    {
      note: 'unknown status',
      value: { type: 'update_filters', payload: { statuses: ['sleepy'] } },
      code: 'unknown_value',
      says: ['statuses.0', 'idle', 'offline'],
    },
    {
      note: 'unknown mode',
      value: { type: 'performance_mode', payload: { mode: 'warp' } },
      code: 'unknown_value',
      says: ['mode', 'high_frequency, normal, low_frequency, on_demand'],
    },
    {
      note: 'another protocol',
      value: { type: 'hello', payload: { protocol: 2 } },
      code: 'unknown_value',
      says: ['protocol must be one of: 1'],
    },
    {
      note: 'misspelt filter',
      value: { type: 'update_filters', payload: { agent_kinds: [] } },
      code: 'bad_payload',
      says: ['"agent_kinds"'],
    },
    {
      note: 'filter of the wrong type',
      value: { type: 'update_filters', payload: { include_neural: 'yes' } },
      code: 'bad_payload',
      says: ['include_neural must be a boolean'],
    },
    {
      note: 'a list that is too long',
      value: { type: 'update_filters', payload: { agent_types: Array.from({ length: 257 }, (_, i) => `t${i}`) } },
      code: 'bad_payload',
      says: ['agent_types', 'at most 256 entries'],
    },
    {
      note: 'an empty name',
      value: { type: 'update_filters', payload: { swarm_ids: [''] } },
      code: 'bad_payload',
      says: ['swarm_ids.0', 'at least 1 characters'],
    },
  ];
  test.each(refused)('refused: $note', ({ value, code, says, id }) => {
    for (const parsed of [text(value), binary(value)]) {
      expect(parsed).toMatchObject({ kind: 'refused', refusal: { code } });
      if (parsed.kind !== 'refused') continue;
      expect(parsed.refusal.id).toBe(id);
      for (const part of says) expect(parsed.refusal.message).toContain(part);
    }
  });

  const garbage: { note: string; bytes: Uint8Array; isBinary: boolean; code: string }[] = [
    { note: 'bad JSON', bytes: Buffer.from('{"type":'), isBinary: false, code: 'malformed' },
    { note: 'empty text', bytes: new Uint8Array(0), isBinary: false, code: 'malformed' },
    { note: 'empty binary', bytes: new Uint8Array(0), isBinary: true, code: 'malformed' },
    { note: 'reserved msgpack byte', bytes: Buffer.from([0xc1, 0xff, 0x00]), isBinary: true, code: 'malformed' },
    { note: 'cut msgpack', bytes: Buffer.from([0x82, 0xa4, 0x74]), isBinary: true, code: 'malformed' },
    { note: 'trailing msgpack', bytes: Buffer.from([0x80, 0x80]), isBinary: true, code: 'malformed' },
    { note: '100 KB', bytes: Buffer.alloc(100_000, 0x20), isBinary: false, code: 'bad_message' },
  ];
  test.each(garbage)('refused: $note', ({ bytes, isBinary, code }) => {
    expect(parseClientMessage(bytes, isBinary)).toMatchObject({ kind: 'refused', refusal: { code } });
  });

  test('an error repeats no more than a little of what was sent', () => {
    const parsed = text({ type: 'x'.repeat(64) });
    expect(parsed).toMatchObject({ kind: 'refused', refusal: { code: 'unknown_type' } });
    expect(messageOf(parsed).length).toBeLessThan(400);
  });
});

describe('the older dialect', () => {
  const table = [
    { note: 'discovery', value: { action: 'request_discovery' }, types: ['discover'] },
    { note: 'agents', value: { action: 'request_agents', data: null }, types: ['resync'] },
    { note: 'performance', value: { action: 'request_performance', data: {} }, types: ['resync'] },
    { note: 'topology', value: { action: 'request_topology', data: { swarm_id: 'x' } }, types: ['resync'] },
    {
      note: 'configure, nested',
      value: {
        action: 'configure',
        data: { subscription_filters: { server_types: ['claude_flow'] }, performance_mode: 'LowFrequency' },
      },
      types: ['performance_mode', 'update_filters'],
    },
    {
      note: 'configure, flat',
      value: { action: 'configure', data: { include_neural: false } },
      types: ['update_filters'],
    },
    { note: 'configure, nothing', value: { action: 'configure', data: {} }, types: [] },
  ];
  test.each(table)('$note', ({ value, types }) => {
    const parsed = text(value);
    expect(parsed).toMatchObject({ kind: 'requests', requests: types.map((type) => ({ type })) });
  });

  test.each([
    { note: 'unknown action', value: { action: 'explode' }, code: 'unknown_type', says: 'request_agents' },
    { note: 'bad mode', value: { action: 'configure', data: { mode: 'x' } }, code: 'unknown_value', says: 'normal' },
    { note: 'data that is a list', value: { action: 'configure', data: [1] }, code: 'bad_payload', says: 'object' },
    {
      note: 'filters that are a list',
      value: { action: 'configure', data: { filters: [1] } },
      code: 'bad_payload',
      says: 'object',
    },
  ])('refused: $note', ({ value, code, says }) => {
    const parsed = text(value);
    expect(parsed).toMatchObject({ kind: 'refused', refusal: { code } });
    expect(messageOf(parsed)).toContain(says);
  });

  test('text ping, with or without white space or quotes', () => {
    expect(text('ping')).toEqual({ kind: 'ping' });
    expect(text('ping\n')).toEqual({ kind: 'ping' });
    expect(text('"ping"')).toEqual({ kind: 'ping' });
    expect(binary('ping')).toMatchObject({ kind: 'refused' });
  });
});

test('the id of a message refused for its rate is found where that is cheap', () => {
  expect(requestIdOf(Buffer.from('{"type":"ack","id":"k"}'), false)).toBe('k');
  expect(requestIdOf(packMessage({ type: 'x', id: 8 }), true)).toBe(8);
  expect(requestIdOf(Buffer.from('{"id":{}}'), false)).toBeUndefined();
  expect(requestIdOf(Buffer.from(JSON.stringify({ id: 1, pad: 'x'.repeat(2_000) })), false)).toBeUndefined();
});
