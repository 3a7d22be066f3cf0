/** `npm run docs`: writes the pages of docs/ that are made from the code. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DOCS_FOLDER, generatedPages } from './docs/pages.ts';

for (const [name, text] of Object.entries(await generatedPages())) {
  await writeFile(join(DOCS_FOLDER, name), text);
  process.stdout.write(`docs/${name}\n`);
}
