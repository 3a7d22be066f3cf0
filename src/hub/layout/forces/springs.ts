import type { Bodies } from '../bodies.ts';

/** Links as springs, by body index. Stride 1 each. */
export interface Springs {
  count: number;
  from: Int32Array;
  to: Int32Array;
  /** World units. */
  rest: Float64Array;
  /** Share of the stretch that is taken back per step at alpha 1. */
  strength: Float64Array;
  /** Share of the correction that `to` takes; `from` takes the rest. The better linked body moves less. */
  bias: Float64Array;
}

export function createSprings(capacity: number): Springs {
  return {
    count: 0,
    from: new Int32Array(capacity),
    to: new Int32Array(capacity),
    rest: new Float64Array(capacity),
    strength: new Float64Array(capacity),
    bias: new Float64Array(capacity),
  };
}

/** Pulls linked bodies to their rest length; coincident ones are left to repulsion, which parts them. O(links). */
export function pullSprings(bodies: Bodies, springs: Springs, alpha: number): void {
  const { x, y, z, vx, vy, vz } = bodies;
  const { count, from, to, rest, strength, bias } = springs;
  for (let s = 0; s < count; s += 1) {
    const a = from[s] as number;
    const b = to[s] as number;
    // As they will be after this step, which damps oscillation.
    let dx = (x[b] as number) + (vx[b] as number) - (x[a] as number) - (vx[a] as number);
    let dy = (y[b] as number) + (vy[b] as number) - (y[a] as number) - (vy[a] as number);
    let dz = (z[b] as number) + (vz[b] as number) - (z[a] as number) - (vz[a] as number);
    const distance = Math.sqrt(dx * dx + dy * dy + dz * dz);
    if (!(distance > 1e-9)) continue;
    const pull = ((distance - (rest[s] as number)) / distance) * alpha * (strength[s] as number);
    dx *= pull;
    dy *= pull;
    dz *= pull;
    const share = bias[s] as number;
    vx[b] = (vx[b] as number) - dx * share;
    vy[b] = (vy[b] as number) - dy * share;
    vz[b] = (vz[b] as number) - dz * share;
    vx[a] = (vx[a] as number) + dx * (1 - share);
    vy[a] = (vy[a] as number) + dy * (1 - share);
    vz[a] = (vz[a] as number) + dz * (1 - share);
  }
}
