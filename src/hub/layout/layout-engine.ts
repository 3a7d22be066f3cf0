/**
 * All swarms of one worker: takes orders, steps who is awake, publishes. Holds no thread and no clock, so that it runs
 * the same under a test as in a worker. The work of a tick is done by the kernel in one call.
 */
import type { Ref } from '../../model/ids.ts';
import type { RegionHandle } from '../../model/position-region.ts';
import { createHead, readBodies, readHead } from '../../model/region-reader.ts';
import { FIELD } from './kernel/swarm-fields.ts';
import { SwarmPool } from './kernel/swarm-pool.ts';
import type { LayoutOrder, SwarmSeat } from './seats.ts';
import { SwarmSimulation } from './swarm-simulation.ts';

export interface EngineEvents {
  onRegion: (handle: RegionHandle) => void;
  onRegionGone: (swarm: Ref) => void;
  /** A swarm needs more room than it was given: a square that reaches so far from its centre. */
  onOutgrown?: (swarm: Ref, radius: number) => void;
  /** A swarm that was to be released is. */
  onReleased?: (seat: SwarmSeat) => void;
}

/** Cost of a swarm, milliseconds per tick while awake. */
export type SwarmCost = [swarm: Ref, ms: number];

interface Tenant {
  simulation: SwarmSimulation;
  region: RegionHandle;
}

/** Every so many ticks each swarm's cost is measured. */
const COST_TICKS = 16;
/** Weight of the newest measurement in a swarm's cost. */
const COST_WEIGHT = 0.25;
/** Room that is asked for beyond what a swarm takes, so that it need not ask again soon. */
const ROOM_MARGIN = 1.2;

export class LayoutEngine {
  readonly #tenants = new Map<Ref, Tenant>();
  /** Swarms with changes that are not in the kernel yet. */
  readonly #changed = new Set<Tenant>();
  /** By number in the pool. */
  readonly #byNumber: Tenant[] = [];
  readonly #seed: number;
  readonly #events: EngineEvents;
  readonly #pool: SwarmPool;
  /** Swarms that another worker is to have. */
  readonly #leaving = new Set<Tenant>();
  /** By number in the pool, milliseconds. */
  readonly #costs: number[] = [];
  readonly #nowMs: () => number;
  #measuredAtMs: number | undefined;
  #hasTime: () => boolean = () => true;
  #awake = 0;

  /**
   * @param nowMs by which the cost of swarms is measured; positions do not depend on it.
   * @param lean see {@link SwarmPool}.
   */
  constructor(seed: number, events: EngineEvents, nowMs: () => number = () => performance.now(), lean = false) {
    this.#seed = seed;
    this.#events = events;
    this.#nowMs = nowMs;
    this.#pool = new SwarmPool((number) => {
      if (this.#measuredAtMs !== undefined) this.#measure(number, this.#measuredAtMs);
      return this.#hasTime() ? 1 : 0;
    }, lean);
  }

  /** Swarms that made a step, or wanted to, in the last tick. */
  get awake(): number {
    return this.#awake;
  }

  /** Times a body had turned non-finite and was put back, over the swarms held now. */
  get poisoned(): number {
    let sum = 0;
    for (const { simulation } of this.#tenants.values()) sum += simulation.poisoned;
    return sum;
  }

  /** Bytes of the kernel's memory that swarms take, and regions that were given up in the last ten seconds. */
  get bytesInUse(): number {
    return this.#pool.bytesInUse;
  }

  /** Regions of all swarms, for a sink that connects late. */
  *regions(): Generator<RegionHandle> {
    for (const { region } of this.#tenants.values()) yield region;
  }

  /** Costs of the swarms that were awake of late, the dearest first, `limit` at most. */
  costs(limit: number): SwarmCost[] {
    const costs: SwarmCost[] = [];
    for (const [ref, { simulation }] of this.#tenants) {
      if (!simulation.asleep) costs.push([ref, this.#costs[simulation.number] ?? 0]);
    }
    return costs.toSorted(([, one], [, other]) => other - one).slice(0, limit);
  }

  simulation(swarm: Ref): SwarmSimulation | undefined {
    return this.#tenants.get(swarm)?.simulation;
  }

  /** Orders about swarms that are not here are ignored: they are gone already. */
  order(order: LayoutOrder): void {
    switch (order.kind) {
      case 'swarm':
        this.#settle(order.seat);
        break;
      case 'change':
        this.#change(order.change.ref, (simulation) => {
          simulation.change(order.change);
          // Another shape: what it took before says nothing of what it will take.
          if (order.change.topology !== undefined) simulation.room = 0;
        });
        break;
      case 'swarm-gone':
        this.#drop(order.swarm);
        this.#events.onRegionGone(order.swarm);
        break;
      case 'release':
        this.#change(order.swarm, () => undefined);
        this.#leave(order.swarm);
        break;
      case 'pin':
        this.#change(order.swarm, (simulation) => simulation.pin(order.agent, order.at ?? undefined));
        break;
      case 'clear':
        for (const swarm of this.#tenants.keys()) {
          this.#drop(swarm);
          this.#events.onRegionGone(swarm);
        }
        break;
    }
  }

  /**
   * One tick of all swarms. `hasTime` is asked now and then between swarms: when it says no, the rest waits for the next
   * tick, which begins with them.
   * @returns refs of the swarms that have a new publication.
   */
  step(tick: number, timeMs: number, hasTime: () => boolean): Uint32Array<ArrayBuffer> {
    for (const tenant of this.#changed) this.#prepare(tenant, timeMs);
    this.#hasTime = hasTime;
    this.#measuredAtMs = tick % COST_TICKS === 0 ? this.#nowMs() : undefined;
    const { awake, moved, outgrown } = this.#pool.tick(tick, timeMs, this.#measuredAtMs === undefined ? undefined : 0);
    this.#awake = awake;
    for (const number of outgrown) this.#askForRoom(this.#byNumber[number] as Tenant);
    return moved;
  }

  #measure(number: number, sinceMs: number): void {
    const now = this.#nowMs();
    const before = this.#costs[number];
    const cost = now - sinceMs;
    this.#costs[number] = before === undefined ? cost : before + COST_WEIGHT * (cost - before);
    this.#measuredAtMs = now;
  }

  #askForRoom({ simulation }: Tenant): void {
    simulation.room = simulation.reach * ROOM_MARGIN;
    this.#events.onOutgrown?.(simulation.ref, simulation.room);
  }

  #leave(swarm: Ref): void {
    const tenant = this.#tenants.get(swarm);
    if (tenant !== undefined) this.#leaving.add(tenant);
  }

  #change(swarm: Ref, apply: (simulation: SwarmSimulation) => void): void {
    const tenant = this.#tenants.get(swarm);
    if (tenant === undefined) return;
    apply(tenant.simulation);
    this.#changed.add(tenant);
  }

  #prepare(tenant: Tenant, timeMs: number): void {
    const { simulation } = tenant;
    if (!simulation.prepare(timeMs)) return;
    this.#changed.delete(tenant);
    if (this.#leaving.has(tenant)) {
      const seat = simulation.release();
      this.#drop(seat.ref);
      this.#events.onReleased?.(seat);
      return;
    }
    simulation.room = Math.max(simulation.room, simulation.usualRadius);
    if (simulation.count <= tenant.region.capacity) return;
    tenant.region = this.#pool.renewRegion(simulation.number, simulation.ref, simulation.count);
    this.#events.onRegion(tenant.region);
  }

  #drop(swarm: Ref): void {
    const tenant = this.#tenants.get(swarm);
    if (tenant === undefined) return;
    this.#tenants.delete(swarm);
    this.#changed.delete(tenant);
    this.#leaving.delete(tenant);
    tenant.simulation.dispose();
  }

  #settle(seat: SwarmSeat): void {
    this.#drop(seat.ref);
    const head = createHead();
    const published = seat.last !== undefined && readHead(seat.last, head) ? seat.last : undefined;
    // Slots dealt anew since then would give agents each other's places.
    const resumes = published !== undefined && head.slotsRev === seat.slotsRev;
    const positions = resumes ? readBodies(published, head) : undefined;
    const simulation = new SwarmSimulation(this.#pool, seat, this.#seed, positions);
    if (published !== undefined) this.#pool.setU32(simulation.number, FIELD.exponent, Math.log2(head.scale));
    const region = this.#pool.renewRegion(simulation.number, seat.ref, seat.agents.length);
    simulation.room = simulation.usualRadius;
    const tenant = { simulation, region };
    this.#costs[simulation.number] = 0;
    this.#byNumber[simulation.number] = tenant;
    this.#tenants.set(seat.ref, tenant);
    this.#changed.add(tenant);
    this.#events.onRegion(region);
  }
}
