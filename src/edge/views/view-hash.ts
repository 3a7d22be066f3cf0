/** State hash of a shown set (protocol/state-hash.ts), from entity hashes that all views with the same fields share. */
import { entityHash, formatHash, toggle, type StateHash } from '../../protocol/state-hash.ts';
import type { AgentEntity, LinkEntity, SwarmEntity, TaskEntity } from '../replica/entity.ts';
import type { ShownSet } from './shown-set.ts';
import { ALL_FIELDS } from './view-filter.ts';
import { visibleAgent } from './visible-agent.ts';

/** O(shown); hashes only what changed since any view last asked. */
export function viewHash(shown: ShownSet): string {
  const state: StateHash = { high: 0, low: 0 };
  const { fields } = shown.filter;
  for (const view of shown.swarms.values()) {
    toggle(state, plainHash(view.swarm));
    for (const agent of view.agents.keys()) toggle(state, agentHash(agent, fields));
  }
  for (const link of shown.links.keys()) toggle(state, plainHash(link));
  for (const task of shown.tasks.keys()) toggle(state, plainHash(task));
  return formatHash(state);
}

function agentHash(agent: AgentEntity, fields: number): StateHash {
  return (agent.hashes[fields] ??= entityHash('agent', visibleAgent(agent.record, fields)));
}

function plainHash(entity: SwarmEntity | LinkEntity | TaskEntity): StateHash {
  return (entity.hashes[ALL_FIELDS] ??= entityHash(entity.kind, entity.record));
}
