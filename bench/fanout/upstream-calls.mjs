// P10: requests that MCP servers get, with one client and with 5,000 that join, change filters and ask for updates.
import { setTimeout as delay } from 'node:timers/promises';
import { Driver } from '../../loadtest/driver/driver.ts';
import { startServer } from './server.mjs';
import { openAll, sum, withOpen } from './window.mjs';

const MANY = 5_000;
/** Pushed to, and polled. */
const KINDS = ['seed', 'ruv-swarm', 'daa'].map((face) => ({ face, swarms: 2, agents: 12, eventsPerSecond: 40 }));
/** Polls have a period: a window may hold one more of each. */
const TOLERANCE = 0.05;

export function measureUpstreamCalls(context) {
  const { serverCpu, loadCpu, quick } = context;
  const seconds = quick ? 2 : 8;
  const clients = quick ? MANY / 5 : MANY;
  return withOpen(
    [
      () => startServer({ role: 'simulators', kinds: KINDS }, { cpu: loadCpu }),
      async (simulators) => {
        const servers = (await simulators.order('servers')).map((server) => ({ ...server, type: 'other' }));
        return startServer({ role: 'gateway', servers }, { cpu: serverCpu, workerCpu: loadCpu });
      },
      () => Driver.start({ cpu: loadCpu }),
    ],
    async (simulators, gateway, driver) => {
      await delay(quick ? 1_500 : 3_000);
      await openAll(driver, { port: gateway.port, groups: [groupOf('one', 1)] });
      const one = await requestsIn(simulators, seconds);
      await openAll(driver, { port: gateway.port, groups: [groupOf('many', clients - 1)] });
      const many = await requestsIn(simulators, seconds, async () => {
        for (let i = 0; i < seconds; i++) {
          const payload = { agent_types: i % 2 === 0 ? ['coder'] : [] };
          await driver.order('say', { group: 'many', share: 0.1, message: { type: 'update_filters', payload } });
          await driver.order('say', { group: 'many', share: 0.1, message: { type: 'request_update' } });
          await delay(1_000);
        }
      });
      return resultOf(one, many, clients, quick);
    },
  );
}

function groupOf(name, count) {
  const hellos = [{ mode: 'normal' }];
  return { name, count, speech: 'swarmcast', path: '/ws', coding: 'msgpack', hz: 10, hellos, acks: true, sample: 0 };
}

/** Requests per second of all servers, by their own counts, while `meanwhile` runs. */
async function requestsIn(simulators, seconds, meanwhile = () => delay(seconds * 1_000)) {
  const before = await simulators.order('stats');
  const begun = performance.now();
  await meanwhile();
  const after = await simulators.order('stats');
  const took = (performance.now() - begun) / 1_000;
  return after.map(({ requests }, i) => (requests - before[i].requests) / took);
}

function resultOf(one, many, clients, quick) {
  const part = 'P10: requests per second at the MCP servers';
  const rows = [
    { what: '1 client', rates: one },
    { what: `${clients} clients`, rates: many },
  ].map(({ what, rates }) => ({ part, what, ...Object.fromEntries(KINDS.map(({ face }, i) => [face, rates[i]])) }));
  const ratio = sum(many, Number) / sum(one, Number);
  const verdict = quick
    ? { met: null, why: `the quick form has ${clients} clients, and 2 s to count in` }
    : { met: ratio <= 1 + TOLERANCE };
  return {
    rows,
    goals: [{ id: 'P10', goal: 'as many calls for 5,000 clients as for 1', measured: ratio, ...verdict }],
  };
}
