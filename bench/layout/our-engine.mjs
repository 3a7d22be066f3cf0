// Our engine, as built, behind the interface of this bench: the only file here that knows its modules.
import { createStepper, createStepperPool } from '../../dist/hub/layout/kernel/layout-kernel.js';
import { LayoutEngine } from '../../dist/hub/layout/layout-engine.js';
import { createHead, readBodies, readHead } from '../../dist/model/region-reader.js';

const SWARM = 1;

/**
 * Ways to lay out, for {@link createOurs}: names and options. `ours` chooses by size and when repulsion is worked out, as
 * the engine does; the references work it out in each step.
 */
export const METHODS = [
  { name: 'ours', method: 'auto' },
  { name: 'exact', method: 'symmetric', eachStep: true },
  { name: 'FMM-1', method: 'fmm', eachStep: true },
  { name: 'ours, own start', method: 'auto', ownStart: true },
];

/** Heat of a tick: hot stays at 0.1 once unfolded, else it cools from 1 to 0.001 in 300 ticks. */
const heatOf = (tick, hot) => (hot ? Math.max(0.1, 1 - tick / 150) : Math.max(0.001, 0.001 ** (tick / 300)));

/**
 * @param {import('./graphs.mjs').Graph} graph
 * @param {{ hot?: boolean, method?: string, eachStep?: boolean, ownStart?: boolean, seed?: number }} options seed: of its
 * own start
 * @returns {import('./peers.mjs').Stepped}
 */
export function createOurs(graph, { hot = false, method = 'auto', eachStep = false, ownStart = false, seed = 1 }) {
  const start = ownStart ? 'good' : graph.start;
  const stepper = createStepper(graph.count, graph, { method, eachStep, start, seed });
  let ticks = 0;
  return {
    name: nameOf(eachStep),
    tick: () => stepper.step(heatOf(ticks++, hot)),
    positions: () => Float64Array.from(stepper.positions()),
  };
}

/** Many swarms in one memory, kept hot. @returns {{ name: string, tick: () => void }} */
export function createOurPool(graphs, eachStep) {
  const pool = createStepperPool();
  graphs.forEach((graph, seed) => pool.add(graph.count, graph, { start: graph.start, seed, eachStep }));
  let ticks = 0;
  return { name: nameOf(eachStep), tick: () => pool.step(heatOf(ticks++, true)) };
}

/** As the engine does it, or with repulsion worked out in each step. */
function nameOf(eachStep) {
  return eachStep ? 'ours, each step' : 'ours';
}

/** Repulsion on each node at given places, by one of the engine's algorithms. */
export function repulsionAt(graph, positions, method) {
  return createStepper(graph.count, { from: [], to: [] }, { method, start: positions }).repulsion();
}

/**
 * A swarm through the engine: orders in, its own life (warm, cool, sleep), positions out of its region.
 * @returns {import('./peers.mjs').Living}
 */
export function createLivingOurs(graph, topology, isLead = () => false) {
  let region;
  const engine = new LayoutEngine(1, {
    onRegion: (handle) => {
      region = handle;
    },
    onRegionGone: () => {},
  });
  const slots = new Map();
  for (let id = 0; id < graph.count; id++) slots.set(id, id);
  const links = new Map(Array.from(graph.from, (from, k) => [k + 1, [from, graph.to[k]]]));
  let nextLink = links.size + 1;
  let membership = 1;
  let tick = 0;
  engine.order({ kind: 'swarm', seat: seatOf(graph, topology, isLead) });
  const change = (order) => {
    membership += 1;
    engine.order({ kind: 'change', change: { ref: SWARM, membership, ...order } });
  };
  return {
    name: 'ours',
    settle() {
      const begun = tick;
      do {
        tick += 1;
        engine.step(tick, (tick * 1000) / 60, () => true);
      } while (engine.awake > 0 && tick - begun < 3_000);
      return tick - begun;
    },
    join(id, neighbours) {
      const taken = new Set(slots.values());
      let slot = 0;
      while (taken.has(slot)) slot += 1;
      slots.set(id, slot);
      const linked = neighbours.map((neighbour) => {
        links.set(nextLink, [id, neighbour]);
        return linkSeat(nextLink++, id, neighbour);
      });
      change({ seated: [{ ref: refOf(id), slot, lead: false }], linked });
    },
    leave(id) {
      slots.delete(id);
      const unlinked = [...links].filter(([, ends]) => ends.includes(id)).map(([ref]) => ref);
      for (const ref of unlinked) links.delete(ref);
      change({ left: [refOf(id)], unlinked });
    },
    places() {
      const bySlot = readPlaces(region);
      return new Map([...slots].map(([id, slot]) => [id, bySlot.get(slot)]));
    },
  };
}

/** The world as the gateway tells it to the layout: swarms of these graphs, numbered from 1. */
export function worldOf(graphs) {
  const world = { epoch: 'bench', version: 1, time_ms: Date.now(), servers: [], tasks: [] };
  Object.assign(world, { swarms: [], agents: [], links: [], membership: [] });
  for (const [index, graph] of graphs.entries()) {
    const swarm = index + 1;
    world.swarms.push({ ref: swarm, slots_rev: 0 });
    world.membership.push([swarm, 1]);
    const first = world.agents.length;
    for (let slot = 0; slot < graph.count; slot++) world.agents.push({ ref: refOf(first + slot), swarm, slot });
    graph.from.forEach((from, k) => {
      const ref = world.links.length + 1;
      world.links.push({ ...linkSeat(ref, first + from, first + graph.to[k]), swarm });
    });
  }
  return world;
}

function seatOf(graph, topology, isLead = () => false) {
  return {
    ref: SWARM,
    topology,
    slotsRev: 0,
    membership: 1,
    centre: [0, 0, 0],
    agents: Array.from({ length: graph.count }, (_, id) => ({ ref: refOf(id), slot: id, lead: isLead(id) })),
    links: Array.from(graph.from, (from, k) => linkSeat(k + 1, from, graph.to[k])),
    pins: [],
  };
}

function linkSeat(ref, one, other) {
  return { ref, from: refOf(Math.min(one, other)), to: refOf(Math.max(one, other)), kind: 'topology' };
}

/** Agents' refs have bit 31 set. */
function refOf(id) {
  return (0x8000_0000 | (id + 1)) >>> 0;
}

/** @returns {Map<number, number[]>} places by slot, of the newest publication; none before the first */
export function readPlaces(region) {
  const head = createHead();
  if (region === undefined || !readHead(region, head)) return new Map();
  const bodies = readBodies(region, head);
  if (bodies === undefined) throw new Error('overtaken by the writer');
  return new Map(Array.from(bodies, ([slot, { place }]) => [slot, place]));
}
