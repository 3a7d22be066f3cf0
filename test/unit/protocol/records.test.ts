import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packRecords, unpackRecords } from '../../../src/protocol/codec.ts';

/** More shapes than the library has numbers for, in messages that are read in another order than written. */
const value = fc.oneof(
  fc.dictionary(
    fc.constantFrom('ref', 'status', 'performance', 'a', 'b', 'c', 'd', 'e'),
    fc.jsonValue({ maxDepth: 2 }),
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

test('every message reads the same, whatever was written or read before it', () => {
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 60 }), { minLength: 1, maxLength: 6 }), (messages) => {
      const coded = messages.map((message) => Buffer.from(packRecords(message)));
      const read = coded.toReversed().map(unpackRecords).toReversed();
      expect(JSON.stringify(read)).toBe(JSON.stringify(messages));
    }),
    { numRuns: 300 },
  );
});

test('a message that skips the ones before it is complete', () => {
  const shapes = Array.from({ length: 100 }, (_, n) => ({ [`key${n}`]: n, ref: n }));
  for (const shape of shapes) packRecords(shape);
  const bytes = packRecords(shapes);
  expect(unpackRecords(bytes)).toEqual(shapes);
});
