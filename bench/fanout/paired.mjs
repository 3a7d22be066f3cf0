// P1 and P3 for machines that do other things as well: the edge, the raw peer and an edge none of whose views are shared
// run at the same time, on the same core, so that what neighbours take from one they take from all. Fewer clients each,
// as many to a view as in P1.
import { setTimeout as delay } from 'node:timers/promises';
import { Driver } from '../../loadtest/driver/driver.ts';
import { startServer } from './server.mjs';
import { ownHellos, sharedHellos } from './views.mjs';
import { measureWindow, median, openAll, withOpen } from './window.mjs';

const CLIENTS = 300;
const VIEWS = 30;
const MODE = 'high_frequency';
const LEAST_HZ = 50;
const SETTLE_MS = 2_500;
const CASES = ['swarmcast', 'uws', 'swarmcast, own views'];

export async function measurePaired(context) {
  const { serverCpu: cpu, loadCpu } = context;
  const edge = () => startServer({ role: 'edge', feederCpu: loadCpu }, { cpu });
  const driver = () => Driver.start({ cpu: loadCpu });
  return withOpen([edge, driver, edge, driver], async (shared, sharedLoad, own, ownLoad) => {
    await openAll(sharedLoad, { port: shared.port, groups: [watching(sharedHellos(VIEWS, MODE))] });
    await delay(1_000);
    const { frames } = await sharedLoad.order('frames', { group: 'all' });
    await openAll(ownLoad, { port: own.port, groups: [watching(ownHellos(CLIENTS, VIEWS, MODE))] });
    await own.order('feed', { name: 'set', changesPerSecond: 100 });
    const peer = () => startServer({ role: 'peer', peer: 'uws', frames }, { cpu });
    return withOpen([peer, driver], async (raw, rawLoad) => {
      await openAll(rawLoad, { port: raw.port, groups: [{ ...BARE, hz: 60 }] });
      await delay(SETTLE_MS);
      const pairs = [
        [shared, sharedLoad],
        [raw, rawLoad],
        [own, ownLoad],
      ];
      const windows = [];
      for (let round = 0; round < (context.quick ? 3 : 5); round++) {
        context.log(`paired, round ${round + 1}`);
        windows.push(await Promise.all(pairs.map(([server, load]) => measureWindow(server, [load], 4))));
      }
      return resultOf(windows);
    });
  });
}

const BARE = {
  name: 'all',
  count: CLIENTS,
  speech: 'bare',
  path: '/?view={view}',
  views: VIEWS,
  acks: true,
  sample: 0,
};

function watching(hellos) {
  const group = { name: 'all', count: CLIENTS, speech: 'swarmcast', path: '/ws', coding: 'msgpack', hz: 60, hellos };
  return { ...group, acks: true, sample: 0, capture: VIEWS };
}

const cost = ({ cpuUs, frames }) => cpuUs / frames;

/** Ratios are taken in each round, and their medians are what counts. */
function resultOf(windows) {
  const rows = CASES.map((what, i) => ({
    part: `paired: ${CLIENTS} clients at 60 Hz each, at the same time on one core`,
    what,
    us_per_frame: median(windows.map((round) => cost(round[i]))),
    user_us: median(windows.map((round) => cost(round[i]) * (1 - round[i].systemShare))),
    hz: median(windows.map((round) => round[i].groups[0].rate.mean)),
  }));
  const toRaw = median(windows.map(([shared, raw]) => cost(shared) / cost(raw)));
  const toShared = median(windows.map(([shared, , own]) => cost(own) / cost(shared)));
  // Fewer turns have more state in each, and fewer frames for what a tick costs: no longer the same work.
  const slowest = Math.min(...rows.map(({ hz }) => hz));
  const judged = (met) => {
    if (slowest >= LEAST_HZ) return { met };
    return { met: null, why: `the machine was too busy: ${slowest.toFixed(0)} Hz of 60 were reached` };
  };
  return {
    rows,
    goals: [
      { id: 'paired', goal: 'P1: CPU per frame ≤ 1.15 × raw', measured: toRaw, ...judged(toRaw <= 1.15) },
      { id: 'paired', goal: 'P3: own views ≤ 2 × shared', measured: toShared, ...judged(toShared <= 2) },
    ],
  };
}
