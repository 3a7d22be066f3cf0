// npm run mutants -- [--only WORD] — bugs of one edit each (mutants.mjs) that the suite must catch: the tree is copied,
// each edit is made and undone there, and the named tests must fail. Exit code 1 when one survives.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants.mjs';

const { values: flags } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const copy = mkdtempSync(join(tmpdir(), 'swarmcast-mutants-'));
const chosen = MUTANTS.filter(({ file, bug }) => `${file} ${bug}`.includes(flags.only));
let survived = 0;

try {
  for (const name of ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const suites = [...new Set(chosen.flatMap(({ tests }) => tests))];
  if (!passes(suites, 'inherit')) throw new Error('the tests fail without any bug: nothing can be said');
  for (const mutant of chosen) report(mutant);
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`${chosen.length - survived} of ${chosen.length} bugs caught\n`);
process.exitCode = survived === 0 ? 0 : 1;

function report({ file, bug, search, replace, tests }) {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(search).length !== 2) throw new Error(`${file}: "${search}" must be there once (${bug})`);
  writeFileSync(
    path,
    text.replace(search, () => replace),
  );
  const caught = !passes(tests);
  writeFileSync(path, text);
  if (!caught) survived++;
  process.stdout.write(`${caught ? 'caught  ' : 'SURVIVED'} ${file}: ${bug}\n`);
}

function passes(tests, stdio = 'ignore') {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const projects = ['unit', 'property', 'integration'].flatMap((project) => ['--project', project]);
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--bail', '1', ...projects, ...tests], {
    cwd: copy,
    stdio,
    timeout: 300_000,
  });
  return status === 0;
}
