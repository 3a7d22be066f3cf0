/**
 * The kernel's exact repulsion once more, in plain TypeScript: the reference that the kernel is held against, bit for
 * bit. Float32 like the kernel, so every operation is rounded.
 */
const f = Math.fround;

/** @param places x, y, z per body. @returns force per body, x, y, z. */
export function repelTwin(places: Float32Array, repulsion: number, softening: number): Float32Array {
  const forces = new Float32Array(places.length);
  for (let i = 0; i < places.length; i += 3) {
    let fx = f(0);
    let fy = f(0);
    let fz = f(0);
    for (let j = 0; j < places.length; j += 3) {
      const dx = f((places[i] as number) - (places[j] as number));
      const dy = f((places[i + 1] as number) - (places[j + 1] as number));
      const dz = f((places[i + 2] as number) - (places[j + 2] as number));
      const r2 = f(f(f(f(dx * dx) + f(softening)) + f(dy * dy)) + f(dz * dz));
      const w = f(1 / f(r2 * f(Math.sqrt(r2))));
      fx = f(fx + f(dx * w));
      fy = f(fy + f(dy * w));
      fz = f(fz + f(dz * w));
    }
    forces.set([f(fx * f(repulsion)), f(fy * f(repulsion)), f(fz * f(repulsion))], i);
  }
  return forces;
}
