// Seeded graphs that all engines get alike.
import { createRandom } from './random.mjs';

/** Length of a link at rest in our engine and in d3-force-3d, world units. */
export const LINK_LENGTH = 30;

/**
 * @typedef {object} Graph
 * @property {string} name
 * @property {number} count nodes
 * @property {Int32Array} from link k joins from[k] and to[k]
 * @property {Int32Array} to
 * @property {Float64Array} start x, y, z per node: where every engine begins; a ball for links of LINK_LENGTH
 */

/**
 * Agents as gateways see them: messages prefer those who have many already (Barabási–Albert, two links each), and ten
 * agents at a time form a team that stands in a ring. About 3 links per agent.
 * @returns {Graph}
 */
export function swarmGraph(count, seed = 1) {
  const random = createRandom(seed ^ 0x9e3779b9 ^ count);
  const from = [];
  const to = [];
  // Every end of every link once: drawing from it prefers nodes by their degree.
  const ends = [];
  const link = (a, b) => {
    from.push(a);
    to.push(b);
    ends.push(a, b);
  };
  const draw = () => ends[Math.floor(random() * ends.length)];
  for (let node = 1; node < Math.min(3, count); node++) link(node, node - 1);
  for (let node = 3; node < count; node++) {
    const first = draw();
    let second = draw();
    while (second === first) second = draw();
    link(node, first);
    link(node, second);
  }
  for (let team = 0; team < count; team += 10) {
    const end = Math.min(count, team + 10);
    if (end - team < 3) continue;
    for (let node = team; node < end; node++) {
      from.push(node);
      to.push(node + 1 < end ? node + 1 : team);
    }
  }
  return finish('swarm', count, from, to, random);
}

/**
 * Cliques of eight, joined to a ring by one link each: tight groups and a long way round, which is hard to unfold.
 * @returns {Graph}
 */
export function ringOfCliques(count, seed = 1, size = 8) {
  const random = createRandom(seed ^ count);
  const cliques = Math.floor(count / size);
  const from = [];
  const to = [];
  for (let clique = 0; clique < cliques; clique++) {
    const base = clique * size;
    for (let a = 0; a < size; a++) {
      for (let b = a + 1; b < size; b++) {
        from.push(base + a);
        to.push(base + b);
      }
    }
    from.push(base);
    to.push(((clique + 1) % cliques) * size + 1);
  }
  return finish('cliques', cliques * size, from, to, random);
}

/** Sizes between 5 and 200, each order of magnitude as likely as the other. */
export function mixedSizes(swarms, seed = 5) {
  const random = createRandom(seed);
  return Array.from({ length: swarms }, () => Math.round(5 * 40 ** random()));
}

/** The same graph, beginning elsewhere. */
export function restarted(graph, seed) {
  return { ...graph, start: ball(graph.count, createRandom(seed)) };
}

function finish(name, count, from, to, random) {
  return { name, count, from: Int32Array.from(from), to: Int32Array.from(to), start: ball(count, random) };
}

/** Uniform in a ball in which everybody has about a link's length of room. */
function ball(count, random) {
  const radius = 0.744 * LINK_LENGTH * Math.cbrt(count);
  const start = new Float64Array(3 * count);
  for (let node = 0; node < count; node++) {
    let point;
    do point = [2 * random() - 1, 2 * random() - 1, 2 * random() - 1];
    while (point[0] ** 2 + point[1] ** 2 + point[2] ** 2 > 1);
    start.set(
      point.map((value) => value * radius),
      3 * node,
    );
  }
  return start;
}
