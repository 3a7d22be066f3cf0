/**
 * The catch-up of a client of which only a version is known: it resumed, or fell behind what its shown set remembers.
 * Whole records of what is newer and shown; `removed` for what is newer and hidden, and for what was removed since,
 * known to the client or not.
 */
import type { AgentEntity, ServerEntity, SwarmEntity, TaskEntity } from '../replica/entity.ts';
import type { Replica } from '../replica/replica.ts';
import { Delta } from './delta.ts';
import type { ShownSet } from './shown-set.ts';

/** What filters look at in swarms and servers. Set once as a rule; a server's type may become known later. */
const IDENTITY_FIELDS = ['key', 'id', 'server_id', 'server_type', 'type'] as const;

/**
 * @param held any version, not below the floor of the replica's tombstones, held under the same filters. `shown` is at
 * the replica's version. Cost: what changed since, and the links of agents that did.
 */
export function gatherCatchUp(replica: Replica, shown: ShownSet, held: number): Delta {
  const delta = new Delta();
  delta.fullDiscovery = true;
  catchUpRetyped(delta, replica, shown, held);
  for (let each = replica.agents.newest; each !== undefined && each.version > held; each = each.older) {
    catchUpAgent(delta, shown, each, held);
  }
  for (let each = replica.links.newest; each !== undefined && each.version > held; each = each.older) {
    if (shown.links.has(each)) delta.linked.push(each);
  }
  for (let each = replica.tasks.newest; each !== undefined && each.version > held; each = each.older) {
    catchUpTask(delta, shown, each, held);
  }
  // The whole discovery tells of servers and swarms by leaving them out.
  replica.tombstones.newerThan(held, (entity) => {
    if (entity.kind === 'link' && !shown.filter.visibility.sees('topology')) return;
    if (entity.kind === 'link' || (entity.kind === 'agent' && mayHoldAgent(shown, entity, held))) {
      delta.remove(entity, shown);
    } else if (entity.kind === 'task') catchUpTask(delta, shown, entity, held);
  });
  delta.addHappened(replica, shown, held);
  return delta;
}

// A swarm or server whose own identity changed may have been hidden before, with all that belongs to it.
function catchUpRetyped(delta: Delta, replica: Replica, shown: ShownSet, held: number): void {
  for (let each = replica.swarms.newest; each !== undefined && each.version > held; each = each.older) {
    if (!wasRetyped(each, held)) continue;
    for (const agent of each.agents) if (agent.version <= held) catchUpAgent(delta, shown, agent, held);
    for (const task of each.tasks) if (task.version <= held) catchUpTask(delta, shown, task, held);
  }
  for (let each = replica.servers.newest; each !== undefined && each.version > held; each = each.older) {
    if (!wasRetyped(each, held)) continue;
    for (const task of each.tasks) if (task.version <= held) catchUpTask(delta, shown, task, held);
  }
}

function catchUpAgent(delta: Delta, shown: ShownSet, agent: AgentEntity, held: number): void {
  if (shown.agentSince(agent) === undefined) {
    if (mayHoldAgent(shown, agent, held)) delta.removed.push(agent.ref);
    return;
  }
  delta.added.push(agent);
  for (const link of agent.links) {
    if (link.version > held || !shown.links.has(link)) continue;
    // From one end only: where `from` is caught up on too, it lists the link.
    if (link.from === agent || link.from === undefined || !isCaughtUp(link.from, held)) delta.linked.push(link);
  }
}

function isCaughtUp(agent: AgentEntity, held: number): boolean {
  return agent.version > held || (agent.home !== undefined && wasRetyped(agent.home, held));
}

function catchUpTask(delta: Delta, shown: ShownSet, task: TaskEntity, held: number): void {
  if (shown.tasks.has(task)) delta.tasks.push(task);
  else if (!shown.filter.showsTasks || !maySee(shown, task.home)) return;
  else if (task.rehomedVersion > held || task.home === undefined || mayHoldOf(shown, task.home, held)) {
    delta.removedTasks.push(task.ref);
  }
}

function mayHoldAgent(shown: ShownSet, agent: AgentEntity, held: number): boolean {
  return agent.home !== undefined && mayHoldOf(shown, agent.home, held);
}

// What belongs to swarms and servers that the filters hide, and hid at `held`, never reached the client. What was
// added after `held` may have: it holds a part of the next delta if that was cut off before its cursor.
function mayHoldOf(shown: ShownSet, home: SwarmEntity | ServerEntity, held: number): boolean {
  if (!maySee(shown, home)) return false;
  const shows = home.kind === 'swarm' ? shown.filter.showsSwarm(home.record) : shown.filter.showsServer(home.record);
  return shows || wasRetyped(home, held);
}

/** Names of servers and swarms never change, so neither does whether they may be seen. */
function maySee({ filter }: ShownSet, home: SwarmEntity | ServerEntity | undefined): boolean {
  if (home === undefined) return !filter.visibility.hidesAgents;
  return home.kind === 'swarm'
    ? filter.visibility.seesSwarm(home.record)
    : filter.visibility.seesServer(home.record.id);
}

function wasRetyped(home: SwarmEntity | ServerEntity, held: number): boolean {
  return IDENTITY_FIELDS.some((field) => (home.fieldVersions.get(field) ?? 0) > held);
}
