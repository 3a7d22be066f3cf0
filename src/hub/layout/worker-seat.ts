/** One place for a layout worker: starts it, tells it what it must know, and replaces it when it dies. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Ref } from '../../model/ids.ts';
import type { LayoutEvent, LayoutSink, RegionHandle } from '../../model/position-region.ts';
import { LayoutWorkerError } from './errors.ts';
import type { WorkerLoad } from './load-balance.ts';
import type { LayoutOrder, SwarmSeat } from './seats.ts';
import { STATUS, STATUS_BYTES } from './worker-messages.ts';
import type { WorkerReport, WorkerRequest, WorkerStart } from './worker-messages.ts';

// Node 20 runs no TypeScript in worker threads: from sources (under vitest) the built worker is used.
const WORKER_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/hub/layout/layout-worker.js', import.meta.url)
  : new URL('layout-worker.js', import.meta.url);

/** A worker asked to stop has this long before it is ended from outside. */
const STOP_DEADLINE_MS = 2_000;
/** A worker that lived shorter than this is replaced after a pause, so that one that cannot live does not spin. */
const SHORT_LIFE_MS = 2_000;
const RESTART_PAUSE_MS = 500;

export interface WorkerSeatOptions {
  start: Omit<WorkerStart, 'status'>;
  /** The swarms dealt to this worker, from scratch, for one that replaces another. */
  seats: () => SwarmSeat[];
  onEvent: (event: LayoutEvent) => void;
  onOutgrown: (swarm: Ref, radius: number) => void;
  onReleased: (seat: SwarmSeat) => void;
  onLoad: (load: WorkerLoad) => void;
  onReplaced: (error: Error) => void;
}

export class WorkerSeat {
  readonly #options: WorkerSeatOptions;
  readonly #status = new SharedArrayBuffer(STATUS_BYTES);
  readonly #cells = new Int32Array(this.#status);
  readonly #ports: Extract<LayoutSink, { kind: 'port' }>[] = [];
  /** As the worker reported them; they outlive it. At most one per swarm dealt here. */
  readonly #regions = new Map<Ref, RegionHandle>();
  #worker: Worker | undefined;
  /** Leave together at the end of this turn of the event loop: a message costs more than what is in most of them. */
  #unsent: LayoutOrder[] = [];
  #relays = false;
  #stopping = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: WorkerSeatOptions) {
    this.#options = options;
  }

  get alive(): boolean {
    return this.#worker !== undefined;
  }
  /** Swarms of this worker that are not at rest. */
  get awake(): number {
    return this.alive ? Atomics.load(this.#cells, STATUS.awake) : 0;
  }
  /** Bodies that had turned non-finite and were put back. */
  get poisoned(): number {
    return Atomics.load(this.#cells, STATUS.poisoned);
  }
  get regions(): IterableIterator<RegionHandle> {
    return this.#regions.values();
  }

  open(): void {
    const startedAt = performance.now();
    const workerData: WorkerStart = { ...this.#options.start, status: this.#status };
    const worker = new Worker(WORKER_URL, { workerData, name: 'swarmcast-layout' });
    let cause: unknown;
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('message', (report: WorkerReport) => this.#receive(report));
    worker.on('exit', (code) => {
      this.#worker = undefined;
      if (!this.#stopping) this.#replace(new LayoutWorkerError(code, { cause }), performance.now() - startedAt);
    });
    this.#worker = worker;
    // What was meant for the one before is in what the replacement learns.
    this.#unsent = [];
    for (const sink of this.#ports) this.#openPort(sink);
    if (this.#relays) this.#post({ kind: 'relay' });
  }

  /** Orders to a worker that has died are not lost: its replacement learns everything from scratch. */
  order(orders: LayoutOrder[]): void {
    if (orders.length === 0) return;
    if (this.#unsent.length === 0) queueMicrotask(() => this.#sendOrders());
    for (const order of orders) this.#unsent.push(order);
  }

  connectPort(sink: Extract<LayoutSink, { kind: 'port' }>): void {
    this.#ports.push(sink);
    if (this.alive) this.#openPort(sink);
  }

  /** From now on ticks are reported here, too. */
  relayTicks(): void {
    this.#relays = true;
    this.#post({ kind: 'relay' });
  }

  /** Asks the worker to end, and ends it when it doesn't within the deadline. Idempotent. */
  async close(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = once(worker, 'exit');
    this.#post({ kind: 'stop' });
    const deadline = setTimeout(() => {
      // The exit event, which is awaited below, tells the outcome.
      worker.terminate().catch(() => undefined);
    }, STOP_DEADLINE_MS);
    await exited;
    clearTimeout(deadline);
  }

  #replace(error: Error, livedMs: number): void {
    const revive = (): void => {
      this.open();
      // Swarms that went while nobody was there to say so.
      const seats = this.#options.seats();
      const known = new Set(seats.map((seat) => seat.ref));
      const gone = [...this.#regions.keys()].filter((swarm) => !known.has(swarm));
      this.order(gone.map((swarm) => ({ kind: 'swarm-gone', swarm })));
      this.order(seats.map((seat) => ({ kind: 'swarm', seat: { ...seat, last: this.#regions.get(seat.ref) } })));
      this.#options.onReplaced(error);
    };
    if (livedMs < SHORT_LIFE_MS) this.#restart = setTimeout(revive, RESTART_PAUSE_MS);
    else revive();
  }

  /** A swarm moves from here: what is published here is the last that is known of it. */
  cede(swarm: Ref): RegionHandle | undefined {
    const handle = this.#regions.get(swarm);
    this.#regions.delete(swarm);
    return handle;
  }

  /** A swarm comes here, whose newest publication is elsewhere until it has one here. */
  adopt(handle: RegionHandle | undefined): void {
    if (handle !== undefined) this.#regions.set(handle.swarm, handle);
  }

  #receive(report: WorkerReport): void {
    switch (report.kind) {
      case 'event':
        this.#relay(report.event);
        break;
      case 'outgrown':
        this.#options.onOutgrown(report.swarm, report.radius);
        break;
      case 'released':
        this.#options.onReleased(report.seat);
        break;
      case 'load':
        this.#options.onLoad(report.load);
        break;
    }
  }

  #relay(event: LayoutEvent): void {
    if (event.kind === 'region') this.#regions.set(event.handle.swarm, event.handle);
    else if (event.kind === 'region-gone') this.#regions.delete(event.swarm);
    this.#options.onEvent(event);
  }

  #openPort(sink: Extract<LayoutSink, { kind: 'port' }>): void {
    const port = sink.openPort();
    this.#worker?.postMessage({ kind: 'sink', port } satisfies WorkerRequest, [port]);
  }

  #sendOrders(): void {
    const orders = this.#unsent;
    if (orders.length === 0) return;
    this.#unsent = [];
    this.#worker?.postMessage({ kind: 'orders', orders } satisfies WorkerRequest);
  }

  /** After the orders that came before it. */
  #post(request: WorkerRequest): void {
    this.#sendOrders();
    this.#worker?.postMessage(request);
  }
}
