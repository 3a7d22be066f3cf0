/** A replica with swarms whose positions a test publishes by hand: the region's layout is written down here anew. */
import type { AgentRecord } from '../../../../src/model/agent.ts';
import type { ChangeBatch, WorldSnapshot } from '../../../../src/model/change.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import {
  FLAG_SETTLED,
  FLAG_SHORT,
  PUBLICATION,
  publicationOffset,
  quantise,
  recordOffsets,
  regionBytes,
  type RegionHandle,
} from '../../../../src/model/position-region.ts';
import type { ServerRecord } from '../../../../src/model/server.ts';
import type { SwarmRecord } from '../../../../src/model/swarm.ts';
import { DEFAULT_FILTERS, type Filters } from '../../../../src/protocol/filters.ts';
import type { PositionFormat } from '../../../../src/protocol/client-messages.ts';
import { Replica } from '../../../../src/edge/replica/replica.ts';
import { ViewRegistry } from '../../../../src/edge/views/view-registry.ts';
import type { Coding, View } from '../../../../src/edge/views/view.ts';

export const SERVER: ServerRecord = {
  ref: 900,
  id: 's',
  type: 'ruv-swarm',
  simulated: true,
  transport: 'tcp',
  endpoint: 'tcp://127.0.0.1:1',
  health: {
    state: 'unknown',
    reason: 'never asked',
    since_ms: 0,
    evidence: { consecutive_failures: 0, consecutive_successes: 0 },
  },
};

export interface Published {
  slots: readonly number[];
  tick: number;
  settled?: boolean;
  /** Without f32 and velocity records. */
  short?: boolean;
  slotsRev?: number;
  membership?: number;
  origin?: readonly [number, number, number];
  scale?: number;
}

/** Where a test puts what stands in `slot`, and how fast it goes. */
export function placeOf(slot: number): readonly [number, number, number] {
  return [(slot % 1_000) / 3, -((slot * 7) % 1_000) / 5, (slot % 11) + 0.25];
}

export class Stage {
  readonly replica: Replica;
  readonly views: ViewRegistry;
  readonly #regions = new Map<number, RegionHandle>();
  #dealt = 0;
  #version = 1;

  constructor(options: { tombstones?: number; flowLimit?: number; departures?: number; maxViews?: number } = {}) {
    this.replica = new Replica({ tombstones: options.tombstones ?? 100, flowLimit: options.flowLimit ?? 100 });
    this.views = new ViewRegistry(this.replica, { maxViews: options.maxViews ?? 10, departures: options.departures });
    this.replica.reset(this.emptyWorld());
  }

  emptyWorld(epoch = 'e'): WorldSnapshot {
    return {
      epoch,
      version: 1,
      time_ms: 1,
      servers: [SERVER],
      swarms: [],
      agents: [],
      links: [],
      tasks: [],
      membership: [],
    };
  }

  view(filters: Partial<Filters> = {}, positions: PositionFormat = 'q16', coding: Coding = 'json'): View {
    return this.views.acquire({ ...DEFAULT_FILTERS, ...filters }, coding, positions);
  }

  apply(change: Omit<ChangeBatch, 'epoch' | 'version' | 'time_ms'>): void {
    this.#version++;
    this.replica.apply({ epoch: this.replica.epoch, version: this.#version, time_ms: this.#version, ...change });
  }

  swarm(ref: number, membership = 0): SwarmRecord {
    const swarm: SwarmRecord = {
      ref,
      key: `s/w${ref}`,
      id: `w${ref}`,
      server_id: 's',
      server_type: 'ruv-swarm',
      slots_rev: 0,
    };
    this.apply({ swarms: { added: [swarm] }, membership: [[ref, membership]] });
    return swarm;
  }

  agent(swarm: number, slot: number, more: Partial<AgentRecord> = {}): AgentRecord {
    const n = this.#dealt++;
    return {
      ref: agentRef(0, n),
      key: `s/w${swarm}/a${n}`,
      id: `a${n}`,
      swarm,
      server_id: 's',
      server_type: 'ruv-swarm',
      status: 'idle',
      slot,
      ...more,
    };
  }

  /** Adds agents in these slots, in one batch; the membership then is their number. */
  join(
    swarm: number,
    slots: readonly number[],
    more: (slot: number) => Partial<AgentRecord> = () => ({}),
  ): AgentRecord[] {
    const agents = slots.map((slot) => this.agent(swarm, slot, more(slot)));
    const size = (this.replica.swarms.get(swarm)?.agents.size ?? 0) + agents.length;
    this.apply({ agents: { added: agents }, membership: [[swarm, size]] });
    return agents;
  }

  tick(tick: number, moved: number[] = []): void {
    this.replica.onLayout({ kind: 'tick', tick, time_ms: 1_000 + tick * 16, moved });
    this.views.beginTick();
  }

  region(swarm: number, capacity: number): void {
    const even = capacity + (capacity % 2);
    const handle = { swarm, buffer: new SharedArrayBuffer(regionBytes(even)), byteOffset: 0, capacity: even };
    new DataView(handle.buffer).setInt32(0, -1, true);
    this.#regions.set(swarm, handle);
    this.replica.onLayout({ kind: 'region', handle });
  }

  /** Tick until which a reader wants all records of a swarm. */
  wantedUntil(swarm: number): number {
    return new DataView((this.#regions.get(swarm) as RegionHandle).buffer).getUint32(4, true);
  }

  /** Writes a publication into the region, as a worker would; {@link tick} tells of it. */
  publish(swarm: number, published: Published): void {
    const {
      slots,
      tick,
      settled = false,
      short = false,
      slotsRev = 0,
      membership = slots.length,
      origin = [0, 0, 0],
      scale = 1 / 32,
    } = published;
    if ((this.#regions.get(swarm)?.capacity ?? -1) < slots.length) this.region(swarm, slots.length + 2);
    const handle = this.#regions.get(swarm) as RegionHandle;
    const data = new DataView(handle.buffer);
    const index = (data.getInt32(0, true) + 1) % 4;
    const at = publicationOffset(index, handle.capacity);
    const offsets = recordOffsets(handle.capacity);
    const header = [slots.length, tick, (settled ? FLAG_SETTLED : 0) | (short ? FLAG_SHORT : 0), slotsRev, membership];
    [PUBLICATION.count, PUBLICATION.tick, PUBLICATION.flags, PUBLICATION.slotsRev, PUBLICATION.membership].forEach(
      (field, n) => data.setUint32(at + field, header[n] ?? 0, true),
    );
    origin.forEach((value, axis) => data.setFloat32(at + PUBLICATION.origin + axis * 4, value, true));
    data.setFloat32(at + PUBLICATION.scale, scale, true);
    data.setFloat64(at + PUBLICATION.timeMs, 1_000 + tick * 16, true);
    slots
      .toSorted((a, b) => a - b)
      .forEach((slot, n) => {
        data.setUint16(at + offsets.q16 + n * 8, slot % 65_536, true);
        if (!short) data.setUint32(at + offsets.f32 + n * 16, slot, true);
        placeOf(slot).forEach((value, axis) => {
          data.setInt16(at + offsets.q16 + n * 8 + 2 + axis * 2, quantise(value, origin[axis] ?? 0, scale), true);
          if (short) return;
          data.setFloat32(at + offsets.f32 + n * 16 + 4 + axis * 4, value, true);
          data.setFloat32(at + offsets.velocity + n * 12 + axis * 4, -value, true);
        });
      });
    data.setInt32(at + PUBLICATION.sequence, data.getInt32(at + PUBLICATION.sequence, true) + 2, true);
    data.setInt32(0, index, true);
  }
}
