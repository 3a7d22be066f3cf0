// Writes the documents of the HTTP API and of the socket, and has Redocly lint them.
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openApiDocument } from '../src/http/openapi/document.ts';
import { asyncApiDocument } from '../src/http/openapi/socket-document.ts';
import { VERSION } from '../src/platform/version.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}/.cache/api`;
const documents = { 'openapi.json': openApiDocument(VERSION, () => true), 'asyncapi.json': asyncApiDocument(VERSION) };

await mkdir(folder, { recursive: true });
const files = Object.entries(documents).map(([name, document]) => ({ path: `${folder}/${name}`, document }));
for (const { path, document } of files) await writeFile(path, `${JSON.stringify(document, null, 2)}\n`);
const { status } = spawnSync(
  'redocly',
  ['lint', '--config', `${root}/config/redocly.yaml`, ...files.map(({ path }) => path)],
  {
    stdio: 'inherit',
    // No look for newer versions, no reports: a linter needs no network.
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  },
);
process.exitCode = status ?? 1;
