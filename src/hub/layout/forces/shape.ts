import type { Bodies } from '../bodies.ts';
import type { ShapePlan } from '../shape.ts';

/** Share of the way to its place that a body is drawn per step at alpha 1. */
const RING_STRENGTH = 0.1;
const LAYER_STRENGTH = 0.3;
const HUB_STRENGTH = 0.3;
const SHELL_STRENGTH = 0.1;

/** Draws bodies towards the places that the topology has for them. O(n). */
export function pullToShape(bodies: Bodies, plan: ShapePlan, alpha: number): void {
  if (plan.kind === 'ring') pullToRing(bodies, plan, alpha);
  else if (plan.kind === 'layers') pullToLayers(bodies, plan, alpha);
  else if (plan.kind === 'star') pullToStar(bodies, plan, alpha);
}

/**
 * A ring has no marked first place: the plan is turned (and mirrored) to where it fits the bodies best, so that a ring
 * that gains a member makes room without turning.
 */
function pullToRing(bodies: Bodies, plan: ShapePlan, alpha: number): void {
  const { count, x, y, z, vx, vy, vz } = bodies;
  const k = RING_STRENGTH * alpha;
  let along = 0;
  let across = 0;
  let alongMirrored = 0;
  let acrossMirrored = 0;
  for (let i = 0; i < count; i += 1) {
    const ux = plan.x[i] as number;
    const uy = plan.y[i] as number;
    const px = x[i] as number;
    const py = y[i] as number;
    along += px * ux + py * uy;
    across += py * ux - px * uy;
    alongMirrored += px * ux - py * uy;
    acrossMirrored += py * ux + px * uy;
  }
  const fit = along * along + across * across;
  const fitMirrored = alongMirrored * alongMirrored + acrossMirrored * acrossMirrored;
  const flip = fitMirrored > fit ? -1 : 1;
  const size = Math.sqrt(Math.max(fit, fitMirrored));
  const cos = size > 0 ? (flip < 0 ? alongMirrored : along) / size : 1;
  const sin = size > 0 ? (flip < 0 ? acrossMirrored : across) / size : 0;
  for (let i = 0; i < count; i += 1) {
    const ux = plan.x[i] as number;
    const uy = (plan.y[i] as number) * flip;
    vx[i] = (vx[i] as number) + (plan.radius * (ux * cos - uy * sin) - (x[i] as number)) * k;
    vy[i] = (vy[i] as number) + (plan.radius * (ux * sin + uy * cos) - (y[i] as number)) * k;
    vz[i] = (vz[i] as number) - (z[i] as number) * k;
  }
}

function pullToLayers(bodies: Bodies, plan: ShapePlan, alpha: number): void {
  const { count, y, vy } = bodies;
  const k = LAYER_STRENGTH * alpha;
  for (let i = 0; i < count; i += 1) vy[i] = (vy[i] as number) + ((plan.y[i] as number) - (y[i] as number)) * k;
}

function pullToStar(bodies: Bodies, plan: ShapePlan, alpha: number): void {
  const { count, x, y, z, vx, vy, vz } = bodies;
  for (let i = 0; i < count; i += 1) {
    const px = x[i] as number;
    const py = y[i] as number;
    const pz = z[i] as number;
    const distance = Math.sqrt(px * px + py * py + pz * pz);
    let k = -HUB_STRENGTH * alpha;
    if (i !== plan.hub) k = distance > 1e-9 ? (SHELL_STRENGTH * alpha * (plan.radius - distance)) / distance : 0;
    vx[i] = (vx[i] as number) + px * k;
    vy[i] = (vy[i] as number) + py * k;
    vz[i] = (vz[i] as number) + pz * k;
  }
}
