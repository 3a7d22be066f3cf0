// How much a picture that has come to rest moves when one agent joins or leaves: the mean way of those who are not
// linked to it, until all is at rest again, as a share of the swarm's diameter. Nothing is turned or shifted to fit:
// this is what an operator sees.
import { swarmGraph } from './graphs.mjs';
import { diameter, meanDisplacement, quantile } from './metrics.mjs';
import { createLivingOurs } from './our-engine.mjs';
import { createLivingD3, createLivingNgraph } from './peers.mjs';
import { createRandom } from './random.mjs';

const EVENTS = 200;
/** Peers that take longer for one size are cut short, but not below this many events. */
const FEWEST_EVENTS = 10;
/** A newcomer is linked to so many. */
const NEWCOMER_LINKS = 3;

/**
 * @param {{ quick: boolean, log: (line: string) => void }} options
 * @returns rows { section, n, engine, events, median, p95, ticks }: median and p95 as shares; ticks: median until rest
 */
export function measureStability({ quick, log }) {
  const rows = [];
  for (const n of quick ? [50, 200] : [50, 200, 1_000]) {
    const graph = swarmGraph(n);
    const contestants = [
      () => createLivingOurs(graph),
      () => createLivingNgraph(graph),
      () => createLivingD3(graph, 0.3),
    ];
    if (n < 1_000 && !quick) contestants.push(() => createLivingD3(graph, 1));
    for (const [index, create] of contestants.entries()) {
      const living = create();
      log(`stability: ${living.name} at ${n}`);
      const limitMs = index === 0 ? 60_000 : quick ? 2_000 : 15_000;
      rows.push({ section: 'stability', n, engine: living.name, ...disturb(living, graph, limitMs) });
    }
  }
  return rows;
}

/** Every engine meets the same events, in the same order. */
function disturb(living, graph, limitMs) {
  const members = new Membership(graph);
  const shares = [];
  const ticks = [];
  living.settle();
  let before = living.places();
  const begun = performance.now();
  for (let k = 0; k < EVENTS && (k < FEWEST_EVENTS || performance.now() - begun < limitMs); k++) {
    const { id, neighbours, joins } = k % 2 === 0 ? members.join() : members.leave();
    if (joins) living.join(id, neighbours);
    else living.leave(id);
    ticks.push(living.settle());
    const after = living.places();
    shares.push(meanDisplacement(before, after, new Set([id, ...neighbours])) / diameter(before.values()));
    before = after;
  }
  const at = (share) => quantile(shares, share);
  return { events: shares.length, median: at(0.5), p95: at(0.95), ticks: quantile(ticks, 0.5) };
}

/** Who is there and linked to whom; draws who comes and goes. */
class Membership {
  #random = createRandom(99);
  #near = new Map();
  #nextId;

  constructor(graph) {
    this.#nextId = graph.count;
    for (let id = 0; id < graph.count; id++) this.#near.set(id, new Set());
    graph.from.forEach((from, k) => this.#link(from, graph.to[k]));
  }

  join() {
    const id = this.#nextId++;
    const neighbours = new Set();
    while (neighbours.size < NEWCOMER_LINKS) neighbours.add(this.#draw());
    this.#near.set(id, new Set());
    for (const neighbour of neighbours) this.#link(id, neighbour);
    return { id, neighbours: [...neighbours], joins: true };
  }

  leave() {
    const id = this.#draw();
    const neighbours = [...this.#near.get(id)];
    for (const neighbour of neighbours) this.#near.get(neighbour).delete(id);
    this.#near.delete(id);
    return { id, neighbours, joins: false };
  }

  #draw() {
    const ids = [...this.#near.keys()];
    return ids[Math.floor(this.#random() * ids.length)];
  }

  #link(one, other) {
    this.#near.get(one).add(other);
    this.#near.get(other).add(one);
  }
}
