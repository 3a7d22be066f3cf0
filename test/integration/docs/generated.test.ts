import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DOCS_FOLDER, generatedPages } from '../../../scripts/docs/pages.ts';

test.each(Object.entries(await generatedPages()))(
  'docs/%s is what the code says (npm run docs)',
  async (name, text) => {
    expect(await readFile(join(DOCS_FOLDER, name), 'utf8')).toBe(text);
  },
);
