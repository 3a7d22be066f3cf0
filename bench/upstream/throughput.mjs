// P7: events per second on one core, and the share of a core that 10,000 agents at 10 Hz take.
import { setTimeout as delay } from 'node:timers/promises';
import { packRecords } from '../../dist/protocol/codec.js';
import { eventLines, spawnLines } from './events.mjs';
import { openPipeline } from './pipeline.mjs';

const AGENTS = 10_000;
const PER_SWARM = 500;
const HZ = 10;
const FLUSH_MS = 16;
const ROUNDS_KEPT = 10;
const EVENTS_GOAL = 150_000;
const CORE_GOAL = 0.5;
const STEPS = [
  { depth: 'lines', what: 'lines cut, JSON.parse alone (the limit)' },
  { depth: 'read', what: '+ dialect, checked, cleaned' },
  { depth: 'all', what: '+ world, flushed 62 times a second, batches encoded' },
];

export async function measureThroughput({ quick, log }) {
  const rounds = Array.from({ length: ROUNDS_KEPT }, (_, round) => eventLines(AGENTS, PER_SWARM, round));
  const bytes = rounds.reduce((total, { length }) => total + length, 0) / ROUNDS_KEPT / AGENTS;
  const rows = [];
  for (const { depth, what } of STEPS) {
    log(`P7: ${what}`);
    const perSecond = await eventsPerSecond(depth, rounds, quick ? 1.5 : 4);
    rows.push({ part: PART, what, events_per_s: perSecond, us_per_event: 1e6 / perSecond, bytes_per_event: bytes });
  }
  log('P7: 10,000 agents at 10 Hz');
  const paced = await coreAtPace(rounds, quick ? 3 : 10);
  rows.push({ part: PART, what: '10,000 agents at 10 Hz', events_per_s: paced.perSecond, core: paced.core });
  const best = rows[2].events_per_s;
  return {
    rows,
    goals: [
      { id: 'P7', goal: `≥ ${EVENTS_GOAL} events/s`, measured: best, met: best >= EVENTS_GOAL },
      {
        id: 'P7',
        goal: '10,000 agents at 10 Hz ≤ 0.5 of a core',
        measured: paced.core,
        ...(paced.perSecond < AGENTS * HZ * 0.95
          ? { met: null, why: `only ${Math.round(paced.perSecond)} events/s were managed` }
          : { met: paced.core <= CORE_GOAL }),
      },
    ],
  };
}

const PART = 'P7: telemetry events of the seeds, 10,000 agents in 20 swarms';

/** By CPU time, which the neighbours of a shared machine do not change much. */
async function eventsPerSecond(depth, rounds, seconds) {
  const pipeline = await openFilled(depth);
  await run(pipeline, rounds, 0.5);
  const before = process.cpuUsage();
  const events = await run(pipeline, rounds, seconds);
  const { user, system } = process.cpuUsage(before);
  assertTaken(pipeline, depth);
  return (events * 1e6) / (user + system);
}

async function openFilled(depth) {
  const pipeline = openPipeline(depth);
  await pipeline.push(spawnLines(AGENTS, PER_SWARM));
  pipeline.flush();
  return pipeline;
}

async function run(pipeline, rounds, seconds) {
  const untilMs = performance.now() + seconds * 1_000;
  let events = 0;
  let flushedMs = performance.now();
  for (let round = 0; performance.now() < untilMs; round++) {
    const bytes = rounds[round % rounds.length];
    // In pieces, so that flushes come in their time.
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await pipeline.push(bytes.subarray(at, at + PIECE_BYTES));
      if (performance.now() - flushedMs < FLUSH_MS) continue;
      flushedMs = performance.now();
      encode(pipeline.flush());
    }
    events += AGENTS;
  }
  return events;
}

const PIECE_BYTES = 65_536;

/** In real time: a tenth of a second brings one event of each agent, a 6th of them every flush; the batch is encoded too. */
async function coreAtPace(rounds, seconds) {
  const pipeline = await openFilled('all');
  await run(pipeline, rounds, 0.5);
  const before = process.cpuUsage();
  const begunMs = performance.now();
  let pieces = 0;
  const perRound = 6;
  for (;;) {
    const dueMs = begunMs + (pieces * 1_000) / (HZ * perRound);
    if (dueMs - begunMs >= seconds * 1_000) break;
    await delay(Math.max(0, dueMs - performance.now()));
    const bytes = rounds[Math.floor(pieces / perRound) % rounds.length];
    const share = pieces++ % perRound;
    const cut = (i) => Math.floor((bytes.length * i) / perRound);
    await pipeline.push(bytes.subarray(cut(share), cut(share + 1)));
    encode(pipeline.flush());
  }
  const tookMs = performance.now() - begunMs;
  const { user, system } = process.cpuUsage(before);
  assertTaken(pipeline, 'all');
  return { core: (user + system) / 1_000 / tookMs, perSecond: ((pieces / perRound) * AGENTS * 1_000) / tookMs };
}

/** As the feed does, once for all edges. */
function encode(batch) {
  if (batch !== undefined) packRecords(batch);
}

/** Figures of events that were dropped would be worth nothing. */
function assertTaken({ counts, world }, depth) {
  const { unreadable, refusedObservations, noiseLines, oversizeLines } = counts;
  if (unreadable + refusedObservations + noiseLines + oversizeLines > 0) {
    throw new Error(`events were lost: ${JSON.stringify(counts)}`);
  }
  if (depth === 'all' && world.stats().agents !== AGENTS) throw new Error(`${world.stats().agents} agents`);
}
