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
const NO_INDEXES = new Uint32Array(0);

export class ShownSwarm {
  readonly swarm: SwarmEntity;
  readonly enteredAt: number;
  /** Version since which each agent is shown. */
  readonly agents = new Map<AgentEntity, number>();
  /** How many agents are shown. */
  size = 0;
  /** Tick of the last change of what frames must hold (position-store.ts). */
  changedTick = 0;
  /** What frames are being made of: the swarm's newest positions, set before they are composed. */
  loaded: LoadedPositions | undefined;
  #ascending: readonly AgentEntity[] | undefined;
  /** Where its agents stand in the list of slots that was asked for last, as a rule the only one. */
  #slotList = 0;
  #indexes: Uint32Array = NO_INDEXES;
  /** The same for others: one for each kind of positions that is in use. */
  #places: Places[] = [];

  constructor(swarm: SwarmEntity, enteredAt: number) {
    this.swarm = swarm;
    this.enteredAt = enteredAt;
  }

  /** True when no agent of the swarm is hidden. */
  get whole(): boolean {
    return this.size === this.swarm.agents.size;
  }

  /** What frames must hold changed at this tick, be it the agents that are shown or where they stand. */
  change(tick: number): void {
    this.size = this.agents.size;
    this.changedTick = tick;
    this.#ascending = undefined;
    this.#slotList = 0;
    if (this.#places.length > 0) this.#places = [];
  }

  /** Shown agents by ascending slot; sorted when asked for after a change. */
  ascending(): readonly AgentEntity[] {
    this.#ascending ??= [...this.agents.keys()].toSorted((a, b) => a.record.slot - b.record.slot);
    return this.#ascending;
  }

  /** Indexes of the records of shown agents, ascending; found anew after a change, and when slots moved. */
  indexesIn(loaded: LoadedPositions): Uint32Array {
    if (loaded.slotList !== this.#slotList) {
      this.#indexes = this.#placesIn(loaded);
      this.#slotList = loaded.slotList;
    }
    return this.#indexes;
  }

  #placesIn(loaded: LoadedPositions): Uint32Array {
    for (const { slotList, indexes } of this.#places) if (slotList === loaded.slotList) return indexes;
    const indexes = this.#find(loaded);
    if (this.#places.length >= MAX_PLACES) this.#places.shift();
    this.#places.push({ slotList: loaded.slotList, indexes });
    return indexes;
  }

  #find(loaded: LoadedPositions): Uint32Array {
    const { count } = loaded.head;
    const indexes = new Uint32Array(Math.min(count, this.size));
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
