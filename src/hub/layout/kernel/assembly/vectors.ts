/**
 * Four numbers at a time.
 *
 * Bodies are stored as rows of four: x, y, z and a fourth that is none of a place. Kernels that work on four bodies at
 * once turn four rows into columns: the four x, the four y, the four z. The names below say which halves of two vectors
 * are brought together.
 */

@inline export function add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
@inline export function sub(a: v128, b: v128): v128 { return f32x4.sub(a, b); }
@inline export function mul(a: v128, b: v128): v128 { return f32x4.mul(a, b); }
@inline export function splat(a: f32): v128 { return f32x4.splat(a); }

/** a0 b0 a1 b1 */
@inline export function interleaveLow(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 0, 4, 1, 5); }
/** a2 b2 a3 b3 */
@inline export function interleaveHigh(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 2, 6, 3, 7); }
/** a0 a1 b0 b1 */
@inline export function lowHalves(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 0, 1, 4, 5); }
/** a2 a3 b2 b3 */
@inline export function highHalves(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 2, 3, 6, 7); }

/** a1 a2 a3 a0 */
@inline export function rotateDown(a: v128): v128 { return v128.shuffle<f32>(a, a, 1, 2, 3, 0); }
/** a3 a0 a1 a2 */
@inline export function rotateUp(a: v128): v128 { return v128.shuffle<f32>(a, a, 3, 0, 1, 2); }
/** a2 a3 a0 a1 */
@inline export function swapHalves(a: v128): v128 { return v128.shuffle<f32>(a, a, 2, 3, 0, 1); }

@inline export function allX(a: v128): v128 { return v128.shuffle<f32>(a, a, 0, 0, 0, 0); }
@inline export function allY(a: v128): v128 { return v128.shuffle<f32>(a, a, 1, 1, 1, 1); }
@inline export function allZ(a: v128): v128 { return v128.shuffle<f32>(a, a, 2, 2, 2, 2); }
@inline export function allW(a: v128): v128 { return v128.shuffle<f32>(a, a, 3, 3, 3, 3); }

@inline export function laneX(a: v128): f32 { return f32x4.extract_lane(a, 0); }
@inline export function laneY(a: v128): f32 { return f32x4.extract_lane(a, 1); }
@inline export function laneZ(a: v128): f32 { return f32x4.extract_lane(a, 2); }
@inline export function laneW(a: v128): f32 { return f32x4.extract_lane(a, 3); }

/** (a0 + a1) + (a2 + a3) */
@inline export function sum(a: v128): f32 { return (laneX(a) + laneY(a)) + (laneZ(a) + laneW(a)); }
/** The sums of three vectors as x, y, z; w is 0. */
@inline export function sums(a: v128, b: v128, c: v128): v128 {
  const zero = splat(0);
  const ab = add(interleaveLow(a, b), interleaveHigh(a, b));
  const c0 = add(interleaveLow(c, zero), interleaveHigh(c, zero));
  return add(lowHalves(ab, c0), highHalves(ab, c0));
}
/** x² + y² + z² in all four lanes; w of the argument must be 0. */
@inline export function normSquared(a: v128): v128 {
  const squares = mul(a, a);
  const pairs = add(squares, v128.shuffle<f32>(squares, squares, 1, 0, 3, 2));
  return add(pairs, v128.shuffle<f32>(pairs, pairs, 2, 3, 0, 1));
}
/** x² + y² + z²; w does not count. */
@inline export function lengthSquared(a: v128): f32 {
  const squares = mul(a, a);
  return laneX(squares) + laneY(squares) + laneZ(squares);
}

/** Bytes of a body's row: place, velocity or force. */
export const ROW: usize = 16;
@inline export function bodyAt(rows: usize, index: i32): usize { return rows + ((<usize>index) << 4); }
