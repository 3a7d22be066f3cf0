import { describe, expect, test } from 'vitest';
import { packMessage, unpackMessage } from '../../../src/protocol/codec.ts';

describe('msgpack coding', () => {
  const rows = [
    { note: 'an undefined field is left out, not an extension', value: { a: 1, b: undefined }, hex: '81a16101' },
    { note: 'null stays', value: { a: null }, hex: '81a161c0' },
    { note: 'nested', value: [{ a: { b: undefined } }], hex: '9181a16180' },
    { note: 'bit 31 fits u32', value: 0x8000_0001, hex: 'ce80000001' },
    { note: 'ms since 1970 travel as float64', value: 1_763_715_600_000, hex: 'cb4279aa5a44e80000' },
    { note: 'ratios travel as float64', value: 0.5, hex: 'cb3fe0000000000000' },
  ];
  test.each(rows)('$note', ({ value, hex }) => {
    const bytes = packMessage(value);
    expect(Buffer.from(bytes).toString('hex')).toBe(hex);
    expect(unpackMessage(bytes)).toEqual(JSON.parse(JSON.stringify(value)));
  });

  test('a message never starts with the first byte of a frame', () => {
    expect(packMessage({ type: 'hello' })[0]).not.toBe(0x01);
  });
});
