import { readFileSync } from 'node:fs';

/** The version of this package, as package.json states it. */
export const VERSION: string = readVersion();

// Two folders up from src/platform and from dist/platform alike.
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
