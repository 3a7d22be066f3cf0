/** State hash of a shown set (protocol/state-hash.ts), from entity hashes that all views with the same fields share. */
import { entityHash, formatHash, toggle, type StateHash } from '../../protocol/state-hash.ts';
import type { AgentEntity, LinkEntity, SwarmEntity, TaskEntity } from '../replica/entity.ts';
import type { ShownSet } from './shown-set.ts';
import { ALL_FIELDS, type ViewFilter } from './view-filter.ts';
import { visibleAgent } from './visible-agent.ts';

/**
 * O(shown); hashes only what changed since any view last asked, at most `budget` entities. Undefined when that was not
 * enough: what was hashed is kept, and the next call goes on.
 */
export function viewHash(shown: ShownSet, budget = Number.POSITIVE_INFINITY): string | undefined {
  const state: StateHash = { high: 0, low: 0 };
  const { filter } = shown;
  let left = budget;
  const take = (entity: Hashed): boolean => {
    const slot = slotOf(entity, filter);
    let hash = entity.hashes[slot];
    if (hash === undefined) {
      if (left-- <= 0) return false;
      hash = entity.hashes[slot] = hashOf(entity, filter);
    }
    toggle(state, hash);
    return true;
  };
  for (const view of shown.swarms.values()) {
    if (!take(view.swarm)) return undefined;
    for (const agent of view.agents.keys()) if (!take(agent)) return undefined;
  }
  for (const link of shown.links.keys()) if (!take(link)) return undefined;
  for (const task of shown.tasks.keys()) if (!take(task)) return undefined;
  return formatHash(state);
}

type Hashed = AgentEntity | SwarmEntity | LinkEntity | TaskEntity;

/** Tasks have two forms: whole, and without those who work on it. */
function slotOf(entity: Hashed, filter: ViewFilter): number {
  if (entity.kind === 'agent') return filter.hashSlot;
  return entity.kind === 'task' && filter.visibility.hidesAgents ? 0 : ALL_FIELDS;
}

function hashOf(entity: Hashed, filter: ViewFilter): StateHash {
  if (entity.kind === 'agent') return entityHash('agent', visibleAgent(entity.record, filter));
  if (entity.kind === 'task') return entityHash('task', filter.visibility.ofTask(entity.record));
  return entityHash(entity.kind, entity.record);
}
