import type { Ref } from '../../model/ids.ts';

/**
 * The bodies of one swarm, in ascending order of slot. Positions are relative to the swarm's centre, in world units;
 * velocities in units per step. Arrays may be longer than `count`.
 */
export interface Bodies {
  count: number;
  refs: Ref[];
  slots: Uint32Array;
  x: Float64Array;
  y: Float64Array;
  z: Float64Array;
  vx: Float64Array;
  vy: Float64Array;
  vz: Float64Array;
}

export function createBodies(capacity: number): Bodies {
  return {
    count: 0,
    refs: [],
    slots: new Uint32Array(capacity),
    x: new Float64Array(capacity),
    y: new Float64Array(capacity),
    z: new Float64Array(capacity),
    vx: new Float64Array(capacity),
    vy: new Float64Array(capacity),
    vz: new Float64Array(capacity),
  };
}

/** Copies position and velocity of body `from` of `source` to body `to` of `target`. */
export function copyBody(source: Bodies, from: number, target: Bodies, to: number): void {
  target.x[to] = source.x[from] ?? 0;
  target.y[to] = source.y[from] ?? 0;
  target.z[to] = source.z[from] ?? 0;
  target.vx[to] = source.vx[from] ?? 0;
  target.vy[to] = source.vy[from] ?? 0;
  target.vz[to] = source.vz[from] ?? 0;
}

/** Puts a body at rest at a place. */
export function placeBody(bodies: Bodies, index: number, x: number, y: number, z: number): void {
  bodies.x[index] = x;
  bodies.y[index] = y;
  bodies.z[index] = z;
  bodies.vx[index] = 0;
  bodies.vy[index] = 0;
  bodies.vz[index] = 0;
}
