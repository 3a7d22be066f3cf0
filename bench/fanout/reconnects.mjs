// P12: 10,000 clients lose their connections, 1 % of the agents change, all come back with their cursors; then once more
// without, for full snapshots. The servers' own counts tell whether upstream heard of it.
import { setTimeout as delay } from 'node:timers/promises';
import { Driver } from '../../loadtest/driver/driver.ts';
import { startServer } from './server.mjs';
import { sharedHellos } from './views.mjs';
import { judge, openAll, sum, withOpen, wrongOf } from './window.mjs';

const VIEWS = 100;
const KINDS = [0, 1].map(() => ({ swarms: 10, agents: 50, eventsPerSecond: 0, agentsChange: false }));
const CHANGED = 10;
/** Polls have periods of seconds: calls are counted over as long. */
const COUNT_MS = 8_000;
const PART = 'P12: reconnect storm, 1 % of 1,000 agents changed';
const SNAPSHOT_LIMIT_BYTES = 200e6;

export function measureReconnects(context) {
  const { serverCpu, loadCpu, quick } = context;
  const clients = quick ? 2_000 : 10_000;
  return withOpen(
    [
      () => startServer({ role: 'simulators', kinds: KINDS }, { cpu: loadCpu }),
      async (simulators) => {
        const servers = await simulators.order('servers');
        return startServer({ role: 'gateway', servers }, { cpu: serverCpu, workerCpu: loadCpu });
      },
      () => Driver.start({ cpu: loadCpu }),
    ],
    async (simulators, gateway, driver) => {
      await delay(quick ? 1_500 : 3_000);
      const hellos = sharedHellos(VIEWS, 'low_frequency', await simulators.order('names'));
      const group = { name: 'all', count: clients, speech: 'swarmcast', path: '/ws', coding: 'json', hz: 1, hellos };
      await openAll(driver, {
        port: gateway.port,
        groups: [{ ...group, acks: true, sample: 0.01, keepsCursors: true }],
      });
      // Each has a cursor of its last group once it was served; a heartbeat brings the newest.
      await delay(quick ? 1_500 : 6_000);
      // Servers are asked more often while things change: what a storm adds is what a change like it does not.
      await change(simulators);
      await delay(quick ? 1_500 : 8_000);
      await change(simulators);
      const quiet = await requestsPerSecond(simulators, () => delay(quick ? COUNT_MS / 4 : COUNT_MS));
      const resumed = await storm({ simulators, gateway, driver, quick, resume: true });
      await delay(quick ? 1_000 : 6_000);
      const { hashes } = (await driver.order('report', {})).groups[0];
      const full = await storm({ simulators, gateway, driver, quick, resume: false });
      return resultOf({ clients, quick, quiet, resumed, full, hashes });
    },
  );
}

async function storm({ simulators, gateway, driver, quick, resume }) {
  await driver.order('drop', { group: 'all' });
  await change(simulators);
  const peak = watchBuffered(gateway.port);
  let report;
  const busyBefore = await gateway.order('usage');
  const begunMs = performance.now();
  await driver.order('begin', {});
  const requests = await requestsPerSecond(simulators, async () => {
    const whole = delay(quick ? COUNT_MS / 4 : COUNT_MS);
    report = await driver.order('reconnect', {
      group: 'all',
      port: gateway.port,
      inFlight: 500,
      sourceAddresses: 4,
      deadlineMs: 60_000,
      resume,
    });
    await whole;
  });
  const tookMs = performance.now() - begunMs;
  const load = await driver.order('report', {});
  return {
    ...report,
    requests,
    buffered: await peak(),
    waited: ((await gateway.order('usage')).waitedUs - busyBefore.waitedUs) / 1_000 / tookMs,
    loadWaited: load.waitedSeconds / load.seconds,
  };
}

async function change(simulators) {
  await simulators.order('change', { agents: CHANGED });
  // Telemetry has an interval of 100 ms.
  await delay(500);
}

async function requestsPerSecond(simulators, during) {
  const count = async () => (await simulators.order('stats')).reduce((total, { requests }) => total + requests, 0);
  const before = await count();
  const begun = performance.now();
  await during();
  return ((await count()) - before) / ((performance.now() - begun) / 1_000);
}

/** The largest sum of buffered bytes that /metrics shows until the function it returns is called. */
function watchBuffered(port) {
  const stop = new AbortController();
  const watching = (async () => {
    let peak = 0;
    while (!stop.signal.aborted) {
      peak = Math.max(peak, bufferedIn(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()));
      await delay(100);
    }
    return peak;
  })();
  return () => {
    stop.abort();
    return watching;
  };
}

function bufferedIn(metrics) {
  const lines = [...metrics.matchAll(/^swarmcast_edge_buffered_bytes\{[^}]*\} (\S+)/gm)];
  return sum(lines, ([, value]) => Number(value));
}

function resultOf({ clients, quick, quiet, resumed, full, hashes }) {
  const row = (
    what,
    { opened, seconds, converged, convergedSeconds, resumed: accepted, bytes, requests, buffered },
  ) => ({
    part: PART,
    what,
    opened,
    open_seconds: seconds,
    converged,
    seconds: convergedSeconds,
    resumed: accepted,
    bytes_per_client: bytes / clients,
    upstream_per_s: requests,
    peak_buffered_mb: buffered / 1e6,
  });
  const rows = [
    { part: PART, what: 'a change alone', upstream_per_s: quiet },
    row('with cursors', resumed),
    row('with full snapshots', full),
  ];
  const all = resumed.converged === clients && resumed.resumed === clients && wrongOf(hashes) === 0;
  const why = quick ? `the quick form has ${clients} clients` : undefined;
  const scaled = (met) => judge(met, [resumed, full], why);
  const noBurst = Math.max(resumed.requests, full.requests) <= quiet * 1.1 + 1;
  const buffered = full.buffered;
  return {
    rows,
    goals: [
      {
        id: 'P12',
        goal: '10,000 clients converged ≤ 5 s',
        measured: resumed.convergedSeconds,
        ...scaled(all && resumed.convergedSeconds <= 5),
      },
      {
        id: 'P12',
        goal: 'no burst upstream',
        measured: quiet === 0 ? null : Math.max(resumed.requests, full.requests) / quiet,
        ...scaled(noBurst),
      },
      {
        id: 'P12',
        goal: 'full snapshots: ≤ 200 MB in flight',
        measured: buffered / 1e6,
        ...scaled(full.converged === clients && buffered <= SNAPSHOT_LIMIT_BYTES),
      },
    ],
  };
}
