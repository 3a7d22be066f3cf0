import { expect, test } from 'vitest';
import { LineSplitter } from '../../../src/simulator/transports/line-splitter.ts';

const text = (chunk: string) => Buffer.from(chunk, 'utf8');

test('lines are the same however the bytes are cut', () => {
  const bytes = text('{"a":"ü€🐝"}\r\n\n{"b":2}\n{"half');
  for (let size = 1; size <= bytes.length; size++) {
    const splitter = new LineSplitter(1_000);
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += size) lines.push(...splitter.push(bytes.subarray(at, at + size)));
    expect(lines).toEqual(['{"a":"ü€🐝"}', '{"b":2}']);
    expect(splitter.push(text('"}\n'))).toEqual(['{"half"}']);
  }
});

test('a line beyond the bound is refused, whether its end has come or not', () => {
  expect(() => new LineSplitter(8).push(text('123456789'))).toThrow(RangeError);
  expect(() => new LineSplitter(8).push(text('123456789\n'))).toThrow(RangeError);
  expect(new LineSplitter(8).push(text('12345678\n1234567\n'))).toEqual(['12345678', '1234567']);
});
