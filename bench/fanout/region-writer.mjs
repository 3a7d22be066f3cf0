// Writes a swarm's positions into a region of shared memory as a layout worker would (src/model/position-region.ts), from
// places that the bench chooses: the kernel's own writer publishes only what its physics made.
import {
  PUBLICATION,
  publicationOffset,
  quantise,
  recordOffsets,
  regionBytes,
  RING_SLOTS,
} from '../../dist/model/position-region.js';

const SCALE = 2 ** -5;

export class RegionWriter {
  #data;
  #slots;

  /** Records are of these slots, ascending. */
  constructor(swarm, slots) {
    const capacity = Math.max(16, slots.length + (slots.length % 2));
    this.handle = { swarm, buffer: new SharedArrayBuffer(regionBytes(capacity)), byteOffset: 0, capacity };
    this.#data = new DataView(this.handle.buffer);
    this.#data.setInt32(0, -1, true);
    this.#slots = slots;
  }

  /** `placeOf(i, axis)` and `speedOf(i, axis)`: of record `i`, in units and units/s, beside `origin`. */
  publish({ tick, timeMs, settled, origin, placeOf, speedOf }) {
    const data = this.#data;
    const { capacity } = this.handle;
    const cells = new Int32Array(this.handle.buffer);
    const index = (Atomics.load(cells, 0) + 1) % RING_SLOTS;
    const at = publicationOffset(index, capacity);
    const sequence = (at + PUBLICATION.sequence) >>> 2;
    const inside = Atomics.load(cells, sequence) | 1;
    Atomics.exchange(cells, sequence, inside);
    const words = { count: this.#slots.length, tick: tick >>> 0, flags: settled ? 2 : 0, slotsRev: 0, membership: 1 };
    for (const [name, value] of Object.entries(words)) data.setUint32(at + PUBLICATION[name], value, true);
    origin.forEach((value, axis) => data.setFloat32(at + PUBLICATION.origin + axis * 4, value, true));
    data.setFloat32(at + PUBLICATION.scale, SCALE, true);
    data.setFloat64(at + PUBLICATION.timeMs, timeMs, true);
    const { q16, f32, velocity } = recordOffsets(capacity);
    this.#slots.forEach((slot, i) => {
      data.setUint16(at + q16 + i * 8, slot, true);
      data.setUint32(at + f32 + i * 16, slot, true);
      for (let axis = 0; axis < 3; axis++) {
        const place = placeOf(i, axis);
        data.setInt16(at + q16 + i * 8 + 2 + axis * 2, quantise(place, 0, SCALE), true);
        data.setFloat32(at + f32 + i * 16 + 4 + axis * 4, origin[axis] + place, true);
        data.setFloat32(at + velocity + i * 12 + axis * 4, speedOf(i, axis), true);
      }
    });
    Atomics.store(cells, sequence, inside + 1);
    Atomics.store(cells, 0, index);
  }
}
