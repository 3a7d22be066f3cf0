// npm run bench:dashboard — what the page costs its reader: decoding and applying a frame, beside the least that reading
// the same bytes takes; and the page itself in Chromium at 60 Hz, script apart from drawing.
import { parseArgs } from 'node:util';
import { measureDecoding } from './dashboard/decode.mjs';
import { measurePage } from './dashboard/page.mjs';
import { describeMachine, printTables } from './fanout/tables.mjs';

const HELP = `npm run bench:dashboard -- [--minutes 2] [--agents 1000,10000] [--only decode|page] [--quick] [--json]

--minutes N   time at 60 Hz for each number of agents (2; a release takes 10)
--quick       15 s each, no verdicts
The browser is CHROMIUM, or /usr/bin/chromium.
`;
const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    agents: { type: 'string', default: '1000,10000' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
/** The bound on what one frame's arrival may cost, all messages between frames included. */
const INCOMING_GOAL_MS = 2;

if (flags.help) process.stdout.write(HELP);
else await bench();

async function bench() {
  const seconds = flags.quick ? 15 : Number(flags.minutes) * 60;
  const counts = flags.agents.split(',').map(Number);
  if (!(seconds > 0) || counts.some((count) => !(count > 0))) throw new TypeError(HELP);
  const rows = [];
  const goals = [];
  for (const agents of counts) {
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
