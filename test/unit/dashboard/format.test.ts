import { expect, test } from 'vitest';
import { byteCount, digits, displayText, duration, percent, plural } from '../../../src/dashboard/format.ts';

test.each([
  ['<b>bold</b>', '<b>bold</b>'],
  ['a\u202eb', 'a\ufffdb'],
  ['two\nlines', 'two\ufffdlines'],
  ['x'.repeat(300), `${'x'.repeat(200)}…`],
])('text for display: %j', (text, shown) => {
  expect(displayText(text)).toBe(shown);
});

test('numbers for people', () => {
  expect([duration(-5), duration(59_999), duration(3_600_000), duration(90_000_000)]).toEqual([
    '0 s',
    '59 s',
    '1 h',
    '1 d',
  ]);
  expect([byteCount(950), byteCount(12_345), byteCount(4_500_000)]).toEqual(['950 B', '12.3 KB', '4.50 MB']);
  expect([digits(0.123), digits(12.34), digits(1_234.5), digits(3)]).toEqual(['0.12', '12.3', '1,235', '3']);
  expect([percent(0.915), percent(1)]).toEqual(['91.5 %', '100 %']);
  expect([plural(1, 'agent'), plural(1_200, 'agent')]).toEqual(['1 agent', '1,200 agents']);
});
