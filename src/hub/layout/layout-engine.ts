/**
 * All swarms of one worker: takes orders, steps who is awake, publishes. Holds no thread and no clock, so that it runs
 * the same under a test as in a worker.
 */
import type { Ref } from '../../model/ids.ts';
import type { RegionHandle } from '../../model/position-region.ts';
import { copyRecords, createHead, readHead, RECORD_BYTES } from '../../model/region-reader.ts';
import type { PublicationHead } from '../../model/region-reader.ts';
import { STEP_HZ } from './parameters.ts';
import { allocateRegion, RegionWriter } from './region-writer.ts';
import type { LayoutOrder, Place, SwarmSeat } from './seats.ts';
import { SwarmSimulation } from './swarm-simulation.ts';
import type { LastPositions } from './swarm-simulation.ts';

export interface EngineEvents {
  onRegion: (handle: RegionHandle) => void;
  onRegionGone: (swarm: Ref) => void;
}

interface Tenant {
  simulation: SwarmSimulation;
  writer: RegionWriter;
}

export class LayoutEngine {
  readonly #tenants = new Map<Ref, Tenant>();
  readonly #seed: number;
  readonly #events: EngineEvents;
  /** Tenants in the order of their arrival; undefined after one came or went. */
  #queue: Tenant[] | undefined;
  /** Where in the queue the next tick begins: with the first that the last one had no time for. */
  #first = 0;
  #awake = 0;

  constructor(seed: number, events: EngineEvents) {
    this.#seed = seed;
    this.#events = events;
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

  /** Regions of all swarms, for a sink that connects late. */
  *regions(): Generator<RegionHandle> {
    for (const { writer } of this.#tenants.values()) yield writer.handle;
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
        this.#tenants.get(order.change.ref)?.simulation.change(order.change);
        break;
      case 'swarm-gone':
        this.#tenants.delete(order.swarm);
        this.#queue = undefined;
        this.#events.onRegionGone(order.swarm);
        break;
      case 'pin':
        this.#tenants.get(order.swarm)?.simulation.pin(order.agent, order.at ?? undefined);
        break;
      case 'clear':
        for (const swarm of this.#tenants.keys()) this.#events.onRegionGone(swarm);
        this.#tenants.clear();
        this.#queue = undefined;
        break;
    }
  }

  /**
   * One tick of all swarms. `hasTime` is asked between swarms: when it says no, the rest waits for the next tick, which
   * begins with them.
   * @returns refs of the swarms that have a new publication.
   */
  step(tick: number, timeMs: number, hasTime: () => boolean): Ref[] {
    this.#queue ??= [...this.#tenants.values()];
    const queue = this.#queue;
    const begin = queue.length > 0 ? this.#first % queue.length : 0;
    const moved: Ref[] = [];
    this.#awake = 0;
    let late = false;
    for (let k = 0; k < queue.length; k += 1) {
      const at = (begin + k) % queue.length;
      const tenant = queue[at] as Tenant;
      const wasAwake = !tenant.simulation.asleep;
      if (wasAwake) this.#awake += 1;
      if (late) continue;
      if (tenant.simulation.tick(timeMs)) {
        this.#publish(tenant, tick, timeMs);
        moved.push(tenant.simulation.ref);
      }
      if (wasAwake && !hasTime()) {
        late = true;
        this.#first = at + 1;
      }
    }
    return moved;
  }

  #settle(seat: SwarmSeat): void {
    const { last } = seat;
    const head = createHead();
    const published = last !== undefined && readHead(last, head);
    const handle = last ?? allocateRegion(seat.ref, seat.agents.length);
    // Slots dealt anew since then would give agents each other's places.
    const positions = published && head.slotsRev === seat.slotsRev ? readPositions(handle, head) : undefined;
    const simulation = new SwarmSimulation(seat, this.#seed, positions);
    const writer = published ? new RegionWriter(handle, Math.log2(head.scale)) : new RegionWriter(handle);
    this.#tenants.set(seat.ref, { simulation, writer });
    this.#queue = undefined;
    this.#events.onRegion(handle);
  }

  #publish(tenant: Tenant, tick: number, timeMs: number): void {
    const { simulation } = tenant;
    if (simulation.bodies.count > tenant.writer.handle.capacity) {
      const { exponent } = tenant.writer;
      tenant.writer = new RegionWriter(allocateRegion(simulation.ref, simulation.bodies.count), exponent);
      this.#events.onRegion(tenant.writer.handle);
    }
    tenant.writer.publish(simulation.bodies, {
      tick,
      timeMs,
      settled: simulation.asleep,
      slotsRev: simulation.slotsRev,
      membership: simulation.membership,
      centre: simulation.centre,
      stepsPerSecond: STEP_HZ / simulation.ticksPerStep,
    });
  }
}

/** Positions and velocities of a region that nobody writes, by slot. */
function readPositions(handle: RegionHandle, head: PublicationHead): LastPositions | undefined {
  const places = new Uint8Array(head.count * RECORD_BYTES.f32);
  const speeds = new Uint8Array(head.count * RECORD_BYTES.velocity);
  if (!copyRecords(handle, head, 'f32', places, 0) || !copyRecords(handle, head, 'velocity', speeds, 0))
    return undefined;
  const place = new DataView(places.buffer);
  const speed = new DataView(speeds.buffer);
  const positions = new Map<number, { place: Place; velocity: Place }>();
  for (let i = 0; i < head.count; i += 1) {
    const at = i * RECORD_BYTES.f32;
    const velocity = triple(speed, i * RECORD_BYTES.velocity);
    positions.set(place.getUint32(at, true), { place: triple(place, at + 4), velocity });
  }
  return positions;
}

function triple(view: DataView, at: number): Place {
  return [view.getFloat32(at, true), view.getFloat32(at + 4, true), view.getFloat32(at + 8, true)];
}
