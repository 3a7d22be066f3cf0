/** A short run of every fuzz; `npm run fuzz` is the long one. */
import fc from 'fast-check';
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { AnyFuzz } from '../fuzz/fuzz.ts';

const files = (await readdir(new URL('../fuzz/', import.meta.url))).filter((name) => name.endsWith('.fuzz.ts'));
const modules = await Promise.all(
  files.map((name) => import(`../fuzz/${name}`) as Promise<{ FUZZES: readonly AnyFuzz[] }>),
);
const fuzzes = modules.flatMap(({ FUZZES }) => FUZZES);

test('there are some', () => expect(fuzzes.length).toBeGreaterThanOrEqual(3));

test.each(fuzzes)('$name', async ({ cases, run }) => {
  await fc.assert(fc.asyncProperty(cases, run as (value: unknown) => Promise<void>), { numRuns: 1_000 });
});
