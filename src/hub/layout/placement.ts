/**
 * Where swarms stand: side by side in the x-y plane, none over another, and a swarm stays where it is when others come,
 * go or grow.
 *
 * The plane is divided into unit cells. A swarm holds an aligned square of 2^k × 2^k of them, large enough for its
 * radius. It takes the free square nearest to the middle, searched in rings; what is freed is used again. A swarm that
 * outgrows its square gets a larger one elsewhere; it keeps it when it shrinks.
 */
import type { Ref } from '../../model/ids.ts';

/** Width of a unit cell, world units. */
export const CELL_WIDTH = 256;
/** Squares of at most 2^7 cells: 32,768 units wide. A swarm that needs more overlaps its neighbours. */
const MAX_LEVEL = 7;

interface Square {
  /** 2^level cells wide. */
  level: number;
  /** Column and row among the squares of its level. */
  column: number;
  row: number;
}

export class Placement {
  readonly #squares = new Map<Ref, Square>();
  readonly #taken = new Set<string>();
  /** Per level: no ring before this one has a free square. */
  readonly #firstRing: number[] = Array.from({ length: MAX_LEVEL + 1 }, () => 0);

  /**
   * The centre of a swarm that needs `radius` around it: where it stands if that suffices, else a new place.
   * @returns x, y, z in world units.
   */
  place(swarm: Ref, radius: number): readonly [number, number, number] {
    const level = levelFor(radius);
    const held = this.#squares.get(swarm);
    if (held !== undefined && held.level >= level) return centreOf(held);
    // The new square is sought while the old one is held, so that the swarm does not grow over its own neighbours.
    const square = this.#findFree(level);
    this.remove(swarm);
    this.#squares.set(swarm, square);
    for (const key of cellsOf(square)) this.#taken.add(key);
    return centreOf(square);
  }

  remove(swarm: Ref): void {
    const square = this.#squares.get(swarm);
    if (square === undefined) return;
    this.#squares.delete(swarm);
    for (const key of cellsOf(square)) this.#taken.delete(key);
    this.#firstRing.fill(0);
  }

  #findFree(level: number): Square {
    for (let ring = this.#firstRing[level] ?? 0; ; ring += 1) {
      for (const [column, row] of ringOf(ring)) {
        const square = { level, column, row };
        if (this.#isFree(square)) {
          this.#firstRing[level] = ring;
          return square;
        }
      }
    }
  }

  #isFree(square: Square): boolean {
    for (const key of cellsOf(square)) if (this.#taken.has(key)) return false;
    return true;
  }
}

function levelFor(radius: number): number {
  let level = 0;
  while (level < MAX_LEVEL && CELL_WIDTH * 2 ** level < 2 * radius) level += 1;
  return level;
}

/** Squares of one level around the middle point of the plane: ring r is the border of a field of (2r + 2)² squares. */
function* ringOf(ring: number): Generator<readonly [number, number]> {
  const low = -ring - 1;
  for (let column = low; column <= ring; column += 1) {
    for (let row = low; row <= ring; row += 1) {
      if (column === low || column === ring || row === low || row === ring) yield [column, row];
    }
  }
}

function centreOf(square: Square): readonly [number, number, number] {
  const width = CELL_WIDTH * 2 ** square.level;
  return [(square.column + 0.5) * width, (square.row + 0.5) * width, 0];
}

function* cellsOf(square: Square): Generator<string> {
  const width = 2 ** square.level;
  for (let column = 0; column < width; column += 1) {
    for (let row = 0; row < width; row += 1) {
      yield `${String(square.column * width + column)},${String(square.row * width + row)}`;
    }
  }
}
