import type { AgentFacts, Nullable, Observation } from '../../model/observation.ts';
import { agentKey, swarmKey } from '../../model/ids.ts';
import type { CommunicationLinks } from './communication.ts';
import type { WorldCounters } from './counters.ts';
import { AgentEntry, type ServerEntry, SwarmEntry } from './entries.ts';
import { replaceList } from './lists.ts';
import { AGENT_FACTS, mergeFacts, mergeProvenance, SWARM_FACTS } from './merge-facts.ts';
import { AGENT_FIELDS, fieldBit } from './record-fields.ts';
import type { EndReason, LifeCycle } from './life-cycle.ts';
import { Measured } from './measured.ts';
import { isUsableId } from './record-id.ts';
import type { Silence } from './silence.ts';
import { compactSlots, takeSlot } from './slots.ts';
import { MEASURED_BITS, type WorldTables } from './tables.ts';
import type { TaskBoard } from './task-board.ts';
import type { TopologyLinker } from './topology-linker.ts';
import { UNASSIGNED } from './unassigned.ts';

type AgentList = Extract<Observation, { kind: 'agent-list' }>;

export interface RosterOptions {
  maxAgents: number;
  tables: WorldTables;
  counters: WorldCounters;
  silence: Silence;
  tasks: TaskBoard;
  linker: TopologyLinker;
  communication: CommunicationLinks;
  lifeCycle: LifeCycle;
}

/** Swarms and their agents: who is in, who moved, who is gone, and what goes with them. */
export class Roster {
  readonly #o: RosterOptions;
  /** Swarms that lost agents since the last {@link Roster.settle}. */
  readonly #shrunk = new Set<SwarmEntry>();

  constructor(options: RosterOptions) {
    this.#o = options;
  }

  observeSwarm(server: ServerEntry, seen: Extract<Observation, { kind: 'swarm' }>, atMs: number): void {
    const swarm = this.#obtainSwarm(server, seen.swarm, atMs);
    if (swarm === undefined) return;
    this.#o.silence.hearSwarm(swarm, atMs);
    const { live } = swarm;
    const topology = live.topology;
    const provenance = mergeProvenance(live.provenance, seen.facts, seen.provenance);
    const changed = mergeFacts(live, seen.facts, SWARM_FACTS);
    if (changed === 0 && provenance === live.provenance) return;
    live.provenance = provenance;
    if (live.topology !== topology) this.#o.linker.mark(swarm);
    this.#o.tables.swarms.touch(swarm);
  }

  observeAgent(server: ServerEntry, seen: Extract<Observation, { kind: 'agent' }>, atMs: number): void {
    const agent = this.#obtainAgent(server, seen.swarm, seen.agent, atMs);
    if (agent === undefined) return;
    this.#o.silence.hearAgent(agent, atMs);
    const { live } = agent;
    const { lead, created_at_ms: createdAtMs } = live;
    const changed =
      mergeStatus(agent, seen.facts) | mergeFacts(live, seen.facts, AGENT_FACTS) | mergeMeasured(agent, seen.facts);
    const sources = mergeProvenance(agent.factSources, seen.facts, seen.provenance);
    if (changed === 0 && sources === agent.factSources) return;
    agent.factSources = sources;
    if (live.lead !== lead || live.created_at_ms !== createdAtMs) this.#o.linker.mark(agent.swarm);
    this.#o.tables.agents.touch(agent, changed);
  }

  /** The agent that a server means by a bare id, or by an id within a swarm. Hearing of it is up to the caller. */
  find(server: ServerEntry, swarmId: string | undefined, agentId: string): AgentEntry | undefined {
    if (swarmId !== undefined) return server.swarms.get(swarmId)?.agents.get(agentId);
    return server.agentsById.only(agentId) ?? server.swarms.get(UNASSIGNED)?.agents.get(agentId);
  }

  listAgents(server: ServerEntry, list: AgentList, atMs: number): void {
    if (list.swarm === undefined) this.#listAll(server, list, atMs);
    else this.#listMembers(server, list.swarm, list, atMs);
  }

  listSwarms(server: ServerEntry, scope: string, ids: readonly string[], atMs: number): void {
    const gone = this.#replaceList(server.swarmLists, scope, ids);
    for (const id of ids) {
      const swarm = server.swarms.get(id);
      if (swarm !== undefined) this.#o.silence.hearSwarm(swarm, atMs);
    }
    for (const id of gone) this.removeSwarm(server.swarms.get(id), 'ended');
  }

  removeAgent(agent: AgentEntry | undefined): void {
    if (agent === undefined || !agent.alive) return;
    const { swarm } = agent;
    const { server } = swarm;
    this.#o.linker.removeOf(agent);
    this.#o.communication.removeOf(agent);
    this.#o.silence.forgetAgent(agent);
    swarm.agents.delete(agent.live.id);
    server.agentsById.delete(agent.live.id, agent);
    this.#o.tables.agents.remove(agent);
    this.#o.tasks.agentChanged(server, agent.live.id);
    this.#o.linker.mark(swarm);
    this.#shrunk.add(swarm);
    this.#o.lifeCycle.agentLeft(agent);
    if (swarm.agents.size === 0) this.#o.silence.watchEmptySwarm(swarm);
  }

  removeSwarm(swarm: SwarmEntry | undefined, reason: EndReason): void {
    if (swarm === undefined || !swarm.alive) return;
    for (const agent of swarm.agents.values()) this.removeAgent(agent);
    this.#shrunk.delete(swarm);
    this.#o.linker.forget(swarm);
    this.#o.silence.forgetSwarm(swarm);
    swarm.server.swarms.delete(swarm.live.id);
    this.#o.tables.swarms.remove(swarm);
    this.#o.tasks.swarmChanged(swarm.server, swarm.live.id);
    this.#o.lifeCycle.swarmEnded(swarm, reason);
  }

  /** After removals: deals slots anew where too many are dead, removes an empty `unassigned`. */
  settle(): void {
    for (const swarm of this.#shrunk) {
      if (swarm.agents.size === 0 && swarm.live.id === UNASSIGNED) this.removeSwarm(swarm, 'ended');
      else compactSlots(swarm, this.#o.tables);
    }
    this.#shrunk.clear();
  }

  #listAll(server: ServerEntry, list: AgentList, atMs: number): void {
    const gone = this.#replaceList(server.agentLists, list.scope, list.agents);
    for (const id of list.agents) {
      for (const agent of server.agentsById.get(id)) this.#o.silence.hearAgent(agent, atMs);
    }
    for (const id of gone) for (const agent of server.agentsById.get(id)) this.removeAgent(agent);
  }

  #listMembers(server: ServerEntry, swarmId: string, list: AgentList, atMs: number): void {
    // An empty list is no sign of a swarm that is not known otherwise.
    const swarm = list.agents.length > 0 ? this.#obtainSwarm(server, swarmId, atMs) : server.swarms.get(swarmId);
    if (swarm === undefined) return;
    this.#o.silence.hearSwarm(swarm, atMs);
    const gone = this.#replaceList(swarm.agentLists, list.scope, list.agents);
    for (const id of list.agents) {
      const agent = swarm.agents.get(id) ?? this.#moveIn(swarm, id);
      if (agent !== undefined) this.#o.silence.hearAgent(agent, atMs);
    }
    for (const id of gone) this.removeAgent(swarm.agents.get(id));
  }

  #replaceList(lists: Map<string, Set<string>>, scope: string, ids: readonly string[]): string[] {
    const gone = replaceList(lists, scope, ids);
    if (gone === undefined) this.#o.counters.refused_lists_total++;
    return gone ?? [];
  }

  #obtainSwarm(server: ServerEntry, id: string, atMs: number): SwarmEntry | undefined {
    const known = server.swarms.get(id);
    if (known !== undefined) return known;
    const { tables, counters, maxAgents } = this.#o;
    if (!isUsableId(id)) {
      counters.refused_ids_total++;
      return undefined;
    }
    if (tables.swarms.size >= maxAgents) {
      counters.refused_swarms_total++;
      return undefined;
    }
    const { id: serverId, type } = server.live;
    const record = { ref: 0, key: swarmKey(serverId, id), id, server_id: serverId, server_type: type, slots_rev: 0 };
    const swarm = new SwarmEntry(tables.swarms.record(record), server, atMs);
    server.swarms.set(id, swarm);
    tables.swarms.add(swarm);
    this.#o.tasks.swarmChanged(server, id);
    this.#o.silence.watchEmptySwarm(swarm);
    this.#o.lifeCycle.swarmBegan(swarm);
    return swarm;
  }

  #obtainAgent(server: ServerEntry, swarmId: string | undefined, id: string, atMs: number): AgentEntry | undefined {
    const known = this.find(server, swarmId, id);
    if (known !== undefined) return known;
    if (!isUsableId(id)) {
      this.#o.counters.refused_ids_total++;
      return undefined;
    }
    const waiting = server.swarms.get(UNASSIGNED)?.agents.has(id) ?? false;
    if (this.#o.tables.agents.size >= this.#o.maxAgents && !waiting) {
      this.#o.counters.refused_agents_total++;
      return undefined;
    }
    const swarm = this.#obtainSwarm(server, swarmId ?? UNASSIGNED, atMs);
    if (swarm === undefined) return undefined;
    return this.#moveIn(swarm, id) ?? this.#join(swarm, id, undefined, atMs);
  }

  /** Moves an agent from `unassigned` to its swarm: a new incarnation with the facts of the old one. */
  #moveIn(swarm: SwarmEntry, id: string): AgentEntry | undefined {
    const waiting = swarm.server.swarms.get(UNASSIGNED)?.agents.get(id);
    if (waiting === undefined || waiting.swarm === swarm) return undefined;
    this.removeAgent(waiting);
    const agent = this.#join(swarm, id, waiting, waiting.seenMs);
    agent.factSources = waiting.factSources;
    if (waiting.measured !== undefined) agent.measured = Measured.of(waiting.measured);
    return agent;
  }

  #join(swarm: SwarmEntry, id: string, before: AgentEntry | undefined, atMs: number): AgentEntry {
    const { server } = swarm;
    const { id: serverId, type } = server.live;
    const agent = new AgentEntry(
      this.#o.tables.agents.record({
        status: 'unknown',
        ...before?.live,
        visual: undefined,
        provenance: undefined,
        ref: 0,
        key: agentKey(serverId, swarm.live.id, id),
        id,
        swarm: 0,
        server_id: serverId,
        server_type: type,
        slot: takeSlot(swarm),
      }),
      swarm,
      atMs,
    );
    swarm.agents.set(id, agent);
    server.agentsById.add(id, agent);
    this.#o.tables.agents.add(agent);
    this.#o.silence.watchAgent(agent);
    this.#o.tasks.agentChanged(server, id);
    this.#o.linker.mark(swarm);
    this.#o.lifeCycle.agentJoined(agent);
    return agent;
  }
}

const STATUS_BIT = fieldBit(AGENT_FIELDS, 'status');
const STATUS_RAW_BIT = fieldBit(AGENT_FIELDS, 'status_raw');

/** A word without its raw form is the server's own: an older raw word says nothing about it any more. */
function mergeStatus({ live }: AgentEntry, facts: Nullable<AgentFacts>): number {
  const { status, status_raw: statusRaw } = live;
  if (facts.status !== undefined) {
    live.status = facts.status ?? 'unknown';
    live.status_raw = undefined;
  }
  if (facts.status_raw !== undefined) live.status_raw = facts.status_raw ?? undefined;
  return (live.status === status ? 0 : STATUS_BIT) | (live.status_raw === statusRaw ? 0 : STATUS_RAW_BIT);
}

function mergeMeasured(agent: AgentEntry, { performance }: Nullable<AgentFacts>): number {
  if (performance === undefined) return 0;
  agent.measured ??= new Measured();
  return agent.measured.merge(performance) ? MEASURED_BITS : 0;
}
