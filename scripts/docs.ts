/** `npm run docs`: writes the files that are made from the code. */
import { writeFile } from 'node:fs/promises';
import { generatedFiles, ROOT } from './docs/pages.ts';

for (const [path, text] of Object.entries(await generatedFiles())) {
  await writeFile(ROOT + path, text);
  process.stdout.write(`${path}\n`);
}
