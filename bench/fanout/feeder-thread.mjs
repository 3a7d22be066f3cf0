// Stands in for hub and layout in the edge benches: a real thread feed, real shared-memory regions, 60 ticks a second,
// positions that always move and changes on order. It costs little, and its CPU is counted apart.
import { readlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { createThreadHubFeed } from '../../dist/feed/thread.js';
import { monotonicMs, StepClock, TICK_MS } from '../../dist/hub/layout/step-clock.js';
import { RegionWriter } from './region-writer.mjs';
import { changeBatch, createSnapshot } from './world.mjs';

const BATCH_TICKS = 1;
const { edgePorts, world, cpu } = workerData;
const tid = basename(readlinkSync('/proc/thread-self'));
if (cpu !== undefined) spawnSync('taskset', ['-cp', String(cpu), tid], { stdio: 'ignore' });

const snapshot = createSnapshot({ ...world, epoch: 'bench' });
const settings = { moving: true, changesPerSecond: 0 };
let version = snapshot.version;
let changes = 0;
let nextAgent = 0;
let owed = 0;
const sinks = new Set();
const swarms = snapshot.swarms.map(({ ref }) => createSwarm(ref));

const feed = createThreadHubFeed();
feed.serve(
  {
    snapshot: () => ({ ...snapshot, version }),
    connectLayout: (sink) => {
      const port = sink.openPort();
      port.on('close', () => sinks.delete(port));
      for (const { writer } of swarms) port.postMessage({ kind: 'region', handle: writer.handle });
      sinks.add(port);
    },
  },
  {
    http: () => ({ status: 404, headers: {}, body: new Uint8Array(0) }),
    discover: () => ({ servers: 1 }),
  },
);
for (const port of edgePorts) feed.addEdge(port);

const originMs = monotonicMs();
const originWallMs = performance.timeOrigin + performance.now();
let settledSent = false;
const clock = new StepClock(originMs, (tick) => {
  const time_ms = originWallMs + tick * TICK_MS;
  const publishes = settings.moving || !settledSent;
  settledSent = !settings.moving;
  if (publishes) for (const swarm of swarms) step(swarm, tick, time_ms);
  owed += settings.changesPerSecond / 60;
  if (tick % BATCH_TICKS === 0 && owed >= 1) change(Math.floor(owed));
  const moved = publishes ? swarms.map(({ ref }) => ref) : [];
  for (const port of sinks) port.postMessage({ kind: 'tick', tick: tick >>> 0, time_ms, moved });
});
clock.start();

parentPort.on('message', ({ id, name, input }) => {
  if (name === 'set') Object.assign(settings, input);
  if (name === 'change') for (let left = input.agents; left > 0; left -= 500) change(Math.min(500, left));
  if (name === 'stop') {
    clock.stop();
    void feed[Symbol.asyncDispose]().then(() => parentPort.close());
  }
  parentPort.postMessage({ id, output: { tid, version } });
});

function change(count) {
  owed = Math.max(0, owed - count);
  feed.publish(changeBatch(snapshot, ++version, nextAgent, count, ++changes));
  nextAgent = (nextAgent + count) % snapshot.agents.length;
}

function createSwarm(ref) {
  const slots = snapshot.agents.filter((agent) => agent.swarm === ref).map(({ slot }) => slot);
  return { ref, writer: new RegionWriter(ref, slots), origin: [ref * 64, 0, 0] };
}

const radius = (i) => 10 + (i % 7) * 9;

// Every agent on an orbit of its own: every position differs from the last in every tick.
function step({ writer, origin, ref }, tick, timeMs) {
  const angle = (i) => tick * 0.02 + i;
  const placeOf = (i, axis) => {
    if (axis === 0) return Math.cos(angle(i)) * radius(i);
    return Math.sin(axis === 1 ? angle(i) : angle(i) * 0.5 + ref) * radius(i);
  };
  writer.publish({ tick, timeMs, settled: !settings.moving, origin, placeOf, speedOf: (_, axis) => axis });
}
