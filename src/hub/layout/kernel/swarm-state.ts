/** A swarm's whole state in the kernel, so that it goes on bit for bit in another pool, in another thread. */
import { FIELD, SWARM_BYTES } from './swarm-fields.ts';
import type { Field } from './swarm-fields.ts';
import type { SwarmPool } from './swarm-pool.ts';

/** Plain data: it crosses threads. */
export interface SwarmState {
  count: number;
  springs: number;
  pins: number;
  row: Uint8Array<ArrayBuffer>;
  /** Bytes of the blocks in the order of {@link BLOCKS}, and last the order of the tree. */
  blocks: Uint8Array<ArrayBuffer>[];
}

/** Fields that point to blocks, whose sizes are so many bytes per body, spring or pin. */
const BLOCKS: readonly (readonly [field: Field, bytes: number, per: 'count' | 'springs' | 'pins'])[] = [
  [FIELD.places, 16, 'count'],
  [FIELD.velocities, 16, 'count'],
  [FIELD.repulsion, 16, 'count'],
  [FIELD.mobility, 4, 'count'],
  [FIELD.slots, 4, 'count'],
  [FIELD.shape, 8, 'count'],
  [FIELD.components, 4, 'count'],
  [FIELD.springEnds, 8, 'springs'],
  [FIELD.springConstants, 12, 'springs'],
  [FIELD.pins, 16, 'pins'],
];
/** Fields that belong to the pool that a swarm is in. */
const OWN_FIELDS: readonly Field[] = [
  FIELD.state,
  FIELD.places,
  FIELD.velocities,
  FIELD.repulsion,
  FIELD.mobility,
  FIELD.slots,
  FIELD.springEnds,
  FIELD.springConstants,
  FIELD.shape,
  FIELD.components,
  FIELD.pins,
  FIELD.tree,
  FIELD.region,
  FIELD.regionCapacity,
];

/** A copy of a swarm between two steps. */
export function readSwarmState(pool: SwarmPool, number: number): SwarmState {
  const copy = (at: number, bytes: number): Uint8Array<ArrayBuffer> =>
    new Uint8Array(pool.memory.bytes.subarray(at, at + bytes));
  const sizes = {
    count: pool.u32(number, FIELD.count),
    springs: pool.u32(number, FIELD.springCount),
    pins: pool.u32(number, FIELD.pinCount),
  };
  const blocks = BLOCKS.map(([field, bytes, per]) => copy(pool.u32(number, field), bytes * sizes[per]));
  const [order, orderBytes] = orderOf(pool, number);
  return { ...sizes, row: copy(pool.row(number), SWARM_BYTES), blocks: [...blocks, copy(order, orderBytes)] };
}

/** Makes an empty swarm that one; whether it is awake is for the caller to say ({@link SwarmPool.wake}). */
export function writeSwarmState(pool: SwarmPool, number: number, state: SwarmState): void {
  pool.setU32(number, FIELD.method, new Uint32Array(state.row.buffer)[FIELD.method >>> 2] as number);
  pool.resizeBodies(number, state.count);
  pool.resizeSprings(number, state.springs);
  pool.resizePins(number, state.pins);
  const own = OWN_FIELDS.map((field) => pool.u32(number, field));
  const { bytes } = pool.memory;
  bytes.set(state.row, pool.row(number));
  OWN_FIELDS.forEach((field, k) => pool.setU32(number, field, own[k] as number));
  BLOCKS.forEach(([field], k) => bytes.set(state.blocks[k] as Uint8Array, pool.u32(number, field)));
  const tree = pool.u32(number, FIELD.tree);
  if (tree === 0) return;
  pool.kernel.layOutTree(tree, state.count);
  bytes.set(state.blocks.at(-1) as Uint8Array, orderOf(pool, number)[0]);
}

/** Where the tree keeps the order of bodies, which ages from step to step; the rest of a tree is made anew in each. */
function orderOf(pool: SwarmPool, number: number): [at: number, bytes: number] {
  const tree = pool.u32(number, FIELD.tree);
  if (tree === 0) return [0, 0];
  return [pool.kernel.treeOrder(tree), ((pool.u32(number, FIELD.count) + 3) & ~3) * 4];
}
