/**
 * What the client holds of its view, and how messages change it (PROTOCOL.md, State). Pure: no sockets, no clock.
 * Records are never changed in place, so a record that a user keeps stays what it was.
 */
import type { AgentRecord } from '../model/agent.ts';
import type { Patch } from '../model/change.ts';
import type { DegradationLevel } from '../model/health.ts';
import type { Ref } from '../model/ids.ts';
import type { LinkRecord } from '../model/link.ts';
import type { ServerRecord } from '../model/server.ts';
import type { SwarmRecord } from '../model/swarm.ts';
import type { TaskRecord } from '../model/task.ts';
import type { ServerMessage, ServerPayloads } from '../protocol/server-messages.ts';
import type { ClientState } from './client-state.ts';
import { StateHasher } from './state-hasher.ts';

/** Told of what concerns positions. */
export interface PlacementObserver {
  swarmSet(swarm: SwarmRecord): void;
  swarmRemoved(swarm: Ref): void;
  /** The agent is new, or may have another slot. */
  agentSet(agent: AgentRecord): void;
  agentRemoved(agent: Ref): void;
  /** A new epoch: refs mean something else. */
  cleared(): void;
}

interface StagedSnapshot {
  id: number;
  agents: Map<Ref, AgentRecord>;
  links: Map<Ref, LinkRecord>;
  tasks: Map<Ref, TaskRecord>;
}

export class StateStore {
  readonly #servers = new Map<Ref, ServerRecord>();
  readonly #swarms = new Map<Ref, SwarmRecord>();
  #agents = new Map<Ref, AgentRecord>();
  #links = new Map<Ref, LinkRecord>();
  #tasks = new Map<Ref, TaskRecord>();
  /** Links by the agents at their ends: removing an agent removes its links. */
  readonly #linksOf = new Map<Ref, Set<Ref>>();
  #degradationLevel: DegradationLevel | undefined;
  #cursor = '';
  #epoch = '';
  #epochChanged = false;
  #staged: StagedSnapshot | undefined;
  readonly #hasher = new StateHasher();
  readonly #observer: PlacementObserver | undefined;
  /** Views onto the maps above, which are replaced by snapshots. */
  readonly state: ClientState;

  constructor(observer?: PlacementObserver) {
    this.#observer = observer;
    this.state = liveState({
      servers: () => this.#servers,
      swarms: () => this.#swarms,
      agents: () => this.#agents,
      links: () => this.#links,
      tasks: () => this.#tasks,
      degradationLevel: () => this.#degradationLevel,
    });
  }

  /** Where to resume: the cursor of the last complete group, or '' when there is none. */
  get cursor(): string {
    return this.#cursor;
  }

  /** True between the first and the last part of a snapshot. */
  get inSnapshot(): boolean {
    return this.#staged !== undefined;
  }

  /** 16 hex digits over swarms, agents, links and tasks. Unchanged records are not hashed again. */
  hash(): string {
    return this.#hasher.hash(this.state);
  }

  /** A cursor that the gateway gave for exactly this state (a heartbeat whose hash agrees). */
  adoptCursor(cursor: string): void {
    this.#cursor = cursor;
  }

  /** The state is not to be resumed from: it is wrong, or belongs to other filters. */
  dropCursor(): void {
    this.#cursor = '';
  }

  /** The connection ended: half of a snapshot is worth nothing. */
  connectionLost(): void {
    this.#staged = undefined;
  }

  /** Applies one message; those without state are ignored. */
  apply(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#welcome(message.payload);
        return;
      case 'discovery':
        this.#discovery(message.payload);
        break;
      case 'snapshot':
        this.#snapshot(message.payload);
        break;
      case 'health_update':
        this.#health(message.payload);
        break;
      default:
        this.#changes(message);
    }
    // Only the last message of a tick's group has a cursor: what came before it is incomplete without the rest.
    if (message.cursor !== undefined) this.#cursor = message.cursor;
  }

  #changes(message: ServerMessage): void {
    switch (message.type) {
      case 'agent_update':
        for (const agent of message.payload.added) this.#setAgent(agent);
        for (const patch of message.payload.updated) this.#patchAgent(patch);
        for (const ref of message.payload.removed) this.#removeAgent(ref);
        return;
      case 'topology_update':
        this.#topology(message.payload);
        return;
      case 'task_update':
        for (const task of message.payload.tasks) this.#tasks.set(task.ref, withoutNulls(task));
        for (const ref of message.payload.removed) this.#tasks.delete(ref);
        return;
      case 'performance_update':
        for (const { ref, performance } of message.payload.agents) this.#patchAgent({ ref, performance });
        return;
      case 'neural_update':
        for (const { ref, neural } of message.payload.agents) this.#patchAgent({ ref, neural });
        return;
      default:
    }
  }

  #welcome(welcome: ServerPayloads['welcome']): void {
    this.#staged = undefined;
    this.#epochChanged = this.#epoch !== '' && this.#epoch !== welcome.epoch;
    this.#epoch = welcome.epoch;
    this.#cursor = welcome.cursor;
  }

  #discovery(discovery: ServerPayloads['discovery']): void {
    this.#degradationLevel = discovery.degradation_level;
    if (discovery.full) {
      const servers = new Set(discovery.servers.map((server) => server.ref));
      const swarms = new Set(discovery.swarms.map((swarm) => swarm.ref));
      for (const ref of this.#servers.keys()) if (!servers.has(ref)) this.#servers.delete(ref);
      this.#removeSwarms([...this.#swarms.keys()].filter((ref) => !swarms.has(ref)));
    }
    for (const server of discovery.servers) this.#servers.set(server.ref, withoutNulls(server));
    for (const swarm of discovery.swarms) {
      const record = withoutNulls(swarm);
      this.#swarms.set(swarm.ref, record);
      this.#observer?.swarmSet(record);
    }
    for (const ref of discovery.removed_servers) this.#servers.delete(ref);
    this.#removeSwarms(discovery.removed_swarms);
  }

  /** Parts are gathered aside, so that nobody sees half of a view. */
  #snapshot(part: ServerPayloads['snapshot']): void {
    if (this.#staged?.id !== part.snapshot_id) {
      this.#staged = { id: part.snapshot_id, agents: new Map(), links: new Map(), tasks: new Map() };
    }
    const staged = this.#staged;
    for (const agent of part.agents) staged.agents.set(agent.ref, withoutNulls(agent));
    for (const link of part.links) staged.links.set(link.ref, withoutNulls(link));
    for (const task of part.tasks) staged.tasks.set(task.ref, withoutNulls(task));
    if (part.last) this.#adopt(staged);
  }

  #adopt(staged: StagedSnapshot): void {
    const before = this.#agents;
    this.#staged = undefined;
    this.#agents = staged.agents;
    this.#tasks = staged.tasks;
    this.#links = new Map();
    this.#linksOf.clear();
    for (const link of staged.links.values()) this.#setLink(link);
    if (this.#epochChanged) {
      this.#epochChanged = false;
      this.#observer?.cleared();
      for (const swarm of this.#swarms.values()) this.#observer?.swarmSet(swarm);
    } else {
      for (const ref of before.keys()) if (!staged.agents.has(ref)) this.#observer?.agentRemoved(ref);
    }
    for (const agent of staged.agents.values()) this.#observer?.agentSet(agent);
  }

  #health(update: ServerPayloads['health_update']): void {
    this.#degradationLevel = update.degradation_level;
    const server = this.#servers.get(update.server);
    if (server === undefined) return;
    const { state, reason, since_ms, evidence } = update;
    this.#servers.set(server.ref, { ...server, health: { state, reason, since_ms, evidence } });
  }

  #topology(update: ServerPayloads['topology_update']): void {
    for (const link of update.linked) this.#setLink(withoutNulls(link));
    for (const ref of update.unlinked) this.#removeLink(ref);
    const swarm = this.#swarms.get(update.swarm);
    if (swarm === undefined || update.topology === undefined || swarm.topology === update.topology) return;
    this.#swarms.set(swarm.ref, { ...swarm, topology: update.topology });
  }

  /** A swarm takes its agents with it, and they their links; the gateway lists the agents too. */
  #removeSwarms(refs: readonly Ref[]): void {
    if (refs.length === 0) return;
    const gone = new Set(refs);
    for (const agent of this.#agents.values()) if (gone.has(agent.swarm)) this.#removeAgent(agent.ref);
    for (const ref of gone) {
      this.#swarms.delete(ref);
      this.#observer?.swarmRemoved(ref);
    }
  }

  #setAgent(agent: AgentRecord): void {
    const record = withoutNulls(agent);
    this.#agents.set(agent.ref, record);
    this.#observer?.agentSet(record);
  }

  #patchAgent(patch: Patch<AgentRecord>): void {
    const agent = this.#agents.get(patch.ref);
    if (agent === undefined) return;
    const record = withoutNulls({ ...agent, ...patch } as AgentRecord);
    this.#agents.set(agent.ref, record);
    if (record.slot !== agent.slot) this.#observer?.agentSet(record);
  }

  #removeAgent(agent: Ref): void {
    if (!this.#agents.delete(agent)) return;
    for (const link of this.#linksOf.get(agent) ?? []) this.#removeLink(link);
    this.#observer?.agentRemoved(agent);
  }

  #setLink(link: LinkRecord): void {
    this.#removeLink(link.ref);
    this.#links.set(link.ref, link);
    for (const end of [link.from, link.to]) {
      const links = this.#linksOf.get(end) ?? new Set();
      this.#linksOf.set(end, links.add(link.ref));
    }
  }

  #removeLink(ref: Ref): void {
    const link = this.#links.get(ref);
    if (link === undefined) return;
    this.#links.delete(ref);
    for (const end of [link.from, link.to]) {
      const links = this.#linksOf.get(end);
      links?.delete(ref);
      if (links?.size === 0) this.#linksOf.delete(end);
    }
  }
}

/** Null says "unknown", as absence does; undefined fields are dropped with them. */
function withoutNulls<T extends object>(record: T): T {
  const values = record as Record<string, unknown>;
  for (const key of Object.keys(values)) {
    if (values[key] !== null && values[key] !== undefined) continue;
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined)) as T;
  }
  return record;
}

function liveState(getters: { [K in keyof ClientState]: () => ClientState[K] }): ClientState {
  return {
    get servers() {
      return getters.servers();
    },
    get swarms() {
      return getters.swarms();
    },
    get agents() {
      return getters.agents();
    },
    get links() {
      return getters.links();
    },
    get tasks() {
      return getters.tasks();
    },
    get degradationLevel() {
      return getters.degradationLevel();
    },
  };
}
