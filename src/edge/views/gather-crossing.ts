/** The delta of a client that changes its filters: from what the old shown set showed at the version it holds. */
import type { AnyEntity } from '../replica/entity.ts';
import type { Replica } from '../replica/replica.ts';
import { Delta } from './delta.ts';
import type { ShownSet } from './shown-set.ts';

/**
 * What the old set showed and the new one hides is removed; what only the new one shows is added; the rest is as
 * precise as within one set. Where other fields of agents are shown, agents are sent whole.
 * @param held a version at which `old` was synced, not below its floor. Both sets are at the replica's version.
 * Cost: what both show.
 */
export function gatherCrossing(replica: Replica, old: ShownSet, shown: ShownSet, held: number): Delta {
  const delta = new Delta();
  const holds = (entity: AnyEntity): boolean => {
    const since = old.since(entity);
    return since !== undefined && since <= held;
  };
  for (const server of shown.servers.keys()) {
    if (!holds(server) || server.changedBeyondHealth(held)) delta.servers.push(server);
  }
  for (const view of shown.swarms.values()) {
    if (!holds(view.swarm) || view.swarm.version > held) delta.swarms.push(view.swarm);
    gatherAgents(delta, view.agents.keys(), holds, old.filter.hashSlot === shown.filter.hashSlot, shown, held);
  }
  for (const link of shown.links.keys()) if (link.version > held || !holds(link)) delta.linked.push(link);
  for (const task of shown.tasks.keys()) if (task.version > held || !holds(task)) delta.tasks.push(task);
  removeHidden(delta, old, shown, held);
  delta.addHappened(replica, shown, held);
  return delta;
}

function gatherAgents(
  delta: Delta,
  agents: Iterable<Delta['added'][number]>,
  holds: (entity: AnyEntity) => boolean,
  sameFields: boolean,
  shown: ShownSet,
  held: number,
): void {
  for (const agent of agents) {
    if (!sameFields || !holds(agent)) delta.added.push(agent);
    else if (agent.version > held) delta.patchAgent(agent, held, shown.filter);
  }
}

function removeHidden(delta: Delta, old: ShownSet, shown: ShownSet, held: number): void {
  const removeIfHidden = (entity: AnyEntity, enteredAt: number): void => {
    if (enteredAt <= held && shown.since(entity) === undefined) delta.remove(entity, shown);
  };
  for (const [server, since] of old.servers) removeIfHidden(server, since);
  for (const view of old.swarms.values()) {
    removeIfHidden(view.swarm, view.enteredAt);
    for (const [agent, since] of view.agents) removeIfHidden(agent, since);
  }
  for (const [link, since] of old.links) removeIfHidden(link, since);
  for (const [task, since] of old.tasks) removeIfHidden(task, since);
  old.departures.newerThan(held, ({ entity, enteredAt }) => removeIfHidden(entity, enteredAt));
}
