// `npm run prepare`, which npm runs after `npm ci`, before packing, and npx the first time: builds, unless what is built is newer than
// everything that it is made of.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('../', import.meta.url));
const SOURCES = [
  'src',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'vite.config.ts',
];
/** Written last by a build. */
const BUILT = 'dist/.built';

function newest(path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  // Also of the folder itself: what was deleted is a change.
  return Math.max(found.mtimeMs, ...readdirSync(join(root, path)).map((name) => newest(join(path, name))));
}

if (newest(BUILT) > Math.max(...SOURCES.map(newest))) process.exit(0);
const { status } = spawnSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
