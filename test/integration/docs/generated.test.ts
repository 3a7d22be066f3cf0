import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { generatedFiles, ROOT } from '../../../scripts/docs/pages.ts';

test.each(Object.entries(await generatedFiles()))('%s is what the code says (npm run docs)', async (path, text) => {
  expect(await readFile(ROOT + path, 'utf8')).toBe(text);
});
