import { expect, test } from 'vitest';
import { AddressGate } from '../../../../src/edge/transport/address-gate.ts';

test('so many at once, then at the rate; the wait is told', () => {
  const gate = new AddressGate({ perSecond: 2, burst: 3 });
  expect([0, 0, 0].map((nowMs) => gate.take('a', nowMs))).toEqual([0, 0, 0]);
  expect(gate.take('a', 0)).toBe(500);
  expect(gate.take('a', 499)).toBeGreaterThan(0);
  expect(gate.take('a', 500)).toBe(0);
  expect(gate.take('a', 500)).toBeGreaterThan(0);
});

test('each address has its own', () => {
  const gate = new AddressGate({ perSecond: 1, burst: 1 });
  expect(gate.take('a', 0)).toBe(0);
  expect(gate.take('a', 0)).toBeGreaterThan(0);
  expect(gate.take('b', 0)).toBe(0);
});

test('this machine, the empty address, is not counted', () => {
  const gate = new AddressGate({ perSecond: 1, burst: 1 });
  for (let n = 0; n < 100; n++) expect(gate.take('', 0)).toBe(0);
});

test('10,000 addresses are remembered: who comes again stays, who came longest ago is forgotten', () => {
  const gate = new AddressGate({ perSecond: 0.001, burst: 1 });
  for (const address of ['old', 'busy']) expect(gate.take(address, 0)).toBe(0);
  for (let n = 0; n < 9_998; n++) gate.take(`other ${n}`, 0);
  // Both are still known; asking again makes one of them the newest.
  expect(gate.take('busy', 0)).toBeGreaterThan(0);
  for (const address of ['one more', 'two more']) gate.take(address, 0);
  expect(gate.take('busy', 0)).toBeGreaterThan(0);
  // Forgotten, it has a full bucket again.
  expect(gate.take('old', 0)).toBe(0);
});
