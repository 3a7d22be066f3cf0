/**
 * What a swarm's topology asks of its picture: the rest length of links, the place where each agent would stand if
 * nothing else pulled at it, and how much room the whole takes. Forces follow the places mildly (forces/shape.ts), so
 * that links and repulsion still have their say.
 */
import { CENTRING, LINK_LENGTH, REPULSION } from './kernel/physics.ts';

/** How the members of a swarm are drawn. */
export type ShapeKind = 'free' | 'star' | 'ring' | 'layers';

/** Rest length of links in a hierarchy, and the least height of a layer. */
const LAYER_LINK = 1.3 * LINK_LENGTH;
/** A hierarchy of more agents than this has higher layers, so that it does not look flat: its layers grow wide. */
const LAYER_FULL = 50;
/** Members of a ring up to which neighbours stand a link's length apart; larger rings grow by the square root. */
const RING_FULL = 24;
/** Room around a swarm that motion and labels may use. */
const MARGIN = LINK_LENGTH;

/** The shape for a topology as servers report it; unknown words are drawn freely. */
export function shapeKind(topology: string | undefined): ShapeKind {
  switch (topology) {
    case 'star':
      return 'star';
    case 'ring':
      return 'ring';
    // The adaptive kinds report no shape of their own: they are drawn as trees, as their links are derived.
    case 'hierarchical':
    case 'hierarchical-mesh':
    case 'hybrid':
    case 'adaptive':
    case 'pheromone-adaptive':
      return 'layers';
    default:
      return 'free';
  }
}

/** Radius of a ring of n. */
export function ringRadius(n: number): number {
  const full = (Math.min(n, RING_FULL) * LINK_LENGTH) / (2 * Math.PI);
  return n > RING_FULL ? full * Math.sqrt(n / RING_FULL) : full;
}

/** Distance of the members of a star of n from its hub: a sphere with room of about L × L / 2 for each. */
export function starRadius(n: number): number {
  return LINK_LENGTH * Math.max(1, 0.2 * Math.sqrt(n));
}

/** Height of a layer in a hierarchy of n. */
function layerGap(n: number): number {
  return LAYER_LINK * Math.max(1, Math.cbrt(n / LAYER_FULL));
}

/** Radius of the ball in which n agents without links rest. */
export function ballRadius(n: number): number {
  return Math.cbrt((REPULSION / CENTRING) * n);
}

export function linkRestLength(kind: ShapeKind, n: number): number {
  if (kind === 'star') return starRadius(n);
  if (kind === 'ring') return n > 0 ? (2 * Math.PI * ringRadius(n)) / n : LINK_LENGTH;
  return kind === 'layers' ? LAYER_LINK : LINK_LENGTH;
}

/**
 * Radius of a ball about the centre that n agents of a topology usually stay in, with some room: what placement
 * reserves before their picture is known. Long chains of links need more.
 */
export function shapeRadius(topology: string | undefined, n: number): number {
  const kind = shapeKind(topology);
  const ball = ballRadius(n) * 1.25;
  if (kind === 'ring') return Math.max(ringRadius(n) * 1.1, LINK_LENGTH) + MARGIN;
  if (kind === 'star') return Math.max(starRadius(n) * 1.2, ball * 0.8) + MARGIN;
  return (kind === 'layers' ? Math.max(ball, LINK_LENGTH * Math.sqrt(n)) : ball) + MARGIN;
}

/** Members as indices 0…n−1 in ascending order of slot, with the topology links between them. */
export interface ShapeGraph {
  count: number;
  /** Index pairs of topology links: a0, b0, a1, b1, … */
  links: readonly number[];
  isLead: (index: number) => boolean;
}

/** Where each member stands in the shape; arrays of length `count`. */
export interface ShapePlan {
  kind: ShapeKind;
  /** Star: the hub's index; −1 elsewhere. */
  hub: number;
  /** Star and ring: distance from the centre. */
  radius: number;
  /** Ring: unit vector in the x-y plane. Layers: y only, world units from the centre. Else unused. */
  x: Float64Array;
  y: Float64Array;
}

/** O(n + links), once per change of members, links or topology. */
export function planShape(kind: ShapeKind, graph: ShapeGraph): ShapePlan {
  const n = graph.count;
  const plan: ShapePlan = { kind, hub: -1, radius: 0, x: new Float64Array(n), y: new Float64Array(n) };
  if (kind === 'free' || n === 0) return plan;
  const near = neighbours(graph);
  if (kind === 'star') {
    plan.hub = chief(graph, near);
    plan.radius = starRadius(n);
  } else if (kind === 'ring') {
    plan.radius = ringRadius(n);
    walk(near).forEach((index, place) => {
      plan.x[index] = Math.cos((2 * Math.PI * place) / n);
      plan.y[index] = Math.sin((2 * Math.PI * place) / n);
    });
  } else {
    const depths = layers(graph, near);
    const deepest = depths.reduce((most, depth) => Math.max(most, depth), 0);
    depths.forEach((depth, index) => {
      plan.y[index] = (deepest / 2 - depth) * layerGap(n);
    });
  }
  return plan;
}

function neighbours(graph: ShapeGraph): number[][] {
  const near: number[][] = Array.from({ length: graph.count }, () => []);
  for (let k = 0; k + 1 < graph.links.length; k += 2) {
    const a = graph.links[k] as number;
    const b = graph.links[k + 1] as number;
    near[a]?.push(b);
    near[b]?.push(a);
  }
  return near;
}

/** The best linked lead, or the best linked of all where none is marked; of equals, the first. */
function chief(graph: ShapeGraph, near: readonly number[][]): number {
  let best = 0;
  let bestRank = -1;
  near.forEach((list, index) => {
    const rank = list.length + (graph.isLead(index) ? graph.count * graph.count : 0);
    if (rank > bestRank) {
      best = index;
      bestRank = rank;
    }
  });
  return best;
}

/** Members in the order in which links lead from one to the next, each component from its first member. */
function walk(near: readonly number[][]): number[] {
  const order: number[] = [];
  const seen = new Uint8Array(near.length);
  for (let start = 0; start < near.length; start += 1) {
    let at: number | undefined = seen[start] === 1 ? undefined : start;
    while (at !== undefined) {
      seen[at] = 1;
      order.push(at);
      at = near[at]?.find((next) => seen[next] === 0);
    }
  }
  return order;
}

/** Steps from the nearest lead (or from the chief, without leads); what no link reaches stands in the last layer. */
function layers(graph: ShapeGraph, near: readonly number[][]): number[] {
  const depths: number[] = Array.from({ length: graph.count }, () => -1);
  let front: number[] = [];
  for (let index = 0; index < graph.count; index += 1) if (graph.isLead(index)) front.push(index);
  if (front.length === 0) front = [chief(graph, near)];
  for (const index of front) depths[index] = 0;
  let depth = 0;
  while (front.length > 0) {
    depth += 1;
    const next: number[] = [];
    for (const index of front) {
      for (const other of near[index] ?? []) {
        if (depths[other] !== -1) continue;
        depths[other] = depth;
        next.push(other);
      }
    }
    front = next;
  }
  const last = Math.max(1, depth - 1);
  return depths.map((known) => (known === -1 ? last : known));
}
