/**
 * Where the bodies of a large graph begin.
 *
 * From places at random, forces unfold what is near within some steps, but a ring of a thousand takes ten thousands:
 * its far ends know of each other only through everybody between. So a picture of a dozen groups is laid out first,
 * which unfolds at once; then each group is parted into its members, the whole is scaled to links of the right length
 * and relaxed a little, and so on down to the graph itself (C. Walshaw, "A multilevel algorithm for force-directed
 * graph drawing", J. Graph Algorithms Appl. 7, 2003). The last level is left to the swarm's own steps.
 */
import { signedUnit } from '../random.ts';
import { graphLevels, weightedGraph } from './graph-levels.ts';
import type { GraphLevel, WeightedGraph } from './graph-levels.ts';
import { LINK_LENGTH } from './physics.ts';
import { plainSprings, writeComponents, writeSprings } from './springs.ts';
import { FIELD } from './swarm-fields.ts';
import type { SwarmPool } from './swarm-pool.ts';

/** Steps of the smallest picture, and heat at their beginning. */
const FIRST_STEPS = 300;
const FIRST_ALPHA = 1;
/**
 * A level of n bodies gets STEP_BODIES / n steps within these bounds, so that no level takes more than some
 * milliseconds.
 */
const STEP_BODIES = 100_000;
const MIN_STEPS = 5;
const MAX_STEPS = 100;
const LEVEL_ALPHA = 0.5;
const LAST_ALPHA = 0.02;
/** Way of a member from the middle of its group towards its neighbours outside. */
const PARTING = 0.25;
/** Links begin longer than at rest: a chain under tension straightens, one under pressure crumples. */
const TENSION = 1.3;
const JITTER = 0.05 * LINK_LENGTH;

/**
 * @param pool where the levels are laid out, and leave nothing behind.
 * @param links index pairs.
 * @returns x, y, z per body, about the origin. The same seed gives the same places.
 */
export function unfoldedStart(pool: SwarmPool, count: number, links: ArrayLike<number>, seed: number): Float32Array {
  const levels = graphLevels(weightedGraph(count, links));
  let places = relax(pool, (levels.at(-1) as GraphLevel).graph, ball(levels.at(-1) as GraphLevel, seed), true, seed);
  for (let k = levels.length - 2; k >= 0; k -= 1) {
    const { graph, groupOf } = levels[k] as GraphLevel;
    places = scaled(graph, part(graph, groupOf as Uint32Array, places, seed));
    if (k > 0) places = relax(pool, graph, places, false, seed);
  }
  return places;
}

function ball({ graph }: GraphLevel, seed: number): Float32Array {
  const radius = LINK_LENGTH * Math.cbrt(graph.count);
  return Float32Array.from({ length: graph.count * 3 }, (_, k) => signedUnit(seed, k, 41) * radius);
}

/** Members begin in the middle of their group, a little towards those outside that they are linked to. */
function part(graph: WeightedGraph, groupOf: Uint32Array, groups: Float32Array, seed: number): Float32Array {
  const places = new Float32Array(graph.count * 3);
  for (let body = 0; body < graph.count; body += 1) {
    const own = groupOf[body] as number;
    for (let axis = 0; axis < 3; axis += 1) {
      const middle = groups[own * 3 + axis] as number;
      let sum = 0;
      let weight = 0;
      for (let k = graph.offsets[body] as number; k < (graph.offsets[body + 1] as number); k += 1) {
        const group = groupOf[graph.others[k] as number] as number;
        sum += (graph.weights[k] as number) * (groups[group * 3 + axis] as number);
        weight += graph.weights[k] as number;
      }
      const pulled = weight > 0 ? middle + PARTING * (sum / weight - middle) : middle;
      places[body * 3 + axis] = pulled + signedUnit(seed, body, 42 + axis) * JITTER;
    }
  }
  return places;
}

/** Scaled so that links are, in the mean square, somewhat longer than at rest. */
function scaled(graph: WeightedGraph, places: Float32Array): Float32Array {
  let sum = 0;
  let squares = 0;
  for (let body = 0; body < graph.count; body += 1) {
    for (let k = graph.offsets[body] as number; k < (graph.offsets[body + 1] as number); k += 1) {
      const other = graph.others[k] as number;
      const x = (places[body * 3] as number) - (places[other * 3] as number);
      const y = (places[body * 3 + 1] as number) - (places[other * 3 + 1] as number);
      const z = (places[body * 3 + 2] as number) - (places[other * 3 + 2] as number);
      const square = x * x + y * y + z * z;
      sum += Math.sqrt(square);
      squares += square;
    }
  }
  const scale = squares > 0 ? (TENSION * LINK_LENGTH * sum) / squares : 1;
  return places.map((value) => value * scale);
}

function relax(
  pool: SwarmPool,
  graph: WeightedGraph,
  places: Float32Array,
  isFirst: boolean,
  seed: number,
): Float32Array {
  const { count } = graph;
  const swarm = pool.add(seed);
  pool.resizeBodies(swarm, count);
  const links = pairsOf(graph);
  writeSprings(pool, swarm, plainSprings(count, links, LINK_LENGTH));
  writeComponents(pool, swarm, count, links);
  const rows = pool.floats(swarm, FIELD.places, count * 4);
  for (let i = 0; i < count; i += 1) rows.set(places.subarray(i * 3, i * 3 + 3), i * 4);
  const most = isFirst ? FIRST_STEPS : MAX_STEPS;
  const steps = Math.min(most, Math.max(MIN_STEPS, Math.round(STEP_BODIES / Math.max(1, count))));
  let alpha = isFirst ? FIRST_ALPHA : LEVEL_ALPHA;
  const cooling = (LAST_ALPHA / alpha) ** (1 / steps);
  for (let k = 0; k < steps; k += 1, alpha *= cooling) {
    pool.setF32(swarm, FIELD.alpha, alpha);
    while (!pool.step(swarm));
  }
  const relaxed = new Float32Array(count * 3);
  for (let i = 0; i < count; i += 1) relaxed.set(rows.subarray(i * 4, i * 4 + 3), i * 3);
  pool.remove(swarm);
  return relaxed;
}

/** Each link once, as index pairs. */
function pairsOf(graph: WeightedGraph): Uint32Array {
  const pairs = new Uint32Array(graph.others.length);
  let length = 0;
  for (let body = 0; body < graph.count; body += 1) {
    for (let k = graph.offsets[body] as number; k < (graph.offsets[body + 1] as number); k += 1) {
      const other = graph.others[k] as number;
      if (other <= body) continue;
      pairs[length] = body;
      pairs[length + 1] = other;
      length += 2;
    }
  }
  return pairs.subarray(0, length);
}
