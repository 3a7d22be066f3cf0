/** Entry of a layout thread: ties engine, clock and ports together. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { LayoutEvent } from '../../model/position-region.ts';
import { LayoutEngine } from './layout-engine.ts';
import type { EngineEvents } from './layout-engine.ts';
import type { LayoutOrder } from './seats.ts';
import { StepClock, TICK_MS } from './step-clock.ts';
import { STATUS } from './worker-messages.ts';
import type { WorkerReport, WorkerRequest, WorkerStart } from './worker-messages.ts';

/** Ticks between two reports of load, and swarms named in each. */
const LOAD_TICKS = 60;
const LOAD_SWARMS = 64;
/** Physics may use this much of a tick; swarms that did not get their turn are first in the next. */
const STEP_BUDGET_MS = 12;

if (parentPort === null) throw new Error('layout-worker runs as a worker thread only');
const supervisor: MessagePort = parentPort;
const start = workerData as WorkerStart;
const status = new Int32Array(start.status);
const sinks = new Set<MessagePort>();
let orders: LayoutOrder[] = [];
let relaysTicks = false;
let busyMs = 0;
let busyTicks = 0;

const report = (message: WorkerReport): void => supervisor.postMessage(message);

const emit = (event: LayoutEvent): void => {
  for (const sink of sinks) sink.postMessage(event);
  if (event.kind !== 'tick' || relaysTicks) report({ kind: 'event', event });
};

const events: EngineEvents = {
  onRegion: (handle) => emit({ kind: 'region', handle }),
  onRegionGone: (swarm) => emit({ kind: 'region-gone', swarm }),
  onOutgrown: (swarm, radius) => report({ kind: 'outgrown', swarm, radius }),
  onReleased: (seat) => report({ kind: 'released', seat }),
};
const engine = new LayoutEngine(start.seed, events, () => performance.now(), true);

const clock = new StepClock(start.originMs, (tick) => {
  const begun = performance.now();
  const deadline = begun + STEP_BUDGET_MS;
  const due = orders;
  orders = [];
  for (const order of due) engine.order(order);
  const timeMs = start.originWallMs + tick * TICK_MS;
  const moved = engine.step(tick, timeMs, () => performance.now() < deadline);
  Atomics.store(status, STATUS.awake, engine.awake);
  Atomics.store(status, STATUS.lastTick, tick | 0);
  emit({ kind: 'tick', tick: tick >>> 0, time_ms: timeMs, moved });
  noteBusy(performance.now() - begun);
});

supervisor.on('message', (request: WorkerRequest) => {
  switch (request.kind) {
    case 'orders':
      for (const order of request.orders) orders.push(order);
      break;
    case 'sink':
      connect(request.port);
      break;
    case 'relay':
      relaysTicks = true;
      break;
    case 'stop':
      clock.stop();
      for (const sink of sinks) sink.close();
      supervisor.close();
      break;
  }
});
clock.start();

function noteBusy(ms: number): void {
  busyMs += ms;
  busyTicks += 1;
  if (busyTicks < LOAD_TICKS) return;
  // A sum over all swarms, also those that sleep: not at every tick.
  Atomics.store(status, STATUS.poisoned, engine.poisoned);
  report({ kind: 'load', load: { busyMs: busyMs / busyTicks, swarms: engine.costs(LOAD_SWARMS) } });
  busyMs = 0;
  busyTicks = 0;
}

function connect(port: MessagePort): void {
  sinks.add(port);
  port.on('close', () => sinks.delete(port));
  for (const handle of engine.regions()) port.postMessage({ kind: 'region', handle } satisfies LayoutEvent);
}
