// npm run soak -- [--minutes N] [--json] — does anything pile up? One gateway; servers die and come back, clients come
// and go, filters and modes change, all at once and all the time. Memory after warm-up, and what is open at the end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
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
const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'main.js');
const SIMULATOR = { face: 'seed', transport: 'tcp', swarms: 2, agents: 10, eventsPerSecond: 100, swarmsChange: true };
const SERVERS = 6;
const CLIENTS = 20;
/** Of the time: what is allocated until then is working memory. */
const WARM_UP = 0.4;
/** Growth that is not called growth: what a process of this size wavers by. */
const WAVER_MB = 24;
const MODES = ['high_frequency', 'normal', 'low_frequency', 'on_demand'];

if (flags.help || !(minutes > 0))
  process.stdout.write('npm run soak -- [--minutes N (10)] [--json]; 0.33 for a short one\n');
else await soak();

async function soak() {
  const simulators = [];
  for (let i = 0; i < SERVERS; i++) simulators.push(await startSimulator({ ...SIMULATOR, seed: i + 1 }));
  const gateway = await startGateway(simulators);
  const done = { servers: 0, clients: 0, messages: 0 };
  const stop = new AbortController();
  const samples = [];
  try {
    await settled(gateway);
    const before = resourcesOf(gateway);
    const begun = performance.now();
    const total = minutes * 60_000;
    const work = [
      ...simulators.map((simulator, index) => churnServer(simulator, index, stop.signal, done)),
      ...Array.from({ length: CLIENTS }, (_, index) => churnClient(gateway.url, index, stop.signal, done)),
    ];
    while (performance.now() - begun < total) {
      await pause(Math.min(1_000, total / 40));
      samples.push({ at_s: (performance.now() - begun) / 1_000, rss_mb: rssOf(gateway.pid) });
      if (gateway.child.exitCode !== null) throw new Error(`the gateway died: ${gateway.child.exitCode}`);
    }
    stop.abort();
    await Promise.all(work);
    await settled(gateway);
    const after = resourcesOf(gateway);
    verdict(samples, before, after, done, await sessionsOf(gateway));
  } finally {
    stop.abort();
    gateway.child.kill('SIGTERM');
    await gateway.gone;
    for (const simulator of simulators) await simulator[Symbol.asyncDispose]();
  }
}

function verdict(samples, before, after, done, sessions) {
  const from = samples.at(-1).at_s * WARM_UP;
  const late = samples.filter(({ at_s }) => at_s >= from);
  const slope = slopeOf(late);
  const grown = slope * (late.at(-1).at_s - late[0].at_s);
  const checks = [
    {
      what: `memory grew ${grown.toFixed(1)} MB after warm-up (≤ ${WAVER_MB}), ${(slope * 3_600).toFixed(0)} MB an hour`,
      fine: grown <= WAVER_MB,
    },
    { what: `threads ${before.threads} → ${after.threads}`, fine: after.threads <= before.threads },
    {
      what: `open files and sockets ${before.descriptors} → ${after.descriptors}`,
      fine: after.descriptors <= before.descriptors + 2,
    },
    {
      what: `clients at the end ${sessions.clients}, servers ${sessions.servers}`,
      fine: sessions.clients === 0 && sessions.servers === SERVERS,
    },
    { what: `all servers are healthy again: ${sessions.healthy} of ${SERVERS}`, fine: sessions.healthy === SERVERS },
    {
      what: `it was churn: ${done.servers} ends of servers, ${done.clients} clients, ${done.messages} messages`,
      fine: done.servers > 5 && done.clients > 50,
    },
  ];
  for (const { what, fine } of checks) process.stdout.write(`${fine ? 'fine  ' : 'FAILED'} ${what}\n`);
  const met = checks.every(({ fine }) => fine);
  process.stdout.write(`soak of ${minutes} minutes: ${met ? 'nothing piles up' : 'FAILED'}\n`);
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ name: 'soak', minutes, samples, before, after, done, met })}\n`);
  if (!met) process.exitCode = 1;
}

async function startGateway(simulators) {
  const servers = simulators.map(({ port }, index) => ({ id: `s${index}`, transport: 'tcp', port, simulated: true }));
  const config = join(process.env.TMPDIR ?? '/tmp', `swarmcast-soak-${process.pid}.json`);
  const { writeFileSync, rmSync } = await import('node:fs');
  const quick = { request_timeout_ms: 1_000, connect_timeout_ms: 1_000, reconnect_min_ms: 20, reconnect_max_ms: 100 };
  const resilience = { recovery_ms: 200 };
  const world = { stale_after_ms: 1_000, remove_after_ms: 2_000 };
  writeFileSync(config, JSON.stringify({ servers, upstream: quick, resilience, world, log: { level: 'silent' } }));
  const args = [main, 'start', '--config', config, '--port', '0', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    gone.then(([code]) => Promise.reject(new Error(`the gateway did not start: exit ${code}`))),
  ]);
  rmSync(config);
  return { child, gone, pid: child.pid, url: JSON.parse(line[0]).listening.url };
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
    done.servers++;
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
    if (socket.readyState !== WebSocket.CLOSED) await Promise.race([once(socket, 'close'), pause(1_000)]);
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

function resourcesOf({ pid }) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    rss_mb: rssOf(pid),
  };
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
