/** What a swarm's simulation writes into the kernel's memory. */
import type { Ref } from '../../model/ids.ts';
import { FIELD, SHAPE_KIND } from './kernel/swarm-fields.ts';
import type { SwarmPool } from './kernel/swarm-pool.ts';
import type { AgentSeat, Place } from './seats.ts';
import type { ShapePlan } from './shape.ts';
import type { StartRows } from './start-positions.ts';

/** The order of bodies. */
export function bySlot(agents: Iterable<AgentSeat>): AgentSeat[] {
  return [...agents].toSorted((one, other) => one.slot - other.slot);
}

/** The rows that beginnings are written to. Valid until the next change of any block. */
export function startRows(pool: SwarmPool, swarm: number): StartRows {
  const count = pool.u32(swarm, FIELD.count);
  return {
    count,
    slots: pool.words(swarm, FIELD.slots, count),
    places: pool.floats(swarm, FIELD.places, count * 4),
  };
}

/**
 * Seats the agents as bodies, in the order given; those that were bodies keep place, speed and mobility.
 * @param indexOf index of each agent's body so far.
 * @returns 1 for each body that has no position yet.
 */
export function seatBodies(
  pool: SwarmPool,
  swarm: number,
  seats: readonly AgentSeat[],
  indexOf: ReadonlyMap<Ref, number>,
): Uint8Array {
  const countBefore = pool.u32(swarm, FIELD.count);
  const before = readRows(pool, swarm, countBefore, (view) => view.slice());
  pool.resizeBodies(swarm, seats.length);
  const after = readRows(pool, swarm, seats.length, (view) => view);
  const slots = pool.words(swarm, FIELD.slots, seats.length);
  const isNew = new Uint8Array(seats.length);
  seats.forEach((seat, index) => {
    slots[index] = seat.slot;
    const from = indexOf.get(seat.ref);
    if (from === undefined) {
      isNew[index] = 1;
      return;
    }
    for (let axis = 0; axis < 4; axis += 1) {
      after.places[index * 4 + axis] = before.places[from * 4 + axis] as number;
      after.velocities[index * 4 + axis] = before.velocities[from * 4 + axis] as number;
    }
    after.mobility[index] = before.mobility[from] as number;
  });
  return isNew;
}

interface Rows {
  places: Float32Array;
  velocities: Float32Array;
  mobility: Float32Array;
}

function readRows(pool: SwarmPool, swarm: number, count: number, take: (view: Float32Array) => Float32Array): Rows {
  return {
    places: take(pool.floats(swarm, FIELD.places, count * 4)),
    velocities: take(pool.floats(swarm, FIELD.velocities, count * 4)),
    mobility: take(pool.floats(swarm, FIELD.mobility, count)),
  };
}

export function writePlan(pool: SwarmPool, swarm: number, plan: ShapePlan): void {
  pool.setU32(swarm, FIELD.shapeKind, SHAPE_KIND[plan.kind]);
  pool.setF32(swarm, FIELD.shapeRadius, plan.radius);
  pool.setU32(swarm, FIELD.hub, plan.hub);
  const shape = pool.floats(swarm, FIELD.shape, plan.x.length * 2);
  for (let i = 0; i < plan.x.length; i += 1) {
    shape[i * 2] = plan.x[i] as number;
    shape[i * 2 + 1] = plan.y[i] as number;
  }
}

/** @param held bodies and where they are held, world units. */
export function writePins(pool: SwarmPool, swarm: number, held: readonly (readonly [body: number, at: Place])[]): void {
  pool.resizePins(swarm, held.length);
  const bodies = pool.words(swarm, FIELD.pins, held.length * 4);
  const places = pool.floats(swarm, FIELD.pins, held.length * 4);
  held.forEach(([body, at], k) => {
    bodies[k * 4] = body;
    places.set(at, k * 4 + 1);
  });
}
