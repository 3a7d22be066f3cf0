/** Entry of a layout thread: ties engine, clock and ports together. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { LayoutEvent } from '../../model/position-region.ts';
import { LayoutEngine } from './layout-engine.ts';
import type { LayoutOrder } from './seats.ts';
import { monotonicMs, StepClock, TICK_MS } from './step-clock.ts';
import { STATUS } from './worker-messages.ts';
import type { WorkerReport, WorkerRequest, WorkerStart } from './worker-messages.ts';

/** Physics may use this much of a tick; swarms that did not get their turn are first in the next. */
const STEP_BUDGET_MS = 12;

if (parentPort === null) throw new Error('layout-worker runs as a worker thread only');
const supervisor: MessagePort = parentPort;
const start = workerData as WorkerStart;
const status = new Int32Array(start.status);
const sinks = new Set<MessagePort>();
let orders: LayoutOrder[] = [];
let relaysTicks = false;

const emit = (event: LayoutEvent): void => {
  for (const sink of sinks) sink.postMessage(event);
  if (event.kind !== 'tick' || relaysTicks) supervisor.postMessage({ event } satisfies WorkerReport);
};

const engine = new LayoutEngine(start.seed, {
  onRegion: (handle) => emit({ kind: 'region', handle }),
  onRegionGone: (swarm) => emit({ kind: 'region-gone', swarm }),
});

const clock = new StepClock(start.originMs, (tick) => {
  const deadline = monotonicMs() + STEP_BUDGET_MS;
  const due = orders;
  orders = [];
  for (const order of due) engine.order(order);
  const timeMs = start.originWallMs + tick * TICK_MS;
  const moved = engine.step(tick, timeMs, () => monotonicMs() < deadline);
  Atomics.store(status, STATUS.awake, engine.awake);
  Atomics.store(status, STATUS.poisoned, engine.poisoned);
  Atomics.store(status, STATUS.lastTick, tick | 0);
  emit({ kind: 'tick', tick: tick >>> 0, time_ms: timeMs, moved });
});

supervisor.on('message', (request: WorkerRequest) => {
  switch (request.kind) {
    case 'orders':
      orders.push(...request.orders);
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

function connect(port: MessagePort): void {
  sinks.add(port);
  port.on('close', () => sinks.delete(port));
  for (const handle of engine.regions()) port.postMessage({ kind: 'region', handle } satisfies LayoutEvent);
}
