// A tenth of 1,000 clients at 60 Hz stops reading, then drains: none is closed, all hold what they should, and the others
// do not notice. The stalled ones see everything (8.6 KB a frame), so that what they leave unread fills the kernel.
import { setTimeout as delay } from 'node:timers/promises';
import { Driver } from '../../loadtest/driver/driver.ts';
import { startServer } from './server.mjs';
import { sharedHellos } from './views.mjs';
import { judge, measureWindow, openAll, withOpen, wrongOf } from './window.mjs';

const STALLED = 100;
const OTHERS = 900;
const PART = 'stalled: a tenth of 1,000 clients at 60 Hz stops reading, 100 state changes/s';

export function measureStalled(context) {
  const { serverCpu: cpu, loadCpu, quick } = context;
  const seconds = quick ? 5 : 30;
  const start = () => startServer({ role: 'edge', feederCpu: loadCpu }, { cpu });
  // The stalled ones decode everything: in a process of their own, so that the others' times are not theirs.
  const drivers = [() => Driver.start({ cpu: loadCpu }), () => Driver.start({ cpu: loadCpu })];
  return withOpen([start, ...drivers], async (server, others, slow) => {
    const common = { speech: 'swarmcast', path: '/ws', coding: 'msgpack', hz: 60, acks: true };
    const hellos = sharedHellos(100, 'high_frequency');
    const open = (driver, group) => openAll(driver, { port: server.port, groups: [{ ...common, ...group }] });
    await open(others, { name: 'others', count: OTHERS, hellos, sample: 0 });
    const all = [{ mode: 'high_frequency' }];
    await open(slow, { name: 'slow', count: STALLED, hellos: all, sample: 1 });
    await server.order('feed', { name: 'set', changesPerSecond: 100 });
    await delay(quick ? 1_000 : 2_000);
    const without = await measureWindow(server, [others], quick ? 3 : 10);
    await slow.order('stall', { group: 'slow', share: 1 });
    const during = await measureWindow(server, [others], seconds);
    const { metrics } = await server.order('status');
    await slow.order('release', { group: 'slow', share: 1 });
    await delay(quick ? 1_000 : 5_000);
    await slow.order('say', { group: 'slow', share: 1, message: { type: 'resync' } });
    const drained = await whenResynced(slow);
    return resultOf({ seconds, without, during, metrics, drained });
  });
}

/** The report once all have their snapshot, or after 10 s. */
async function whenResynced(driver) {
  for (let attempt = 0; ; attempt++) {
    const drained = (await driver.order('report', {})).groups[0];
    if (drained.hashes.resyncs >= STALLED || attempt === 20) return drained;
    await delay(500);
  }
}

function resultOf({ seconds, without, during, metrics, drained }) {
  const row = (what, { groups: [{ clients, rate, latency, gaps }], core, waited, loadWaited }) => ({
    part: PART,
    what,
    clients,
    hz: rate.mean,
    p50_ms: latency.p50_ms,
    p99_ms: latency.p99_ms,
    gaps,
    core,
    waited,
    load_waited: loadWaited,
  });
  const { clients, closed, hashes, modeChanges } = drained;
  const ratio = during.groups[0].latency.p99_ms / without.groups[0].latency.p99_ms;
  const proven = hashes.resyncs === STALLED && wrongOf(hashes) === 0;
  return {
    rows: [
      row('others, nobody stalled', without),
      { ...row(`others, 100 stalled for ${seconds} s`, during), buffered_kb: metrics.buffered_bytes / 1e3 / STALLED },
      {
        part: PART,
        what: 'the stalled, drained',
        clients,
        closed,
        resyncs: hashes.resyncs,
        heartbeats: hashes.heartbeats,
        wrong_heartbeats: hashes.wrongHeartbeats,
        wrong_resyncs: hashes.wrongResyncs,
        undecodable: hashes.undecodable,
        demoted: modeChanges.slow_client ?? 0,
      },
    ],
    goals: [
      { id: 'stalled', goal: 'none closed', measured: closed, met: closed === 0 },
      { id: 'stalled', goal: 'all hashes equal', measured: wrongOf(hashes), met: proven },
      { id: 'stalled', goal: "others' p99 within 10 %", measured: ratio, ...judge(ratio <= 1.1, [without, during]) },
    ],
  };
}
