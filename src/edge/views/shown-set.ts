/**
 * What one set of filters shows, kept up to date by walking what changed since it was last used. Shared by all views
 * with these filters, whatever their coding.
 *
 * For every entity it knows since which version it is shown, and for what it stopped showing, bounded, from when to
 * when: so the exact set that was shown at an earlier version is known, and with it what a client of that version
 * lacks. Only versions at which {@link ShownSet.sync} ran count, and a client holds no others.
 */
import type { SwarmEvent } from '../../model/swarm-event.ts';
import type { AgentEntity, AnyEntity, LinkEntity, ServerEntity, SwarmEntity, TaskEntity } from '../replica/entity.ts';
import type { Replica } from '../replica/replica.ts';
import { VersionedRing } from '../replica/ring.ts';
import { ShownSwarm } from './shown-swarm.ts';
import type { ViewFilter } from './view-filter.ts';

/** An entity that was shown from `enteredAt` until it left. */
export interface Departure {
  entity: AnyEntity;
  enteredAt: number;
}

export class ShownSet {
  readonly filter: ViewFilter;
  readonly swarms = new Map<SwarmEntity, ShownSwarm>();
  /** Version since which each is shown. */
  readonly servers = new Map<ServerEntity, number>();
  readonly links = new Map<LinkEntity, number>();
  readonly tasks = new Map<TaskEntity, number>();
  /** What left, by the version at which it did. */
  readonly departures: VersionedRing<Departure>;
  /** Grows when the shown agents, or where they stand in frames, change. */
  frameRevision = 0;
  readonly #replica: Replica;
  #epoch = '';
  #version = 0;
  #changedVersion = 0;
  #agents = 0;

  /** `departureLimit`: departures remembered; clients that are further behind get a catch-up of whole records. */
  constructor(replica: Replica, filter: ViewFilter, departureLimit: number) {
    this.#replica = replica;
    this.filter = filter;
    this.departures = new VersionedRing(departureLimit);
  }

  /** The version that it was last brought to. */
  get version(): number {
    return this.#version;
  }

  /**
   * The version at which it last saw a change of what it shows, beside health: whoever holds this or a later one lacks
   * nothing but its number.
   */
  get changedVersion(): number {
    return this.#changedVersion;
  }

  /** The oldest version of which the shown set is still exactly known. */
  get floor(): number {
    return this.departures.floor;
  }

  get agentCount(): number {
    return this.#agents;
  }

  /** The version since which the agent is shown; undefined while it is not. */
  agentSince(agent: AgentEntity): number | undefined {
    return agent.home === undefined ? undefined : this.swarms.get(agent.home)?.agents.get(agent);
  }

  showsLink(link: LinkEntity): boolean {
    return link.from !== undefined && link.to !== undefined && this.#showsBoth(link.from, link.to);
  }

  #showsBoth(from: AgentEntity, to: AgentEntity): boolean {
    return this.agentSince(from) !== undefined && this.agentSince(to) !== undefined;
  }

  /** Since when it shows an entity of any kind. */
  since(entity: AnyEntity): number | undefined {
    switch (entity.kind) {
      case 'server':
        return this.servers.get(entity);
      case 'swarm':
        return this.swarms.get(entity)?.enteredAt;
      case 'agent':
        return this.agentSince(entity);
      case 'link':
        return this.links.get(entity);
      case 'task':
        return this.tasks.get(entity);
      default:
        return entity satisfies never;
    }
  }

  /** Brings it to the replica's version. O(what changed since); O(world) at first and after a new epoch. */
  sync(): void {
    const { version, epoch } = this.#replica;
    if (this.#epoch !== epoch) {
      this.#restart(epoch, version);
      return;
    }
    if (this.#version === version) return;
    const from = this.#version;
    this.#version = version;
    if (from < this.#replica.tombstones.floor) this.#sweep();
    else this.#replica.tombstones.newerThan(from, (entity) => this.#leave(entity));
    this.#evaluateNewer(from);
    if (this.#showsFlowSince(from) || this.#showsEventSince(from)) this.#changedVersion = version;
  }

  /** Every swarm that it names may be seen and passes the filters, and so does the agent. */
  showsEvent({ event, swarm, from, agent }: SwarmEvent): boolean {
    if (event === 'message' && !this.filter.showsMessages) return false;
    if (!this.filter.showsSwarm(swarm) || (from !== undefined && !this.filter.showsSwarm(from))) return false;
    if (agent === undefined) return true;
    const entity = this.#replica.agents.get(agent);
    return entity !== undefined && this.agentSince(entity) !== undefined;
  }

  #showsEventSince(version: number): boolean {
    let isShown = false;
    this.#replica.swarmEvents.newerThan(version, (event) => {
      isShown ||= this.showsEvent(event);
    });
    return isShown;
  }

  #showsFlowSince(version: number): boolean {
    if (!this.filter.showsMessages) return false;
    let isShown = false;
    this.#replica.flow.newerThan(version, ({ from, to }) => {
      isShown ||= this.#showsBoth(from, to);
    });
    return isShown;
  }

  #restart(epoch: string, version: number): void {
    this.#epoch = epoch;
    this.#version = version;
    this.#changedVersion = version;
    this.#agents = 0;
    this.frameRevision++;
    for (const shown of [this.swarms, this.servers, this.links, this.tasks]) shown.clear();
    this.departures.clear(version);
    this.#fill();
  }

  // Everything once, each kind after those that decide on it.
  #fill(): void {
    const { servers, swarms, links, tasks, positions } = this.#replica;
    const version = this.#version;
    for (const server of servers.values())
      if (this.filter.showsServer(server.record)) this.servers.set(server, version);
    for (const swarm of swarms.values()) {
      if (!this.filter.showsSwarm(swarm.record)) continue;
      const shown = new ShownSwarm(swarm, version);
      for (const agent of swarm.agents) if (this.filter.showsAgent(agent)) shown.agents.set(agent, version);
      shown.change(positions.stamp());
      this.#agents += shown.agents.size;
      this.swarms.set(swarm, shown);
    }
    for (const task of tasks.values()) if (this.#showsTask(task)) this.tasks.set(task, version);
    if (!this.filter.showsTopology) return;
    for (const link of links.values()) if (this.showsLink(link)) this.links.set(link, version);
  }

  // Removals were forgotten before they were seen here: look for what is no longer alive.
  #sweep(): void {
    for (const shown of this.swarms.values()) {
      for (const agent of shown.agents.keys()) if (!agent.alive) this.#leave(agent);
    }
    for (const shown of [this.swarms, this.servers, this.links, this.tasks]) {
      for (const entity of shown.keys()) if (!entity.alive) this.#leave(entity);
    }
  }

  #evaluateNewer(from: number): void {
    const { servers, swarms, agents, links, tasks } = this.#replica;
    for (let each = servers.newest; each !== undefined && each.version > from; each = each.older) {
      this.#evaluateServer(each, from);
    }
    for (let each = swarms.newest; each !== undefined && each.version > from; each = each.older) {
      this.#evaluateSwarm(each, from);
    }
    for (let each = agents.newest; each !== undefined && each.version > from; each = each.older) {
      this.#evaluateAgent(each, from);
    }
    for (let each = links.newest; each !== undefined && each.version > from; each = each.older) {
      this.#evaluateLink(each);
    }
    for (let each = tasks.newest; each !== undefined && each.version > from; each = each.older) {
      this.#evaluateTask(each);
    }
  }

  #evaluateServer(server: ServerEntity, from: number): void {
    if (!this.filter.showsServer(server.record)) this.#leave(server);
    else if (!this.servers.has(server)) {
      this.servers.set(server, this.#version);
      this.#changedVersion = this.#version;
      for (const task of server.tasks) this.#evaluateTask(task);
    } else if (server.changedBeyondHealth(from)) this.#changedVersion = this.#version;
  }

  #evaluateSwarm(swarm: SwarmEntity, from: number): void {
    const shown = this.swarms.get(swarm);
    if (!this.filter.showsSwarm(swarm.record)) {
      this.#leave(swarm);
      return;
    }
    this.#changedVersion = this.#version;
    if (shown === undefined) {
      this.swarms.set(swarm, new ShownSwarm(swarm, this.#version));
      for (const agent of swarm.agents) this.#evaluateAgent(agent, from);
      for (const task of swarm.tasks) this.#evaluateTask(task);
    } else if (swarm.fieldVersion('slots_rev') > from) {
      this.#framesChange(shown);
    }
  }

  #evaluateAgent(agent: AgentEntity, from: number): void {
    const shown = agent.home === undefined ? undefined : this.swarms.get(agent.home);
    if (shown === undefined || !this.filter.showsAgent(agent)) {
      this.#leave(agent);
      return;
    }
    this.#changedVersion = this.#version;
    if (!shown.agents.has(agent)) {
      shown.agents.set(agent, this.#version);
      this.#agents++;
      this.#framesChange(shown);
      for (const link of agent.links) this.#evaluateLink(link);
    } else if (agent.fieldVersion('slot') > from) {
      this.#framesChange(shown);
    }
  }

  #evaluateLink(link: LinkEntity): void {
    if (!this.filter.showsTopology || !this.showsLink(link)) {
      this.#leave(link);
      return;
    }
    this.#changedVersion = this.#version;
    if (!this.links.has(link)) this.links.set(link, this.#version);
  }

  #evaluateTask(task: TaskEntity): void {
    if (!this.#showsTask(task)) {
      this.#leave(task);
      return;
    }
    this.#changedVersion = this.#version;
    if (!this.tasks.has(task)) this.tasks.set(task, this.#version);
  }

  #showsTask({ home }: TaskEntity): boolean {
    if (home === undefined || !this.filter.showsTasks) return false;
    return home.kind === 'swarm' ? this.swarms.has(home) : this.filter.showsTasksOfServers && this.servers.has(home);
  }

  #leave(entity: AnyEntity): void {
    const enteredAt = this.since(entity);
    if (enteredAt === undefined) return;
    this.#changedVersion = this.#version;
    if (enteredAt < this.#version) this.departures.push({ entity, enteredAt }, this.#version);
    switch (entity.kind) {
      case 'server':
        this.servers.delete(entity);
        for (const task of entity.tasks) this.#leave(task);
        return;
      case 'swarm':
        this.#leaveSwarm(entity);
        return;
      case 'agent':
        this.#leaveAgent(entity);
        return;
      case 'link':
        this.links.delete(entity);
        return;
      case 'task':
        this.tasks.delete(entity);
        return;
      default:
        entity satisfies never;
    }
  }

  #leaveSwarm(swarm: SwarmEntity): void {
    for (const agent of this.swarms.get(swarm)?.agents.keys() ?? []) this.#leave(agent);
    for (const task of swarm.tasks) this.#leave(task);
    this.swarms.delete(swarm);
    this.frameRevision++;
  }

  #leaveAgent(agent: AgentEntity): void {
    const shown = agent.home === undefined ? undefined : this.swarms.get(agent.home);
    if (shown?.agents.delete(agent) !== true) return;
    this.#agents--;
    this.#framesChange(shown);
    for (const link of agent.links) this.#leave(link);
  }

  #framesChange(shown: ShownSwarm): void {
    this.frameRevision++;
    shown.change(this.#replica.positions.stamp());
  }
}
