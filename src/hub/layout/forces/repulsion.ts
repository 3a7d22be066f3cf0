import type { Bodies } from '../bodies.ts';
import { REPULSION } from '../parameters.ts';
import { signedUnit } from '../random.ts';

/** Squared distance below which two bodies count as coincident. */
export const COINCIDENT = 1e-6;

/**
 * Every pair repels: REPULSION × d / (r² + 1)^1.5, added to velocities, scaled by alpha. Exact, each pair once: O(n²/2).
 * Coincident bodies have no direction to part in, so they get one from the seed.
 */
export function repel(bodies: Bodies, alpha: number, seed: number): void {
  const { count, x, y, z, vx, vy, vz, slots } = bodies;
  const strength = REPULSION * alpha;
  for (let i = 0; i < count; i += 1) {
    const xi = x[i] as number;
    const yi = y[i] as number;
    const zi = z[i] as number;
    let fx = 0;
    let fy = 0;
    let fz = 0;
    for (let j = i + 1; j < count; j += 1) {
      let dx = xi - (x[j] as number);
      let dy = yi - (y[j] as number);
      let dz = zi - (z[j] as number);
      let r2 = dx * dx + dy * dy + dz * dz;
      if (r2 < COINCIDENT) {
        const pair = (slots[i] as number) * 31 + (slots[j] as number);
        dx = signedUnit(seed, pair, 1);
        dy = signedUnit(seed, pair, 2);
        dz = signedUnit(seed, pair, 3);
        r2 = dx * dx + dy * dy + dz * dz;
      }
      const soft = r2 + 1;
      const f = strength / (soft * Math.sqrt(soft));
      fx += dx * f;
      fy += dy * f;
      fz += dz * f;
      vx[j] = (vx[j] as number) - dx * f;
      vy[j] = (vy[j] as number) - dy * f;
      vz[j] = (vz[j] as number) - dz * f;
    }
    vx[i] = (vx[i] as number) + fx;
    vy[i] = (vy[i] as number) + fy;
    vz[i] = (vz[i] as number) + fz;
  }
}
