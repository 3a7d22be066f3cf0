/**
 * Repulsion for large swarms: Barnes and Hut, "A hierarchical O(N log N) force-calculation algorithm", Nature 324
 * (1986). Far groups of bodies act as one body at their centre of mass, O(n log n) instead of O(n²).
 *
 * A plain octree in flat arrays, rebuilt for each step, good for thousands of bodies. It stands in until the engine of
 * its own issue: at 20,000 bodies a step takes several ticks (parameters.ts, SLICE_BODIES).
 */
import type { Bodies } from '../bodies.ts';
import { REPULSION, THETA } from '../parameters.ts';
import { signedUnit } from '../random.ts';
import { COINCIDENT } from './repulsion.ts';

/** Depth below which bodies share a leaf: coincident bodies would otherwise divide for ever. */
const MAX_DEPTH = 24;
const STACK_CELLS = 8 * MAX_DEPTH + 8;

/** An octree over the bodies of one step. */
export class RepulsionTree {
  #cells = 0;
  /** Per cell eight children; 0 is none (the root is nobody's child). */
  #children = new Int32Array(0);
  /** Per cell: first body of a leaf, −1 in others; further bodies of a leaf follow by #next. */
  #body = new Int32Array(0);
  #next = new Int32Array(0);
  #mass = new Float64Array(0);
  #cx = new Float64Array(0);
  #cy = new Float64Array(0);
  #cz = new Float64Array(0);
  #half = new Float64Array(0);
  readonly #stack = new Int32Array(STACK_CELLS);
  // Middle of the cell that #descend has reached.
  #midX = 0;
  #midY = 0;
  #midZ = 0;

  build(bodies: Bodies): void {
    const { count, x, y, z } = bodies;
    this.#reserve(2 * count + 64);
    if (this.#next.length < count) this.#next = new Int32Array(count + (count >>> 1));
    let reach = 1;
    for (let i = 0; i < count; i += 1) {
      reach = Math.max(reach, Math.abs(x[i] as number), Math.abs(y[i] as number), Math.abs(z[i] as number));
    }
    this.#cells = 0;
    this.#addCell(reach);
    for (let i = 0; i < count; i += 1) this.#insert(bodies, i);
    this.#summarise(bodies);
  }

  /** Adds the repulsion on bodies `from` ≤ i < `to` to their velocities. */
  repel(bodies: Bodies, from: number, to: number, alpha: number, seed: number): void {
    for (let i = from; i < to; i += 1) this.#repelOne(bodies, i, REPULSION * alpha, seed);
  }

  #repelOne(bodies: Bodies, i: number, strength: number, seed: number): void {
    const xi = bodies.x[i] as number;
    const yi = bodies.y[i] as number;
    const zi = bodies.z[i] as number;
    const stack = this.#stack;
    let fx = 0;
    let fy = 0;
    let fz = 0;
    let top = 1;
    stack[0] = 0;
    while (top > 0) {
      top -= 1;
      const cell = stack[top] as number;
      let other = this.#body[cell] as number;
      if (other >= 0) {
        for (; other >= 0; other = this.#next[other] as number) {
          if (other === i) continue;
          const dx = xi - (bodies.x[other] as number);
          const dy = yi - (bodies.y[other] as number);
          const dz = zi - (bodies.z[other] as number);
          const r2 = dx * dx + dy * dy + dz * dz;
          if (r2 < COINCIDENT) {
            this.#part(bodies, i, other, strength, seed);
            continue;
          }
          const soft = r2 + 1;
          const f = strength / (soft * Math.sqrt(soft));
          fx += dx * f;
          fy += dy * f;
          fz += dz * f;
        }
        continue;
      }
      const dx = xi - (this.#cx[cell] as number);
      const dy = yi - (this.#cy[cell] as number);
      const dz = zi - (this.#cz[cell] as number);
      const r2 = dx * dx + dy * dy + dz * dz;
      const width = 2 * (this.#half[cell] as number);
      if (width * width < THETA * THETA * r2) {
        const soft = r2 + 1;
        const f = (strength * (this.#mass[cell] as number)) / (soft * Math.sqrt(soft));
        fx += dx * f;
        fy += dy * f;
        fz += dz * f;
        continue;
      }
      for (let octant = 0; octant < 8; octant += 1) {
        const child = this.#children[cell * 8 + octant] as number;
        if (child !== 0) {
          stack[top] = child;
          top += 1;
        }
      }
    }
    bodies.vx[i] = (bodies.vx[i] as number) + fx;
    bodies.vy[i] = (bodies.vy[i] as number) + fy;
    bodies.vz[i] = (bodies.vz[i] as number) + fz;
  }

  /** Pushes one of two coincident bodies away; the other gets the opposite push in its own turn. */
  #part(bodies: Bodies, i: number, other: number, strength: number, seed: number): void {
    const low = Math.min(i, other);
    const pair = (bodies.slots[low] as number) * 31 + (bodies.slots[i + other - low] as number);
    const push = (i === low ? 1 : -1) * strength * 0.5;
    bodies.vx[i] = (bodies.vx[i] as number) + push * signedUnit(seed, pair, 1);
    bodies.vy[i] = (bodies.vy[i] as number) + push * signedUnit(seed, pair, 2);
    bodies.vz[i] = (bodies.vz[i] as number) + push * signedUnit(seed, pair, 3);
  }

  #insert(bodies: Bodies, index: number): void {
    this.#next[index] = -1;
    this.#midX = 0;
    this.#midY = 0;
    this.#midZ = 0;
    let cell = 0;
    for (let depth = 0; ; depth += 1) {
      const resident = this.#body[cell] as number;
      const inner = (this.#mass[cell] as number) > 0 && resident < 0;
      this.#mass[cell] = (this.#mass[cell] as number) + 1;
      if (!inner && resident < 0) {
        this.#body[cell] = index;
        return;
      }
      if (!inner && depth >= MAX_DEPTH) {
        this.#next[index] = resident;
        this.#body[cell] = index;
        return;
      }
      if (!inner) this.#pushDown(bodies, cell, resident);
      cell = this.#descend(bodies, cell, index);
    }
  }

  /** Moves the only body of a leaf to a child, so that the leaf becomes an inner cell. */
  #pushDown(bodies: Bodies, cell: number, resident: number): void {
    const { x, y, z } = bodies;
    const octant = this.#octant(x[resident] as number, y[resident] as number, z[resident] as number);
    const child = this.#addCell((this.#half[cell] as number) / 2);
    this.#children[cell * 8 + octant] = child;
    this.#body[child] = resident;
    this.#mass[child] = 1;
    this.#body[cell] = -1;
  }

  #octant(x: number, y: number, z: number): number {
    return (x >= this.#midX ? 1 : 0) | (y >= this.#midY ? 2 : 0) | (z >= this.#midZ ? 4 : 0);
  }

  #descend(bodies: Bodies, cell: number, index: number): number {
    const octant = this.#octant(bodies.x[index] as number, bodies.y[index] as number, bodies.z[index] as number);
    const half = (this.#half[cell] as number) / 2;
    let child = this.#children[cell * 8 + octant] as number;
    if (child === 0) {
      child = this.#addCell(half);
      this.#children[cell * 8 + octant] = child;
    }
    this.#midX += (octant & 1) === 0 ? -half : half;
    this.#midY += (octant & 2) === 0 ? -half : half;
    this.#midZ += (octant & 4) === 0 ? -half : half;
    return child;
  }

  /** Centres of mass, children before parents: a child always has a higher number than its parent. */
  #summarise(bodies: Bodies): void {
    for (let cell = this.#cells - 1; cell >= 0; cell -= 1) {
      let sx = 0;
      let sy = 0;
      let sz = 0;
      for (let body = this.#body[cell] as number; body >= 0; body = this.#next[body] as number) {
        sx += bodies.x[body] as number;
        sy += bodies.y[body] as number;
        sz += bodies.z[body] as number;
      }
      for (let octant = 0; octant < 8; octant += 1) {
        const child = this.#children[cell * 8 + octant] as number;
        if (child === 0) continue;
        const mass = this.#mass[child] as number;
        sx += (this.#cx[child] as number) * mass;
        sy += (this.#cy[child] as number) * mass;
        sz += (this.#cz[child] as number) * mass;
      }
      const mass = Math.max(1, this.#mass[cell] as number);
      this.#cx[cell] = sx / mass;
      this.#cy[cell] = sy / mass;
      this.#cz[cell] = sz / mass;
    }
  }

  #addCell(half: number): number {
    if (this.#cells === this.#body.length) this.#reserve(this.#cells * 2);
    const cell = this.#cells;
    this.#cells += 1;
    this.#children.fill(0, cell * 8, cell * 8 + 8);
    this.#body[cell] = -1;
    this.#mass[cell] = 0;
    this.#half[cell] = half;
    return cell;
  }

  #reserve(cells: number): void {
    if (this.#body.length >= cells) return;
    this.#children = grown(this.#children, new Int32Array(cells * 8));
    this.#body = grown(this.#body, new Int32Array(cells));
    this.#mass = grown(this.#mass, new Float64Array(cells));
    this.#cx = grown(this.#cx, new Float64Array(cells));
    this.#cy = grown(this.#cy, new Float64Array(cells));
    this.#cz = grown(this.#cz, new Float64Array(cells));
    this.#half = grown(this.#half, new Float64Array(cells));
  }
}

function grown<A extends Int32Array | Float64Array>(old: A, next: A): A {
  next.set(old);
  return next;
}
