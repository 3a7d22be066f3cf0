// npm run bench:layout — P11: the layout engine against ngraph.forcelayout and d3-force-3d, on the same graphs and from
// the same starts: time per tick, many swarms at once, the whole at 60 Hz, quality and stability of pictures.
import { parseArgs } from 'node:util';
import { measureEndToEnd } from './layout/end-to-end.mjs';
import { goalsOf } from './layout/goals.mjs';
import { drawTopologies } from './layout/pictures.mjs';
import { measureForceError, measureQuality } from './layout/quality.mjs';
import { goalTable, tablesOf } from './layout/report.mjs';
import { measureStability } from './layout/stability.mjs';
import { measurePool, measureTicks } from './layout/ticks.mjs';

const PARTS = {
  ticks: measureTicks,
  pool: measurePool,
  core: measureEndToEnd,
  quality: measureQuality,
  force: measureForceError,
  stability: measureStability,
};
const HELP = `npm run bench:layout -- [--quick] [--only PART[,PART]] [--json]
npm run bench:layout -- --svg

  --quick  less of everything, in less than a minute
  --only   of ${Object.keys(PARTS).join(', ')}
  --json   the last line is JSON: { name, rows, goals }
  --svg    draws each topology into docs/pictures/layout-topologies.svg; measures nothing
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'boolean' },
    svg: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

if (values.help) process.stdout.write(HELP);
else if (values.svg) process.stdout.write(`${drawTopologies()}\n`);
else await bench();

async function bench() {
  const begun = performance.now();
  const seconds = () => ((performance.now() - begun) / 1000).toFixed(0);
  const log = (line) => process.stderr.write(`${seconds().padStart(4)} s  ${line}\n`);
  const parts = values.only?.split(',') ?? Object.keys(PARTS);
  const rows = [];
  for (const part of parts) {
    const measure = PARTS[part];
    if (measure === undefined) throw new Error(`no part ${part}; there are ${Object.keys(PARTS).join(', ')}`);
    rows.push(...(await measure({ quick: values.quick, log })));
  }
  const goals = goalsOf(rows);
  process.stdout.write(`${tablesOf(rows)}\n${goalTable(goals)}${seconds()} s\n`);
  if (values.json) process.stdout.write(`${JSON.stringify({ name: 'layout', rows, goals })}\n`);
}
