// The two steppable 3D layouts that others use, with their default forces, behind the interface of this bench.
import { forceCenter, forceLink, forceManyBody, forceSimulation } from 'd3-force-3d';
import createNgraphLayout from 'ngraph.forcelayout';
import createNgraph from 'ngraph.graph';
import { LINK_LENGTH } from './graphs.mjs';

/** ngraph's links are this long by default: its start is scaled, so that it begins as spread out as the others. */
const NGRAPH_LINK_LENGTH = 10;
const NGRAPH_SCALE = NGRAPH_LINK_LENGTH / LINK_LENGTH;

/**
 * @typedef {object} Stepped
 * @property {string} name
 * @property {() => void} tick
 * @property {() => Float64Array} positions x, y, z per node
 */

/** @returns {Stepped} It knows no heat: every step is a full one. */
export function createNgraphPeer(graph) {
  const { layout } = ngraphLayout(graph);
  const positions = () => {
    const all = new Float64Array(3 * graph.count);
    for (let node = 0; node < graph.count; node++) {
      const { x, y, z } = layout.getNodePosition(node);
      all.set([x, y, z], 3 * node);
    }
    return all;
  };
  return { name: 'ngraph', tick: () => layout.step(), positions };
}

/**
 * @param {import('./graphs.mjs').Graph} graph
 * @param {{ hot: boolean }} options hot: heat stays at 0.1; else it cools from 1 to 0.001 in 300 ticks, its default
 * @returns {Stepped}
 */
export function createD3Peer(graph, { hot }) {
  const { simulation, nodes } = d3Simulation(graph);
  if (hot) simulation.alphaTarget(0.1);
  const positions = () => Float64Array.from(nodes.flatMap(({ x, y, z }) => [x, y, z]));
  return { name: 'd3-force-3d', tick: () => simulation.tick(), positions };
}

/**
 * @typedef {object} Living a layout whose members come and go
 * @property {string} name
 * @property {() => number} settle runs it until it rests, at most 300 ticks; tells how many
 * @property {(id: number, neighbours: number[]) => void} join
 * @property {(id: number) => void} leave
 * @property {() => Map<number, number[]>} places by id
 */

/** @returns {Living} It follows changes of its graph by itself and places a newcomer beside its neighbours. */
export function createLivingNgraph(graph) {
  const { layout, links } = ngraphLayout(graph);
  let ticks = 1_000;
  return {
    name: 'ngraph',
    settle() {
      let done = 0;
      while (done < ticks && !layout.step()) done += 1;
      ticks = 300;
      return done;
    },
    join(id, neighbours) {
      // In one update: it looks for the newcomer's neighbours when it learns of the newcomer.
      links.beginUpdate();
      links.addNode(id);
      for (const neighbour of neighbours) links.addLink(id, neighbour);
      links.endUpdate();
    },
    leave: (id) => links.removeNode(id),
    places() {
      const places = new Map();
      links.forEachNode(({ id }) => {
        const { x, y, z } = layout.getNodePosition(id);
        places.set(id, [x, y, z]);
      });
      return places;
    },
  };
}

/**
 * Changed as d3's documentation shows: new arrays of nodes and links, then heat, then ticks until its minimum.
 * @param {import('./graphs.mjs').Graph} graph
 * @param {number} heat 1 in its example of a changing graph, 0.3 in those of dragging
 * @returns {Living}
 */
export function createLivingD3(graph, heat) {
  let { simulation, nodes, links } = d3Simulation(graph);
  nodes.forEach((node, id) => Object.assign(node, { id }));
  const changed = () => {
    simulation.nodes(nodes);
    simulation.force('link').links(links);
    simulation.alpha(heat);
  };
  return {
    name: `d3-force-3d, heat ${heat}`,
    settle() {
      let done = 0;
      for (; simulation.alpha() >= simulation.alphaMin(); done++) simulation.tick();
      return done;
    },
    join(id, neighbours) {
      const near = nodes.filter((node) => neighbours.includes(node.id));
      // Left alone it would put the newcomer on a spiral about the origin; beside its neighbours is kinder.
      const mean = (axis) => near.reduce((sum, node) => sum + node[axis], 0) / near.length + 1;
      const newcomer = { id, x: mean('x'), y: mean('y'), z: mean('z') };
      nodes = [...nodes, newcomer];
      links = [...links, ...near.map((node) => ({ source: newcomer, target: node }))];
      changed();
    },
    leave(id) {
      nodes = nodes.filter((node) => node.id !== id);
      links = links.filter(({ source, target }) => source.id !== id && target.id !== id);
      changed();
    },
    places: () => new Map(nodes.map(({ id, x, y, z }) => [id, [x, y, z]])),
  };
}

function ngraphLayout(graph) {
  const links = createNgraph();
  for (let node = 0; node < graph.count; node++) links.addNode(node);
  graph.from.forEach((from, k) => links.addLink(from, graph.to[k]));
  const layout = createNgraphLayout(links, { dimensions: 3 });
  for (let node = 0; node < graph.count; node++) {
    const [x, y, z] = graph.start.subarray(3 * node, 3 * node + 3).map((value) => value * NGRAPH_SCALE);
    layout.setNodePosition(node, x, y, z);
  }
  return { layout, links };
}

function d3Simulation(graph) {
  const nodes = Array.from({ length: graph.count }, (_, node) => {
    const [x, y, z] = graph.start.subarray(3 * node, 3 * node + 3);
    return { x, y, z };
  });
  const links = Array.from(graph.from, (source, k) => ({ source, target: graph.to[k] }));
  const simulation = forceSimulation(nodes, 3)
    .force('link', forceLink(links).distance(LINK_LENGTH))
    .force('charge', forceManyBody())
    .force('center', forceCenter())
    .stop();
  return { simulation, nodes, links };
}
