// npm run bench:upstream — P7, P9 and the open circuit: what the way in costs. Telemetry through line codec, dialect,
// cleaning and world on one core; round trips through policy and session beside the bare SDK client over the same
// transport in the same run, against a simulated server in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { createCounters } from '../dist/hub/upstream/connection-counters.js';
import { seedDialect } from '../dist/hub/upstream/dialects/seed.js';
import { EventReader } from '../dist/hub/upstream/event-reader.js';
import { ServerPolicy } from '../dist/hub/upstream/resilience/policy.js';
import { openSession } from '../dist/hub/upstream/session.js';
import { LineDecoder } from '../dist/hub/upstream/transports/line-codec.js';
import { TcpTransport } from '../dist/hub/upstream/transports/tcp-transport.js';
import { World } from '../dist/hub/world/world.js';
import { systemClock } from '../dist/platform/clock.js';
import { configSchema } from '../dist/platform/config/schema.js';

const { values: flags } = parseArgs({
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, help: { type: 'boolean' } },
});
const CALL = { kind: 'method', method: 'agent.list', params: {} };
const SECONDS = flags.quick ? 2 : 8;
const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'main.js');
const config = configSchema.parse({ upstream: { requests_per_second: 0, max_in_flight: 10_000, max_queued: 10_000 } });

if (flags.help) process.stdout.write('npm run bench:upstream -- [--quick] [--json]\n');
else await bench();

async function bench() {
  const ingest = await telemetry(1_000);
  const many = await telemetry(10_000);
  // Every agent changes once per 100 ms.
  const share = (10_000 / many.eventsPerSecond / 0.1) * 100;
  const server = await simulator();
  let trip, load;
  try {
    trip = await roundTrips(server.port);
    load = await connections(server.port, 100);
  } finally {
    await server.stop();
  }
  const open = await openCircuit();
  const ratio = trip.ours.median_us / trip.bare.median_us;
  const goals = [
    goal('P7', 'telemetry ≥ 150,000 events/s on one core', ingest.eventsPerSecond, ingest.eventsPerSecond >= 150_000),
    goal('P7', '10,000 agents at 10 Hz ≤ 50 % of a core', share, share <= 50),
    goal('P9', 'sequential median ≤ 1.2 × the bare SDK client', ratio, ratio <= 1.2),
    goal('P9', '100 connections ≥ 10,000 requests/s', load.ours, load.ours >= 10_000),
    goal('open circuit', 'answers in < 1 ms (median)', open.median_us / 1_000, open.median_us < 1_000),
  ];
  const rows = [
    { what: 'telemetry, 1,000 agents, events/CPU s', ours: ingest.eventsPerSecond, peer: ingest.parseOnly },
    { what: 'telemetry, 10,000 agents, events/CPU s', ours: many.eventsPerSecond, peer: many.parseOnly },
    { what: 'round trip, median µs', ours: trip.ours.median_us, peer: trip.bare.median_us },
    { what: 'round trip without policy, median µs', ours: trip.session.median_us, peer: trip.bare.median_us },
    { what: 'round trip, p99 µs', ours: trip.ours.p99_us, peer: trip.bare.p99_us },
    { what: '100 connections, requests/s', ours: load.ours, peer: load.bare },
    { what: '100 connections without policy, requests/s', ours: load.session, peer: load.bare },
    { what: 'open circuit, median µs', ours: open.median_us },
    { what: 'open circuit, p99 µs', ours: open.p99_us },
  ];
  process.stdout.write(`${''.padEnd(44)}${'ours'.padStart(12)}${'peer'.padStart(12)}\n`);
  for (const { what, ours, peer } of rows)
    process.stdout.write(`${what.padEnd(44)}${text(ours).padStart(12)}${text(peer).padStart(12)}\n`);
  process.stdout.write('peer: JSON.parse alone for telemetry, the bare SDK client for requests\n');
  for (const { id, goal: words, measured, met } of goals)
    process.stdout.write(`${id} ${words}: ${text(measured)}, ${met ? 'met' : 'MISSED'}\n`);
  if (flags.json) process.stdout.write(`${JSON.stringify({ name: 'upstream', rows, goals })}\n`);
}

function goal(id, words, measured, met) {
  return { id, goal: words, measured, met };
}

function text(number) {
  if (number === undefined) return '';
  return number >= 1_000 ? Math.round(number).toLocaleString('en') : number.toFixed(2);
}

// As the seeds' servers push: status and metrics of every agent in turn, in chunks as a socket gives them.
function telemetryChunks(agents) {
  const lines = [];
  const timestamp = new Date().toISOString();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < agents; i++) {
      const who = { agent_id: `agent_${i}`, swarm_id: `swarm_${i % 20}` };
      const status = {
        status: round === 0 ? 'active' : 'busy',
        cpu_usage: (i + round * 13) % 100,
        memory_usage_mb: 64.5 + (i % 50) + round,
      };
      const rest = { tasks_active: round, tasks_completed: i % 40, tokens_used: 1_000 + i + round * 7 };
      lines.push(JSON.stringify({ type: 'agent.status', timestamp, data: { ...who, ...status, ...rest } }));
    }
  }
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  const chunks = [];
  for (let at = 0; at < bytes.length; at += 65_536) chunks.push(bytes.subarray(at, at + 65_536));
  return { chunks, events: lines.length };
}

async function telemetry(agents) {
  const counts = { ...createCounters(), pushes: 0, refusedObservations: 0, unreadable: 0 };
  const world = new World({ config: config.world, clock: systemClock, onDirty: () => undefined });
  world.addServer({ id: 'bench', type: 'other', simulated: true, transport: 'tcp', endpoint: 'tcp://bench' });
  const session = seedDialect.open({ name: 'bench', version: '1', protocolVersion: undefined, tools: new Set() });
  const reader = new EventReader({
    serverId: 'bench',
    session,
    sink: world,
    clock: systemClock,
    counts,
    onUnreadable: fail,
  });
  const sink = { onMessage: fail, onNoise: fail, onEvent: (event) => reader.push(event) };
  const decoder = new LineDecoder({ maxLineBytes: config.upstream.max_line_bytes, counters: counts, sink });
  const { chunks, events } = telemetryChunks(agents);
  const spell = async (ms) => {
    let done = 0;
    let flushedAt = performance.now();
    const begun = flushedAt;
    const cpu = process.cpuUsage();
    for (;;) {
      for (const chunk of chunks) {
        decoder.push(chunk);
        await Promise.resolve();
        const now = performance.now();
        if (now - flushedAt < config.world.flush_interval_ms) continue;
        world.flush(Date.now());
        flushedAt = now;
      }
      done += events;
      if (performance.now() - begun < ms) continue;
      const { user, system } = process.cpuUsage(cpu);
      return (done * 1_000_000) / (user + system);
    }
  };
  await spell(1_000);
  // By CPU time, since the machine is shared, and the best of several: what disturbs only slows.
  const spells = [];
  for (let i = 0; i < 5; i++) spells.push(await spell((SECONDS * 1_000) / 5));
  const shown = world.snapshot().agents.length;
  if (shown !== agents) throw new Error(`${shown} of ${agents} agents arrived`);
  return { eventsPerSecond: Math.max(...spells), parseOnly: parseOnly(chunks, events) };
}

// The floor: the same lines, cut and parsed, and nothing done with them.
function parseOnly(chunks, events) {
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  const cpu = process.cpuUsage();
  let done = 0;
  for (const end = performance.now() + 1_000; performance.now() < end; done += events)
    for (const line of lines) if (line !== '') JSON.parse(line);
  const { user, system } = process.cpuUsage(cpu);
  return (done * 1_000_000) / (user + system);
}

async function simulator() {
  const args = [
    main,
    'simulate',
    '--json',
    '--parent-watch',
    '--events-per-second',
    '0',
    '--agents',
    '3',
    '--swarms',
    '1',
  ];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const stop = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  return { port: JSON.parse(line).listening.port, stop };
}

function transportTo(port) {
  return new TcpTransport({
    host: '127.0.0.1',
    port,
    tls: false,
    connectTimeoutMs: 3_000,
    keepAliveMs: 30_000,
    maxLineBytes: config.upstream.max_line_bytes,
    writeStallMs: 15_000,
    counters: createCounters(),
  });
}

function openPolicy() {
  return new ServerPolicy({
    resilience: config.resilience,
    limits: config.upstream,
    clock: systemClock,
    random: Math.random,
    onCircuit: () => undefined,
  });
}

async function openOurs(port, policy) {
  const session = await openSession({
    openTransport: () => ({ transport: transportTo(port), pipe: true }),
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 15_000,
    counters: createCounters(),
    events: { onPush: () => undefined, onNoise: () => undefined, onClosed: () => undefined },
  });
  const { signal } = new AbortController();
  const askAlone = () => session.call(CALL, signal);
  const ask = () => policy.request({ name: 'agent.list', repeat: true, signal }, (inner) => session.call(CALL, inner));
  return { ask, askAlone, close: () => session.close() };
}

async function openBare(port) {
  const client = new Client({ name: 'bench', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
  await client.connect(transportTo(port));
  const anything = z.unknown();
  const ask = () => client.request({ method: 'agent.list', params: {} }, anything);
  return { ask, close: () => client.close() };
}

// Turn by turn, so that what disturbs one disturbs the other.
async function roundTrips(port) {
  const ours = await openOurs(port, openPolicy());
  const bare = await openBare(port);
  const times = { ours: [], session: [], bare: [] };
  const end = performance.now() + SECONDS * 1_000;
  for (let warm = 0; warm < 500; warm++) await (warm % 2 === 0 ? ours : bare).ask();
  while (performance.now() < end) {
    for (const [name, { ask }] of [
      ['ours', ours],
      ['session', { ask: ours.askAlone }],
      ['bare', bare],
    ]) {
      for (let i = 0; i < 50; i++) {
        const begun = performance.now();
        await ask();
        times[name].push((performance.now() - begun) * 1_000);
      }
    }
  }
  await Promise.all([ours.close(), bare.close()]);
  return { ours: spread(times.ours), session: spread(times.session), bare: spread(times.bare) };
}

// Turn by turn too, and the best of several turns.
async function connections(port, count) {
  const policy = openPolicy();
  const sets = { ours: [], bare: [] };
  for (let i = 0; i < count; i++) {
    sets.ours.push(await openOurs(port, policy));
    sets.bare.push(await openBare(port));
  }
  const alone = sets.ours.map(({ askAlone }) => ({ ask: askAlone }));
  const best = { ours: 0, session: 0, bare: 0 };
  for (let turn = 0; turn < 4; turn++) {
    for (const [name, all] of Object.entries({ ...sets, session: alone })) {
      best[name] = Math.max(best[name], await requestsPerSecond(all, (SECONDS * 1_000) / 8));
    }
  }
  await Promise.all(Object.values(sets).flatMap((all) => all.map(({ close }) => close())));
  return best;
}

async function requestsPerSecond(all, ms) {
  let done = 0;
  const begun = performance.now();
  const loop = async ({ ask }) => {
    while (performance.now() - begun < ms) {
      await ask();
      done++;
    }
  };
  await Promise.all(all.map(loop));
  return (done * 1_000) / (performance.now() - begun);
}

async function openCircuit() {
  const policy = openPolicy();
  const { signal } = new AbortController();
  const ask = (work) => policy.request({ name: 'nothing', repeat: false, signal }, work).catch((error) => error.reason);
  for (let i = 0; i < 3; i++) await ask(failing);
  const times = [];
  for (let i = 0; i < 20_000; i++) {
    const begun = performance.now();
    const reason = await ask(failing);
    times.push((performance.now() - begun) * 1_000);
    if (reason !== 'circuit_open') throw new Error(`the circuit did not refuse: ${reason}`);
  }
  return spread(times);
}

function fail(error) {
  throw error;
}

async function failing() {
  throw new Error('the server is gone');
}

function spread(times) {
  const sorted = times.toSorted((a, b) => a - b);
  return { median_us: sorted[Math.floor(sorted.length / 2)], p99_us: sorted[Math.floor(sorted.length * 0.99)] };
}
