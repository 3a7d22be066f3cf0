import type { Ref } from '../../model/ids.ts';
import { FIELD } from './kernel/swarm-fields.ts';
import type { SwarmPool } from './kernel/swarm-pool.ts';

/**
 * A picture of the bodies of one swarm, in ascending order of slot. Positions are relative to the swarm's centre, in
 * world units; velocities in units per step.
 */
export interface Bodies {
  count: number;
  refs: readonly Ref[];
  slots: Uint32Array;
  x: Float64Array;
  y: Float64Array;
  z: Float64Array;
  vx: Float64Array;
  vy: Float64Array;
  vz: Float64Array;
}

/** Copies the bodies out of the kernel's memory. O(n). */
export function readBodies(pool: SwarmPool, swarm: number, refs: readonly Ref[]): Bodies {
  const count = refs.length;
  const places = pool.floats(swarm, FIELD.places, count * 4);
  const velocities = pool.floats(swarm, FIELD.velocities, count * 4);
  const column = (rows: Float32Array, axis: number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => rows[i * 4 + axis] as number);
  return {
    count,
    refs,
    slots: pool.words(swarm, FIELD.slots, count).slice(),
    x: column(places, 0),
    y: column(places, 1),
    z: column(places, 2),
    vx: column(velocities, 0),
    vy: column(velocities, 1),
    vz: column(velocities, 2),
  };
}
