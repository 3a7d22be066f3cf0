/**
 * The tree over sorted bodies: four bodies are a leaf, four nodes are the child nodes of one, and so on until at most
 * four are left. Nothing is built: node t of a level has the nodes 4t … 4t + 3 of the level below. What is computed
 * anew in each step (refit), in O(n), are centres of mass and radii.
 *
 * In memory, from the tree's pointer:
 *   levels    per level 16 bytes, u32 each: nodes, and where its groups, centres and boxes stand; 16 levels
 *   order     u32 per body, rounded up to leaves: byte offsets of bodies in `places`, along Hilbert's curve
 *   sorted    f32 x, y, z, charge of bodies in that order; rows that fill up the last leaf have charge 0
 *   groups    per four nodes, 80 bytes: four x, four y, four z, four radii, four masses: what the walk reads
 *   centres   f32 x, y, z, mass per node
 *   boxes     f32 × 4 lowest, f32 × 4 highest per node
 */
import { add, bodyAt, laneX, laneY, laneZ, lengthSquared, mul, ROW, splat, sub } from "./vectors";

export const GROUP_BYTES: usize = 80;
const LEVEL_BYTES: usize = 16;
const MAX_LEVELS: usize = 16;
const BOX_BYTES: usize = 32;
/** Groups are filled up with nodes of no mass so far away that they are always accepted. */
const NOWHERE: f32 = 1e18;

@inline export function leavesOf(count: i32): i32 { return (count + 3) >> 2; }
@inline export function levelRow(tree: usize, level: i32): usize { return tree + (<usize>level) * LEVEL_BYTES; }
@inline export function nodesOf(row: usize): i32 { return load<i32>(row); }
@inline export function groupsOf(row: usize): usize { return <usize>load<u32>(row, 4); }
@inline export function centresOf(row: usize): usize { return <usize>load<u32>(row, 8); }
@inline export function boxesOf(row: usize): usize { return <usize>load<u32>(row, 12); }
@inline export function orderOf(tree: usize): usize { return tree + MAX_LEVELS * LEVEL_BYTES; }
@inline export function sortedOf(tree: usize, count: i32): usize {
  return orderOf(tree) + ((((<usize>leavesOf(count)) << 4) + 63) & ~63);
}

export function levelsOf(count: i32): i32 {
  let levels = 1;
  for (let nodes = leavesOf(count); nodes > 4; nodes = (nodes + 3) >> 2) levels += 1;
  return levels;
}

/** Bytes of the tree of `count` bodies. */
export function treeBytes(count: i32): usize {
  let bytes = sortedOf(0, count) + ((<usize>leavesOf(count)) << 6);
  for (let nodes = leavesOf(count), level = levelsOf(count); level > 0; level -= 1, nodes = (nodes + 3) >> 2) {
    bytes += (<usize>((nodes + 3) >> 2)) * (GROUP_BYTES + 4 * ROW + 4 * BOX_BYTES);
  }
  return bytes;
}

/** Writes the levels' rows: after a change of count or of the tree's place. */
export function layOutTree(tree: usize, count: i32): void {
  let at = sortedOf(tree, count) + ((<usize>leavesOf(count)) << 6);
  let nodes = leavesOf(count);
  const levels = levelsOf(count);
  for (let level = 0; level < levels; level += 1) {
    const row = levelRow(tree, level);
    const groups = <usize>((nodes + 3) >> 2);
    store<i32>(row, nodes);
    store<u32>(row, <u32>at, 4);
    at += groups * GROUP_BYTES;
    store<u32>(row, <u32>at, 8);
    at += groups * 4 * ROW;
    store<u32>(row, <u32>at, 12);
    at += groups * 4 * BOX_BYTES;
    nodes = (nodes + 3) >> 2;
  }
}

/** Takes the bodies' places, in the tree's order. */
export function gather(count: i32, places: usize, tree: usize): void {
  const order = orderOf(tree), sorted = sortedOf(tree, count);
  for (let i = 0; i < count; i += 1) {
    v128.store(bodyAt(sorted, i), v128.load(places + <usize>load<u32>(order + ((<usize>i) << 2))));
  }
  const filler = f32x4.replace_lane(v128.load(bodyAt(sorted, count - 1)), 3, 0);
  for (let i = count; (i & 3) != 0; i += 1) v128.store(bodyAt(sorted, i), filler);
}

/** Centres and radii of all nodes. @returns the sum of the leaves' radii, which tells how far the order has aged. */
export function refit(count: i32, tree: usize): f32 {
  const levels = levelsOf(count);
  const sorted = sortedOf(tree, count);
  let radii: f32 = 0;
  for (let level = 0; level < levels; level += 1) {
    const row = levelRow(tree, level);
    const nodes = nodesOf(row);
    const padded = (nodes + 3) & ~3;
    for (let node = 0; node < padded; node += 1) {
      if (node >= nodes) fillUp(row, node);
      else if (level == 0) radii += fitLeaf(row, node, sorted);
      else fitInner(row, node);
    }
  }
  return radii;
}

function fillUp(row: usize, node: i32): void {
  storeNode(row, node, f32x4(NOWHERE, NOWHERE, NOWHERE, 0), 0);
}

function fitLeaf(row: usize, node: i32, sorted: usize): f32 {
  const first = bodyAt(sorted, node << 2);
  let low = v128.load(first), high = low, weighted = splat(0);
  let mass: f32 = 0;
  for (let b = first; b < first + 4 * ROW; b += ROW) {
    const place = v128.load(b);
    low = f32x4.pmin(low, place);
    high = f32x4.pmax(high, place);
    weighted = add(weighted, mul(place, v128.load_splat<f32>(b, 12)));
    mass += load<f32>(b, 12);
  }
  const centre = mul(weighted, splat(1 / max<f32>(mass, 1e-20)));
  let squared: f32 = 0;
  for (let b = first; b < first + 4 * ROW; b += ROW) {
    squared = max<f32>(squared, lengthSquared(sub(v128.load(b), centre)));
  }
  const radius = sqrt<f32>(squared);
  storeBox(row, node, low, high);
  storeNode(row, node, f32x4.replace_lane(centre, 3, mass), radius);
  return radius;
}

function fitInner(row: usize, node: i32): void {
  const below = row - LEVEL_BYTES;
  const firstChild = node << 2;
  const children = min<i32>(4, nodesOf(below) - firstChild);
  let low = splat(3e38), high = splat(-3e38), weighted = splat(0);
  let mass: f32 = 0;
  for (let c = 0; c < children; c += 1) {
    const box = boxesOf(below) + (<usize>(firstChild + c)) * BOX_BYTES;
    low = f32x4.pmin(low, v128.load(box));
    high = f32x4.pmax(high, v128.load(box, 16));
    const child = bodyAt(centresOf(below), firstChild + c);
    weighted = add(weighted, mul(v128.load(child), v128.load_splat<f32>(child, 12)));
    mass += load<f32>(child, 12);
  }
  const centre = mul(weighted, splat(1 / max<f32>(mass, 1e-20)));
  const corner = f32x4.pmax(sub(high, centre), sub(centre, low));
  storeBox(row, node, low, high);
  storeNode(row, node, f32x4.replace_lane(centre, 3, mass), sqrt<f32>(lengthSquared(corner)));
}

@inline function storeBox(row: usize, node: i32, low: v128, high: v128): void {
  const box = boxesOf(row) + (<usize>node) * BOX_BYTES;
  v128.store(box, low);
  v128.store(box, high, 16);
}

@inline function storeNode(row: usize, node: i32, centre: v128, radius: f32): void {
  v128.store(bodyAt(centresOf(row), node), centre);
  const at = groupsOf(row) + (<usize>(node >> 2)) * GROUP_BYTES + ((<usize>(node & 3)) << 2);
  store<f32>(at, laneX(centre));
  store<f32>(at, laneY(centre), 16);
  store<f32>(at, laneZ(centre), 32);
  store<f32>(at, radius, 48);
  store<f32>(at, f32x4.extract_lane(centre, 3), 64);
}
