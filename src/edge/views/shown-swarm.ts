/** One swarm in a shown set: which of its agents are shown, and where they stand in frames. */
import type { AgentEntity, SwarmEntity } from '../replica/entity.ts';
import type { LoadedPositions } from '../replica/swarm-positions.ts';
import { indexOfSlot } from './slot-search.ts';

/** Where the shown agents stand among the records of a publication: entry n is the agent and record of slot `slots[n]`. */
export interface GatherPlan {
  /** Ascending. */
  slots: Uint32Array;
  /** Records, by index. */
  indices: Uint32Array;
  agents: readonly AgentEntity[];
}

export class ShownSwarm {
  readonly swarm: SwarmEntity;
  readonly enteredAt: number;
  /** Version since which each agent is shown. */
  readonly agents = new Map<AgentEntity, number>();
  /** Tick of the last change of what frames must hold (position-store.ts). */
  changedTick = 0;
  #ascending: readonly AgentEntity[] | undefined;
  #plan: GatherPlan | undefined;
  #plannedFor: LoadedPositions | undefined;
  #plannedGeneration = 0;

  constructor(swarm: SwarmEntity, enteredAt: number) {
    this.swarm = swarm;
    this.enteredAt = enteredAt;
  }

  /** True when no agent of the swarm is hidden. */
  get whole(): boolean {
    return this.agents.size === this.swarm.agents.size;
  }

  /** What frames must hold changed at this tick. */
  change(tick: number): void {
    this.changedTick = tick;
    this.#ascending = undefined;
    this.#plan = undefined;
  }

  /** Shown agents by ascending slot; sorted when asked for after a change. */
  ascending(): readonly AgentEntity[] {
    this.#ascending ??= [...this.agents.keys()].toSorted((a, b) => a.record.slot - b.record.slot);
    return this.#ascending;
  }

  /** Where the shown agents stand in a publication; searched anew when either side changed. */
  plan(loaded: LoadedPositions): GatherPlan {
    if (this.#plan === undefined || this.#plannedFor !== loaded || this.#plannedGeneration !== loaded.slotsGeneration) {
      this.#plan = gatherPlan(this.ascending(), loaded.slots);
      this.#plannedFor = loaded;
      this.#plannedGeneration = loaded.slotsGeneration;
    }
    return this.#plan;
  }
}

function gatherPlan(ascending: readonly AgentEntity[], slots: Uint32Array): GatherPlan {
  const agents: AgentEntity[] = [];
  const indices: number[] = [];
  let index = 0;
  for (const agent of ascending) {
    const { slot } = agent.record;
    index = indexOfSlot(slots, slot, index);
    if (slots[index] !== slot) continue;
    agents.push(agent);
    indices.push(index);
  }
  return {
    slots: Uint32Array.from(agents, (agent) => agent.record.slot),
    indices: Uint32Array.from(indices),
    agents,
  };
}
