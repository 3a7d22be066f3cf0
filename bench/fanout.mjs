// npm run bench:fanout — the goals of the fan-out (P1–P6, P8, P10, P12, P13 and the stalled tenth), each against a peer,
// a limit or another case in the same run. docs/fanout.md says how each is measured.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { measureEdgeWork } from './fanout/edge-work.mjs';
import { measureEdges } from './fanout/edge-threads.mjs';
import { measureFilters } from './fanout/filters.mjs';
import { measureMemory } from './fanout/memory.mjs';
import { measureMixedFleet } from './fanout/mixed-fleet.mjs';
import { measureOwnViews } from './fanout/own-views.mjs';
import { measurePaired } from './fanout/paired.mjs';
import { measureReconnects } from './fanout/reconnects.mjs';
import { measureSharedViews } from './fanout/shared-views.mjs';
import { measureStalled } from './fanout/stalled.mjs';
import { describeMachine, printTables } from './fanout/tables.mjs';
import { measureUpstreamCalls } from './fanout/upstream-calls.mjs';
import { measureWire } from './fanout/wire.mjs';

/** In the order of running. P3 takes P1's figure of the same run, so it brings P1 along; what is `asked` runs by name only. */
const PARTS = [
  { goals: ['P1', 'P3'], run: measureSharedViews, after: measureOwnViews },
  { goals: ['paired'], run: measurePaired, asked: true },
  { goals: ['P2', 'P8'], run: measureMixedFleet },
  { goals: ['work'], run: measureEdgeWork, asked: true },
  { goals: ['P4'], run: measureMemory },
  { goals: ['P5'], run: measureEdges },
  { goals: ['P6'], run: measureWire },
  { goals: ['P10'], run: measureUpstreamCalls },
  { goals: ['P12'], run: measureReconnects },
  { goals: ['P13'], run: measureFilters },
  { goals: ['stalled'], run: measureStalled },
];
const IDS = PARTS.flatMap(({ goals }) => goals);

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
});

if (flags.help) {
  process.stdout.write(`npm run bench:fanout -- [--quick] [--json] [--only ${IDS.join(',')}]\n`);
} else {
  process.exitCode = await bench();
}

async function bench() {
  const only = flags.only?.split(',');
  const unknown = only?.filter((id) => !IDS.includes(id)) ?? [];
  if (unknown.length > 0) {
    process.stderr.write(`no such goal: ${unknown.join(', ')}; there are ${IDS.join(', ')}\n`);
    return 2;
  }
  const pinned = process.platform === 'linux' && availableParallelism() >= 2;
  const context = {
    quick: flags.quick === true,
    // Servers on one core, load on another; where that can't be done, the system spreads them.
    serverCpu: pinned ? 0 : undefined,
    loadCpu: pinned ? 1 : undefined,
    log: (text) => process.stderr.write(`${text}\n`),
  };
  const rows = [];
  const goals = [];
  for (const part of PARTS) {
    const wanted = part.goals.filter((id) => only?.includes(id) ?? part.asked !== true);
    if (wanted.length === 0) continue;
    const begun = performance.now();
    await runPart(part, wanted, context, rows, goals);
    context.log(`${wanted.join(', ')}: ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
  }
  const machine = describeMachine(context);
  printTables(rows, goals, machine);
  if (flags.json) process.stdout.write(`${JSON.stringify({ name: 'fanout', machine, rows, goals })}\n`);
  return 0;
}

async function runPart({ goals: ids, run, after }, wanted, context, rows, goals) {
  const first = await attempt(ids.slice(0, after === undefined ? ids.length : 1), () => run(context));
  const parts = [first];
  if (after !== undefined && wanted.includes(ids[1])) {
    parts.push(
      await attempt([ids[1]], () => {
        if (first.failed) throw new Error(`it takes the figure of ${ids[0]}, which failed`);
        return after(context, first);
      }),
    );
  }
  for (const part of parts) {
    rows.push(...part.rows);
    goals.push(...part.goals.filter(({ id }) => wanted.includes(id)));
  }

  async function attempt(attempted, measure) {
    try {
      return await measure();
    } catch (error) {
      context.log(`${attempted.join(', ')} failed: ${error instanceof Error ? error.stack : String(error)}`);
      const failure = { goal: 'to be measured', measured: null, met: null, why: String(error) };
      return { failed: true, rows: [], goals: attempted.map((id) => ({ id, ...failure })) };
    }
  }
}
