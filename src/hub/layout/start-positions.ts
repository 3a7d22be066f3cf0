/** Where agents begin, before any force has acted. All places are relative to the swarm's centre. */
import { LINK_LENGTH } from './kernel/physics.ts';
import { signedUnit } from './random.ts';
import { ballRadius, ringRadius } from './shape.ts';
import type { ShapePlan } from './shape.ts';

/** Golden angle, radians: successive multiples spread evenly over a circle. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/** The bodies of a swarm, whose places are to be written. */
export interface StartRows {
  count: number;
  slots: Uint32Array;
  /** Stride 4: x, y, z, and a fourth that stays as it is. */
  places: Float32Array;
}

/**
 * Begins a whole swarm in the shape that its topology asks for; the forces then only have to refine it.
 * @param unfolded x, y, z per body, where links make the picture.
 */
export function startSwarm(bodies: StartRows, plan: ShapePlan, seed: number, unfolded?: Float32Array): void {
  const n = bodies.count;
  const spread = LINK_LENGTH * 0.2;
  for (let i = 0; i < n; i += 1) {
    const jitter = (salt: number): number => signedUnit(seed, bodies.slots[i] as number, salt) * spread;
    let [x, y, z] = spherePoint(i, n, ballRadius(n) * 0.9 * Math.cbrt(i / n));
    if (unfolded !== undefined) [x = 0, y = 0, z = 0] = unfolded.subarray(i * 3, i * 3 + 3);
    if (plan.kind === 'ring') [x, y, z] = [ringRadius(n) * (plan.x[i] ?? 0), ringRadius(n) * (plan.y[i] ?? 0), 0];
    else if (plan.kind === 'star') [x, y, z] = i === plan.hub ? [0, 0, 0] : spherePoint(i, n, plan.radius);
    else if (plan.kind === 'layers') y = plan.y[i] ?? 0;
    place(bodies, i, x + jitter(1), y + jitter(2), z + jitter(3));
  }
}

/** Point i of n spread evenly over a sphere. */
function spherePoint(i: number, n: number, radius: number): [number, number, number] {
  const height = 1 - (2 * i + 1) / n;
  const width = Math.sqrt(Math.max(0, 1 - height * height)) * radius;
  return [width * Math.cos(i * GOLDEN_ANGLE), height * radius, width * Math.sin(i * GOLDEN_ANGLE)];
}

/**
 * Begins newcomers in a swarm that is already laid out: at the middle of those they are linked to and which have a
 * place, beside that one if it is one, else near the centre. Newcomers linked only to newcomers follow these.
 * @param isNew 1 for bodies without a place yet; cleared here.
 * @param links index pairs of all links.
 */
export function startNewcomers(bodies: StartRows, isNew: Uint8Array, links: readonly number[], seed: number): void {
  const near = new Map<number, number[]>();
  for (let k = 0; k + 1 < links.length; k += 2) {
    addNeighbour(near, isNew, links[k] as number, links[k + 1] as number);
    addNeighbour(near, isNew, links[k + 1] as number, links[k] as number);
  }
  let waiting: number[] = [];
  for (let i = 0; i < bodies.count; i += 1) if (isNew[i] === 1) waiting.push(i);
  while (waiting.length > 0) {
    const placeable = waiting.filter((i) => (near.get(i) ?? []).some((other) => isNew[other] === 0));
    // Nobody left is linked to one with a place: the first goes near the centre, and its neighbours follow it.
    const next = placeable.length > 0 ? placeable : waiting.slice(0, 1);
    for (const i of next)
      startBeside(
        bodies,
        i,
        (near.get(i) ?? []).filter((other) => isNew[other] === 0),
        seed,
      );
    for (const i of next) isNew[i] = 0;
    waiting = waiting.filter((i) => isNew[i] === 1);
  }
}

function addNeighbour(near: Map<number, number[]>, isNew: Uint8Array, index: number, other: number): void {
  if (isNew[index] !== 1) return;
  const list = near.get(index);
  if (list === undefined) near.set(index, [other]);
  else list.push(other);
}

function startBeside(bodies: StartRows, index: number, placed: readonly number[], seed: number): void {
  let x = 0;
  let y = 0;
  let z = 0;
  for (const other of placed) {
    x += bodies.places[other * 4] as number;
    y += bodies.places[other * 4 + 1] as number;
    z += bodies.places[other * 4 + 2] as number;
  }
  const share = placed.length > 0 ? 1 / placed.length : 0;
  const jitter = (salt: number): number =>
    signedUnit(seed, bodies.slots[index] as number, salt) * LINK_LENGTH * (placed.length > 1 ? 0.25 : 0.5);
  place(bodies, index, x * share + jitter(21), y * share + jitter(22), z * share + jitter(23));
}

function place(bodies: StartRows, index: number, x: number, y: number, z: number): void {
  bodies.places[index * 4] = x;
  bodies.places[index * 4 + 1] = y;
  bodies.places[index * 4 + 2] = z;
}
