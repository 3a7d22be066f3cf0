// The whole layout at 60 Hz as the gateway runs it: openLayout(), a worker thread, publications in shared memory, tick
// events on a port. What it costs is the CPU time of this process, all threads, less what the same takes without swarms:
// Node 20 tells no thread's time apart. This includes the main thread's part: orders, pins and tick events.
import { cpus } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import { openLayout } from '../../dist/hub/layout/open-layout.js';
import { mixedSizes, swarmGraph } from './graphs.mjs';
import { median } from './metrics.mjs';
import { readPlaces, worldOf } from './our-engine.mjs';

const HZ = 60;
const WINDOW_TICKS = 80;
/** Between a beginning and a window. Swarms that begin anew are awake for 130 ticks and more. */
const WARM_TICKS = 20;
/** Swarms rest by themselves; an operator who drags an agent, once a second, keeps one awake. */
const DRAG_TICKS = HZ;
const DRAG_UNITS = 15;
const LIMIT_TICKS = 40 * HZ;
/** A window is disturbed when other processes took more of a core than this; there are so many tries for each. */
const OTHERS_SHARE = 0.25;
const MOST_TRIES = 2;

/**
 * @param {{ quick: boolean, log: (line: string) => void }} options
 * @returns rows { section, load, swarms, agents, links, core, idle, awake, hz, others, windows }, medians of windows. core: share of one
 * core, less `idle` but for the first; awake: swarms; hz: publications per awake swarm and second, 60 when the worker kept up; others: share of a core that
 * other processes took; windows: undisturbed / all
 */
export async function measureEndToEnd({ quick, log }) {
  const many = Array.from({ length: 1_000 }, (_, k) => swarmGraph(50, 1 + (k % 50)));
  const mixed = mixedSizes(2_000).map((size, k) => swarmGraph(size, k));
  const loads = [
    { load: 'no swarms', graphs: [] },
    { load: '1,000 × 50', graphs: many, keepAwake: beginAnew },
    { load: '1,000 × 50, one dragged in each', graphs: many, keepAwake: dragIn(many.length), long: true },
    { load: '2,000 × 5–200', graphs: mixed, keepAwake: beginAnew, long: true },
    { load: '2,000 × 5–200, 95 % asleep', graphs: mixed, keepAwake: dragIn(mixed.length / 20) },
  ];
  const rows = [];
  for (const { load, graphs, keepAwake, long } of loads) {
    if (quick && long) continue;
    log(`end to end: ${load}`);
    rows.push({ section: 'end to end', load, ...(await measureLoad(graphs, keepAwake, quick)) });
  }
  return rows;
}

/**
 * First without swarms, then with them: what the machine takes to wake two threads sixty times a second changes from
 * minute to minute.
 * @param keepAwake see below: begins the world, prepares each window and acts on each of its ticks
 */
async function measureLoad(graphs, keepAwake, quick) {
  const world = worldOf(graphs);
  const layout = openLayout({ threads: 1, seed: 1, onWorkerReplaced: fail });
  const clock = connect(layout);
  try {
    const idle = await measureWindows(layout, clock, quick ? 1 : 7, await pause({ clock }));
    const about = { swarms: graphs.length, agents: world.agents.length, links: world.links.length };
    if (graphs.length === 0) return { ...about, ...idle, idle: idle.core };
    const kept = await keepAwake({ world, layout, clock });
    const measured = await measureWindows(layout, clock, quick ? 2 : 7, kept);
    return { ...about, ...measured, core: measured.core - idle.core, idle: idle.core };
  } finally {
    clock.close();
    await layout[Symbol.asyncDispose]();
  }
}

/** Medians of windows that others did not disturb; of all, where those are too few. */
async function measureWindows(layout, clock, windows, { prepare, onTick }) {
  const outcomes = [];
  let undisturbed = [];
  for (let k = 0; k < MOST_TRIES * windows && undisturbed.length < windows; k++) {
    await prepare();
    outcomes.push(await run(layout, clock, onTick));
    undisturbed = outcomes.filter(({ others }) => others <= OTHERS_SHARE);
  }
  const counted = undisturbed.length * 2 >= windows ? undisturbed : outcomes;
  const of = (measure) => median(counted.map((outcome) => outcome[measure]));
  const found = `${undisturbed.length}/${outcomes.length}`;
  return { core: of('core'), awake: of('awake'), hz: of('hz'), others: of('others'), windows: found };
}

/** One window of measurement. */
async function run(layout, clock, onTick) {
  const busy = busySeconds();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  clock.moved = 0;
  let awake = 0;
  for (let k = 0; k < WINDOW_TICKS; k++) {
    onTick();
    await clock.nextTick();
    awake += layout.stats().awake / WINDOW_TICKS;
  }
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const own = (user + system) / 1e6;
  const hz = awake === 0 ? 0 : clock.moved / awake / seconds;
  return { core: own / seconds, awake, hz, others: Math.max(0, busySeconds() - busy - own) / seconds };
}

/** What all CPUs of the machine have worked since they were started. */
function busySeconds() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

async function pause({ clock }) {
  return { prepare: () => pass(clock, WARM_TICKS), onTick: () => {} };
}

/** All swarms anew before each window: they are awake, and nothing else is asked of the layout meanwhile. */
async function beginAnew({ world, layout, clock }) {
  const prepare = async () => {
    await begin(world, layout, clock);
    await until(clock, () => layout.stats().awake === world.swarms.length);
    await pass(clock, WARM_TICKS);
  };
  return { prepare, onTick: () => {} };
}

/** All swarms asleep but so many, in which an agent is dragged. */
function dragIn(swarms) {
  return async ({ world, layout, clock }) => {
    const grips = firstAgents(world).slice(0, swarms);
    await begin(world, layout, clock);
    if (swarms < world.swarms.length) await until(clock, () => layout.stats().awake === 0);
    let tick = 0;
    const onTick = () => {
      const by = Math.floor(tick / DRAG_TICKS) % 2 === 0 ? DRAG_UNITS : -DRAG_UNITS;
      for (let at = tick % DRAG_TICKS; at < grips.length; at += DRAG_TICKS) drag(layout, clock, grips[at], by);
      tick += 1;
    };
    await pass(clock, 2 * DRAG_TICKS, onTick);
    return { prepare: () => {}, onTick };
  };
}

async function pass(clock, ticks, onTick) {
  for (let k = 0; k < ticks; k++) {
    onTick?.();
    await clock.nextTick();
  }
}

/** Back and forth about where the agent was at first. */
function drag(layout, clock, grip, by) {
  grip.place ??= readPlaces(clock.regions.get(grip.swarm)).get(0);
  if (grip.place === undefined) return;
  const [x, y, z] = grip.place;
  layout.pin(grip.agent, [x + by, y, z]);
}

/** Returns when the worker has all swarms; ticks of before, which may still be on their way, tell nothing of that. */
async function begin(world, layout, clock) {
  clock.regions.clear();
  layout.reset(world);
  await until(clock, () => clock.regions.size === world.swarms.length);
  await pass(clock, 2);
}

/** Waits for a state, in vain at most {@link LIMIT_TICKS}: what is measured tells how many were awake. */
async function until(clock, isReached) {
  for (let k = 0; k < LIMIT_TICKS && !isReached(); k++) await clock.nextTick();
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
