import { placeBody } from '../bodies.ts';
import type { Bodies } from '../bodies.ts';
import { LINK_LENGTH, MAX_LOCAL, MAX_SPEED, RETENTION } from '../parameters.ts';
import { signedUnit } from '../random.ts';

/** What a step of integration saw. */
export interface Motion {
  /** Greatest speed of a body, units per step. */
  maxSpeed: number;
  /** Bodies that had turned non-finite and were put back near the centre. */
  poisoned: number;
}

/** Moves bodies by their damped, clamped velocities. Whatever forces did, positions stay finite and within MAX_LOCAL. */
export function integrate(bodies: Bodies, seed: number, out: Motion): void {
  const { count, x, y, z, vx, vy, vz } = bodies;
  let max2 = 0;
  let poisoned = 0;
  for (let i = 0; i < count; i += 1) {
    let ux = (vx[i] as number) * RETENTION;
    let uy = (vy[i] as number) * RETENTION;
    let uz = (vz[i] as number) * RETENTION;
    let speed2 = ux * ux + uy * uy + uz * uz;
    const place = (x[i] as number) + (y[i] as number) + (z[i] as number);
    if (!(speed2 + Math.abs(place) < Infinity)) {
      const key = bodies.slots[i] as number;
      const jitter = (salt: number): number => signedUnit(seed, key, salt) * LINK_LENGTH;
      placeBody(bodies, i, jitter(11), jitter(12), jitter(13));
      poisoned += 1;
      continue;
    }
    if (speed2 > MAX_SPEED * MAX_SPEED) {
      const shrink = MAX_SPEED / Math.sqrt(speed2);
      ux *= shrink;
      uy *= shrink;
      uz *= shrink;
      speed2 = MAX_SPEED * MAX_SPEED;
    }
    if (speed2 > max2) max2 = speed2;
    vx[i] = ux;
    vy[i] = uy;
    vz[i] = uz;
    x[i] = clamp((x[i] as number) + ux);
    y[i] = clamp((y[i] as number) + uy);
    z[i] = clamp((z[i] as number) + uz);
  }
  out.maxSpeed = Math.sqrt(max2);
  out.poisoned = poisoned;
}

function clamp(value: number): number {
  return value > MAX_LOCAL ? MAX_LOCAL : value < -MAX_LOCAL ? -MAX_LOCAL : value;
}
