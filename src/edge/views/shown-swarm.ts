/** One swarm in a shown set: which of its agents are shown, and where they stand in frames. */
import type { AgentEntity, SwarmEntity } from '../replica/entity.ts';

export class ShownSwarm {
  readonly swarm: SwarmEntity;
  readonly enteredAt: number;
  /** Version since which each agent is shown. */
  readonly agents = new Map<AgentEntity, number>();
  /** Tick of the last change of what frames must hold (position-store.ts). */
  changedTick = 0;
  #ascending: readonly AgentEntity[] | undefined;

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
  }

  /** Shown agents by ascending slot; sorted when asked for after a change. */
  ascending(): readonly AgentEntity[] {
    this.#ascending ??= [...this.agents.keys()].toSorted((a, b) => a.record.slot - b.record.slot);
    return this.#ascending;
  }
}
