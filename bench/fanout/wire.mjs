// P6: bytes on the wire, by what the clients received: at rest, moving, and with state changes.
import { setTimeout as delay } from 'node:timers/promises';
import { Driver } from '../../loadtest/driver/driver.ts';
import { startServer } from './server.mjs';
import { measureWindow, openAll, withOpen } from './window.mjs';
import { AGENTS_PER_SWARM, SWARMS } from './world.mjs';

const CLIENTS = 20;
const HEARTBEAT_S = 5;
const HZ = 10;
const CHANGES_PER_SECOND = 100;
const PART = 'P6: bytes per client, 1,000 agents in 20 swarms';

export function measureWire(context) {
  const { serverCpu: cpu, loadCpu, quick } = context;
  const start = () => startServer({ role: 'edge', feederCpu: loadCpu }, { cpu });
  return withOpen([start, () => Driver.start({ cpu: loadCpu })], async (server, driver) => {
    const groups = ['json', 'msgpack'].map((coding) => groupOf(coding));
    await server.order('feed', { name: 'set', moving: false });
    await openAll(driver, { port: server.port, groups });
    await delay(quick ? 800 : 2_000);
    // Everything so far: welcome, discovery, snapshot.
    const opening = (await driver.order('report', {})).groups.map(({ messageBytes }) => messageBytes / CLIENTS);
    const rest = await measureWindow(server, [driver], quick ? HEARTBEAT_S : 3 * HEARTBEAT_S);
    await server.order('feed', { name: 'set', moving: true });
    await delay(quick ? 400 : 1_000);
    const moving = await measureWindow(server, [driver], quick ? 1 : 3);
    await server.order('feed', { name: 'set', moving: false, changesPerSecond: CHANGES_PER_SECOND });
    await delay(quick ? 400 : 1_000);
    const changing = await measureWindow(server, [driver], quick ? 1.5 : 8);
    return resultOf({ opening, rest, moving, changing });
  });
}

function groupOf(coding) {
  const hellos = [{ mode: 'normal' }];
  return {
    name: coding,
    count: CLIENTS,
    speech: 'swarmcast',
    path: '/ws',
    coding,
    hz: HZ,
    hellos,
    acks: true,
    sample: 0.1,
  };
}

function resultOf({ opening, rest, moving, changing }) {
  const perHeartbeat = Math.max(
    ...rest.groups.map(({ frames, messages, seconds }) => ((frames + messages) * HEARTBEAT_S) / (CLIENTS * seconds)),
  );
  const frame = moving.groups[0].frameBytes / moving.groups[0].frames;
  const bound = SWARMS * (AGENTS_PER_SWARM * 8 + 28) + 16;
  const rows = [
    { part: PART, what: 'at rest: messages in 5 s', value: perHeartbeat },
    { part: PART, what: 'at rest: bytes/s', value: bytesPerSecond(rest.groups[0]) },
    { part: PART, what: 'moving: bytes a frame', value: frame },
    { part: PART, what: 'moving: 8 an agent + 28 a section + 16', value: bound },
  ];
  const shares = changing.groups.map((group, i) => {
    // A server that sends snapshots sends a JSON one whenever something changed, here in each turn.
    const snapshots = opening[0] * HZ;
    const bytes = bytesPerSecond(group);
    rows.push({ part: PART, what: `100 changes/s: ${group.name}, bytes/s`, value: bytes, opening_bytes: opening[i] });
    return 1 - bytes / snapshots;
  });
  rows.push({ part: PART, what: 'JSON snapshots at 10 Hz, bytes/s', value: opening[0] * HZ });
  const saved = Math.min(...shares);
  return {
    rows,
    goals: [
      // A window that begins just before a heartbeat may hold one more.
      { id: 'P6', goal: 'at rest ≤ 1 message in 5 s a client', measured: perHeartbeat, met: perHeartbeat <= 1.05 },
      { id: 'P6', goal: `a moving frame ≤ ${bound} bytes`, measured: frame, met: frame <= bound },
      { id: 'P6', goal: 'changes ≥ 85 % smaller than JSON snapshots', measured: saved, met: saved >= 0.85 },
    ],
  };
}

function bytesPerSecond({ frameBytes, messageBytes, seconds }) {
  return (frameBytes + messageBytes) / CLIENTS / seconds;
}
