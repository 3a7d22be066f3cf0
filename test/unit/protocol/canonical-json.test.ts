import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/protocol/canonical-json.ts';

/** The double with these 64 bits. */
function double(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

describe('canonical JSON', () => {
  // RFC 8785, appendix B.
  const numbers = [
    { bits: '0000000000000000', text: '0' },
    { bits: '8000000000000000', text: '0' },
    { bits: '0000000000000001', text: '5e-324' },
    { bits: '8000000000000001', text: '-5e-324' },
    { bits: '7fefffffffffffff', text: '1.7976931348623157e+308' },
    { bits: 'ffefffffffffffff', text: '-1.7976931348623157e+308' },
    { bits: '4340000000000000', text: '9007199254740992' },
    { bits: 'c340000000000000', text: '-9007199254740992' },
    { bits: '4430000000000000', text: '295147905179352830000' },
    { bits: '44b52d02c7e14af5', text: '9.999999999999997e+22' },
    { bits: '44b52d02c7e14af6', text: '1e+23' },
    { bits: '44b52d02c7e14af7', text: '1.0000000000000001e+23' },
    { bits: '444b1ae4d6e2ef4e', text: '999999999999999700000' },
    { bits: '444b1ae4d6e2ef4f', text: '999999999999999900000' },
    { bits: '444b1ae4d6e2ef50', text: '1e+21' },
    { bits: '3eb0c6f7a0b5ed8c', text: '9.999999999999997e-7' },
    { bits: '3eb0c6f7a0b5ed8d', text: '0.000001' },
    { bits: '41b3de4355555553', text: '333333333.3333332' },
    { bits: '41b3de4355555554', text: '333333333.33333325' },
    { bits: '41b3de4355555555', text: '333333333.3333333' },
    { bits: '41b3de4355555556', text: '333333333.3333334' },
    { bits: '41b3de4355555557', text: '333333333.33333343' },
    { bits: 'becbf647612f3696', text: '-0.0000033333333333333333' },
    { bits: '43143ff3c1cb0959', text: '1424953923781206.2' },
  ];
  test.each(numbers)('number $text', ({ bits, text }) => {
    expect(canonicalJson(double(bits))).toBe(text);
  });

  const others = [
    {
      note: 'members are sorted by UTF-16 code units (RFC 8785, 3.2.3)',
      value: { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 },
      text: '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
    },
    {
      note: 'only what must be escaped is (3.2.2.2)',
      value: '€$\u000F\nA\'B"\\\\"/\u007f',
      text: '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f"',
    },
    { note: 'control characters with short forms use them', value: '\b\t\n\f\r', text: '"\\b\\t\\n\\f\\r"' },
    { note: 'literals', value: [null, true, false], text: '[null,true,false]' },
    {
      note: 'sorted at every depth, arrays in their order',
      value: { b: [{ d: 1, c: 2 }], a: {} },
      text: '{"a":{},"b":[{"c":2,"d":1}]}',
    },
    { note: 'undefined members are left out', value: { a: undefined, b: 1 }, text: '{"b":1}' },
    { note: 'integer-like names sort as text', value: { 10: 1, 9: 2 }, text: '{"10":1,"9":2}' },
  ];
  test.each(others)('$note', ({ value, text }) => {
    expect(canonicalJson(value)).toBe(text);
  });
});
