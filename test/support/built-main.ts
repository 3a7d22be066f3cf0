import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built command line. @throws when the project has not been built. */
export function builtMain(): string {
  const path = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
  if (!existsSync(path)) throw new Error('dist/main.js is missing: npm run build');
  return path;
}
