/**
 * The raw driver by hand: more connections than k6 can hold. Every frame's header is read; a share of the clients
 * decodes everything and checks hashes. Bounded in count and time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MODES, MODE_HZ, type Mode } from '../../src/protocol/modes.ts';
import { Driver } from './driver.ts';
import { sourceAddressesFor, whyTooMany } from './limits.ts';
import type { GroupOrder, GroupReport, ProcessReport } from './orders.ts';

const HELP = `npm run loadtest:driver -- [options]

  --port N            of a gateway on 127.0.0.1 (default 8080)
  --connections MODE=N,…   (default high_frequency=500,normal=2000,low_frequency=10000); modes: ${MODES.join(', ')}
  --processes N       processes to spread them over, 1–16 (default 1); about 19,900 connections fit a file limit of 20,000
  --seconds N         measured time, 1–3600 (default 20)
  --sample SHARE      clients that decode everything and check hashes, 0–1 (default 0.01)
  --coding NAME       msgpack (default) or json
  --in-flight N       connections under way at a time and process (default 200)
  --source-addresses N   127.0.1.1… to connect from; default: as many as ports ask for
  --no-acks           don't acknowledge frames
  --json              print one JSON line

The gateway's own bounds: clients.max_clients (15,000), its file limit; a client whose hello comes later than
clients.hello_timeout_ms gets the defaults. Exit codes: 0 done, 1 failed or something was wrong, 2 bad options or limits.
`;
const MAX_CONNECTIONS = 200_000;
/** After the last connection: openings, and turns outside the pace, are not measured. */
const SETTLE_MS = 3_000;

/** Options, or limits of the machine, that do not do. */
class PlanError extends Error {
  override name = 'PlanError';
}

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    connections: { type: 'string', default: 'high_frequency=500,normal=2000,low_frequency=10000' },
    processes: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    sample: { type: 'string', default: '0.01' },
    coding: { type: 'string', default: 'msgpack' },
    'in-flight': { type: 'string', default: '200' },
    'source-addresses': { type: 'string' },
    'no-acks': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = flags.help ? help() : await main();

function help(): number {
  process.stdout.write(HELP);
  return 0;
}

async function main(): Promise<number> {
  try {
    const plan = readPlan();
    const reports = await drive(plan);
    return print(reports);
  } catch (error) {
    process.stderr.write(`loadtest:driver: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof PlanError ? 2 : 1;
  }
}

interface Plan {
  port: number;
  processes: number;
  seconds: number;
  inFlight: number;
  sourceAddresses: number;
  /** Of each process. */
  groups: GroupOrder[][];
}

function readPlan(): Plan {
  const processes = integer('processes', flags.processes, 1, 16);
  const coding = flags.coding === 'json' || flags.coding === 'msgpack' ? flags.coding : undefined;
  if (coding === undefined) throw new PlanError(`--coding "${flags.coding}" is neither json nor msgpack`);
  const sample = Number(flags.sample);
  if (!(sample >= 0 && sample <= 1)) throw new PlanError(`--sample "${flags.sample}" is not a share from 0 to 1`);
  const wanted = flags.connections.split(',').map(readCount);
  const total = wanted.reduce((sum, { count }) => sum + count, 0);
  if (total > MAX_CONNECTIONS) throw new PlanError(`at most ${MAX_CONNECTIONS} connections`);
  const tooMany = whyTooMany(Math.ceil(total / processes));
  if (tooMany !== undefined) throw new PlanError(tooMany);
  const groups = Array.from({ length: processes }, (_, i) =>
    wanted.map(({ mode, count }): GroupOrder => {
      const share = Math.floor(count / processes) + (i < count % processes ? 1 : 0);
      const common = { speech: 'swarmcast', path: '/ws', coding, acks: !flags['no-acks'], sample } as const;
      return { ...common, name: mode, count: share, hz: MODE_HZ[mode], hellos: [{ mode }] };
    }),
  );
  const addresses = flags['source-addresses'];
  return {
    port: integer('port', flags.port, 1, 65_535),
    processes,
    seconds: integer('seconds', flags.seconds, 1, 3_600),
    inFlight: integer('in-flight', flags['in-flight'], 1, 10_000),
    sourceAddresses:
      addresses === undefined ? sourceAddressesFor(total) : integer('source-addresses', addresses, 0, 254),
    groups,
  };
}

function readCount(text: string): { mode: Mode; count: number } {
  const [name, count = ''] = text.split('=');
  const mode = MODES.find((known) => known === name);
  if (mode === undefined) throw new PlanError(`--connections: "${name}" is not one of ${MODES.join(', ')}`);
  return { mode, count: integer('connections', count, 0, MAX_CONNECTIONS) };
}

function integer(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new PlanError(`--${flag} "${text}" is not a whole number from ${min} to ${max}`);
  }
  return value;
}

async function drive(plan: Plan): Promise<ProcessReport[]> {
  const drivers = Array.from({ length: plan.processes }, () => Driver.start());
  try {
    const { port, inFlight, sourceAddresses } = plan;
    const opened = await Promise.all(
      drivers.map((driver, i) =>
        driver.order('open', { port, groups: plan.groups[i] ?? [], inFlight, sourceAddresses, deadlineMs: 120_000 }),
      ),
    );
    for (const { opened: count, failed, why, seconds } of opened) {
      process.stderr.write(`${count} opened in ${seconds.toFixed(1)} s, ${failed} failed ${why.join('; ')}\n`);
    }
    await delay(SETTLE_MS);
    await Promise.all(drivers.map((driver) => driver.order('begin', {})));
    await delay(plan.seconds * 1_000);
    return await Promise.all(drivers.map((driver) => driver.order('report', {})));
  } finally {
    for (const driver of drivers) await driver[Symbol.asyncDispose]();
  }
}

function print(reports: readonly ProcessReport[]): number {
  const groups = reports.flatMap((report) => report.groups);
  if (flags.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
  else for (const group of groups) process.stdout.write(`${lineOf(group)}\n`);
  const cores = reports.map(({ cpuSeconds, seconds }) => (cpuSeconds / seconds).toFixed(2));
  process.stderr.write(`driver processes used ${cores.join(', ')} of a core\n`);
  const wrong = groups.some(({ hashes, closed, errors }) => {
    const { wrongHeartbeats, wrongResyncs, undecodable } = hashes;
    return wrongHeartbeats + wrongResyncs + undecodable + closed + errors > 0;
  });
  return wrong ? 1 : 0;
}

function lineOf(report: GroupReport): string {
  const { name, clients, closed, rate, latency, gaps, mute, frameBytes, frames, hashes, errors } = report;
  const { heartbeats, wrongHeartbeats, wrongResyncs, undecodable } = hashes;
  const checked = `${heartbeats} hashes checked, ${wrongHeartbeats + wrongResyncs} wrong, ${undecodable} undecodable`;
  const late = errors === 0 ? '' : `, ${errors} refusals (hellos that came too late?)`;
  const bytes = frames === 0 ? 0 : frameBytes / frames;
  return `${name.padEnd(15)} ${clients} clients (${closed} closed)  ${rate.mean.toFixed(2)} Hz (least ${rate.min.toFixed(2)})  p50 ${latency.p50_ms.toFixed(1)} ms  p99 ${latency.p99_ms.toFixed(1)} ms  ${gaps} gaps  ${mute} mute  ${bytes.toFixed(0)} B a frame  ${checked}${late}`;
}
