// npm run soak -- [--minutes N] [--json] — does anything pile up? One gateway; servers die and come back, are found and
// lost, clients come and go, filters and modes change, all at once and all the time. First until all that is kept up to a
// bound is full; from then on what is alive is looked at again and again, in all threads. Exit code 1 when something
// piled up. --snapshots DIR: heap snapshots of all threads after warm-up and at the end. --leak BYTES: each thread loses so
// many a second on purpose, and the soak must fail.
import { parseArgs } from 'node:util';
import { startSimulator } from '../dist/simulator/simulator.js';
import { churn } from './soak/churn.mjs';
import { isFull, leak, lookAt, snapshot, startGateway, stateOf } from './soak/gateway.mjs';
import { pause } from './soak/pause.mjs';
import { judge } from './soak/verdict.mjs';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean' },
    minutes: { type: 'string' },
    snapshots: { type: 'string' },
    leak: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const minutes = Number(flags.minutes ?? 10);
const SIMULATOR = { face: 'seed', transport: 'tcp', swarms: 2, agents: 10, eventsPerSecond: 100, swarmsChange: true };
const SERVERS = 6;
/** Servers beside those, found in a watched file now and then. */
const FOUND = 2;
/** Of the time: caches fill, code is compiled. What is alive after it is what there may be at the end. */
const WARM_UP = 0.4;
/** Parts of the rest, with a look after each. */
const PARTS = 6;

if (flags.help || !(minutes > 0))
  process.stdout.write('npm run soak -- [--minutes N (10)] [--json] [--snapshots DIR] [--leak BYTES]\n');
else await soak();

async function soak() {
  const simulators = [];
  for (let i = 0; i < SERVERS + FOUND; i++) simulators.push(await startSimulator({ ...SIMULATOR, seed: i + 1 }));
  const gateway = await startGateway(simulators.slice(0, SERVERS).map(entryOf));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stopped(gateway, signal));
  const run = { gateway, lasting: simulators.slice(0, SERVERS), passing: simulators.slice(SERVERS), done: noneDone() };
  try {
    await settled(gateway);
    await churnFor(run, minutes * 60_000 * WARM_UP);
    const full = await stateOf(gateway);
    if (flags.leak !== undefined) await leak(gateway, Number(flags.leak));
    if (flags.snapshots !== undefined) await snapshot(gateway, flags.snapshots, 'before');
    run.done = noneDone();
    const looks = await lookAgainAndAgain(run);
    if (flags.snapshots !== undefined) await snapshot(gateway, flags.snapshots, 'after');
    report(looks, full, await stateOf(gateway), run.done);
  } finally {
    gateway.child.kill('SIGTERM');
    await gateway.gone;
    for (const simulator of simulators) await simulator[Symbol.asyncDispose]();
  }
}

async function lookAgainAndAgain(run) {
  const begun = performance.now();
  const look = async () => ({ at_s: (performance.now() - begun) / 1_000, ...(await lookAt(run.gateway)) });
  const looks = [await look()];
  for (let part = 0; part < PARTS; part++) {
    await churnFor(run, (minutes * 60_000 * (1 - WARM_UP)) / PARTS);
    looks.push(await look());
  }
  return looks;
}

async function churnFor({ gateway, lasting, passing, done }, ms) {
  const stop = new AbortController();
  const work = churn({ gateway, lasting, passing, signal: stop.signal, done });
  await Promise.race([pause(ms), gateway.gone]);
  stop.abort();
  if (gateway.child.exitCode !== null) throw new Error(`the gateway died: ${gateway.child.exitCode}`);
  await work;
  await settled(gateway);
}

function report(looks, full, state, done) {
  const checks = judge({ looks, full: { kept: full.kept, isFull: isFull(full) }, state, done, servers: SERVERS });
  for (const { what, fine } of checks) process.stdout.write(`${fine ? 'fine  ' : 'FAILED'} ${what}\n`);
  const met = checks.every(({ fine }) => fine);
  process.stdout.write(`soak of ${minutes} minutes: ${met ? 'nothing piles up' : 'FAILED'}\n`);
  if (flags.json) process.stdout.write(`${JSON.stringify({ name: 'soak', minutes, looks, done, met })}\n`);
  if (!met) process.exitCode = 1;
}

function noneDone() {
  return { faults: 0, found: 0, clients: 0, messages: 0 };
}

function entryOf({ port }, index) {
  return { id: `s${index}`, transport: 'tcp', port, simulated: true };
}

/** All servers healthy and no client left, or 15 s. */
async function settled(gateway) {
  const deadline = performance.now() + 15_000;
  while (performance.now() < deadline) {
    const { clients, servers, healthy } = await stateOf(gateway);
    if (clients === 0 && healthy === SERVERS && servers === SERVERS) break;
    await pause(100);
  }
  await pause(500);
}

/** The gateway ends with its channel to us, whatever ends us; told so, it is seen to end. */
async function stopped(gateway, signal) {
  process.stderr.write(`${signal}: the soak is over\n`);
  gateway.child.kill('SIGTERM');
  await gateway.gone;
  process.exit(1);
}
