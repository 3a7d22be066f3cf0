/**
 * Draws bodies towards the places that the swarm's topology has for them; mildly, so that links and repulsion still
 * have their say. What the block `shape` holds per body, two f32, depends on the kind:
 *   ring    unit vector in the x-y plane
 *   layers  0, height
 *   star    unused: the hub goes to the middle, the others to a sphere about it
 */
import { HUB_STRENGTH, LAYER_STRENGTH, RING_STRENGTH, SHELL_STRENGTH } from "../physics";
import { f32At, Field, i32At, pointer, u32At } from "./swarm";
import { ROW } from "./vectors";

export namespace ShapeKind {
  export const free: u32 = 0;
  export const ring: u32 = 1;
  export const layers: u32 = 2;
  export const star: u32 = 3;
}

export function pullToShape(swarm: usize): void {
  const kind = u32At(swarm, Field.shapeKind);
  if (kind == ShapeKind.ring) pullToRing(swarm);
  else if (kind == ShapeKind.layers) pullToLayers(swarm);
  else if (kind == ShapeKind.star) pullToStar(swarm);
}

/**
 * A ring has no marked first place: the plan is turned (and mirrored) to where it fits the bodies best, so that a ring
 * that gains a member makes room without turning.
 */
function pullToRing(swarm: usize): void {
  const count = u32At(swarm, Field.count);
  const places = pointer(swarm, Field.places), shape = pointer(swarm, Field.shape);
  let along: f64 = 0, across: f64 = 0, alongMirrored: f64 = 0, acrossMirrored: f64 = 0;
  for (let i: u32 = 0, p = places, s = shape; i < count; i += 1, p += ROW, s += 8) {
    const ux = <f64>load<f32>(s), uy = <f64>load<f32>(s, 4);
    const px = <f64>load<f32>(p), py = <f64>load<f32>(p, 4);
    along += px * ux + py * uy;
    across += py * ux - px * uy;
    alongMirrored += px * ux - py * uy;
    acrossMirrored += py * ux + px * uy;
  }
  const fit = along * along + across * across;
  const fitMirrored = alongMirrored * alongMirrored + acrossMirrored * acrossMirrored;
  const mirrored = fitMirrored > fit;
  const size = sqrt<f64>(max<f64>(fit, fitMirrored));
  const cos = <f32>(size > 0 ? (mirrored ? alongMirrored : along) / size : 1);
  const sin = <f32>(size > 0 ? (mirrored ? acrossMirrored : across) / size : 0);
  const flip: f32 = mirrored ? -1 : 1;
  const radius = f32At(swarm, Field.shapeRadius);
  const k = <f32>RING_STRENGTH;
  let f = pointer(swarm, Field.forces);
  for (let i: u32 = 0, p = places, s = shape; i < count; i += 1, p += ROW, s += 8, f += ROW) {
    const ux = load<f32>(s), uy = load<f32>(s, 4) * flip;
    store<f32>(f, load<f32>(f) + (radius * (ux * cos - uy * sin) - load<f32>(p)) * k);
    store<f32>(f, load<f32>(f, 4) + (radius * (ux * sin + uy * cos) - load<f32>(p, 4)) * k, 4);
    store<f32>(f, load<f32>(f, 8) - load<f32>(p, 8) * k, 8);
  }
}

function pullToLayers(swarm: usize): void {
  const count = u32At(swarm, Field.count);
  let p = pointer(swarm, Field.places), s = pointer(swarm, Field.shape), f = pointer(swarm, Field.forces);
  for (let i: u32 = 0; i < count; i += 1, p += ROW, s += 8, f += ROW) {
    store<f32>(f, load<f32>(f, 4) + (load<f32>(s, 4) - load<f32>(p, 4)) * <f32>LAYER_STRENGTH, 4);
  }
}

function pullToStar(swarm: usize): void {
  const count = i32At(swarm, Field.count), hub = i32At(swarm, Field.hub);
  const radius = f32At(swarm, Field.shapeRadius);
  let p = pointer(swarm, Field.places), f = pointer(swarm, Field.forces);
  for (let i = 0; i < count; i += 1, p += ROW, f += ROW) {
    const x = load<f32>(p), y = load<f32>(p, 4), z = load<f32>(p, 8);
    const distance = sqrt<f32>(x * x + y * y + z * z);
    let k: f32 = -<f32>HUB_STRENGTH;
    if (i != hub) k = distance > 1e-9 ? (<f32>SHELL_STRENGTH * (radius - distance)) / distance : 0;
    store<f32>(f, load<f32>(f) + x * k);
    store<f32>(f, load<f32>(f, 4) + y * k, 4);
    store<f32>(f, load<f32>(f, 8) + z * k, 8);
  }
}
