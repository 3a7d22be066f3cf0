import fc from 'fast-check';
import { test } from 'vitest';
import { FUZZES } from '../../../fuzz/upstream-lines.fuzz.ts';

// The short run of each; `npm run fuzz` is the long one.
test.each(FUZZES)('$name: none is fatal, and nothing unclean is held', async ({ cases, run }) => {
  await fc.assert(fc.asyncProperty(cases, run), { numRuns: 1_000 });
});
