/** One swarm in a shown set: which of its agents are shown, and where they stand in frames. */
import type { AgentEntity, SwarmEntity } from '../replica/entity.ts';
import type { LoadedPositions } from '../replica/swarm-positions.ts';
import { indexOfSlot } from './slot-search.ts';

/** Where the shown agents of a swarm stand in one list of slots. */
interface Places {
  slotList: number;
  indexes: Uint32Array;
}

const MAX_PLACES = 3;

export class ShownSwarm {
  readonly swarm: SwarmEntity;
  readonly enteredAt: number;
  /** Version since which each agent is shown. */
  readonly agents = new Map<AgentEntity, number>();
  /** Tick of the last change of what frames must hold (position-store.ts). */
  changedTick = 0;
  #ascending: readonly AgentEntity[] | undefined;
  /** By list of slots: one for each kind of positions that is in use, three at most. */
  #places: Places[] = [];

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
    if (this.#places.length > 0) this.#places = [];
  }

  /** Shown agents by ascending slot; sorted when asked for after a change. */
  ascending(): readonly AgentEntity[] {
    this.#ascending ??= [...this.agents.keys()].toSorted((a, b) => a.record.slot - b.record.slot);
    return this.#ascending;
  }

  /** Indexes of the records of shown agents, ascending; found anew after a change, and when slots moved. */
  indexesIn(loaded: LoadedPositions): Uint32Array {
    for (const { slotList, indexes } of this.#places) if (slotList === loaded.slotList) return indexes;
    const indexes = this.#find(loaded);
    if (this.#places.length >= MAX_PLACES) this.#places.shift();
    this.#places.push({ slotList: loaded.slotList, indexes });
    return indexes;
  }

  #find(loaded: LoadedPositions): Uint32Array {
    const { count } = loaded.head;
    const indexes = new Uint32Array(Math.min(count, this.agents.size));
    let found = 0;
    let index = 0;
    // Both ascend by slot, so one pass over both suffices.
    for (const { record } of this.ascending()) {
      index = indexOfSlot(loaded, record.slot, index, count);
      if (index === count) break;
      if (loaded.slotAt(index) === record.slot) indexes[found++] = index++;
    }
    return indexes.subarray(0, found);
  }
}
