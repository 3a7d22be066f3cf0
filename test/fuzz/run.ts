/**
 * `npm run fuzz [-- --cases N] [--only WORD] [--seed N]`: runs every fuzz of this folder, N cases in all (1,000,000), and
 * says whether something broke, was left unhandled, or memory grew. Exit code 1 when it did.
 */
import fc from 'fast-check';
import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { AnyFuzz } from './fuzz.ts';

/** What the heap may grow after the first part of a run, in MiB: caches and code that is compiled late. */
const MAX_GROWTH_MIB = 16;
const PARTS = 5;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const { gc } = globalThis;
if (gc === undefined) throw new Error('run it by npm run fuzz: it needs --expose-gc');

const files = (await readdir(new URL('.', import.meta.url))).filter((name) => name.endsWith('.fuzz.ts'));
const modules = await Promise.all(files.map((name) => import(`./${name}`) as Promise<{ FUZZES: readonly AnyFuzz[] }>));
const fuzzes = modules.flatMap(({ FUZZES }) => FUZZES).filter(({ name }) => name.includes(values.only));
if (fuzzes.length === 0) throw new Error(`no fuzz has "${values.only}" in its name`);

let unhandled = 0;
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    unhandled += 1;
    process.exitCode = 1;
    process.stdout.write(`${event}: ${String(error)}\n`);
  });
}
const heapMib = (): number => {
  gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

const perFuzz = Math.ceil(Number(values.cases) / fuzzes.length);
const seed = Number(values.seed);
let bad = 0;
for (const { name, cases, run } of fuzzes) {
  const startMs = performance.now();
  const heaps: number[] = [];
  let counted = 0;
  const property = fc.asyncProperty(cases, async (value) => {
    counted += 1;
    await run(value);
  });
  for (let part = 0; part < PARTS; part++) {
    const outcome = await fc.check(property, { numRuns: Math.ceil(perFuzz / PARTS), seed: seed + part });
    if (outcome.failed) {
      bad += 1;
      process.stdout.write(`${name}: ${fc.defaultReportMessage(outcome) ?? ''}\n${String(outcome.errorInstance)}\n`);
    }
    heaps.push(heapMib());
  }
  const growth = Math.max(...heaps.slice(1)) - (heaps[0] ?? 0);
  if (growth > MAX_GROWTH_MIB) bad += 1;
  const sizes = heaps.map((mib) => mib.toFixed(1)).join(', ');
  const tookS = ((performance.now() - startMs) / 1_000).toFixed(0);
  process.stdout.write(`${name}: ${counted} cases in ${tookS} s, seed ${seed}; heap after each fifth: ${sizes} MiB\n`);
}
process.stdout.write(bad + unhandled === 0 ? 'nothing broke\n' : `${bad} failed, ${unhandled} unhandled\n`);
process.exit(bad + unhandled === 0 ? 0 : 1);
