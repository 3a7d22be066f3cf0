/**
 * Which swarm is to move to which worker. Workers say once a second what a tick costs them and which of their swarms
 * are the dearest; when one has clearly more to do than another, the swarm whose move makes the two most alike is
 * moved. After a move all are heard anew before the next.
 */
import type { Ref } from '../../model/ids.ts';
import type { SwarmCost } from './layout-engine.ts';

/** What a worker's ticks cost of late. */
export interface WorkerLoad {
  /** Mean milliseconds per tick. */
  busyMs: number;
  /** The dearest first; not necessarily all. */
  swarms: readonly SwarmCost[];
}

export interface SwarmMove {
  swarm: Ref;
  /** Indices of workers. */
  from: number;
  to: number;
}

/** A smaller difference, in milliseconds per tick, is not worth a move: 12 % of a tick. */
const LEAST_GAP_MS = 2;

export class LoadBalance {
  readonly #loads: (WorkerLoad | undefined)[];

  constructor(workers: number) {
    this.#loads = Array.from({ length: workers }, () => undefined);
  }

  /** A worker has said what it costs. @returns the move to make now, if any. */
  note(worker: number, load: WorkerLoad): SwarmMove | undefined {
    this.#loads[worker] = load;
    const loads = this.#loads.filter((known) => known !== undefined);
    if (loads.length < this.#loads.length) return undefined;
    const busy = loads.map(({ busyMs }) => busyMs);
    const from = busy.indexOf(Math.max(...busy));
    const to = busy.indexOf(Math.min(...busy));
    const gap = (busy[from] ?? 0) - (busy[to] ?? 0);
    if (gap < LEAST_GAP_MS) return undefined;
    const swarm = evenest(loads[from]?.swarms ?? [], gap);
    if (swarm === undefined) return undefined;
    this.#loads.fill(undefined);
    return { swarm, from, to };
  }

  /** A worker was replaced: what it said holds no more. */
  forget(worker: number): void {
    this.#loads[worker] = undefined;
  }
}

/** The swarm whose cost comes nearest to half of the gap; one that costs the whole gap would only turn it round. */
function evenest(swarms: readonly SwarmCost[], gap: number): Ref | undefined {
  let best: Ref | undefined;
  let bestLeft = gap * 0.9;
  for (const [swarm, ms] of swarms) {
    const left = Math.abs(gap - 2 * ms);
    if (left >= bestLeft) continue;
    best = swarm;
    bestLeft = left;
  }
  return best;
}
