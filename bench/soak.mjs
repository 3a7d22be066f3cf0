// npm run soak -- [--minutes N] [--json] — does anything pile up? One gateway; servers die and come back, are found and
// lost, clients come and go, filters and modes change, all at once and all the time. Memory after warm-up, and what is
// open and alive at the end beside what was after warm-up, in all threads. Exit code 1 when something piled up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { startSimulator } from '../dist/simulator/simulator.js';

const { values: flags } = parseArgs({
  options: { json: { type: 'boolean' }, minutes: { type: 'string' }, help: { type: 'boolean' } },
});
const minutes = Number(flags.minutes ?? 10);
const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, '..', 'dist', 'main.js');
const census = join(here, 'soak', 'census.mjs');
const SIMULATOR = { face: 'seed', transport: 'tcp', swarms: 2, agents: 10, eventsPerSecond: 100, swarmsChange: true };
const SERVERS = 6;
/** Servers beside those, found in a watched file now and then. */
const FOUND = 2;
const CLIENTS = 20;
/** Of the time: caches fill, code is compiled. What is alive after it is what there may be at the end. */
const WARM_UP = 0.4;
/** Growth of the process that is not called growth: what one of this size wavers by. */
const WAVER_MB = 24;
/** The same of what is alive in a thread after a collection. */
const HEAP_WAVER_MB = 3;
/** Objects more than this share and number are a leak: far less than one for each hundred comings. */
const OBJECTS_SHARE = 0.05;
const OBJECTS_MORE = 50;
/** Timers of polls that happen to run, or not. */
const TIMERS_MORE = 4;
/** Comings and goings that a minute must bring, or it was no soak. */
const COMINGS_PER_MINUTE = 1_000;
/** Threads with JavaScript: main and edge, hub, layout. */
const THREADS = 3;
const MODES = ['high_frequency', 'normal', 'low_frequency', 'on_demand'];

if (flags.help || !(minutes > 0))
  process.stdout.write('npm run soak -- [--minutes N (10)] [--json]; 0.33 for a short one\n');
else await soak();

async function soak() {
  const simulators = [];
  for (let i = 0; i < SERVERS + FOUND; i++) simulators.push(await startSimulator({ ...SIMULATOR, seed: i + 1 }));
  const gateway = await startGateway(simulators);
  const done = { faults: 0, found: 0, clients: 0, messages: 0 };
  const samples = [];
  try {
    await settled(gateway);
    const total = minutes * 60_000;
    await churn(gateway, simulators, total * WARM_UP, done, []);
    const before = await countsOf(gateway);
    const warm = { ...done };
    await churn(gateway, simulators, total * (1 - WARM_UP), done, samples);
    const after = await countsOf(gateway);
    for (const name in warm) done[name] -= warm[name];
    verdict(samples, before, after, done, await sessionsOf(gateway));
  } finally {
    gateway.child.kill('SIGTERM');
    await gateway.gone;
    rmSync(gateway.directory, { recursive: true });
    for (const simulator of simulators) await simulator[Symbol.asyncDispose]();
  }
}

async function churn(gateway, simulators, ms, done, samples) {
  const stop = new AbortController();
  const begun = performance.now();
  const work = [
    ...simulators.slice(0, SERVERS).map((simulator, index) => churnServer(simulator, index, stop.signal, done)),
    churnFound(gateway, simulators.slice(SERVERS), stop.signal, done),
    ...Array.from({ length: CLIENTS }, (_, index) => churnClient(gateway.url, index, stop.signal, done)),
  ];
  while (performance.now() - begun < ms) {
    await pause(Math.min(1_000, ms / 40));
    samples.push({ at_s: (performance.now() - begun) / 1_000, rss_mb: rssOf(gateway.pid) });
    if (gateway.child.exitCode !== null) throw new Error(`the gateway died: ${gateway.child.exitCode}`);
  }
  stop.abort();
  await Promise.all(work);
  await settled(gateway);
}

function verdict(samples, before, after, done, sessions) {
  // Counting collects all garbage: the process takes its time to be as large as before.
  const late = samples.slice(Math.floor(samples.length / 2));
  const slope = slopeOf(late);
  const lateS = late.at(-1).at_s - late[0].at_s;
  const measuredS = samples.at(-1).at_s - samples[0].at_s;
  const grown = slope * lateS;
  const comings = done.faults + done.found + done.clients;
  const measuredMinutes = measuredS / 60;
  const checks = [
    {
      what: `memory grew ${grown.toFixed(1)} MB in the last ${(lateS / 60).toFixed(1)} minutes (≤ ${WAVER_MB}), ${(slope * 3_600).toFixed(0)} MB an hour`,
      fine: grown <= WAVER_MB,
    },
    { what: `threads ${before.threads} → ${after.threads}`, fine: after.threads <= before.threads },
    {
      what: `open files and sockets ${before.descriptors} → ${after.descriptors}`,
      fine: after.descriptors <= before.descriptors + 2,
    },
    ...after.census.flatMap((thread, index) => aliveChecks(before.census[index], thread)),
    {
      what: `clients at the end ${sessions.clients}, servers ${sessions.servers}`,
      fine: sessions.clients === 0 && sessions.servers === SERVERS,
    },
    { what: `all servers are healthy again: ${sessions.healthy} of ${SERVERS}`, fine: sessions.healthy === SERVERS },
    {
      what: `it was churn: ${comings} comings and goings (≥ ${COMINGS_PER_MINUTE} a minute): ${done.faults} faults of servers, ${done.found} servers found and lost, ${done.clients} clients; ${done.messages} messages`,
      fine: comings >= COMINGS_PER_MINUTE * measuredMinutes,
    },
  ];
  for (const { what, fine } of checks) process.stdout.write(`${fine ? 'fine  ' : 'FAILED'} ${what}\n`);
  const met = checks.every(({ fine }) => fine);
  process.stdout.write(`soak of ${minutes} minutes: ${met ? 'nothing piles up' : 'FAILED'}\n`);
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ name: 'soak', minutes, samples, before, after, done, met })}\n`);
  if (!met) process.exitCode = 1;
}

/** Of one thread. */
function aliveChecks(before, after) {
  if (before?.thread !== after.thread) return [{ what: `thread ${after.thread} was not there before`, fine: false }];
  const name = after.thread === 0 ? 'main thread' : `thread ${after.thread}`;
  const timers = [before, after].map(({ resources }) => resources.Timeout ?? 0);
  const objects = Object.keys(after.objects).map((kind) => ({
    kind,
    was: before.objects[kind],
    is: after.objects[kind],
  }));
  return [
    { what: `${name}: timers ${timers.join(' → ')}`, fine: timers[1] <= timers[0] + TIMERS_MORE },
    {
      what: `${name}: ${objects.map(({ kind, was, is }) => `${kind} ${was} → ${is}`).join(', ')}`,
      fine: objects.every(({ was, is }) => is <= was * (1 + OBJECTS_SHARE) + OBJECTS_MORE),
    },
    {
      what: `${name}: alive ${before.heap_mb.toFixed(1)} → ${after.heap_mb.toFixed(1)} MB (≤ ${HEAP_WAVER_MB} more)`,
      fine: after.heap_mb <= before.heap_mb + HEAP_WAVER_MB,
    },
  ];
}

async function startGateway(simulators) {
  const servers = simulators.slice(0, SERVERS).map((simulator, index) => entryOf(simulator, `s${index}`));
  const directory = mkdtempSync(join(tmpdir(), 'swarmcast-soak-'));
  const config = join(directory, 'config.json');
  const file = join(directory, 'servers.json');
  writeFileSync(file, '[]');
  const quick = { request_timeout_ms: 1_000, connect_timeout_ms: 1_000, reconnect_min_ms: 20, reconnect_max_ms: 100 };
  const resilience = { recovery_ms: 200 };
  const world = { stale_after_ms: 1_000, remove_after_ms: 2_000, message_history: 1_000 };
  // All clients come from one address here.
  // What is kept up to a bound is full after warm-up.
  const clients = { upgrades_per_second: 10_000, upgrade_burst: 10_000, tombstones: 1_000 };
  const discovery = { file };
  writeFileSync(
    config,
    JSON.stringify({ servers, clients, discovery, upstream: quick, resilience, world, log: { level: 'silent' } }),
  );
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    census,
    main,
    'start',
    '--config',
    config,
    '--port',
    '0',
    '--json',
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const gone = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    gone.then(([code]) => Promise.reject(new Error(`the gateway did not start: exit ${code}`))),
  ]);
  return { child, gone, pid: child.pid, url: JSON.parse(line[0]).listening.url, directory, file };
}

function entryOf({ port }, id) {
  return { id, transport: 'tcp', port, simulated: true };
}

/** Servers that a watched file names now, and then no more. */
async function churnFound({ file }, simulators, signal, done) {
  const write = (found) => {
    writeFileSync(`${file}.new`, JSON.stringify(found));
    renameSync(`${file}.new`, file);
  };
  for (let turn = 0; !signal.aborted; turn++) {
    const found = simulators.filter((_, index) => (turn + index) % 3 !== 0);
    write(
      found.map(({ port }, index) => ({ id: `found-${index}-${turn % 5}`, transport: 'tcp', port, simulated: true })),
    );
    done.found += found.length;
    await pause(400);
  }
  write([]);
}

/** Dies and is back, hangs, cuts, floods: one after the other. */
async function churnServer(simulator, index, signal, done) {
  const faults = [
    { kind: 'restart', ms: 20 },
    { kind: 'close-mid-reply' },
    { kind: 'half-open' },
    { kind: 'restart', ms: 5 },
    { kind: 'error-and-close' },
    { kind: 'wrong-id', times: 3 },
    { kind: 'event-flood', events: 2_000, of: 'agent.status' },
    { kind: 'restart', ms: 50 },
  ];
  for (let turn = index; !signal.aborted; turn++) {
    simulator.inject(faults[turn % faults.length]);
    done.faults++;
    await pause(150 + ((index * 37) % 100));
  }
  simulator.cancelFaults();
}

/** Connects, changes its mind a few times, leaves with or without a goodbye. */
async function churnClient(url, index, signal, done) {
  for (let turn = index; !signal.aborted; turn++) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['swarmcast.v1.json']);
    socket.on('error', () => undefined);
    socket.on('message', () => done.messages++);
    const opened = await Promise.race([
      once(socket, 'open').then(
        () => true,
        () => false,
      ),
      pause(2_000).then(() => false),
    ]);
    if (opened) {
      done.clients++;
      const send = (type, payload) => socket.send(JSON.stringify({ type, payload }));
      send('hello', { mode: MODES[turn % 4], filters: turn % 3 === 0 ? { server_ids: [`s${turn % SERVERS}`] } : {} });
      await pause(20 + (turn % 7) * 10);
      send('performance_mode', { mode: MODES[(turn + 1) % 4] });
      send('filter_update', { filters: { statuses: turn % 2 === 0 ? ['active'] : [] } });
      await pause(20 + (turn % 5) * 10);
    }
    if (turn % 2 === 0) socket.close();
    else socket.terminate();
    // A socket that is closed before it opened says so as an error.
    const closed = once(socket, 'close').catch(() => undefined);
    if (socket.readyState !== WebSocket.CLOSED) await Promise.race([closed, pause(1_000)]);
  }
}

/** All servers healthy and no client left, or 15 s. */
async function settled(gateway) {
  const deadline = performance.now() + 15_000;
  while (performance.now() < deadline) {
    const { clients, healthy } = await sessionsOf(gateway);
    if (clients === 0 && healthy === SERVERS) break;
    await pause(100);
  }
  await pause(500);
}

async function sessionsOf({ url }) {
  const { servers } = await (await fetch(`${url}/api/health/mcp`, { headers: { connection: 'close' } })).json();
  const metrics = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
  const clients = Number(/^swarmcast_edge_clients\{[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? Number.NaN);
  return {
    clients,
    servers: servers.length,
    healthy: servers.filter(({ health }) => health.state === 'healthy').length,
  };
}

/** What is open and alive: of the process, and of each of its threads. */
async function countsOf({ pid, child }) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const descriptors = readdirSync(`/proc/${pid}/fd`).length;
  child.send({ expected: THREADS });
  const [threads] = await once(child, 'message');
  return { threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]), descriptors, census: threads, rss_mb: rssOf(pid) };
}

function rssOf(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

/** Least squares, MB per second. */
function slopeOf(samples) {
  const n = samples.length;
  const meanX = samples.reduce((sum, { at_s }) => sum + at_s, 0) / n;
  const meanY = samples.reduce((sum, { rss_mb }) => sum + rss_mb, 0) / n;
  let [above, below] = [0, 0];
  for (const { at_s, rss_mb } of samples) {
    above += (at_s - meanX) * (rss_mb - meanY);
    below += (at_s - meanX) ** 2;
  }
  return below === 0 ? 0 : above / below;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
