import type { AgentRecord } from '../../../../src/model/agent.ts';
import type { ChangeBatch, WorldSnapshot } from '../../../../src/model/change.ts';
import { agentRef, plainRef } from '../../../../src/model/ids.ts';
import type { LinkRecord } from '../../../../src/model/link.ts';
import type { RegionHandle } from '../../../../src/model/position-region.ts';
import { LayoutEngine } from '../../../../src/hub/layout/layout-engine.ts';
import type { LinkSeat, SwarmSeat } from '../../../../src/hub/layout/seats.ts';
import { SwarmPool } from '../../../../src/hub/layout/kernel/swarm-pool.ts';
import { SwarmSimulation } from '../../../../src/hub/layout/swarm-simulation.ts';
import type { LastPositions } from '../../../../src/hub/layout/resume.ts';
import type { SwarmRecord } from '../../../../src/model/swarm.ts';

const TICK_MS = 1000 / 60;
const always = (): boolean => true;

/** Links by index of a graph of n. */
export type Graph = 'none' | 'ring' | 'star' | 'tree' | 'mesh' | 'sparse';

function graphPairs(graph: Graph, n: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < n; i += 1) {
    if (graph === 'ring' && n > 1) pairs.push([i, (i + 1) % n]);
    if (graph === 'star' && i > 0) pairs.push([0, i]);
    if (graph === 'tree' && i > 0) pairs.push([Math.floor((i - 1) / 4), i]);
    if (graph === 'mesh') for (let j = 0; j < i; j += 1) pairs.push([j, i]);
    if (graph === 'sparse') for (const step of [1, 7, 31]) if (step < n) pairs.push([i, (i + step) % n]);
  }
  return pairs;
}

export function linkSeats(graph: Graph, n: number): LinkSeat[] {
  return graphPairs(graph, n).map(([a, b], index) => ({
    ref: plainRef(0, index + 1),
    from: agentRef(0, a),
    to: agentRef(0, b),
    kind: 'topology',
  }));
}

export function swarmSeat(n: number, graph: Graph = 'none', extra: Partial<SwarmSeat> = {}): SwarmSeat {
  const lead = graph === 'star' || graph === 'tree';
  return {
    ref: 1,
    topology: undefined,
    slotsRev: 0,
    membership: n,
    centre: [0, 0, 0],
    agents: Array.from({ length: n }, (_, i) => ({ ref: agentRef(0, i), slot: i, lead: lead && i === 0 })),
    links: linkSeats(graph, n),
    pins: [],
    ...extra,
  };
}

/** An engine with its clock and what it announced. */
export class Bench {
  readonly regions = new Map<number, RegionHandle>();
  readonly events: string[] = [];
  readonly engine: LayoutEngine;
  tick = 0;

  constructor(seed = 1) {
    this.engine = new LayoutEngine(seed, {
      onRegion: (handle) => {
        this.regions.set(handle.swarm, handle);
        this.events.push(`region ${String(handle.swarm)} ${String(handle.capacity)}`);
      },
      onRegionGone: (swarm) => {
        this.regions.delete(swarm);
        this.events.push(`gone ${String(swarm)}`);
      },
    });
  }

  step(): number[] {
    this.tick += 1;
    return [...this.engine.step(this.tick, this.tick * TICK_MS, always)];
  }

  steps(count: number): void {
    for (let i = 0; i < count; i += 1) this.step();
  }

  swarm(ref = 1): SwarmSimulation {
    const simulation = this.engine.simulation(ref);
    if (simulation === undefined) throw new Error(`no swarm ${String(ref)}`);
    return simulation;
  }

  handle(ref = 1): RegionHandle {
    const handle = this.regions.get(ref);
    if (handle === undefined) throw new Error(`no region of swarm ${String(ref)}`);
    return handle;
  }

  /** Steps until the swarm sleeps; returns how many it took. */
  settle(ref = 1, limit = 2_000): number {
    for (let i = 0; i < limit; i += 1) {
      if (this.swarm(ref).asleep) return i;
      this.step();
    }
    throw new Error(`swarm ${String(ref)} still awake after ${String(limit)} steps`);
  }

  /** World positions by agent ref. */
  places(ref = 1): Map<number, [number, number, number]> {
    const { bodies, centre } = this.swarm(ref);
    return new Map(
      bodies.refs.map((agent, i) => [
        agent,
        [(bodies.x[i] ?? 0) + centre[0], (bodies.y[i] ?? 0) + centre[1], (bodies.z[i] ?? 0) + centre[2]],
      ]),
    );
  }
}

/** A swarm by itself, without an engine. */
export function lone(seat: SwarmSeat, last?: LastPositions): { swarm: SwarmSimulation; ticks: (n: number) => void } {
  const pool = new SwarmPool();
  const swarm = new SwarmSimulation(pool, seat, 1, last);
  const ticks = (n: number): void => {
    for (let i = 0; i < n; i += 1) {
      swarm.prepare(0);
      pool.tick(i, 0);
    }
  };
  return { swarm, ticks };
}

export function distance(a: readonly number[] | undefined, b: readonly number[] | undefined): number {
  if (a === undefined || b === undefined) throw new Error('a place is missing');
  return Math.hypot(...a.map((value, axis) => value - (b[axis] ?? 0)));
}

export function agentRecord(
  swarm: number,
  number: number,
  slot: number,
  extra: Partial<AgentRecord> = {},
): AgentRecord {
  return {
    ref: agentRef(0, number),
    key: `s/w${String(swarm)}/a${String(number)}`,
    id: `a${String(number)}`,
    swarm,
    server_id: 's',
    server_type: 'other',
    status: 'active',
    slot,
    ...extra,
  };
}

export function swarmRecord(ref: number, extra: Partial<SwarmRecord> = {}): SwarmRecord {
  return {
    ref,
    key: `s/w${String(ref)}`,
    id: `w${String(ref)}`,
    server_id: 's',
    server_type: 'other',
    slots_rev: 0,
    ...extra,
  };
}

export function topologyLink(ref: number, swarm: number, a: number, b: number): LinkRecord {
  return { ref, swarm, from: agentRef(0, a), to: agentRef(0, b), kind: 'topology', source: 'derived' };
}

/** A world of swarms (refs from 1) with agents numbered through. */
export function worldOf(sizes: readonly number[], graph: Graph = 'ring', topology?: string): WorldSnapshot {
  const snapshot: WorldSnapshot = {
    epoch: 'e1',
    version: 1,
    time_ms: 0,
    servers: [],
    swarms: [],
    agents: [],
    links: [],
    tasks: [],
    membership: [],
  };
  let number = 0;
  sizes.forEach((size, index) => {
    const ref = index + 1;
    snapshot.swarms.push(swarmRecord(ref, { topology }));
    const first = number;
    for (let slot = 0; slot < size; slot += 1) snapshot.agents.push(agentRecord(ref, first + slot, slot));
    number += size;
    for (const [a, b] of graphPairs(graph, size)) {
      snapshot.links.push(topologyLink(snapshot.links.length + 1, ref, first + a, first + b));
    }
    snapshot.membership.push([ref, size]);
  });
  return snapshot;
}

export function batchOf(changes: Partial<ChangeBatch>): ChangeBatch {
  return { epoch: 'e1', version: 2, time_ms: 0, ...changes };
}
