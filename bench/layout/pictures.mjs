// Draws every topology as the engine lays it out and the gateway links it, on one sheet.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { topologyLinks } from '../../dist/hub/world/topology-links.js';
import { createLivingOurs } from './our-engine.mjs';

const SHEET = new URL('../../docs/pictures/layout-topologies.svg', import.meta.url);
const TOPOLOGIES = ['star', 'ring', 'hierarchical', 'mesh', 'hierarchical-mesh', 'hybrid'];
const SIZES = [12, 50, 200];
const CELL = 260;
const LABEL = 24;
const MARGIN = 22;
/** The camera stands a little to the right and above, so that depth shows. */
const YAW = 0.35;
const PITCH = 0.25;

/** Writes the sheet. @returns its path, from here. */
export function drawTopologies() {
  const cells = SIZES.flatMap((size, row) =>
    TOPOLOGIES.map((topology, column) => cellOf(topology, size, column * CELL, row * (CELL + LABEL))),
  );
  const width = TOPOLOGIES.length * CELL;
  const height = SIZES.length * (CELL + LABEL);
  const path = fileURLToPath(SHEET);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif">
<style>.link{fill:none;stroke:#7d93b2;stroke-width:.7;stroke-opacity:.55}.lead{fill:#e08a1e}text{font-size:13px;fill:#33404f}</style>
<rect width="${width}" height="${height}" fill="#fbfcfe"/>
${cells.join('\n')}
</svg>
`,
  );
  return relative('.', path);
}

/** One swarm of a topology at rest. Its first member leads where the topology has a leader. */
function cellOf(topology, count, left, top) {
  const isLead = (id) => id === 0 && topology !== 'ring' && topology !== 'mesh';
  const members = Array.from({ length: count }, (_, id) => ({
    id: `agent-${String(id).padStart(3, '0')}`,
    ...(isLead(id) ? { lead: true } : {}),
  }));
  const pairs = topologyLinks(topology, members);
  const graph = { count, from: endsOf(pairs, 0), to: endsOf(pairs, 1) };
  const swarm = createLivingOurs(graph, topology, isLead);
  swarm.settle();
  const seen = project(swarm.places());
  const dots = [...seen].toSorted(([, one], [, other]) => one.depth - other.depth);
  const links = graph.from.map((from, k) => `M${at(seen.get(from))}L${at(seen.get(graph.to[k]))}`).join('');
  const radius = count > 100 ? 2.2 : count > 20 ? 3.2 : 4.5;
  const circles = dots.map(([id, { x, y, depth }]) =>
    isLead(id)
      ? `<circle cx="${x}" cy="${y}" r="${radius * 1.5}" class="lead"/>`
      : `<circle cx="${x}" cy="${y}" r="${(radius * (0.8 + 0.4 * depth)).toFixed(1)}" fill="${shade(depth)}"/>`,
  );
  return `<g transform="translate(${left} ${top})"><text x="10" y="17">${topology}, ${count}</text><g transform="translate(0 ${LABEL})"><path class="link" d="${links}"/>${circles.join('')}</g></g>`;
}

/** First or second ends of flat pairs. */
function endsOf(pairs, which) {
  return pairs.filter((_, k) => k % 2 === which);
}

/** Onto the cell, as large as it goes. Depth: 0 far, 1 near. */
function project(places) {
  const turned = new Map();
  for (const [id, [x, y, z]] of places) {
    const across = x * Math.cos(YAW) + z * Math.sin(YAW);
    const away = z * Math.cos(YAW) - x * Math.sin(YAW);
    turned.set(id, [
      across,
      y * Math.cos(PITCH) - away * Math.sin(PITCH),
      away * Math.cos(PITCH) + y * Math.sin(PITCH),
    ]);
  }
  const range = (axis) => {
    const values = [...turned.values()].map((place) => place[axis]);
    return [Math.min(...values), Math.max(...values)];
  };
  const [[left, right], [low, high], [far, near]] = [range(0), range(1), range(2)];
  const scale = (CELL - 2 * MARGIN) / Math.max(right - left, high - low, 1);
  const seen = new Map();
  for (const [id, [x, y, z]] of turned) {
    seen.set(id, {
      x: Number((CELL / 2 + (x - (left + right) / 2) * scale).toFixed(1)),
      y: Number((CELL / 2 - (y - (low + high) / 2) * scale).toFixed(1)),
      depth: near - far < 1 ? 0.5 : (z - far) / (near - far),
    });
  }
  return seen;
}

function at({ x, y }) {
  return `${x} ${y}`;
}

/** Paler when further away. */
function shade(depth) {
  const mix = (far, near) => Math.round(far + (near - far) * depth);
  return `rgb(${mix(150, 24)},${mix(178, 84)},${mix(206, 140)})`;
}
