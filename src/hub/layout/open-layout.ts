import type { ChangeBatch, WorldSnapshot } from '../../model/change.ts';
import type { Ref } from '../../model/ids.ts';
import type { LayoutEvent, LayoutSink } from '../../model/position-region.ts';
import type { Layout, LayoutOptions, LayoutStats } from './layout.ts';
import { LoadBalance } from './load-balance.ts';
import type { SwarmMove } from './load-balance.ts';
import type { LayoutOrder, SwarmSeat } from './seats.ts';
import { monotonicMs } from './step-clock.ts';
import { WorkerSeat } from './worker-seat.ts';
import { WorldShadow } from './world-shadow.ts';

/** Cost of a swarm beside its agents, in agents: what even an empty one takes. */
const SWARM_COST = 4;

/**
 * Starts the layout's threads. Swarms are dealt out to them as they come, each to the thread with the fewest agents,
 * and moved when that turns out uneven (load-balance.ts).
 * @throws {RangeError} when `threads` is not a positive integer.
 */
export function openLayout(options: LayoutOptions): Layout {
  if (!Number.isInteger(options.threads) || options.threads < 1) {
    throw new RangeError(`layout threads must be a positive integer, not ${String(options.threads)}`);
  }
  const supervisor = new LayoutSupervisor(options);
  supervisor.open();
  return supervisor;
}

class LayoutSupervisor implements Layout {
  readonly #shadow = new WorldShadow();
  readonly #workers: WorkerSeat[];
  /** Index of the worker of each swarm. */
  readonly #dealt = new Map<Ref, number>();
  readonly #direct: ((event: LayoutEvent) => void)[] = [];
  /** Swarms on their way to another worker; orders for them wait until they arrive. */
  readonly #moving = new Map<Ref, { from: number; to: number; held: LayoutOrder[] }>();
  readonly #balance: LoadBalance;
  #workersReplaced = 0;
  #swarmsMoved = 0;
  #closing: Promise<void> | undefined;

  constructor(options: LayoutOptions) {
    // One origin for all workers, also for those that replace others: their ticks are the same numbers at the same
    // time.
    const start = { seed: options.seed >>> 0, originMs: monotonicMs(), originWallMs: Date.now() };
    this.#balance = new LoadBalance(options.threads);
    this.#workers = Array.from(
      { length: options.threads },
      (_, index) =>
        new WorkerSeat({
          start,
          seats: () => this.#seatsToRevive(index),
          onEvent: (event) => this.#relay(event),
          onOutgrown: (swarm, radius) => {
            const order = this.#shadow.outgrown(swarm, radius);
            if (order !== undefined) this.#deal([order]);
          },
          onReleased: (seat) => this.#arrive(seat),
          onLoad: (load) => {
            const move = this.#balance.note(index, load);
            if (move !== undefined) this.#move(move);
          },
          onReplaced: (error) => {
            this.#workersReplaced += 1;
            this.#balance.forget(index);
            options.onWorkerReplaced(error);
          },
        }),
    );
  }

  open(): void {
    for (const worker of this.#workers) worker.open();
  }

  reset(snapshot: WorldSnapshot): void {
    // A swarm of the same ref stays with its worker, since only there its old region goes before the new one comes.
    const before = new Map(this.#dealt);
    this.#dealt.clear();
    const orders = this.#shadow.reset(snapshot);
    for (const [swarm, { to }] of this.#moving) this.#workers[to]?.order([{ kind: 'swarm-gone', swarm }]);
    this.#moving.clear();
    for (const worker of this.#workers) worker.order([{ kind: 'clear' }]);
    this.#deal(orders, before);
  }

  follow(batch: ChangeBatch): void {
    const orders = this.#shadow.follow(batch);
    if (orders.length > 0) this.#deal(orders);
  }

  connect(sink: LayoutSink): void {
    if (sink.kind === 'port') {
      for (const worker of this.#workers) worker.connectPort(sink);
      return;
    }
    for (const worker of this.#workers) {
      for (const handle of worker.regions) sink.post({ kind: 'region', handle });
      worker.relayTicks();
    }
    this.#direct.push(sink.post);
  }

  pin(agent: Ref, position: readonly [number, number, number] | undefined): void {
    const order = this.#shadow.pin(agent, position);
    if (order !== undefined) this.#deal([order]);
  }

  stats(): LayoutStats {
    const sum = (value: (worker: WorkerSeat) => number): number =>
      this.#workers.reduce((total, worker) => total + value(worker), 0);
    return {
      swarms: this.#shadow.swarmCount,
      awake: sum((worker) => worker.awake),
      agents: this.#shadow.agentCount,
      workers: sum((worker) => (worker.alive ? 1 : 0)),
      workersReplaced: this.#workersReplaced,
      swarmsMoved: this.#swarmsMoved,
      poisoned: sum((worker) => worker.poisoned),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
    this.#direct.length = 0;
  }

  #relay(event: LayoutEvent): void {
    for (const post of this.#direct) post(event);
  }

  #move({ swarm, from, to }: SwarmMove): void {
    if (this.#dealt.get(swarm) !== from || this.#moving.has(swarm)) return;
    this.#moving.set(swarm, { from, to, held: [] });
    this.#workers[from]?.order([{ kind: 'release', swarm }]);
  }

  /**
   * A swarm has left its worker and goes on in another. Unless the world was reset meanwhile: then nobody waits for it.
   */
  #arrive(seat: SwarmSeat): void {
    const moving = this.#moving.get(seat.ref);
    if (moving === undefined) return;
    this.#moving.delete(seat.ref);
    this.#dealt.set(seat.ref, moving.to);
    this.#swarmsMoved += 1;
    this.#workers[moving.to]?.adopt(this.#workers[moving.from]?.cede(seat.ref));
    this.#workers[moving.to]?.order([{ kind: 'swarm', seat }]);
    if (moving.held.length > 0) this.#deal(moving.held);
  }

  /** All swarms of a worker that died, also those that it was to give away. */
  #seatsToRevive(worker: number): SwarmSeat[] {
    for (const [swarm, { from }] of this.#moving) {
      if (from !== worker) continue;
      this.#moving.delete(swarm);
      // Its end was among the orders that waited.
      if (!this.#shadow.hasSwarm(swarm)) this.#dealt.delete(swarm);
    }
    return this.#seatsOf(worker);
  }

  #seatsOf(worker: number): SwarmSeat[] {
    const seats: SwarmSeat[] = [];
    for (const [swarm, dealtTo] of this.#dealt) {
      const seat = dealtTo === worker ? this.#shadow.seat(swarm) : undefined;
      if (seat !== undefined) seats.push(seat);
    }
    return seats;
  }

  /** Sends each order to the worker of its swarm, in their order, as one message per worker. */
  #deal(orders: readonly LayoutOrder[], preferred?: ReadonlyMap<Ref, number>): void {
    const perWorker: LayoutOrder[][] = this.#workers.map(() => []);
    const costs = orders.some((order) => order.kind === 'swarm') ? this.#costs() : [];
    for (const order of orders) {
      const swarm = swarmOf(order);
      if (swarm === undefined) continue;
      const moving = this.#moving.get(swarm);
      if (moving !== undefined) {
        moving.held.push(order);
        continue;
      }
      let index = this.#dealt.get(swarm);
      if (order.kind === 'swarm') {
        index = preferred?.get(swarm) ?? index ?? costs.indexOf(Math.min(...costs));
        costs[index] = (costs[index] ?? 0) + SWARM_COST + order.seat.agents.length;
        this.#dealt.set(swarm, index);
      }
      if (order.kind === 'swarm-gone') this.#dealt.delete(swarm);
      if (index !== undefined) perWorker[index]?.push(order);
    }
    perWorker.forEach((list, index) => this.#workers[index]?.order(list));
  }

  #costs(): number[] {
    const costs = this.#workers.map(() => 0);
    for (const [swarm, index] of this.#dealt) {
      costs[index] = (costs[index] ?? 0) + SWARM_COST + this.#shadow.sizeOf(swarm);
    }
    return costs;
  }
}

function swarmOf(order: LayoutOrder): Ref | undefined {
  switch (order.kind) {
    case 'swarm':
      return order.seat.ref;
    case 'change':
      return order.change.ref;
    case 'swarm-gone':
    case 'release':
    case 'pin':
      return order.swarm;
    case 'clear':
      return undefined;
  }
}
