import type { Ref } from '../../src/model/ids.ts';
import {
  PUBLICATION,
  publicationOffset,
  quantise,
  recordOffsets,
  regionBytes,
  type LayoutEvent,
  type RegionHandle,
} from '../../src/model/position-region.ts';

/** One swarm's shared memory, written by hand as a layout worker would. */
export class HandLayout {
  readonly handle: RegionHandle;
  readonly #data: DataView;
  readonly #swarm: Ref;
  readonly #agents: number;
  #published = 0;
  tick = 0;

  constructor(swarm: Ref, agents: number) {
    this.#swarm = swarm;
    this.#agents = agents;
    const capacity = agents + (agents % 2) + 2;
    this.handle = {
      swarm,
      buffer: new SharedArrayBuffer(regionBytes(capacity)),
      byteOffset: 0,
      capacity,
    };
    this.#data = new DataView(this.handle.buffer);
    this.#data.setInt32(0, -1, true);
  }

  /** Everybody stands at (value, 0, −value). */
  publish(value: number, options: { settled?: boolean } = {}): LayoutEvent {
    const { capacity } = this.handle;
    const index = this.#published % 4;
    const at = publicationOffset(index, capacity);
    const data = this.#data;
    const scale = 2 ** -5;
    data.setInt32(at + PUBLICATION.sequence, data.getInt32(at + PUBLICATION.sequence, true) + 2, true);
    data.setUint32(at + PUBLICATION.count, this.#agents, true);
    data.setUint32(at + PUBLICATION.tick, this.tick + 1, true);
    data.setUint32(at + PUBLICATION.flags, options.settled === true ? 2 : 0, true);
    data.setUint32(at + PUBLICATION.slotsRev, 0, true);
    data.setUint32(at + PUBLICATION.membership, this.#agents, true);
    data.setFloat32(at + PUBLICATION.scale, scale, true);
    data.setFloat64(at + PUBLICATION.timeMs, Date.now(), true);
    const { q16, f32 } = recordOffsets(capacity);
    const position = [value, 0, -value];
    for (let i = 0; i < this.#agents; i++) {
      data.setUint16(at + q16 + i * 8, i, true);
      data.setUint32(at + f32 + i * 16, i, true);
      for (let axis = 0; axis < 3; axis++) {
        data.setInt16(at + q16 + i * 8 + 2 + axis * 2, quantise(position[axis] ?? 0, 0, scale), true);
        data.setFloat32(at + f32 + i * 16 + 4 + axis * 4, position[axis] ?? 0, true);
      }
    }
    data.setInt32(0, index, true);
    this.#published++;
    return this.next([this.#swarm]);
  }

  next(moved: Ref[] = []): LayoutEvent {
    this.tick++;
    return { kind: 'tick', tick: this.tick, time_ms: Date.now(), moved };
  }
}
