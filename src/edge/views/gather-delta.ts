/** The precise delta of a client that follows one shown set: what entered, changed or left since the version it holds. */
import type { AgentEntity } from '../replica/entity.ts';
import type { Replica } from '../replica/replica.ts';
import { Delta } from './delta.ts';
import type { ShownSet } from './shown-set.ts';

/**
 * @param held a version at which `shown` was synced, not below its floor. `shown` is at the replica's version.
 * Cost: what changed since, not what exists.
 */
export function gatherDelta(replica: Replica, shown: ShownSet, held: number): Delta {
  const delta = new Delta();
  gatherServers(delta, replica, shown, held);
  gatherSwarms(delta, replica, shown, held);
  gatherAgents(delta, replica, shown, held);
  for (let link = replica.links.newest; link !== undefined && link.version > held; link = link.older) {
    if (shown.links.has(link)) delta.linked.push(link);
  }
  for (let task = replica.tasks.newest; task !== undefined && task.version > held; task = task.older) {
    if (shown.tasks.has(task)) delta.tasks.push(task);
  }
  shown.departures.newerThan(held, ({ entity, enteredAt }) => {
    if (enteredAt <= held && shown.since(entity) === undefined) delta.remove(entity, shown);
  });
  delta.addHappened(replica, shown, held);
  return delta;
}

function gatherServers(delta: Delta, replica: Replica, shown: ShownSet, held: number): void {
  for (let each = replica.servers.newest; each !== undefined && each.version > held; each = each.older) {
    const since = shown.servers.get(each);
    if (since === undefined) continue;
    if (since > held || each.changedBeyondHealth(held)) delta.servers.push(each);
    // Shown anew without being new: its tasks entered with it, though they did not change.
    if (since > held && each.addedVersion <= held) addEnteredTasks(delta, shown, each.tasks, held);
  }
}

function gatherSwarms(delta: Delta, replica: Replica, shown: ShownSet, held: number): void {
  for (let each = replica.swarms.newest; each !== undefined && each.version > held; each = each.older) {
    const view = shown.swarms.get(each);
    if (view === undefined) continue;
    delta.swarms.push(each);
    if (view.enteredAt <= held || each.addedVersion > held) continue;
    addEnteredTasks(delta, shown, each.tasks, held);
    for (const [agent, since] of view.agents) {
      if (since > held && agent.version <= held) addAgent(delta, shown, agent, held);
    }
  }
}

function addEnteredTasks(delta: Delta, shown: ShownSet, tasks: Iterable<Delta['tasks'][number]>, held: number): void {
  for (const task of tasks) if (task.version <= held && shown.tasks.has(task)) delta.tasks.push(task);
}

function gatherAgents(delta: Delta, replica: Replica, shown: ShownSet, held: number): void {
  for (let agent = replica.agents.newest; agent !== undefined && agent.version > held; agent = agent.older) {
    const since = shown.agentSince(agent);
    if (since === undefined) continue;
    if (since > held) addAgent(delta, shown, agent, held);
    else delta.patchAgent(agent, held, shown.filter);
  }
}

// With an agent that entered come those of its links that did not change by themselves, each from one end.
function addAgent(delta: Delta, shown: ShownSet, agent: AgentEntity, held: number): void {
  delta.added.push(agent);
  for (const link of agent.links) {
    if (link.version > held || !shown.links.has(link)) continue;
    const fromEnd = link.from;
    if (fromEnd === agent || fromEnd === undefined || (shown.agentSince(fromEnd) ?? 0) <= held) delta.linked.push(link);
  }
}
