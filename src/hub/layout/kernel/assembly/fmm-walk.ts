/**
 * Repulsion of large swarms in O(n): a fast multipole method of the lowest useful order.
 *
 * Naive: every body with every other, O(n²); 20,000 bodies take 170 ms. Barnes and Hut (Nature 324, 1986) let each
 * body, or each leaf of bodies, walk the tree of sources and take far nodes as one body. But neighbouring leaves repeat
 * nearly the same walk. Here targets are a tree as well (Greengard and Rokhlin, J. Comput. Phys. 73, 1987; in the form
 * of Dehnen, J. Comput. Phys. 179, 2002, and Warren and Salmon's group walks): a target node meets a list of source
 * nodes, and
 *
 *   - those far enough, θ × distance ≥ radius of source + radius of target, act on all of its bodies at once: by their
 *     mass at their centre (monopole), expanded about the target's centre to first order: a force and its 3 × 3 change
 *     with place;
 *   - the rest is passed on to its child nodes, as the rest's child nodes: the list is kept breadth first, so that
 *     tests do not wait for one another.
 *
 * Expansions are shifted from node to child node. At a leaf the remaining leaves are summed exactly
 * (repulsion-full.ts).
 *
 * Four sources are tested and added at a time. Accepted and rejected ones are told apart by masks, not branches. The
 * force error at θ = 1.2 is 4 to 7 % rms from 5,000 down to 1,000 bodies, and costs layouts no quality. Forces are per
 * target and are added up in a fixed order, so results do not depend on how targets are split into slices.
 */
import { add, allX, allY, allZ, bodyAt, laneX, laneY, laneZ, mul, splat, sub, sums } from "./vectors";
import { repelFull } from "./repulsion-full";
import {
  centresOf, GROUP_BYTES, groupsOf, leavesOf, levelRow, levelsOf, nodesOf, orderOf, sortedOf,
} from "./fmm-tree";

/** A local expansion: centre, force, and the three columns of its change with place. */
const EXPANSION_BYTES: usize = 80;
const MAX_DEPTH: usize = 20;

// The walk's surroundings, the same for all nodes of one call.
let tree: usize = 0;
let bodies: i32 = 0;
let sorted: usize = 0;
let order: usize = 0;
let forces: usize = 0;
let nearField: usize = 0;
let nearForces: usize = 0;
let scale: f32 = 0;
let softening: f32 = 0;
let inverseTheta: f32 = 0;
let firstLeaf: i32 = 0;
let endLeaf: i32 = 0;

/** Scratch that {@link repelFar} needs: expansions, the near field of one leaf, and lists of sources along one path. */
export function walkScratchBytes(count: i32): usize {
  const leaves = <usize>leavesOf(count);
  return EXPANSION_BYTES * MAX_DEPTH + 64 + (leaves << 6) + 64 + leaves * 8 + 4096;
}

/** Writes scale × F for the bodies of leaves from ≤ leaf < to. The tree is refitted. */
export function repelFar(
  count: i32, treeAt: usize, forcesAt: usize, from: i32, to: i32, theta: f32, strength: f32, soft: f32, scratch: usize,
): void {
  tree = treeAt;
  bodies = count;
  sorted = sortedOf(treeAt, count);
  order = orderOf(treeAt);
  forces = forcesAt;
  scale = strength;
  softening = soft;
  inverseTheta = 1 / theta;
  firstLeaf = from;
  endLeaf = to;
  const expansions = scratch;
  nearForces = expansions + EXPANSION_BYTES * MAX_DEPTH;
  nearField = nearForces + 64;
  const sources = nearField + ((<usize>leavesOf(count)) << 6) + 64;
  memory.fill(expansions, 0, EXPANSION_BYTES);
  // The top level is one group of sources.
  store<u32>(sources, 0);
  const top = levelsOf(count) - 1;
  const nodes = nodesOf(levelRow(tree, top));
  for (let node = 0; node < nodes; node += 1) visit(top, node, sources, sources + 4, expansions);
}

/**
 * @param sources u32 numbers of groups of `level`, up to `sourcesEnd`; the rejected nodes are listed behind them, which
 *   are the groups of the level below.
 * @param parent expansion of the parent node; this node's is written behind it.
 */
function visit(level: i32, node: i32, sources: usize, sourcesEnd: usize, parent: usize): void {
  const below = level << 1;
  if ((node + 1) << below <= firstLeaf || node << below >= endLeaf) return;
  const row = levelRow(tree, level);
  const groups = groupsOf(row);
  const own = groups + (<usize>(node >> 2)) * GROUP_BYTES + ((<usize>(node & 3)) << 2);
  const cx = v128.load_splat<f32>(own), cy = v128.load_splat<f32>(own, 16), cz = v128.load_splat<f32>(own, 32);
  const ownRadius = v128.load_splat<f32>(own, 48);
  const opening = splat(inverseTheta), soft = splat(softening), one = splat(1);
  let fx = splat(0), fy = splat(0), fz = splat(0);
  let xx = splat(0), yy = splat(0), zz = splat(0), xy = splat(0), xz = splat(0), yz = splat(0);
  let rejected = sourcesEnd;
  for (let s = sources; s < sourcesEnd; s += 4) {
    const number = load<u32>(s);
    const group = groups + (<usize>number) * GROUP_BYTES;
    const dx = sub(cx, v128.load(group)), dy = sub(cy, v128.load(group, 16)), dz = sub(cz, v128.load(group, 32));
    const dxx = mul(dx, dx), dyy = mul(dy, dy), dzz = mul(dz, dz);
    const squared = add(add(dxx, dyy), dzz);
    const needed = mul(add(v128.load(group, 48), ownRadius), opening);
    const far = f32x4.ge(squared, mul(needed, needed));
    const near = (<usize>i32x4.bitmask(far)) ^ 15;
    const first = number << 2;
    store<u32>(rejected, first);
    rejected += (near & 1) << 2;
    store<u32>(rejected, first + 1);
    rejected += ((near >> 1) & 1) << 2;
    store<u32>(rejected, first + 2);
    rejected += ((near >> 2) & 1) << 2;
    store<u32>(rejected, first + 3);
    rejected += ((near >> 3) & 1) << 2;
    const inverse = f32x4.div(one, add(squared, soft));
    const w = mul(mul(v128.and(v128.load(group, 64), far), inverse), f32x4.sqrt(inverse));
    const q = mul(w, inverse);
    fx = add(fx, mul(w, dx)); fy = add(fy, mul(w, dy)); fz = add(fz, mul(w, dz));
    const qx = mul(q, dx), qy = mul(q, dy);
    xx = add(xx, mul(q, dxx)); yy = add(yy, mul(q, dyy)); zz = add(zz, mul(q, dzz));
    xy = add(xy, mul(qx, dy)); xz = add(xz, mul(qx, dz)); yz = add(yz, mul(qy, dz));
  }
  const centre = v128.load(bodyAt(centresOf(row), node));
  const shift = sub(centre, v128.load(parent));
  const column0 = v128.load(parent, 32), column1 = v128.load(parent, 48), column2 = v128.load(parent, 64);
  const shifted = add(
    add(v128.load(parent, 16), mul(column0, allX(shift))),
    add(mul(column1, allY(shift)), mul(column2, allZ(shift))),
  );
  const force = add(shifted, sums(fx, fy, fz));
  // The change of d / r³ with place: (1 − 3 d dᵀ / r²) / r³.
  const diagonal = sums(xx, yy, zz), others = sums(xy, xz, yz);
  const trace = laneX(diagonal) + laneY(diagonal) + laneZ(diagonal);
  const d3 = mul(diagonal, splat(-3)), o3 = mul(others, splat(-3));
  const j0 = add(column0, f32x4(trace + laneX(d3), laneX(o3), laneY(o3), 0));
  const j1 = add(column1, f32x4(laneX(o3), trace + laneY(d3), laneZ(o3), 0));
  const j2 = add(column2, f32x4(laneY(o3), laneZ(o3), trace + laneZ(d3), 0));
  if (level == 0) {
    finishLeaf(node, sourcesEnd, rejected, centre, force, j0, j1, j2);
    return;
  }
  const expansion = parent + EXPANSION_BYTES;
  v128.store(expansion, centre);
  v128.store(expansion, force, 16);
  v128.store(expansion, j0, 32);
  v128.store(expansion, j1, 48);
  v128.store(expansion, j2, 64);
  const firstChild = node << 2;
  const children = min<i32>(4, nodesOf(levelRow(tree, level - 1)) - firstChild);
  for (let c = 0; c < children; c += 1) visit(level - 1, firstChild + c, sourcesEnd, rejected, expansion);
}

/** Near field and expansion of the four bodies of a leaf, to where the bodies stand in the swarm's own order. */
function finishLeaf(
  leaf: i32, near: usize, nearEnd: usize, centre: v128, force: v128, j0: v128, j1: v128, j2: v128,
): void {
  let at = nearField;
  for (let n = near; n < nearEnd; n += 4, at += 64) {
    const source = sorted + ((<usize>load<u32>(n)) << 6);
    v128.store(at, v128.load(source));
    v128.store(at, v128.load(source, 16), 16);
    v128.store(at, v128.load(source, 32), 32);
    v128.store(at, v128.load(source, 48), 48);
  }
  const first = leaf << 2;
  const own = bodyAt(sorted, first);
  repelFull(4, own, nearField, <i32>((at - nearField) >> 4), nearForces, 1, softening);
  const factor = splat(scale);
  const members = min<i32>(4, bodies - first);
  for (let b = 0; b < members; b += 1) {
    const offset = sub(v128.load(bodyAt(own, b)), centre);
    const far = add(add(force, mul(j0, allX(offset))), add(mul(j1, allY(offset)), mul(j2, allZ(offset))));
    const target = forces + <usize>load<u32>(order + ((<usize>(first + b)) << 2));
    v128.store(target, mul(add(v128.load(bodyAt(nearForces, b)), far), factor));
  }
}
