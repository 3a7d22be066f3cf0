/** A swarm that goes on in another thread from what was last published of it. */
import { LINK_LENGTH, MAX_LOCAL, STEP_HZ } from './kernel/physics.ts';
import { FIELD } from './kernel/swarm-fields.ts';
import type { SwarmPool } from './kernel/swarm-pool.ts';
import type { PublishedBody } from '../../model/region-reader.ts';
import type { Place } from './seats.ts';

/** What to go on from, by slot. */
export type LastPositions = ReadonlyMap<number, PublishedBody>;

/** A swarm whose middle is further from its place than this was on its way there. */
const STRAY = 3 * LINK_LENGTH;

/** Puts bodies where they were, at rest where no velocity is known; nonsense becomes 0. @returns the indices of those that were known. */
export function resumeBodies(pool: SwarmPool, swarm: number, last: LastPositions): number[] {
  const count = pool.u32(swarm, FIELD.count);
  const places = pool.floats(swarm, FIELD.places, count * 4);
  const velocities = pool.floats(swarm, FIELD.velocities, count * 4);
  const slots = pool.words(swarm, FIELD.slots, count);
  const centre = pool.vector(swarm, FIELD.centre);
  const perStep = pool.kernel.ticksPerStep(pool.row(swarm)) / STEP_HZ;
  const resumed: number[] = [];
  slots.forEach((slot, index) => {
    const known = last.get(slot);
    if (known === undefined) return;
    resumed.push(index);
    for (const axis of [0, 1, 2] as const) {
      places[index * 4 + axis] = bounded(known.place[axis] - centre[axis]);
      velocities[index * 4 + axis] = bounded((known.velocity?.[axis] ?? 0) * perStep);
    }
  });
  return resumed;
}

/**
 * A swarm that was on its way to another place when its thread died goes on from where it was: its centre becomes the
 * middle of its bodies.
 * @returns where it was going, or undefined for one that had arrived.
 */
export function resumeCentre(pool: SwarmPool, swarm: number, resumed: readonly number[]): Place | undefined {
  const places = pool.floats(swarm, FIELD.places, pool.u32(swarm, FIELD.count) * 4);
  const mean: [number, number, number] = [0, 0, 0];
  for (const index of resumed) {
    for (const axis of [0, 1, 2] as const) mean[axis] += (places[index * 4 + axis] as number) / resumed.length;
  }
  if (Math.max(...mean.map(Math.abs)) < STRAY) return undefined;
  const to = pool.vector(swarm, FIELD.centre);
  pool.setVector(swarm, FIELD.centre, [to[0] + mean[0], to[1] + mean[1], to[2] + mean[2]]);
  for (const index of resumed) {
    for (const axis of [0, 1, 2] as const) places[index * 4 + axis] = (places[index * 4 + axis] as number) - mean[axis];
  }
  return to;
}

function bounded(value: number): number {
  return Number.isFinite(value) ? Math.max(-MAX_LOCAL, Math.min(MAX_LOCAL, value)) : 0;
}
