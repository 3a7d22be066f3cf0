/**
 * The world as the feed tells it, on an edge: records with the versions of their last changes, bounded memories of
 * what was removed and of messages, and where positions are. It decides nothing about who sees what (edge/views).
 */
import type { AgentRecord } from '../../model/agent.ts';
import type { ChangeBatch, KindChanges, WorldSnapshot } from '../../model/change.ts';
import type { Ref } from '../../model/ids.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { MessageFlow } from '../../model/message.ts';
import type { LayoutEvent } from '../../model/position-region.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { SwarmEvent } from '../../model/swarm-event.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import type { TaskRecord } from '../../model/task.ts';
import {
  AgentEntity,
  LinkEntity,
  ServerEntity,
  SwarmEntity,
  TaskEntity,
  type AnyEntity,
  type Entity,
} from './entity.ts';
import { EntityTable, type Listed } from './entity-table.ts';
import { PositionStore } from './position-store.ts';
import { VersionedRing } from './ring.ts';

export interface ReplicaOptions {
  /** Removed entities that are remembered, for clients that catch up. Above it, older cursors get a snapshot. */
  tombstones: number;
  /** Agent messages that are remembered for clients slower than the hub. Above it, the oldest are forgotten. */
  flowLimit: number;
}

/** One agent message, its ends resolved. */
export interface FlowEntry {
  message: MessageFlow;
  from: AgentEntity;
  to: AgentEntity;
}

/** Events of swarms that are remembered for clients slower than the hub. */
const SWARM_EVENT_LIMIT = 1_000;

/** How the changes of one kind reach the tables. */
interface KindHooks<R extends { ref: Ref }, E> {
  create(record: R, version: number): E;
  changed?(entity: E): void;
  removed?(entity: E): void;
}

export class Replica {
  readonly servers = new EntityTable<ServerEntity>();
  readonly swarms = new EntityTable<SwarmEntity>();
  readonly agents = new EntityTable<AgentEntity>();
  readonly links = new EntityTable<LinkEntity>();
  readonly tasks = new EntityTable<TaskEntity>();
  /** Removed entities, bounded; its floor is the oldest version from which removals are all known. */
  readonly tombstones: VersionedRing<AnyEntity>;
  /** Messages between known agents. */
  readonly flow: VersionedRing<FlowEntry>;
  readonly swarmEvents = new VersionedRing<SwarmEvent>(SWARM_EVENT_LIMIT);
  readonly positions = new PositionStore();
  readonly #serversById = new Map<string, ServerEntity>();
  #epoch = '';
  #version = 0;
  #turnedVersion = 0;
  #timeMs = 0;
  #ignored = 0;

  readonly #serverHooks: KindHooks<ServerRecord, ServerEntity> = {
    create: (record, version) => {
      const server = new ServerEntity(record, version);
      this.#serversById.set(record.id, server);
      return server;
    },
    changed: (server) => {
      if (server.hasTurned()) this.#turnedVersion = this.#version;
    },
    removed: (server) => {
      if (this.#serversById.get(server.record.id) === server) this.#serversById.delete(server.record.id);
    },
  };
  readonly #swarmHooks: KindHooks<SwarmRecord, SwarmEntity> = {
    create: (record, version) => new SwarmEntity(record, version),
  };
  readonly #agentHooks: KindHooks<AgentRecord, AgentEntity> = {
    create: (record, version) => {
      const agent = new AgentEntity(record, version, this.swarms.get(record.swarm));
      agent.home?.agents.add(agent);
      return agent;
    },
    removed: (agent) => agent.home?.agents.delete(agent),
  };
  readonly #linkHooks: KindHooks<LinkRecord, LinkEntity> = {
    create: (record, version) => {
      const link = new LinkEntity(record, version, this.agents.get(record.from), this.agents.get(record.to));
      link.from?.links.add(link);
      link.to?.links.add(link);
      return link;
    },
    removed: (link) => {
      link.from?.links.delete(link);
      link.to?.links.delete(link);
    },
  };
  readonly #taskHooks: KindHooks<TaskRecord, TaskEntity> = {
    create: (record, version) => {
      const task = new TaskEntity(record, version);
      this.#settle(task);
      return task;
    },
    changed: (task) => this.#settle(task),
    removed: (task) => task.home?.tasks.delete(task),
  };

  constructor(options: ReplicaOptions) {
    this.tombstones = new VersionedRing(options.tombstones);
    this.flow = new VersionedRing(options.flowLimit);
  }

  /** Empty before the first snapshot. */
  get epoch(): string {
    return this.#epoch;
  }

  get version(): number {
    return this.#version;
  }

  /** Version at which a server's health last came to another state, or to another reason for it. */
  get turnedVersion(): number {
    return this.#turnedVersion;
  }

  /** Newest tick of the layout's clock. */
  get tick(): number {
    return this.positions.tick;
  }

  /** Time of the newest thing heard, ms since 1970. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** True once a snapshot was taken. */
  get ready(): boolean {
    return this.#epoch !== '';
  }

  /** Batches left out: of another epoch, or no newer than what is known. */
  get ignoredBatches(): number {
    return this.#ignored;
  }

  /** A new epoch, or the first: forgets everything but regions of positions, which the layout replaces by itself. */
  reset(snapshot: WorldSnapshot): void {
    for (const table of [this.servers, this.swarms, this.agents, this.links, this.tasks]) table.clear();
    this.#serversById.clear();
    this.tombstones.clear(snapshot.version);
    this.flow.clear(snapshot.version);
    this.swarmEvents.clear(snapshot.version);
    this.positions.restartClock();
    this.#epoch = snapshot.epoch;
    this.#version = snapshot.version;
    this.#turnedVersion = snapshot.version;
    this.#timeMs = snapshot.time_ms;
    addAll(this.servers, snapshot.servers, this.#serverHooks, snapshot.version);
    addAll(this.swarms, snapshot.swarms, this.#swarmHooks, snapshot.version);
    addAll(this.agents, snapshot.agents, this.#agentHooks, snapshot.version);
    addAll(this.links, snapshot.links, this.#linkHooks, snapshot.version);
    addAll(this.tasks, snapshot.tasks, this.#taskHooks, snapshot.version);
    this.#takeMembership(snapshot.membership);
  }

  /** The changes of one hub tick. Another epoch's, and versions that are already known, are counted and left out. */
  apply(batch: ChangeBatch): void {
    if (batch.epoch !== this.#epoch || batch.version <= this.#version) {
      this.#ignored++;
      return;
    }
    this.#version = batch.version;
    this.#timeMs = Math.max(this.#timeMs, batch.time_ms);
    this.#applyKind(this.servers, batch.servers, this.#serverHooks);
    this.#applyKind(this.swarms, batch.swarms, this.#swarmHooks);
    this.#applyKind(this.agents, batch.agents, this.#agentHooks);
    this.#applyKind(this.links, batch.links, this.#linkHooks);
    this.#applyKind(this.tasks, batch.tasks, this.#taskHooks);
    if (batch.flow !== undefined) this.#takeFlow(batch.flow);
    for (const event of batch.swarm_events ?? []) this.swarmEvents.push(event, this.#version);
    if (batch.membership !== undefined) this.#takeMembership(batch.membership);
  }

  /** Where positions are, and which moved. Events of several workers may come in any order between workers. */
  onLayout(event: LayoutEvent): void {
    if (event.kind === 'tick') this.#timeMs = Math.max(this.#timeMs, Math.round(event.time_ms));
    this.positions.onLayout(event);
  }

  #applyKind<R extends { ref: Ref }, E extends Entity<R> & Listed<E> & AnyEntity>(
    table: EntityTable<E>,
    changes: KindChanges<R> | undefined,
    hooks: KindHooks<R, E>,
  ): void {
    if (changes === undefined) return;
    const version = this.#version;
    if (changes.added !== undefined) addAll(table, changes.added, hooks, version);
    for (const patch of changes.updated ?? []) {
      const entity = table.get(patch.ref);
      if (entity === undefined) continue;
      entity.patch(patch, version);
      table.touch(entity, version);
      hooks.changed?.(entity);
    }
    for (const ref of changes.removed ?? []) {
      const entity = table.get(ref);
      if (entity === undefined) continue;
      table.remove(entity);
      hooks.removed?.(entity);
      entity.version = version;
      entity.bury();
      this.tombstones.push(entity, version);
    }
  }

  #settle(task: TaskEntity): void {
    const { swarm, server_id: serverId } = task.record;
    const home = swarm === undefined ? this.#serversById.get(serverId) : this.swarms.get(swarm);
    if (home === task.home) return;
    if (task.home !== undefined) task.rehomedVersion = this.#version;
    task.home?.tasks.delete(task);
    home?.tasks.add(task);
    task.home = home;
  }

  #takeFlow(messages: readonly MessageFlow[]): void {
    for (const message of messages) {
      const from = this.agents.get(message.from);
      const to = this.agents.get(message.to);
      if (from !== undefined && to !== undefined) this.flow.push({ message, from, to }, this.#version);
    }
  }

  #takeMembership(membership: readonly (readonly [Ref, number])[]): void {
    for (const [ref, count] of membership) {
      const swarm = this.swarms.get(ref);
      if (swarm !== undefined) swarm.membership = count >>> 0;
    }
  }
}

function addAll<R extends { ref: Ref }, E extends Entity<R> & Listed<E>>(
  table: EntityTable<E>,
  records: readonly R[],
  hooks: KindHooks<R, E>,
  version: number,
): void {
  for (const record of records) {
    const known = table.get(record.ref);
    if (known === undefined) {
      table.add(hooks.create(record, version));
      continue;
    }
    known.replace(record, version);
    table.touch(known, version);
    hooks.changed?.(known);
  }
}
