// The whole layout at 60 Hz as the gateway runs it: openLayout(), a worker thread, publications in shared memory, tick
// events on a port. What it costs is the CPU time of this process, all threads, less what the same takes without swarms:
// Node 20 tells no thread's time apart. This includes the main thread's part: orders, pins and tick events.
import { MessageChannel } from 'node:worker_threads';
import { openLayout } from '../../dist/hub/layout/open-layout.js';
import { mixedSizes, swarmGraph } from './graphs.mjs';
import { readPlaces, worldOf } from './our-engine.mjs';

const HZ = 60;
/** Swarms rest by themselves; an operator who drags an agent in each, once a second, keeps them awake. */
const DRAG_TICKS = HZ;
const DRAG_UNITS = 15;
const SETTLE_LIMIT_TICKS = 40 * HZ;

/**
 * @param {{ quick: boolean, log: (line: string) => void }} options
 * @returns rows { section, load, swarms, agents, links, core, idle, awake, hz }. core: share of one core, less `idle`;
 * awake: swarms on average; hz: publications per awake swarm and second, 60 when the worker kept up
 */
export async function measureEndToEnd({ quick, log }) {
  const ticks = quick ? 150 : 480;
  const many = Array.from({ length: 1_000 }, (_, k) => swarmGraph(50, 1 + (k % 50)));
  const mixed = mixedSizes(2_000).map((size, k) => swarmGraph(size, k));
  const rows = [await measure('no swarms', [], { ticks, awakeShare: 0, quick, log })];
  const loads = [['1,000 × 50', many, 1], ...(quick ? [] : [['2,000 × 5–200', mixed, 1]])];
  for (const [load, graphs, awakeShare] of loads)
    rows.push(await measure(load, graphs, { ticks, awakeShare, quick, log }));
  rows.push(await measure('2,000 × 5–200, 95 % asleep', mixed, { ticks, awakeShare: 0.05, quick, log }));
  const idle = rows[0].core;
  return rows.map((row) => ({ ...row, core: row.load === 'no swarms' ? row.core : row.core - idle, idle }));
}

async function measure(load, graphs, { ticks, awakeShare, quick, log }) {
  log(`end to end: ${load}`);
  const world = worldOf(graphs);
  const layout = openLayout({ threads: 1, seed: 1, onWorkerReplaced: fail });
  const clock = connect(layout);
  try {
    layout.reset(world);
    const dragged = firstAgents(world).slice(0, Math.round(awakeShare * graphs.length));
    if (awakeShare > 0 && awakeShare < 1) await untilAsleep(layout, clock);
    await run(layout, clock, dragged, quick ? HZ : 2 * HZ);
    const measured = await run(layout, clock, dragged, ticks);
    const about = { agents: world.agents.length, links: world.links.length, swarms: graphs.length };
    return { section: 'end to end', load, ...about, ...measured };
  } finally {
    clock.close();
    await layout[Symbol.asyncDispose]();
  }
}

/** Lets so many ticks pass, dragging agents meanwhile. */
async function run(layout, clock, dragged, ticks) {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  clock.moved = 0;
  let awake = 0;
  for (let k = 0; k < ticks; k++) {
    for (let at = k % DRAG_TICKS; at < dragged.length; at += DRAG_TICKS) {
      drag(layout, clock, dragged[at], Math.floor(k / DRAG_TICKS) % 2 === 0 ? DRAG_UNITS : -DRAG_UNITS);
    }
    await clock.nextTick();
    awake += layout.stats().awake / ticks;
  }
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { core: (user + system) / 1e6 / seconds, awake, hz: awake === 0 ? 0 : clock.moved / awake / seconds };
}

/** Back and forth about where the agent was at first. */
function drag(layout, clock, grip, by) {
  grip.place ??= readPlaces(clock.regions.get(grip.swarm)).get(0);
  if (grip.place === undefined) return;
  const [x, y, z] = grip.place;
  layout.pin(grip.agent, [x + by, y, z]);
}

async function untilAsleep(layout, clock) {
  // A swarm that was not stepped yet is not counted as awake.
  for (let k = 0; k < HZ || layout.stats().awake > 0; k++) {
    if (k > SETTLE_LIMIT_TICKS) return;
    await clock.nextTick();
  }
}

function firstAgents({ agents }) {
  return agents.filter(({ slot }) => slot === 0).map(({ ref, swarm }) => ({ agent: ref, swarm }));
}

function connect(layout) {
  const channel = new MessageChannel();
  let arrived;
  const clock = {
    moved: 0,
    regions: new Map(),
    nextTick: () =>
      new Promise((resolve) => {
        arrived = resolve;
      }),
    close: () => channel.port1.close(),
  };
  channel.port1.on('message', (event) => {
    if (event.kind === 'region') clock.regions.set(event.handle.swarm, event.handle);
    if (event.kind !== 'tick') return;
    clock.moved += event.moved.length;
    arrived?.();
  });
  layout.connect({ kind: 'port', openPort: () => channel.port2 });
  return clock;
}

function fail(error) {
  throw error;
}
