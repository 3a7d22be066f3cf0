/**
 * A graph, and smaller and smaller pictures of it: bodies that are closely linked are taken together, level by level,
 * until a dozen are left. After G. Karypis and V. Kumar, "A fast and high quality multilevel scheme for partitioning
 * irregular graphs", SIAM J. Sci. Comput. 20 (1998): heavy-edge matching, in which every body takes the unmatched
 * neighbour that it is linked to most. Those that a matching leaves over, around hubs and without links, join a
 * neighbour's group or one another.
 */

/**
 * Neighbours of body i are `others` from `offsets[i]` to `offsets[i + 1]`, each link with its weight, in both
 * directions.
 */
export interface WeightedGraph {
  count: number;
  offsets: Uint32Array;
  others: Uint32Array;
  weights: Float32Array;
}

/** A graph, and for each of its bodies the group that it belongs to: its body in the next, smaller graph. */
export interface GraphLevel {
  graph: WeightedGraph;
  /** Undefined on the last level. */
  groupOf: Uint32Array | undefined;
}

/** Members of a group at most. */
const MAX_GROUP = 4;
const LAST_LEVEL_BODIES = 12;
/** A level that is not smaller by this much is the last. */
const LEAST_SHRINKING = 0.85;

/** @param links index pairs; loops are left out. O(n + links). */
export function weightedGraph(count: number, links: ArrayLike<number>): WeightedGraph {
  const offsets = new Uint32Array(count + 1);
  const eachEnd = (use: (one: number, other: number) => void): void => {
    for (let k = 0; k + 1 < links.length; k += 2) {
      const a = links[k] as number;
      const b = links[k + 1] as number;
      if (a === b) continue;
      use(a, b);
      use(b, a);
    }
  };
  eachEnd((one) => {
    offsets[one + 1] = (offsets[one + 1] as number) + 1;
  });
  for (let i = 0; i < count; i += 1) offsets[i + 1] = (offsets[i + 1] as number) + (offsets[i] as number);
  const others = new Uint32Array(offsets[count] as number);
  const next = offsets.slice();
  eachEnd((one, other) => {
    others[next[one] as number] = other;
    next[one] = (next[one] as number) + 1;
  });
  return { count, offsets, others, weights: new Float32Array(others.length).fill(1) };
}

/** The graph itself first, the smallest last. O((n + links) × levels), in which both halve from level to level. */
export function graphLevels(graph: WeightedGraph): GraphLevel[] {
  const levels: GraphLevel[] = [];
  let finer = graph;
  while (finer.count > LAST_LEVEL_BODIES) {
    const { groupOf, groups } = group(finer);
    if (groups > finer.count * LEAST_SHRINKING) break;
    levels.push({ graph: finer, groupOf });
    finer = contract(finer, groupOf, groups);
  }
  levels.push({ graph: finer, groupOf: undefined });
  return levels;
}

const NONE = 0xffff_ffff;

function group(graph: WeightedGraph): { groupOf: Uint32Array; groups: number } {
  const { count, offsets } = graph;
  const groupOf = new Uint32Array(count).fill(NONE);
  const sizes = new Uint8Array(count);
  let groups = 0;
  const found = (...members: number[]): void => {
    for (const member of members) groupOf[member] = groups;
    sizes[groups] = members.length;
    groups += 1;
  };
  // Those with few links first: they have little choice.
  const degree = (body: number): number => (offsets[body + 1] as number) - (offsets[body] as number);
  const order = Uint32Array.from({ length: count }, (_, i) => i).toSorted((a, b) => degree(a) - degree(b) || a - b);
  // By the neighbour that they would have joined, the last group of those that found it full; by count, of the loose.
  const crowds = new Uint32Array(count + 1).fill(NONE);
  for (const body of order) {
    if (groupOf[body] !== NONE) continue;
    const mate = heaviest(graph, body, (other) => groupOf[other] === NONE);
    if (mate !== NONE) {
      found(body, mate);
      continue;
    }
    const host = heaviest(graph, body, (other) => (sizes[groupOf[other] as number] as number) < MAX_GROUP);
    const crowd =
      host === NONE
        ? Math.min(
            count,
            heaviest(graph, body, () => true),
          )
        : NONE;
    const joined = host === NONE ? (crowds[crowd] as number) : (groupOf[host] as number);
    if (joined !== NONE && (sizes[joined] as number) < MAX_GROUP) {
      groupOf[body] = joined;
      sizes[joined] = (sizes[joined] as number) + 1;
      continue;
    }
    crowds[crowd] = groups;
    found(body);
  }
  return { groupOf, groups };
}

/** The neighbour with the heaviest link among those that suit; of equals, the first. */
function heaviest(graph: WeightedGraph, body: number, suits: (other: number) => boolean): number {
  let best = NONE;
  let bestWeight = 0;
  for (let k = graph.offsets[body] as number; k < (graph.offsets[body + 1] as number); k += 1) {
    const other = graph.others[k] as number;
    const weight = graph.weights[k] as number;
    if (other === body || weight <= bestWeight || !suits(other)) continue;
    best = other;
    bestWeight = weight;
  }
  return best;
}

/** Groups as bodies; links between the same two groups add up to one. */
function contract(graph: WeightedGraph, groupOf: Uint32Array, groups: number): WeightedGraph {
  const members: number[][] = Array.from({ length: groups }, () => []);
  groupOf.forEach((of, body) => members[of]?.push(body));
  const offsets = new Uint32Array(groups + 1);
  const others: number[] = [];
  const weights: number[] = [];
  // Where the link to a group stands, if it belongs to the group at hand.
  const placeOf = new Int32Array(groups).fill(-1);
  members.forEach((bodies, own) => {
    const first = others.length;
    for (const body of bodies) {
      for (let k = graph.offsets[body] as number; k < (graph.offsets[body + 1] as number); k += 1) {
        const other = groupOf[graph.others[k] as number] as number;
        if (other === own) continue;
        const place = placeOf[other] as number;
        if (place >= first) weights[place] = (weights[place] as number) + (graph.weights[k] as number);
        else {
          placeOf[other] = others.length;
          others.push(other);
          weights.push(graph.weights[k] as number);
        }
      }
    }
    offsets[own + 1] = others.length;
  });
  return { count: groups, offsets, others: Uint32Array.from(others), weights: Float32Array.from(weights) };
}
