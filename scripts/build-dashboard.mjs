/**
 * Builds the dashboard into dist/dashboard, with gzip and brotli beside each file and files.json, the list that the
 * gateway serves from. Does nothing when no input changed since the last build.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist/dashboard');
const list = join(out, 'files.json');
const INPUTS = [
  'src/dashboard',
  'src/client',
  'src/protocol',
  'src/model',
  'vite.config.ts',
  'package.json',
  'scripts/build-dashboard.mjs',
];
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

async function filesBelow(path) {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function inputHash() {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    const path = join(root, input);
    const files = extname(path) === '' ? await filesBelow(path) : [path];
    for (const file of files.toSorted())
      hash
        .update(relative(root, file))
        .update('\0')
        .update(await readFile(file))
        .update('\0');
  }
  return hash.digest('hex');
}

async function isCurrent(hash) {
  if (!existsSync(list)) return false;
  const built = JSON.parse(await readFile(list, 'utf8'));
  return built.inputs === hash && built.files.every(({ file }) => existsSync(join(out, file)));
}

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

async function describe(path) {
  const file = relative(out, path).split(sep).join('/');
  const type = TYPES[extname(file)];
  if (type === undefined) throw new Error(`no content type is known for ${file}`);
  const bytes = await readFile(path);
  const encodings = [];
  for (const [name, suffix, encode] of [
    ['br', '.br', () => brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } })],
    ['gzip', '.gz', () => zip(bytes, { level: 9 })],
  ]) {
    const encoded = await encode();
    // Small files can grow.
    if (encoded.length >= bytes.length) continue;
    await writeFile(path + suffix, encoded);
    encodings.push({ name, file: file + suffix });
  }
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return {
    path: file === 'index.html' ? '/' : `/${file}`,
    file,
    type,
    etag,
    hashed: file.startsWith('assets/'),
    encodings,
  };
}

const inputs = await inputHash();
if (!(await isCurrent(inputs))) {
  const { build } = await import('vite');
  await build({ configFile: join(root, 'vite.config.ts') });
  const files = await Promise.all((await filesBelow(out)).map(describe));
  await writeFile(
    list,
    `${JSON.stringify({ inputs, files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)) }, null, 1)}\n`,
  );
}
