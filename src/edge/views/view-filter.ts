/** A set of filters within what somebody may see, compiled: a verdict on an agent costs a set lookup and a mask, and allocates nothing. */
import { UNLIMITED, type Visibility } from '../../platform/auth/visibility.ts';
import type { Filters } from '../../protocol/filters.ts';
import { LANE_SEEDS, murmur3 } from '../../protocol/state-hash.ts';
import { statusBit, type AgentEntity } from '../replica/entity.ts';
import type { Replica } from '../replica/replica.ts';

const ALL_STATUSES = ~0;

/** Which optional fields of agents a view shows; 0–3, used as an index. */
export const FIELDS = { performance: 1, neural: 2 } as const;
export const ALL_FIELDS = 3;

/** Places of hashes of agents without hidden fields, by what is hidden; the first four are combinations of {@link FIELDS}. */
const hashSlots = new Map<string, number>();

export class ViewFilter {
  /** As asked for. What is shown is less where less may be seen. */
  readonly filters: Filters;
  readonly visibility: Visibility;
  readonly showsTopology: boolean;
  readonly showsMessages: boolean;
  readonly showsPositions: boolean;
  readonly showsTasks: boolean;
  /** Where agents keep their hashes without what is hidden: equal for filters that show the same fields of agents. */
  readonly hashSlot: number;
  /** Equal for what shows the same: lists are sets, agent types ignore case. */
  readonly key: string;
  /** Short name of {@link key} in cursors: a cursor made under other filters can't be resumed. */
  readonly mark: string;
  /** Bits of {@link FIELDS}. */
  readonly fields: number;
  readonly #serverTypes: ReadonlySet<string> | undefined;
  readonly #serverIds: ReadonlySet<string> | undefined;
  readonly #swarmIds: ReadonlySet<string> | undefined;
  readonly #agentTypes: ReadonlySet<string> | undefined;
  readonly #statuses: number;

  constructor(filters: Filters, visibility: Visibility = UNLIMITED) {
    this.filters = filters;
    this.visibility = visibility;
    this.key = filterKey(filters) + visibility.key;
    this.showsTopology = filters.include_topology && visibility.sees('topology');
    this.showsMessages = filters.include_messages && visibility.sees('messages');
    this.showsPositions = filters.include_positions && visibility.sees('positions');
    this.showsTasks = visibility.sees('tasks');
    this.mark = murmur3(new TextEncoder().encode(this.key), LANE_SEEDS[0]).toString(36);
    const showsPerformance = filters.include_performance && visibility.sees('performance');
    const showsNeural = filters.include_neural && visibility.sees('neural');
    this.fields = (showsPerformance ? FIELDS.performance : 0) | (showsNeural ? FIELDS.neural : 0);
    this.hashSlot = slotOf(this.fields, visibility);
    this.#serverTypes = setOf(filters.server_types);
    this.#serverIds = setOf(filters.server_ids);
    this.#swarmIds = setOf(filters.swarm_ids);
    this.#agentTypes = setOf(filters.agent_types.map((type) => type.toLowerCase()));
    this.#statuses =
      filters.statuses.length === 0
        ? ALL_STATUSES
        : filters.statuses.reduce((mask, status) => mask | statusBit(status), 0);
  }

  /** False when every agent passes. */
  get hidesAgents(): boolean {
    return (
      this.visibility.hidesAgents ||
      this.#serverTypes !== undefined ||
      this.#serverIds !== undefined ||
      this.#swarmIds !== undefined ||
      this.#agentTypes !== undefined ||
      this.#statuses !== ALL_STATUSES
    );
  }

  showsServer(server: { type: string; id: string }): boolean {
    return (
      this.visibility.seesServer(server.id) &&
      (this.#serverTypes?.has(server.type) ?? true) &&
      (this.#serverIds?.has(server.id) ?? true)
    );
  }

  showsSwarm(swarm: { key: string; id: string; server_id: string; server_type: string }): boolean {
    return (
      this.visibility.seesSwarm(swarm) &&
      (this.#serverTypes?.has(swarm.server_type) ?? true) &&
      (this.#serverIds?.has(swarm.server_id) ?? true) &&
      (this.#swarmIds === undefined || this.#swarmIds.has(swarm.key) || this.#swarmIds.has(swarm.id))
    );
  }

  /** Whether it shows the agent if it shows its swarm. */
  showsAgent(agent: AgentEntity): boolean {
    if ((agent.statusBit & this.#statuses) === 0) return false;
    if (this.#agentTypes === undefined) return true;
    return agent.foldedType !== undefined && this.#agentTypes.has(agent.foldedType);
  }

  /** What belongs to a server as a whole is hidden from those who may see only some of its swarms. */
  get showsTasksOfServers(): boolean {
    return this.visibility.seesWholeServers;
  }

  /**
   * Values of open vocabularies that match nothing that may be seen now, as `swarm_ids: x`. O(world), for replies only.
   */
  unmatched(replica: Replica): string[] {
    const { visibility } = this;
    const types = new Set<string>();
    if (this.filters.agent_types.length > 0) {
      for (const { foldedType, home } of replica.agents.values()) {
        if (foldedType !== undefined && home !== undefined && visibility.seesSwarm(home.record)) types.add(foldedType);
      }
    }
    const swarms = new Set<string>();
    if (this.filters.swarm_ids.length > 0) {
      for (const { record } of replica.swarms.values()) {
        if (visibility.seesSwarm(record)) swarms.add(record.key).add(record.id);
      }
    }
    const servers = new Set<string>();
    if (this.filters.server_ids.length > 0) {
      for (const { record } of replica.servers.values()) if (visibility.seesServer(record.id)) servers.add(record.id);
    }
    return [
      ...this.filters.agent_types
        .filter((type) => !types.has(type.toLowerCase()))
        .map((type) => `agent_types: ${type}`),
      ...this.filters.swarm_ids.filter((id) => !swarms.has(id)).map((id) => `swarm_ids: ${id}`),
      ...this.filters.server_ids.filter((id) => !servers.has(id)).map((id) => `server_ids: ${id}`),
    ];
  }
}

function slotOf(fields: number, { hiddenAgentFields }: Visibility): number {
  const key = hiddenAgentFields.join(' ');
  if (key === '') return fields;
  const known = hashSlots.get(`${key} ${fields}`);
  if (known !== undefined) return known;
  const slot = ALL_FIELDS + 1 + hashSlots.size;
  hashSlots.set(`${key} ${fields}`, slot);
  return slot;
}

function setOf(values: readonly string[]): ReadonlySet<string> | undefined {
  return values.length === 0 ? undefined : new Set(values);
}

function asSet(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted();
}

function filterKey(filters: Filters): string {
  return JSON.stringify([
    asSet(filters.server_types),
    asSet(filters.server_ids),
    asSet(filters.swarm_ids),
    asSet(filters.agent_types.map((type) => type.toLowerCase())),
    asSet(filters.statuses),
    filters.include_performance,
    filters.include_neural,
    filters.include_topology,
    filters.include_messages,
    filters.include_positions,
  ]);
}
