/** From world to picture, for labels and pointing. Pure; the same camera as the scene's. */
import type { CameraPose, Vec3 } from './camera-rig.ts';
import { axesOf, FIELD_OF_VIEW } from './camera-rig.ts';
import { STRIDE } from './agent-field.ts';

export interface Projector {
  /** CSS pixels from the top left; `scale`: pixels per world unit there. Undefined behind the eye. */
  at(x: number, y: number, z: number): { x: number; y: number; scale: number } | undefined;
}

export function createProjector(pose: Readonly<CameraPose>, width: number, height: number): Projector {
  const { right, up, back } = axesOf(pose);
  const focal = height / (2 * Math.tan(FIELD_OF_VIEW / 2));
  const [tx, ty, tz] = pose.target;
  return {
    at(x, y, z) {
      const [dx, dy, dz] = [x - tx, y - ty, z - tz];
      const depth = pose.distance - along(back, dx, dy, dz);
      if (depth < 1) return undefined;
      const scale = focal / depth;
      return { x: width / 2 + along(right, dx, dy, dz) * scale, y: height / 2 - along(up, dx, dy, dz) * scale, scale };
    },
  };
}

function along(axis: Vec3, x: number, y: number, z: number): number {
  return axis[0] * x + axis[1] * y + axis[2] * z;
}

/** Index of the agent at a point of the picture: the nearest one within `reach` pixels, if any. */
export function pick(
  data: Float32Array,
  count: number,
  projector: Projector,
  point: { x: number; y: number; reach: number },
  accepts: (index: number) => boolean,
): number | undefined {
  let best: number | undefined;
  let nearest = point.reach;
  for (let i = 0; i < count; i++) {
    const at = i * STRIDE;
    if ((data[at + 3] ?? 0) < 0.05) continue;
    const seen = projector.at(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0);
    if (seen === undefined) continue;
    const distance = Math.hypot(seen.x - point.x, seen.y - point.y);
    if (distance < nearest && accepts(i)) {
      nearest = distance;
      best = i;
    }
  }
  return best;
}

/** The nearest agent in a direction of the picture (unit vector, y downwards), for arrow keys. */
export function neighbour(
  data: Float32Array,
  count: number,
  projector: Projector,
  from: number,
  way: { x: number; y: number },
  accepts: (index: number) => boolean,
): number | undefined {
  const at = (index: number) => {
    const o = index * STRIDE;
    return projector.at(data[o] ?? 0, data[o + 1] ?? 0, data[o + 2] ?? 0);
  };
  const start = at(from);
  if (start === undefined) return undefined;
  let best: number | undefined;
  let least = Infinity;
  for (let i = 0; i < count; i++) {
    if (i === from || !accepts(i)) continue;
    const seen = at(i);
    if (seen === undefined) continue;
    const forward = (seen.x - start.x) * way.x + (seen.y - start.y) * way.y;
    if (forward < 2) continue;
    const aside = Math.abs((seen.x - start.x) * way.y - (seen.y - start.y) * way.x);
    const cost = forward + 2.5 * aside;
    if (cost < least) [least, best] = [cost, i];
  }
  return best;
}
