import type { Bodies } from '../bodies.ts';
import { CENTRING } from '../parameters.ts';

/** Pulls every body to the swarm's centre (the origin of its coordinates), so that parts without links stay near. */
export function pullToCentre(bodies: Bodies, alpha: number): void {
  const { count, x, y, z, vx, vy, vz } = bodies;
  const k = CENTRING * alpha;
  for (let i = 0; i < count; i += 1) {
    vx[i] = (vx[i] as number) - (x[i] as number) * k;
    vy[i] = (vy[i] as number) - (y[i] as number) * k;
    vz[i] = (vz[i] as number) - (z[i] as number) * k;
  }
}
