import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { LayoutEngine } from '../../../../src/hub/layout/layout-engine.ts';
import type { LayoutOrder, SwarmSeat } from '../../../../src/hub/layout/seats.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import { Bench, swarmSeat } from './swarms.ts';
import type { Graph } from './swarms.ts';

/** Every method of repulsion, every shape. */
const SWARMS: readonly [n: number, graph: Graph, topology: string | undefined][] = [
  [3, 'ring', 'ring'],
  [12, 'star', 'star'],
  [40, 'tree', 'hierarchical'],
  [25, 'mesh', 'mesh'],
  [150, 'sparse', undefined],
  [400, 'sparse', undefined],
  [330, 'none', undefined],
];

const seats = (): SwarmSeat[] =>
  SWARMS.map(([n, graph, topology], index) => swarmSeat(n, graph, { ref: index + 1, topology }));

/** What happens, and in which step. */
function ordersAt(step: number): LayoutOrder[] {
  const orders: LayoutOrder[] = [];
  SWARMS.forEach(([n], index) => {
    const ref = index + 1;
    if (step === 40 + index) {
      const seated = [{ ref: agentRef(0, 900), slot: n, lead: false }];
      const linked = [
        { ref: 8_000, from: agentRef(0, 0), to: agentRef(0, 900), kind: 'topology' as const },
        { ref: 8_001, from: agentRef(0, 1), to: agentRef(0, 2), kind: 'communication' as const, weight: 3, at_ms: 0 },
      ];
      orders.push({ kind: 'change', change: { ref, membership: n + 1, seated, linked } });
    }
    if (step === 90) orders.push({ kind: 'change', change: { ref, membership: n + 2, left: [agentRef(0, 1)] } });
    if (step === 95) orders.push({ kind: 'pin', swarm: ref, agent: agentRef(0, 2), at: [50, 60, 70] });
    if (step === 120) orders.push({ kind: 'change', change: { ref, topology: { name: 'ring' } } });
  });
  return orders;
}

function swarmOf(order: LayoutOrder): number {
  if (order.kind === 'change') return order.change.ref;
  return order.kind === 'pin' ? order.swarm : 0;
}

/** So many engines, with the swarms dealt out to them. */
class Threads {
  readonly #released: SwarmSeat[] = [];
  readonly #home = new Map<number, number>();
  readonly #engines: LayoutEngine[];

  constructor(threads: number) {
    const events = {
      onRegion: () => undefined,
      onRegionGone: () => undefined,
      onReleased: (seat: SwarmSeat) => this.#released.push(seat),
    };
    this.#engines = Array.from({ length: threads }, () => new LayoutEngine(9, events));
    seats().forEach((seat, index) => {
      this.#home.set(seat.ref, index % threads);
      this.#engine(seat.ref).order({ kind: 'swarm', seat });
    });
  }

  #engine(swarm: number): LayoutEngine {
    return this.#engines[this.#home.get(swarm) ?? 0] as LayoutEngine;
  }

  order(order: LayoutOrder): void {
    this.#engine(swarmOf(order)).order(order);
  }

  step(step: number): void {
    for (const engine of this.#engines) engine.step(step, 0, () => true);
  }

  /** Every swarm to the next thread: it leaves before its old engine steps it, and arrives before its new one does. */
  moveAll(step: number): void {
    for (const swarm of this.#home.keys()) this.#engine(swarm).order({ kind: 'release', swarm });
    this.step(step);
    for (const seat of this.#released.splice(0)) {
      this.#home.set(seat.ref, ((this.#home.get(seat.ref) ?? 0) + 1) % this.#engines.length);
      this.#engine(seat.ref).order({ kind: 'swarm', seat: structuredClone(seat) });
    }
  }

  hash(): string {
    const hash = createHash('sha256');
    for (const swarm of this.#home.keys()) {
      const bodies = this.#engine(swarm).simulation(swarm)?.bodies;
      if (bodies?.count !== SWARMS[swarm - 1]?.[0]) throw new Error(`swarm ${String(swarm)} has lost agents`);
      for (const field of ['x', 'y', 'z', 'vx', 'vy', 'vz'] as const) hash.update(bodies?.[field] ?? new Uint8Array(0));
    }
    return hash.digest('hex');
  }
}

/** Hash of all places after 200 steps, with all swarms moved at the given ones. */
function hashOf(threads: number, moves: readonly number[] = []): string {
  const world = new Threads(threads);
  for (let step = 1; step <= 200; step += 1) {
    for (const order of ordersAt(step)) world.order(order);
    if (moves.includes(step)) world.moveAll(step);
    world.step(step);
  }
  return world.hash();
}

test('the same seed and events give the same places, whatever the number of threads', () => {
  const one = hashOf(1);
  expect(hashOf(1)).toBe(one);
  expect(hashOf(2)).toBe(one);
  expect(hashOf(4)).toBe(one);
});

test('swarms that move from thread to thread go on bit for bit', () => {
  const one = hashOf(1);
  expect(hashOf(2, [10, 41, 91, 150])).toBe(one);
  expect(hashOf(4, [5, 42, 43, 96, 121])).toBe(one);
});

test('a swarm that leaves is published where it arrives, and nobody hears that it was gone', () => {
  const [from, to] = [new Bench(), new Bench()];
  from.engine.order({ kind: 'swarm', seat: swarmSeat(8, 'ring') });
  from.settle();
  const before = from.places();
  const seatsReleased: SwarmSeat[] = [];
  const engine = new LayoutEngine(1, {
    onRegion: () => undefined,
    onRegionGone: (swarm) => expect.fail(`swarm ${String(swarm)} is gone`),
    onReleased: (seat) => seatsReleased.push(seat),
  });
  engine.order({ kind: 'swarm', seat: swarmSeat(8, 'ring') });
  for (let step = 0; step < 400; step += 1) engine.step(step, 0, () => true);
  engine.order({ kind: 'release', swarm: 1 });
  engine.order({ kind: 'release', swarm: 77 });
  expect([...engine.step(401, 0, () => true)]).toEqual([]);
  expect(seatsReleased.map((seat) => seat.ref)).toEqual([1]);
  expect([...engine.regions()]).toEqual([]);
  to.engine.order({ kind: 'swarm', seat: seatsReleased[0] as SwarmSeat });
  expect(to.step()).toEqual([1]);
  expect(to.step()).toEqual([]);
  expect(to.swarm().asleep).toBe(true);
  expect(to.places()).toEqual(before);
});

test('a swarm leaves only when the step under way is done', () => {
  const released: SwarmSeat[] = [];
  const engine = new LayoutEngine(1, {
    onRegion: () => undefined,
    onRegionGone: () => undefined,
    onReleased: (seat) => released.push(seat),
  });
  engine.order({ kind: 'swarm', seat: swarmSeat(100_001, 'none') });
  engine.step(1, 0, () => true);
  engine.order({ kind: 'release', swarm: 1 });
  engine.step(2, 0, () => true);
  expect(released).toEqual([]);
  engine.step(3, 0, () => true);
  engine.step(4, 0, () => true);
  expect(released.map((seat) => seat.agents.length)).toEqual([100_001]);
});
