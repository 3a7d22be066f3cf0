// How good a layout is, how far two force fields differ, how far a swarm moved. Pure. Positions are x, y, z per node.
import { createRandom } from './random.mjs';

/**
 * Normalised stress at the best scale, from 40 pivots: how far distances in space disagree with distances in the graph,
 * near pairs counting most. 0 perfect, 1 useless; the same for a layout and its enlargement.
 */
export function stress(graph, positions, pivots = 40) {
  const near = adjacency(graph);
  const random = createRandom(7);
  let crossed = 0;
  let inSpace = 0;
  let pairs = 0;
  for (let k = 0; k < Math.min(pivots, graph.count); k++) {
    const pivot = graph.count <= pivots ? k : Math.floor(random() * graph.count);
    hopsFrom(pivot, near).forEach((hops, node) => {
      if (hops <= 0) return;
      const distance = between(positions, pivot, node);
      // With weights 1 / hops² and the best scale, the sum of squares is 1 − crossed² / (inSpace × pairs).
      crossed += distance / hops;
      inSpace += (distance / hops) ** 2;
      pairs += 1;
    });
  }
  return inSpace === 0 ? 1 : 1 - crossed ** 2 / (inSpace * pairs);
}

/** Spread of the links' lengths: standard deviation by mean. */
export function linkLengthSpread(graph, positions) {
  const links = graph.from.length;
  let sum = 0;
  let squares = 0;
  for (let k = 0; k < links; k++) {
    const length = between(positions, graph.from[k], graph.to[k]);
    sum += length;
    squares += length ** 2;
  }
  const mean = sum / links;
  return Math.sqrt(Math.max(0, squares / links - mean ** 2)) / mean;
}

/** Root of the mean squared difference of two force fields, as a share of the reference's. */
export function forceError(forces, reference) {
  let difference = 0;
  let size = 0;
  for (let k = 0; k < reference.length; k++) {
    difference += (forces[k] - reference[k]) ** 2;
    size += reference[k] ** 2;
  }
  return Math.sqrt(difference / size);
}

/** The largest distance between two of these places. @param {Iterable<readonly number[]>} places */
export function diameter(places) {
  const all = [...places];
  let most = 0;
  for (let a = 0; a < all.length; a++) {
    for (let b = a + 1; b < all.length; b++) most = Math.max(most, apart(all[a], all[b]));
  }
  return most;
}

/**
 * How far, on average, those went who are in both pictures and not among `concerned`: as an operator sees it, without
 * turning or shifting one picture onto the other.
 * @param {ReadonlyMap<number, readonly number[]>} before
 * @param {ReadonlyMap<number, readonly number[]>} after
 * @param {ReadonlySet<number>} concerned
 */
export function meanDisplacement(before, after, concerned) {
  let sum = 0;
  let counted = 0;
  for (const [id, place] of before) {
    const now = after.get(id);
    if (now === undefined || concerned.has(id)) continue;
    sum += apart(place, now);
    counted += 1;
  }
  return counted === 0 ? 0 : sum / counted;
}

export function median(values) {
  return quantile(values, 0.5);
}

/** @param share 0–1 */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function apart(one, other) {
  return Math.sqrt((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2);
}

function between(positions, a, b) {
  const x = positions[3 * a] - positions[3 * b];
  const y = positions[3 * a + 1] - positions[3 * b + 1];
  const z = positions[3 * a + 2] - positions[3 * b + 2];
  return Math.sqrt(x * x + y * y + z * z);
}

function adjacency(graph) {
  const near = Array.from({ length: graph.count }, () => []);
  graph.from.forEach((a, k) => {
    near[a].push(graph.to[k]);
    near[graph.to[k]].push(a);
  });
  return near;
}

/** Links on the shortest way from a node to each; −1 where there is none. */
function hopsFrom(start, near) {
  const hops = new Int32Array(near.length).fill(-1);
  hops[start] = 0;
  const queue = [start];
  for (const node of queue) {
    for (const next of near[node]) {
      if (hops[next] !== -1) continue;
      hops[next] = hops[node] + 1;
      queue.push(next);
    }
  }
  return hops;
}
