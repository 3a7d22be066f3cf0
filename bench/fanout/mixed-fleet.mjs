// P2: 500 clients at 60 Hz, 2,000 at 10 Hz and 10,000 at 1 Hz on the whole gateway; the edge has a core for itself, hub,
// layout, simulators and the load share the other. Beside it a raw server that sends as many of the same frames in a plain
// loop: what it can't do here, nobody can. P8 under that load: from a server's push to the message at a client.
import { setTimeout as delay } from 'node:timers/promises';
import { Driver } from '../../loadtest/driver/driver.ts';
import { startServer } from './server.mjs';
import { sharedHellos } from './views.mjs';
import { judge, measureWindow, openAll, sum, withOpen, wrongOf } from './window.mjs';

const VIEWS = 100;
const MODES = [
  { name: '60 Hz', mode: 'high_frequency', hz: 60, count: 500, readEveryMs: 100 },
  { name: '10 Hz', mode: 'normal', hz: 10, count: 2_000, readEveryMs: 300 },
  { name: '1 Hz', mode: 'low_frequency', hz: 1, count: 10_000, readEveryMs: 500 },
];
/**
 * Of each mode, so many are in a process of their own, which takes the times: one that reads all that comes to 12,500
 * clients collects garbage for 100 ms at a time, and every time that it took would be its own.
 */
const TIMED = 100;
/** The crowd gives way to them, and to the gateway's other threads. */
const CROWD_NICE = 19;
/** What the ramp-up left behind is over. */
const SETTLE_MS = 10_000;
const EVENT_PREFIX = 'event-at-';
const EVENT_CLIENTS = 10;
const EVENT_EVERY_MS = 50;
/** 1,000 agents in 20 swarms. */
const KINDS = [0, 1].map(() => ({ swarms: 10, agents: 50, eventsPerSecond: 0, agentsChange: false }));
/** Two a second for each swarm: as few as keep all layouts moving (at 30 in all, one rests now and then). */
const MESSAGES_PER_SECOND = 40;
const RATE_TOLERANCE = 0.02;
const BY_MODE = /^swarmcast_edge_clients_by_mode\{.*mode="([a-z_]+)"\} (\S+)/gm;

export async function measureMixedFleet(context) {
  const ours = await measureOurs(context);
  const raw = await measureRaw(context, ours.frames);
  return resultOf(ours.window, raw, context.quick);
}

function measureOurs(context) {
  const { serverCpu, loadCpu, quick } = context;
  const scale = quick ? 0.2 : 1;
  return withOpen(
    [
      () => startServer({ role: 'simulators', kinds: KINDS, eventPrefix: EVENT_PREFIX }, { cpu: loadCpu }),
      async (simulators) => {
        const servers = await simulators.order('servers');
        return startServer({ role: 'gateway', servers }, { cpu: serverCpu, workerCpu: loadCpu });
      },
      () => Driver.start({ cpu: loadCpu, nice: CROWD_NICE }),
      () => Driver.start({ cpu: loadCpu }),
    ],
    async (simulators, gateway, crowd, timed) => {
      await worldIsThere(gateway);
      const groups = groupsOf(scale, await simulators.order('names'));
      await openAll(crowd, { port: gateway.port, groups: groups.crowd });
      await openAll(timed, { port: gateway.port, groups: groups.timed });
      await simulators.order('talk', { perSecond: MESSAGES_PER_SECOND });
      await simulators.order('subscribed');
      await simulators.order('pushEvents', { everyMs: EVENT_EVERY_MS });
      const seconds = await allAreServed(gateway, scale);
      context.log(
        `P2: ${12_500 * scale} clients are served as they asked, ${seconds.toFixed(0)} s after the last connected`,
      );
      await delay(quick ? 1_500 : SETTLE_MS);
      const window = await measureWindow(gateway, [crowd, timed], quick ? 4 : 60, { lag: true, judgedBy: timed });
      const { frames } = await timed.order('frames', { group: MODES[0].name });
      return { window, frames };
    },
  );
}

/** @param frames of each view, as ours sent them. */
function measureRaw(context, frames) {
  const { serverCpu, loadCpu, quick } = context;
  const scale = quick ? 0.2 : 1;
  const groups = fleetOf(scale, ({ hz }) => ({
    speech: 'bare',
    path: `/?view={view}&every=${60 / hz}`,
    views: VIEWS,
    acks: true,
    sample: 0,
  }));
  return withOpen(
    [
      () => startServer({ role: 'peer', peer: 'uws fleet', frames }, { cpu: serverCpu }),
      () => Driver.start({ cpu: loadCpu, nice: CROWD_NICE }),
      () => Driver.start({ cpu: loadCpu }),
    ],
    async (server, crowd, timed) => {
      await openAll(crowd, { port: server.port, groups: groups.crowd });
      await openAll(timed, { port: server.port, groups: groups.timed });
      await delay(quick ? 1_500 : 3_000);
      context.log('P2: as many are there at the raw server');
      return measureWindow(server, [crowd, timed], quick ? 4 : 20, { lag: true, judgedBy: timed });
    },
  );
}

/** Views name swarms: those of the simulators are known by their ids only once they have told them. */
async function worldIsThere(gateway) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { count } = await (await fetch(`http://127.0.0.1:${gateway.port}/api/bots/agents`)).json();
    if (count >= 1_000) return;
    await delay(100);
  }
  throw new Error('the gateway did not learn of the 1,000 agents within 10 s');
}

/**
 * They have connected long before: welcomes and snapshots go out while the first ones are served, and a load that is busy
 * with them may fall behind, be slowed and have to show calm before it is served as it asked.
 */
async function allAreServed(gateway, scale) {
  const begun = performance.now();
  for (let attempt = 0; attempt < 240; attempt++) {
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text();
    const served = new Map([...metrics.matchAll(BY_MODE)].map(([, mode, count]) => [mode, Number(count)]));
    const isServed = ({ mode, count }) => (served.get(mode) ?? 0) >= count * scale;
    if (MODES.every(isServed) && sum([...served.values()], (count) => count) === 12_500 * scale + EVENT_CLIENTS)
      return (performance.now() - begun) / 1_000;
    await delay(500);
  }
  throw new Error('not all clients were served as they asked within 2 minutes');
}

function groupsOf(scale, names) {
  const common = { speech: 'swarmcast', path: '/ws', coding: 'msgpack', acks: true };
  const { crowd, timed } = fleetOf(scale, ({ mode }) => ({
    ...common,
    sample: 0.01,
    hellos: sharedHellos(VIEWS, mode, names),
    capture: mode === MODES[0].mode ? VIEWS : undefined,
  }));
  const hellos = [{ mode: 'high_frequency', filters: { server_ids: ['events'] } }];
  const events = { name: 'events', count: EVENT_CLIENTS, hz: 60, hellos, sample: 1, eventPrefix: EVENT_PREFIX };
  return { crowd, timed: [...timed, { ...common, ...events }] };
}

/** Groups of the two processes of the load. */
function fleetOf(scale, of) {
  const group = (mode, count) => ({ ...of(mode), name: mode.name, hz: mode.hz, count });
  return {
    crowd: MODES.map((mode) => ({ ...group(mode, mode.count * scale - TIMED), readEveryMs: mode.readEveryMs })),
    timed: MODES.map((mode) => group(mode, TIMED)),
  };
}

function resultOf(window, raw, quick) {
  const part = 'P2: mixed fleet on one edge thread; P8: server event to client message under its load';
  const modes = modesOf(window);
  const events = window.groups.find(({ name }) => name === 'events');
  const rows = modes.map((mode) => modeRow(part, mode.name, mode));
  rows.push({
    ...serverRow(part, 'edge', window),
    other_threads_core: (window.threadUs / window.cpuUs) * window.core,
  });
  rows.push(
    ...modesOf(raw).map((mode) => modeRow(part, `raw, ${mode.name}`, mode)),
    serverRow(part, 'raw server', raw),
  );
  rows.push({
    part,
    what: 'events',
    clients: events.clients,
    p50_ms: events.events.p50_ms,
    p99_ms: events.events.p99_ms,
  });
  return { rows, goals: goalsOf(window, modes, events, quick) };
}

function serverRow(part, what, window) {
  return {
    part,
    what,
    clients: window.groups.reduce((total, { clients, name }) => total + (name === 'events' ? 0 : clients), 0),
    core: window.core,
    waited: window.waited,
    load_waited: window.loadWaited,
    us_per_frame: window.cpuUs / window.frames,
    messages_per_frame: window.messages / window.frames,
    kernel_share: window.systemShare,
    lag_p99_ms: window.usage.lagP99Ms,
    load_core: window.loadCore,
  };
}

/** Rates of all clients of each mode; times of those that are timed. */
function modesOf({ groups }) {
  return MODES.map(({ name }) => {
    const own = groups.filter((group) => group.name === name);
    // The crowd's process comes first.
    const { latency, gaps } = own.at(-1);
    const clients = sum(own, (group) => group.clients);
    return {
      name,
      clients,
      hz: sum(own, (group) => group.rate.mean * group.clients) / clients,
      hzMin: Math.min(...own.map((group) => group.rate.min)),
      latency,
      gaps,
      mute: sum(own, (group) => group.mute),
      frameBytes: sum(own, (group) => group.frameBytes) / sum(own, (group) => group.frames),
      heartbeats: sum(own, ({ hashes }) => hashes.heartbeats),
      wrong: sum(own, ({ hashes }) => wrongOf(hashes)),
    };
  });
}

function modeRow(part, what, mode) {
  const { clients, hz, latency, gaps, mute, frameBytes, heartbeats, wrong } = mode;
  return {
    part,
    what,
    clients,
    hz,
    hz_min: mode.hzMin,
    p50_ms: latency.p50_ms,
    p99_ms: latency.p99_ms,
    gaps,
    mute,
    frame_bytes: frameBytes,
    hashes_checked: heartbeats,
    wrong,
  };
}

function goalsOf(window, modes, events, quick) {
  const off = Math.max(...modes.map(({ name, hz }) => Math.abs(hz / nominalOf(name) - 1)));
  const p99 = modes.find(({ name }) => name === '60 Hz').latency.p99_ms;
  const { lagP99Ms } = window.usage;
  const why = quick ? 'the quick form has a fifth of the clients' : undefined;
  // A core that was taken away makes these figures worse, never better: what was met is met.
  const verdict = (met) => judge(met, met ? [] : [window], why);
  return [
    { id: 'P2', goal: 'rates within 2 %', measured: off, ...verdict(off <= RATE_TOLERANCE) },
    { id: 'P2', goal: 'tick to socket p99 ≤ 16 ms at 60 Hz', measured: p99, ...verdict(p99 <= 16) },
    { id: 'P2', goal: 'event-loop lag p99 ≤ 8 ms', measured: lagP99Ms, ...verdict(lagP99Ms <= 8) },
    {
      id: 'P8',
      goal: 'p99 ≤ 25 ms from a server event to a 60 Hz client',
      measured: events.events.count === 0 ? null : events.events.p99_ms,
      ...(events.events.count === 0 ? { met: null, why: 'no event arrived' } : verdict(events.events.p99_ms <= 25)),
    },
  ];
}

function nominalOf(name) {
  return MODES.find((mode) => mode.name === name).hz;
}
