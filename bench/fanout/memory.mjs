// P4: memory of the edge's process per idle client and per slow client, beside the kernel's.
import { setTimeout as delay } from 'node:timers/promises';
import { Driver } from '../../loadtest/driver/driver.ts';
import { startServer } from './server.mjs';
import { openAll, withOpen } from './window.mjs';

const VIEWS = 100;
/** Code, views and pools are there once these are: they are not counted. */
const FIRST = 1_000;
const SLOW = 100;
const IDLE_LIMIT = 3 * 1_024;
const SLOW_LIMIT = 256 * 1_024;

export async function measureMemory(context) {
  const idle = await measureIdle(context);
  const bare = context.quick ? undefined : await measureBare(context);
  const slow = await measureSlow(context);
  const part = 'P4: memory per client in the process';
  return {
    rows: [
      { part, what: `idle, ${idle.clients} clients`, rss_bytes: idle.rss, heap_bytes: idle.heap },
      ...(bare === undefined
        ? []
        : [{ part, what: 'raw uWebSockets.js, as many', rss_bytes: bare.rss, heap_bytes: bare.heap }]),
      { part, what: `stalled ${slow.seconds} s, ${SLOW} clients`, ...slow.row },
    ],
    goals: [
      { id: 'P4', goal: 'idle client ≤ 3,072 bytes', measured: idle.rss, met: idle.rss <= IDLE_LIMIT },
      { id: 'P4', goal: 'slow client ≤ 262,144 bytes', measured: slow.worst, met: slow.worst <= SLOW_LIMIT },
    ],
  };
}

function measureIdle(context) {
  const clients = context.quick ? 3_000 : 10_000;
  return withEdge(context, async (server, driver) => {
    await server.order('feed', { name: 'set', moving: false });
    const group = { name: 'first', speech: 'swarmcast', path: '/ws', coding: 'msgpack', hz: 0, acks: true, sample: 0 };
    // They show nothing: what an opening leaves behind in the allocators for a while is no cost of being idle.
    const hellos = Array.from({ length: VIEWS }, (_, v) => ({ mode: 'normal', filters: { swarm_ids: [`none-${v}`] } }));
    const open = (name, count) => openAll(driver, { port: server.port, groups: [{ ...group, name, count, hellos }] });
    await open('first', FIRST);
    const before = await settled(server, context);
    // In batches, so that what their opening needs for a moment is not counted as theirs.
    for (let n = 0; n < clients; n += 500) {
      await open(`batch-${n}`, 500);
      await server.order('collect');
    }
    const after = await settled(server, context);
    return { clients, rss: (after.rss - before.rss) / clients, heap: (heapOf(after) - heapOf(before)) / clients };
  });
}

/** The floor: as many sockets on a server that does nothing with them. */
function measureBare(context) {
  const { serverCpu: cpu, loadCpu } = context;
  const clients = 10_000;
  const start = () => startServer({ role: 'peer', peer: 'uws', frames: [] }, { cpu });
  return withOpen([start, () => Driver.start({ cpu: loadCpu })], async (server, driver) => {
    const group = { speech: 'bare', path: '/', hz: 0, acks: false, sample: 0 };
    await openAll(driver, { port: server.port, groups: [{ ...group, name: 'first', count: FIRST }] });
    const before = await settled(server, context);
    await openAll(driver, { port: server.port, groups: [{ ...group, name: 'rest', count: clients }] });
    const after = await settled(server, context);
    return { rss: (after.rss - before.rss) / clients, heap: (heapOf(after) - heapOf(before)) / clients };
  });
}

/** Clients at 60 Hz that see all 1,000 agents (8.6 KB a frame) and stop reading. */
function measureSlow(context) {
  const seconds = context.quick ? 2 : 15;
  return withEdge(context, async (server, driver) => {
    const group = { name: 'slow', count: SLOW, speech: 'swarmcast', path: '/ws', coding: 'msgpack', hz: 60 };
    const hellos = [{ mode: 'high_frequency' }];
    await openAll(driver, { port: server.port, groups: [{ ...group, hellos, acks: true, sample: 0 }] });
    await server.order('feed', { name: 'set', changesPerSecond: 100 });
    const before = await settled(server, context);
    await driver.order('stall', { group: 'slow', share: 1 });
    let buffered = 0;
    for (let i = 0; i < seconds * 2; i++) {
      await delay(500);
      const { metrics } = await server.order('status');
      buffered = Math.max(buffered, metrics.buffered_bytes / SLOW);
    }
    const after = await settled(server, context);
    const { closed } = (await driver.order('report', {})).groups[0];
    const rss = (after.rss - before.rss) / SLOW;
    const row = {
      rss_bytes: rss,
      heap_bytes: (heapOf(after) - heapOf(before)) / SLOW,
      buffered_bytes: buffered,
      closed,
    };
    return { seconds, row, worst: Math.max(rss, buffered) };
  });
}

/** After some quiet and a collection. */
async function settled(server, { quick }) {
  await delay(quick ? 800 : 3_000);
  await server.order('collect');
  await delay(500);
  return server.order('usage');
}

function heapOf({ heapUsed, external }) {
  return heapUsed + external;
}

function withEdge({ serverCpu: cpu, loadCpu }, use) {
  const start = () => startServer({ role: 'edge', feederCpu: loadCpu }, { cpu });
  return withOpen([start, () => Driver.start({ cpu: loadCpu })], use);
}
