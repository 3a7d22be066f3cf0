// P5: CPU of the whole process per delivered frame with two edge threads beside that with one, on the whole gateway.
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Driver } from '../../loadtest/driver/driver.ts';
import { startServer } from './server.mjs';
import { sharedHellos } from './views.mjs';
import { judge, measureWindow, openAll, withOpen } from './window.mjs';

const CLIENTS = 1_000;
const KINDS = [0, 1].map(() => ({ swarms: 10, agents: 50, eventsPerSecond: 0, agentsChange: false }));
const MESSAGES_PER_SECOND = 50;
const ENOUGH_CORES = 4;
const SAME = 'total CPU per frame with 2 threads ≤ 1.1 × with 1';
const LINEAR = 'throughput ≥ 0.9 × linear';

export async function measureEdges(context) {
  const linear = {
    id: 'P5',
    goal: LINEAR,
    measured: null,
    met: null,
    why: `not measured here: it takes ${ENOUGH_CORES} cores beside those of the load, there are ${availableParallelism()}`,
  };
  if (context.quick) {
    return {
      rows: [],
      goals: [{ id: 'P5', goal: SAME, measured: null, met: null, why: 'left out of the quick form' }, linear],
    };
  }
  const one = await measureThreads(context, 1);
  const two = await measureThreads(context, 2);
  const rows = [rowOf(1, one), rowOf(2, two)];
  const ratio = rows[1].us_per_frame / rows[0].us_per_frame;
  return { rows, goals: [{ id: 'P5', goal: SAME, measured: ratio, ...judge(ratio <= 1.1, [one, two]) }, linear] };
}

function measureThreads(context, threads) {
  const { serverCpu, loadCpu } = context;
  context.log(`P5: ${threads} edge threads`);
  return withOpen(
    [
      () => startServer({ role: 'simulators', kinds: KINDS }, { cpu: loadCpu }),
      async (simulators) => {
        const servers = await simulators.order('servers');
        const settings = { 'edge.threads': threads };
        return startServer({ role: 'gateway', servers, settings }, { cpu: serverCpu });
      },
      () => Driver.start({ cpu: loadCpu }),
    ],
    async (simulators, gateway, driver) => {
      await delay(2_000);
      const hellos = sharedHellos(100, 'high_frequency', await simulators.order('names'));
      const group = {
        name: 'all',
        count: CLIENTS,
        speech: 'swarmcast',
        path: '/ws',
        coding: 'msgpack',
        hz: 60,
        hellos,
      };
      await openAll(driver, { port: gateway.port, groups: [{ ...group, acks: true, sample: 0 }] });
      await simulators.order('talk', { perSecond: MESSAGES_PER_SECOND });
      await delay(3_000);
      return measureWindow(gateway, [driver], 4);
    },
  );
}

function rowOf(threads, { cpuUs, frames, groups, core, waited }) {
  return {
    part: 'P5: the whole gateway, 1,000 clients at 60 Hz, 100 views',
    what: `${threads} edge thread${threads === 1 ? '' : 's'}`,
    us_per_frame: cpuUs / frames,
    hz: groups[0].rate.mean,
    p99_ms: groups[0].latency.p99_ms,
    core,
    waited,
  };
}
