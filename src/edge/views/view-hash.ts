/** State hash of a shown set (protocol/state-hash.ts), from entity hashes that all views with the same fields share. */
import { entityHash, formatHash, toggle, type StateHash } from '../../protocol/state-hash.ts';
import type { AgentEntity, LinkEntity, SwarmEntity, TaskEntity } from '../replica/entity.ts';
import type { ShownSet } from './shown-set.ts';
import { ALL_FIELDS } from './view-filter.ts';
import { visibleAgent } from './visible-agent.ts';

/**
 * O(shown); hashes only what changed since any view last asked, at most `budget` entities. Undefined when that was not
 * enough: what was hashed is kept, and the next call goes on.
 */
export function viewHash(shown: ShownSet, budget = Number.POSITIVE_INFINITY): string | undefined {
  const state: StateHash = { high: 0, low: 0 };
  const { fields } = shown.filter;
  let left = budget;
  const take = (entity: AgentEntity | SwarmEntity | LinkEntity | TaskEntity): boolean => {
    const slot = entity.kind === 'agent' ? fields : ALL_FIELDS;
    let hash = entity.hashes[slot];
    if (hash === undefined) {
      if (left-- <= 0) return false;
      hash = entity.hashes[slot] = hashOf(entity, slot);
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

function hashOf(entity: AgentEntity | SwarmEntity | LinkEntity | TaskEntity, fields: number): StateHash {
  return entity.kind === 'agent'
    ? entityHash('agent', visibleAgent(entity.record, fields))
    : entityHash(entity.kind, entity.record);
}
