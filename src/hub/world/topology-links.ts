/**
 * The links that a swarm's topology implies. They are derived, never observed: servers tell a word (`mesh`, `star`, …)
 * and their members, not who is joined to whom.
 *
 * Pure. Members come in the order of {@link compareMembers}; pairs are indices into it, flat: [a0, b0, a1, b1, …].
 * Bounded: a mesh has all pairs up to 30 members, beyond that at most 5 links a member; all
 * others have less than 2 links a member, and at most 66 among the inner nodes of a small hierarchical mesh.
 */

/** What the topology looks at. Agent records are members. */
export interface TopologyMember {
  id: string;
  created_at_ms?: number | undefined;
  lead?: true | undefined;
}

/** Largest mesh that is drawn with all pairs. */
const FULL_MESH_MEMBERS = 30;
const FULL_INNER_MESH = 12;
const FAN_OUT = 4;

/** Oldest first; those of unknown age last; then by id. */
export function compareMembers(a: TopologyMember, b: TopologyMember): number {
  const age = (a.created_at_ms ?? Infinity) - (b.created_at_ms ?? Infinity);
  // Infinity − Infinity is NaN: both ages unknown.
  if (age !== 0 && !Number.isNaN(age)) return age;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Pairs of `members` joined by `topology`; no pair twice, none with itself. None where no topology was told. */
export function topologyLinks(topology: string | undefined, members: readonly TopologyMember[]): number[] {
  const count = members.length;
  if (topology === undefined || count < 2) return [];
  switch (topology) {
    case 'mesh':
      return mesh(indices(count), FULL_MESH_MEMBERS);
    case 'ring':
      return ring(indices(count));
    case 'star':
      return star(leadsFirst(members));
    case 'hierarchical':
      return tree(leadsFirst(members));
    default:
      // hierarchical-mesh; and hybrid, adaptive and unknown words, which name no shape of their own.
      return hierarchicalMesh(leadsFirst(members));
  }
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function leadsFirst(members: readonly TopologyMember[]): number[] {
  const order = indices(members.length);
  const isLead = (index: number) => members[index]?.lead === true;
  return [...order.filter(isLead), ...order.filter((index) => !isLead(index))];
}

/** All pairs of `order`, or above `full` members a ring with the chords of a binary tree: few links, short ways. */
function mesh(order: readonly number[], full: number): number[] {
  if (order.length > full) return thinMesh(order);
  const pairs: number[] = [];
  order.forEach((a, i) => {
    for (const b of order.slice(i + 1)) pairs.push(a, b);
  });
  return pairs;
}

/** Appending a member changes three links only, so that a growing swarm keeps its shape. */
function thinMesh(order: readonly number[]): number[] {
  const pairs = ring(order);
  order.forEach((node, i) => {
    const parent = order[(i - 1) >> 1];
    if (i >= 2 && parent !== undefined) pairs.push(parent, node);
  });
  return pairs;
}

function ring(order: readonly number[]): number[] {
  const pairs: number[] = [];
  order.forEach((node, i) => {
    const next = order[i + 1];
    if (next !== undefined) pairs.push(node, next);
  });
  const first = order[0];
  const last = order.at(-1);
  if (order.length > 2 && first !== undefined && last !== undefined) pairs.push(last, first);
  return pairs;
}

function star(order: readonly number[]): number[] {
  const [hub, ...others] = order;
  return hub === undefined ? [] : others.flatMap((node) => [hub, node]);
}

function tree(order: readonly number[]): number[] {
  const pairs: number[] = [];
  order.forEach((node, i) => {
    const parent = order[Math.floor((i - 1) / FAN_OUT)];
    if (i > 0 && parent !== undefined) pairs.push(parent, node);
  });
  return pairs;
}

/** The tree, and a mesh among those of its nodes that have children. */
function hierarchicalMesh(order: readonly number[]): number[] {
  const pairs = tree(order);
  const ranks = indices(Math.ceil((order.length - 1) / FAN_OUT));
  const branches = mesh(ranks, FULL_INNER_MESH);
  for (let p = 0; p < branches.length; p += 2) {
    const a = branches[p] ?? 0;
    const b = branches[p + 1] ?? 0;
    const isInTree = Math.min(a, b) === Math.floor((Math.max(a, b) - 1) / FAN_OUT);
    const first = order[a];
    const second = order[b];
    if (!isInTree && first !== undefined && second !== undefined) pairs.push(first, second);
  }
  return pairs;
}
