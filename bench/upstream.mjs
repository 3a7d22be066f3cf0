// npm run bench:upstream — what the way in costs. P7: events of the seeds' shape into the world; P9: MCP requests through
// pool, policy and session beside the SDK's client alone; and how fast an open circuit refuses. Node gets the young
// generation that the hub's thread has (src/hub-supervisor.ts).
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { describeMachine, printTables } from './fanout/tables.mjs';
import { measureOpenCircuit } from './upstream/open-circuit.mjs';
import { measureRoundTrips } from './upstream/round-trips.mjs';
import { measureThroughput } from './upstream/throughput.mjs';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});

if (flags.help) process.stdout.write('npm run bench:upstream -- [--quick] [--json]\n');
else await bench();

async function bench() {
  const context = {
    quick: flags.quick === true,
    serverCpu: process.platform === 'linux' && availableParallelism() >= 2 ? 0 : undefined,
    log: (text) => process.stderr.write(`${text}\n`),
  };
  const parts = [await measureThroughput(context), await measureRoundTrips(context), await measureOpenCircuit(context)];
  const rows = parts.flatMap((part) => part.rows);
  const goals = parts.flatMap((part) => part.goals);
  const machine = describeMachine(context);
  printTables(rows, goals, machine);
  if (flags.json) process.stdout.write(`${JSON.stringify({ name: 'upstream', machine, rows, goals })}\n`);
}
