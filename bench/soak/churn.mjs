// What a soak does to a gateway: servers die and come back, are found and lost, clients come and go, all the time.
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { pause } from './pause.mjs';

const CLIENTS = 20;
const MODES = ['high_frequency', 'normal', 'low_frequency', 'on_demand'];

/** Churns until `signal` says stop. `lasting` and `passing`: simulators of configured servers, and of found ones. */
export function churn({ gateway, lasting, passing, signal, done }) {
  return Promise.all([
    ...lasting.map((simulator, index) => churnServer(simulator, index, signal, done)),
    churnFound(gateway, passing, signal, done),
    ...Array.from({ length: CLIENTS }, (_, index) => churnClient(gateway.url, index, lasting.length, signal, done)),
  ]);
}

/** Servers that a watched file names now, and then no more. */
async function churnFound({ file }, simulators, signal, done) {
  const write = (found) => {
    writeFileSync(`${file}.new`, JSON.stringify(found));
    renameSync(`${file}.new`, file);
  };
  for (let turn = 0; !signal.aborted; turn++) {
    const found = simulators.filter((_, index) => (turn + index) % 3 !== 0);
    write(
      found.map(({ port }, index) => ({ id: `found-${index}-${turn % 5}`, transport: 'tcp', port, simulated: true })),
    );
    done.found += found.length;
    await pause(400);
  }
  write([]);
}

/** Dies and is back, hangs, cuts, floods: one after the other. */
async function churnServer(simulator, index, signal, done) {
  const faults = [
    { kind: 'restart', ms: 20 },
    { kind: 'close-mid-reply' },
    { kind: 'half-open' },
    { kind: 'restart', ms: 5 },
    { kind: 'error-and-close' },
    { kind: 'wrong-id', times: 3 },
    { kind: 'event-flood', events: 2_000, of: 'agent.status' },
    { kind: 'restart', ms: 50 },
  ];
  for (let turn = index; !signal.aborted; turn++) {
    simulator.inject(faults[turn % faults.length]);
    done.faults++;
    await pause(150 + ((index * 37) % 100));
  }
  simulator.cancelFaults();
}

/** Connects, changes its mind a few times, leaves with or without a goodbye. */
async function churnClient(url, index, servers, signal, done) {
  for (let turn = index; !signal.aborted; turn++) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['swarmcast.v1.json']);
    socket.on('error', () => undefined);
    socket.on('message', () => done.messages++);
    const opened = await Promise.race([
      once(socket, 'open').then(
        () => true,
        () => false,
      ),
      pause(2_000).then(() => false),
    ]);
    if (opened) {
      done.clients++;
      const send = (type, payload) => socket.send(JSON.stringify({ type, payload }));
      send('hello', { mode: MODES[turn % 4], filters: turn % 3 === 0 ? { server_ids: [`s${turn % servers}`] } : {} });
      await pause(20 + (turn % 7) * 10);
      send('performance_mode', { mode: MODES[(turn + 1) % 4] });
      send('filter_update', { filters: { statuses: turn % 2 === 0 ? ['active'] : [] } });
      await pause(20 + (turn % 5) * 10);
    }
    if (turn % 2 === 0) socket.close();
    else socket.terminate();
    // A socket that is closed before it opened says so as an error.
    const closed = once(socket, 'close').catch(() => undefined);
    if (socket.readyState !== WebSocket.CLOSED) await Promise.race([closed, pause(1_000)]);
  }
}
