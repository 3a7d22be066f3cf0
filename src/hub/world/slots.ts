import type { SwarmEntry } from './entries.ts';
import type { WorldTables } from './tables.ts';

/** Dead slots that a swarm may have before its slots are dealt anew. */
const MAX_DEAD_SLOTS = 64;
const REVISIONS = 0x1_0000;

/** The swarm's next slot. Slots of agents that left stay dead until a compaction. */
export function takeSlot(swarm: SwarmEntry): number {
  return swarm.nextSlot++;
}

/**
 * Deals all slots of the swarm anew, in the same order, when more than {@link MAX_DEAD_SLOTS} and more than half of them
 * are dead.
 */
export function compactSlots(swarm: SwarmEntry, { swarms, agents }: Pick<WorldTables, 'swarms' | 'agents'>): void {
  const dead = swarm.nextSlot - swarm.agents.size;
  if (dead <= MAX_DEAD_SLOTS || dead * 2 <= swarm.nextSlot) return;
  swarm.nextSlot = 0;
  // A swarm holds its agents in the order in which they joined, which is that of their slots.
  for (const agent of swarm.agents.values()) {
    agent.live.slot = takeSlot(swarm);
    agents.touch(agent);
  }
  swarm.live.slots_rev = (swarm.live.slots_rev + 1) % REVISIONS;
  swarms.touch(swarm);
}
