/**
 * Many servers, one truth. Upstreams report observations; the world merges them into records and hands out the
 * differences in batches. It owns identity (refs, slots), silence and expiry, derived links and looks. It knows neither
 * protocols nor clients, reads no network and keeps no timer: the hub calls `flush` and `sweep`.
 *
 * Invariants: replaying batches on any earlier snapshot gives the present one; a ref is never used twice in an epoch;
 * nothing that a server did not say is in a record, but for `visual` and topology links, which are marked as derived.
 */
import { randomUUID } from 'node:crypto';
import type { ChangeBatch, WorldSnapshot } from '../../model/change.ts';
import type { HealthReport } from '../../model/health.ts';
import { type Ref, REFS_PER_EPOCH } from '../../model/ids.ts';
import type { MessageFlow } from '../../model/message.ts';
import type { Observation, ObservationBatch } from '../../model/observation.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { ServerIdentity, ServerIntroduction, UpstreamSink } from '../../model/upstream-sink.ts';
import type { Clock } from '../../platform/clock.ts';
import type { WorldConfig } from '../../platform/config/schema.ts';
import { CommunicationLinks } from './communication.ts';
import { createCounters } from './counters.ts';
import { ServerEntry, type SwarmEntry } from './entries.ts';
import { FlowLog } from './flow-log.ts';
import { HealthBoard } from './health-board.ts';
import { LifeCycle } from './life-cycle.ts';
import { mergeOpen } from './merge-facts.ts';
import { Roster } from './roster.ts';
import { copyValue } from './same-value.ts';
import { Silence } from './silence.ts';
import { createTables, type WorldTables } from './tables.ts';
import { TaskBoard } from './task-board.ts';
import { TopologyLinker } from './topology-linker.ts';
import type { WorldStats } from './world-stats.ts';

export interface WorldOptions {
  config: WorldConfig;
  clock: Clock;
  /** 0–255; hubs that share an epoch differ in it. */
  hub?: number | undefined;
  /** The first epoch; default: a new UUID. */
  epoch?: string | undefined;
  /** Called once when a change waits that a flush would publish; again only after the next flush. */
  onDirty?: (() => void) | undefined;
  /** Refs per kind and epoch; less than REFS_PER_EPOCH only in tests. */
  refsPerEpoch?: number | undefined;
}

export class World implements UpstreamSink {
  readonly #clock: Clock;
  readonly #onDirty: (() => void) | undefined;
  readonly #servers = new Map<string, ServerEntry>();
  readonly #counters = createCounters();
  readonly #tables: WorldTables;
  readonly #communication: CommunicationLinks;
  readonly #linker: TopologyLinker;
  readonly #tasks: TaskBoard;
  readonly #silence: Silence;
  readonly #roster: Roster;
  readonly #health: HealthBoard;
  readonly #flow: FlowLog;
  readonly #lifeCycle: LifeCycle;
  /** Swarms whose membership the flush under way changed. */
  readonly #regrouped = new Set<SwarmEntry>();
  #epoch: string;
  #version = 0;
  #timeMs: number;
  #dirty = false;

  constructor({ config, clock, hub = 0, epoch = randomUUID(), onDirty, refsPerEpoch = REFS_PER_EPOCH }: WorldOptions) {
    this.#clock = clock;
    this.#onDirty = onDirty;
    this.#epoch = epoch;
    this.#timeMs = clock.now();
    const counters = this.#counters;
    const tables = createTables({
      hub,
      refsPerEpoch,
      onDirty: () => this.#markDirty(),
      onMembership: (swarm) => this.#regrouped.add(swarm),
    });
    const maxLinks = Math.min(config.max_links, refsPerEpoch - 1);
    const communication = new CommunicationLinks(config, maxLinks, tables.links, counters);
    const linker = new TopologyLinker(communication, maxLinks, tables.links, counters);
    const tasks = new TaskBoard(config.max_tasks, tables.tasks, counters);
    const silence = new Silence(config, tables.agents, {
      removeAgent: (agent) => {
        counters.expired_agents_total++;
        this.#roster.removeAgent(agent);
      },
      removeSwarm: (swarm) => {
        counters.expired_swarms_total++;
        this.#roster.removeSwarm(swarm, 'silent');
      },
      removeSilentTasks: (server) => tasks.removeSilent(server),
    });
    this.#tables = tables;
    this.#communication = communication;
    this.#linker = linker;
    this.#tasks = tasks;
    this.#silence = silence;
    this.#lifeCycle = new LifeCycle(config, clock, counters);
    this.#roster = new Roster({
      maxAgents: config.max_agents,
      tables,
      counters,
      silence,
      tasks,
      linker,
      communication,
      lifeCycle: this.#lifeCycle,
    });
    this.#health = new HealthBoard(tables.servers);
    this.#flow = new FlowLog(config.message_history, counters);
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Version of the last batch; 0 before the first of an epoch. */
  get version(): number {
    return this.#version;
  }

  /** True when a flush would publish something. */
  get dirty(): boolean {
    return this.#dirty;
  }

  addServer(introduction: ServerIntroduction): void {
    const known = this.#servers.get(introduction.id);
    if (known !== undefined) {
      const { type, simulated, transport, endpoint } = introduction;
      Object.assign(known.live, { simulated, transport, endpoint });
      this.#setType(known, type);
      this.#tables.servers.touch(known);
      return;
    }
    const { id, type, simulated, transport, endpoint } = introduction;
    const health: HealthReport = {
      state: 'unknown',
      reason: 'not asked yet',
      since_ms: this.#clock.now(),
      evidence: { consecutive_failures: 0, consecutive_successes: 0 },
    };
    const server = new ServerEntry(
      this.#tables.servers.record({ ref: 0, id, type, simulated, transport, endpoint, health }),
    );
    this.#servers.set(id, server);
    this.#tables.servers.add(server);
  }

  identify(serverId: string, identity: ServerIdentity): void {
    const server = this.#server(serverId);
    if (server === undefined) return;
    const { type, ...others } = identity;
    for (const [name, value] of Object.entries(others)) {
      if (value !== undefined) Object.assign(server.live, { [name]: copyValue(value) });
    }
    if (type !== undefined) this.#setType(server, type);
    this.#tables.servers.touch(server);
  }

  observe(batch: ObservationBatch): void {
    const server = this.#server(batch.server_id);
    if (server === undefined) return;
    this.#counters.observations_total += batch.observations.length;
    for (const observation of batch.observations) this.#observe(server, observation, batch.at_ms);
  }

  disconnected(serverId: string, atMs: number): void {
    const server = this.#server(serverId);
    if (server !== undefined) this.#silence.silence(server, atMs);
  }

  setHealth(serverId: string, health: HealthReport): void {
    const server = this.#server(serverId);
    if (server !== undefined) this.#health.report(server, health, this.#clock.now());
  }

  removeServer(serverId: string): void {
    const server = this.#server(serverId);
    if (server === undefined) return;
    this.#tasks.removeAll(server);
    for (const swarm of server.swarms.values()) this.#roster.removeSwarm(swarm, 'server_removed');
    this.#silence.forgetServer(server);
    this.#health.forget(server);
    this.#servers.delete(serverId);
    this.#tables.servers.remove(server);
  }

  /**
   * All changes since the last flush as one batch; undefined when there are none. Records in it are the caller's to
   * read, not to change.
   * @throws {@link RefSpaceExhaustedError}: nothing was published and nothing is lost; call `newEpoch`, then send a snapshot.
   */
  flush(nowMs: number): ChangeBatch | undefined {
    this.#health.showDue(nowMs);
    if (!this.#dirty && !this.#linker.isDue(nowMs)) return undefined;
    this.#settle(nowMs);
    const { servers, swarms, agents, links, tasks } = this.#tables;
    for (const table of [servers, swarms, agents, links, tasks]) table.assertRefsLeft();
    const messages = this.#flow.select();
    const happened = this.#lifeCycle.select();
    // In this order: records refer to those of the tables before.
    const changes = {
      servers: servers.take(),
      swarms: swarms.take(),
      agents: agents.take(),
      links: links.take(),
      tasks: tasks.take(),
    };
    const flow = this.#flow.publish(messages);
    const swarmEvents = this.#lifeCycle.publish(happened);
    const membership = this.#countMembership();
    this.#dirty = false;
    const known = Object.entries(changes).filter(([, value]) => value !== undefined);
    if (known.length + flow.length + swarmEvents.length === 0) return undefined;
    this.#version++;
    this.#timeMs = nowMs;
    return {
      epoch: this.#epoch,
      version: this.#version,
      time_ms: nowMs,
      ...Object.fromEntries(known),
      ...(flow.length > 0 && { flow }),
      ...(swarmEvents.length > 0 && { swarm_events: swarmEvents }),
      ...(membership.length > 0 && { membership }),
    };
  }

  /** Servers as of the last flush, as copies: the cheap part of a snapshot. */
  servers(): ServerRecord[] {
    return this.#tables.servers.snapshot();
  }

  /** The world as of the last flush. O(everything); the records are copies. */
  snapshot(): WorldSnapshot {
    const { servers, swarms, agents, links, tasks } = this.#tables;
    return {
      epoch: this.#epoch,
      version: this.#version,
      time_ms: this.#timeMs,
      servers: servers.snapshot(),
      swarms: swarms.snapshot(),
      agents: agents.snapshot(),
      links: links.snapshot(),
      tasks: tasks.snapshot(),
      membership: swarms
        .published()
        .flatMap(({ live, membership }): [Ref, number][] => (membership === undefined ? [] : [[live.ref, membership]])),
    };
  }

  /** Lets time pass: staleness, expiry, decayed links, what waited for its time. Costs what is due, not what is held. */
  sweep(nowMs: number): void {
    this.#silence.sweep(nowMs);
    this.#communication.expire(nowMs);
    this.#lifeCycle.sweep(nowMs);
    this.#health.showDue(nowMs);
    if (this.#linker.isDue(nowMs)) this.#markDirty();
  }

  /** Deals all refs anew under a new epoch, pending changes included; version 0. The message history is forgotten. */
  newEpoch(epoch: string = randomUUID()): void {
    this.#timeMs = this.#clock.now();
    this.#settle(this.#timeMs);
    const { servers, swarms, agents, links, tasks } = this.#tables;
    for (const table of [servers, swarms, agents, links, tasks]) table.redeal();
    this.#flow.clear();
    this.#lifeCycle.clear();
    this.#regrouped.clear();
    for (const swarm of swarms.published()) nextMembership(swarm);
    this.#epoch = epoch;
    this.#version = 0;
    this.#dirty = false;
  }

  /** An operator's message from one swarm to another, which its server took. Unknown keys: nothing happens. */
  messageBetweenSwarms(from: string, to: string): void {
    const [source, target] = [from, to].map((key) => this.#swarmOf(key));
    if (source === undefined || target === undefined) return;
    this.#lifeCycle.messageSent(source, target);
    this.#markDirty();
  }

  /** The last messages, oldest first, at most `message_history` of this epoch. */
  messages(): MessageFlow[] {
    return this.#flow.history();
  }

  stats(): WorldStats {
    const { servers, swarms, agents, links, tasks } = this.#tables;
    return {
      ...this.#counters,
      version: this.#version,
      servers: servers.size,
      swarms: swarms.size,
      agents: agents.size,
      stale_agents: this.#silence.stale,
      topology_links: this.#linker.size,
      communication_links: this.#communication.size,
      tasks: tasks.size,
      finished_tasks: this.#tasks.finished,
      records: servers.held + swarms.held + agents.held + links.held + tasks.held,
      queued: this.#silence.queued + this.#communication.queued,
      waiting: this.#linker.waiting + this.#health.waiting,
      remembered_moves: this.#lifeCycle.remembered,
      pending_messages: this.#flow.pending,
      messages: this.#flow.kept,
    };
  }

  #observe(server: ServerEntry, seen: Observation, atMs: number): void {
    switch (seen.kind) {
      case 'agent':
        return this.#roster.observeAgent(server, seen, atMs);
      case 'message':
        return this.#observeMessage(server, seen, atMs);
      case 'task':
        return this.#tasks.observe(server, seen.task, seen.facts);
      case 'swarm':
        return this.#roster.observeSwarm(server, seen, atMs);
      case 'server':
        return this.#observeServer(server, seen);
      case 'agent-list':
        return this.#roster.listAgents(server, seen, atMs);
      case 'swarm-list':
        return this.#roster.listSwarms(server, seen.scope, seen.swarms, atMs);
      case 'task-list':
        return this.#tasks.list(server, seen.scope, seen.tasks);
      case 'agent-gone':
        return this.#roster.removeAgent(this.#roster.find(server, seen.swarm, seen.agent));
      case 'swarm-gone':
        return this.#roster.removeSwarm(server.swarms.get(seen.swarm), 'ended');
    }
  }

  #observeServer(server: ServerEntry, seen: Extract<Observation, { kind: 'server' }>): void {
    const { live } = server;
    if (seen.version !== undefined) live.version = seen.version;
    if (seen.metrics !== undefined) live.metrics = mergeOpen(live.metrics, seen.metrics);
    if (seen.neural !== undefined) live.neural = mergeOpen(live.neural, seen.neural);
    this.#tables.servers.touch(server);
  }

  #observeMessage(server: ServerEntry, seen: Extract<Observation, { kind: 'message' }>, receivedMs: number): void {
    const [from, to] = [seen.from, seen.to].map(
      (id) => this.#roster.find(server, seen.swarm, id) ?? this.#roster.find(server, undefined, id),
    );
    if (from === undefined || to === undefined) {
      this.#counters.unknown_sender_total++;
      return;
    }
    this.#silence.hearAgent(from, receivedMs);
    this.#silence.hearAgent(to, receivedMs);
    const atMs = seen.at_ms ?? receivedMs;
    this.#flow.add(from, to, seen, atMs);
    this.#markDirty();
    // A server whose clock runs ahead must not make links that never decay.
    if (from !== to) {
      this.#communication.message(from, to, seen.message_type, Math.min(atMs, receivedMs), receivedMs);
    }
  }

  #swarmOf(key: string): SwarmEntry | undefined {
    for (const { swarms } of this.#servers.values()) {
      for (const swarm of swarms.values()) if (swarm.live.key === key) return swarm;
    }
    return undefined;
  }

  #server(id: string): ServerEntry | undefined {
    const server = this.#servers.get(id);
    if (server === undefined) this.#counters.unknown_server_total++;
    return server;
  }

  #setType(server: ServerEntry, type: ServerEntry['live']['type']): void {
    if (server.live.type === type) return;
    server.live.type = type;
    for (const swarm of server.swarms.values()) {
      swarm.live.server_type = type;
      this.#tables.swarms.touch(swarm);
      for (const agent of swarm.agents.values()) {
        agent.live.server_type = type;
        this.#tables.agents.touch(agent);
      }
    }
  }

  #settle(nowMs: number): void {
    this.#roster.settle();
    this.#linker.derive(nowMs);
  }

  /** Membership grows once per flush in which it changed. */
  #countMembership(): [Ref, number][] {
    const counted: [Ref, number][] = [];
    for (const swarm of this.#regrouped) {
      if (!swarm.alive) continue;
      const membership = nextMembership(swarm);
      counted.push([swarm.live.ref, membership]);
    }
    this.#regrouped.clear();
    return counted;
  }

  #markDirty(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#onDirty?.();
  }
}

function nextMembership(swarm: SwarmEntry): number {
  swarm.membership = ((swarm.membership ?? 0) + 1) >>> 0;
  return swarm.membership;
}
