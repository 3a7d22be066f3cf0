// npm run bench:dashboard — what the page costs its reader: decoding and applying a frame, beside the least that reading
// the same bytes takes; how soon something is seen; and the page itself in Chromium at 60 Hz, script apart from drawing.
import { parseArgs } from 'node:util';
import { measureDecoding } from './dashboard/decode.mjs';
import { measureFirstPaint } from './dashboard/first-paint.mjs';
import { measurePage } from './dashboard/page.mjs';
import { describeMachine, printTables } from './fanout/tables.mjs';

const HELP = `npm run bench:dashboard -- [--minutes 2] [--agents 1000,10000] [--only decode|paint|page] [--starts 9] [--quick] [--json]

--minutes N   time at 60 Hz for each number of agents (2; a release takes 10)
--starts N    how often the page is opened for its first paint (9)
--quick       15 s each and 3 starts, no verdicts
The browser is CHROMIUM, or /usr/bin/chromium.
`;
const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    agents: { type: 'string', default: '1000,10000' },
    only: { type: 'string' },
    starts: { type: 'string', default: '9' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
/** The bound on what one frame's arrival may cost, all messages between frames included. */
const INCOMING_GOAL_MS = 2;
/** The bound on the first paint, with the gateway on the same machine. */
const FIRST_PAINT_GOAL_MS = 1_000;
/** As many agents as the default simulators have. */
const DEFAULT_AGENTS = 72;

if (flags.help) process.stdout.write(HELP);
else await bench();

async function paint(rows, goals) {
  const starts = flags.quick ? 3 : Number(flags.starts);
  if (!(starts > 0)) throw new TypeError(HELP);
  process.stderr.write(`first paint: ${starts} starts\n`);
  const row = await measureFirstPaint({ agents: DEFAULT_AGENTS, starts });
  rows.push({ part: 'first sight of the page, from navigation, new browser each time', ...row });
  goals.push({
    id: 'E',
    goal: `first paint ≤ ${FIRST_PAINT_GOAL_MS} ms on localhost (median)`,
    measured: row.first_content_ms_median,
    met: flags.quick ? null : row.first_content_ms_median <= FIRST_PAINT_GOAL_MS,
  });
}

async function bench() {
  const seconds = flags.quick ? 15 : Number(flags.minutes) * 60;
  const counts = flags.agents.split(',').map(Number);
  if (!(seconds > 0) || counts.some((count) => !(count > 0))) throw new TypeError(HELP);
  const rows = [];
  const goals = [];
  if (flags.only === undefined || flags.only === 'paint') await paint(rows, goals);
  for (const agents of counts) {
    if (flags.only === 'paint') break;
    if (flags.only !== 'page') rows.push(...measureDecoding(agents));
    if (flags.only === 'decode') continue;
    process.stderr.write(`page with ${agents} agents: ${seconds} s\n`);
    const { page, renderer } = await measurePage({ agents, seconds });
    rows.push({ part: `page in Chromium at 60 Hz; ${renderer}`, ...page });
    if (agents < 10_000) continue;
    goals.push({
      id: 'E',
      goal: `incoming work ≤ ${INCOMING_GOAL_MS} ms a frame at ${agents} agents (mean)`,
      measured: page.incoming_ms_a_frame,
      met: flags.quick ? null : page.incoming_ms_a_frame <= INCOMING_GOAL_MS,
    });
  }
  const machine = describeMachine({ quick: flags.quick, serverCpu: undefined });
  printTables(rows, goals, machine);
  if (flags.json) process.stdout.write(`${JSON.stringify({ name: 'dashboard', machine, rows, goals })}\n`);
}
