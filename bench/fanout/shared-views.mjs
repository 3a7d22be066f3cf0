// P1: CPU of the server process per delivered frame, 1,000 clients at 60 Hz that share 100 views, beside peers that send
// the same bytes (frames captured from ours) to as many clients, which acknowledge as ours do.
import { setTimeout as delay } from 'node:timers/promises';
import { Driver } from '../../loadtest/driver/driver.ts';
import { startServer } from './server.mjs';
import { sharedHellos } from './views.mjs';
import { judge, measureWindow, median, openAll, withOpen } from './window.mjs';

export const CLIENTS = 1_000;
export const VIEWS = 100;
const HZ = 60;

export async function measureSharedViews(context) {
  const rounds = context.quick ? 1 : 3;
  const seconds = windowSeconds(context);
  const cases = ['swarmcast', ...(context.quick ? [] : ['swarmcast, no acks']), 'uws', 'ws', 'socketio'];
  // The others stand beside, and no goal is judged by them: once.
  const judged = new Set(['swarmcast', 'uws', 'socketio']);
  const samples = Object.fromEntries(cases.map((name) => [name, []]));
  let frames;
  for (let round = 0; round < rounds; round++) {
    for (const name of cases) {
      if (round > 0 && !judged.has(name)) continue;
      context.log(`P1 round ${round + 1} of ${rounds}: ${name}`);
      const measured = name.startsWith('swarmcast')
        ? await measureOurs(context, {
            seconds,
            hellos: sharedHellos(VIEWS, 'high_frequency'),
            acks: name === 'swarmcast',
          })
        : await measurePeer(context, name, frames, seconds);
      frames ??= measured.captured;
      samples[name].push(measured);
    }
  }
  const rows = cases.map((name) => rowOf('P1: 1,000 clients at 60 Hz, 100 views', name, samples[name], samples.uws));
  const cost = (name) => rows.find((row) => row.what === name).us_per_frame;
  const rested = [...samples.swarmcast, ...samples.uws];
  const toRaw = cost('swarmcast') / cost('uws');
  const toSocketIo = cost('socketio') / cost('swarmcast');
  return {
    rows,
    rested,
    frames,
    sharedUs: cost('swarmcast'),
    rawUs: cost('uws'),
    goals: [
      { id: 'P1', goal: 'CPU per frame ≤ 1.15 × raw uWebSockets.js', measured: toRaw, ...judge(toRaw <= 1.15, rested) },
      {
        id: 'P1',
        goal: 'CPU per frame ≥ 3 × less than Socket.IO',
        measured: toSocketIo,
        ...judge(toSocketIo >= 3, rested),
      },
    ],
  };
}

export function windowSeconds({ quick }) {
  return quick ? 1 : 3;
}

/** Until the code is compiled and the openings are over. */
function settleMs({ quick }) {
  return quick ? 600 : 2_000;
}

/** Our edge with the synthetic feed and these clients. */
export function measureOurs(context, { seconds, hellos, acks, changesPerSecond = 0, settings = {} }) {
  const group = { name: 'all', count: CLIENTS, speech: 'swarmcast', path: '/ws', coding: 'msgpack', hz: HZ };
  return withServer(context, { role: 'edge', feederCpu: context.loadCpu, settings }, async (server, driver) => {
    await openAll(driver, {
      port: server.port,
      groups: [{ ...group, hellos, acks, sample: 0.01, capture: VIEWS }],
    });
    await server.order('feed', { name: 'set', changesPerSecond });
    await viewsAreThere(server, hellos.length);
    await delay(settleMs(context));
    const window = await measureWindow(server, [driver], seconds);
    const { frames: captured } = await driver.order('frames', { group: 'all' });
    return { ...window, captured };
  });
}

/** The last hellos may still be unread when the last socket is open. */
async function viewsAreThere(server, expected) {
  for (let attempt = 0; ; attempt++) {
    const { views } = await server.order('status');
    if (views === expected) return;
    if (attempt === 300) throw new Error(`${views} views instead of ${expected} after 30 s`);
    await delay(100);
  }
}

function measurePeer(context, peer, frames, seconds) {
  const isSocketIo = peer === 'socketio';
  const speech = isSocketIo ? 'socketio' : 'bare';
  const path = isSocketIo ? '/socket.io/?EIO=4&transport=websocket' : '/?view={view}';
  const hellos = isSocketIo ? frames.map((_, view) => ({ view })) : undefined;
  const group = {
    name: 'all',
    count: CLIENTS,
    speech,
    path,
    views: VIEWS,
    hellos,
    hz: HZ,
    acks: !isSocketIo,
    sample: 0,
  };
  return withServer(context, { role: 'peer', peer, frames }, async (server, driver) => {
    await openAll(driver, { port: server.port, groups: [group] });
    await delay(settleMs(context));
    return measureWindow(server, [driver], seconds);
  });
}

function withServer({ serverCpu: cpu, loadCpu }, input, use) {
  return withOpen([() => startServer(input, { cpu }), () => Driver.start({ cpu: loadCpu })], use);
}

/** One case over its rounds. Cost as the median. */
export function rowOf(part, what, samples, raw) {
  const of = (value) => median(samples.map(value));
  return {
    part,
    what,
    us_per_frame: costOf(samples),
    to_raw: costOf(samples) / costOf(raw),
    frame_bytes: of(({ groups }) => groups[0].frameBytes / groups[0].frames),
    hz: of(({ groups }) => groups[0].rate.mean),
    p99_ms: of(({ groups }) => groups[0].latency.p99_ms),
    core: of(({ core }) => core),
    waited: of(({ waited }) => waited),
    kernel_share: of(({ systemShare }) => systemShare),
    load_waited: of(({ loadWaited }) => loadWaited),
    load_core: of(({ loadCore }) => loadCore),
  };
}

function costOf(samples) {
  return median(samples.map(({ cpuUs, frames }) => cpuUs / frames));
}
