// npm run bench:ingest — P7: events of the seeds' shape into the world; P9: MCP calls through our session beside the SDK.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { describeMachine, printTables } from './fanout/tables.mjs';
import { measureRoundTrips } from './ingest/round-trips.mjs';
import { measureThroughput } from './ingest/throughput.mjs';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});

if (flags.help) process.stdout.write('npm run bench:ingest -- [--quick] [--json]\n');
else await bench();

async function bench() {
  const context = {
    quick: flags.quick === true,
    serverCpu: process.platform === 'linux' && availableParallelism() >= 2 ? 0 : undefined,
    log: (text) => process.stderr.write(`${text}\n`),
  };
  const throughput = await measureThroughput(context);
  const roundTrips = await measureRoundTrips(context);
  const rows = [...throughput.rows, ...roundTrips.rows];
  const goals = [...throughput.goals, ...roundTrips.goals];
  const machine = describeMachine(context);
  printTables(rows, goals, machine);
  if (flags.json) process.stdout.write(`${JSON.stringify({ name: 'ingest', machine, rows, goals })}\n`);
}
