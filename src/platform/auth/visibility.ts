/** Somebody's limits, compiled: which servers, swarms and fields exist for them. */
import type { AgentRecord } from '../../model/agent.ts';
import type { Provenance } from '../../model/provenance.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { TaskRecord } from '../../model/task.ts';
import type { Limits } from './identity.ts';
import { SHOWABLE_AGENT_FIELDS, type ShowableField } from './showable-fields.ts';

type AgentField = (typeof SHOWABLE_AGENT_FIELDS)[number];

export class Visibility {
  /** Equal for limits that mean the same; empty without limits. */
  readonly key: string;
  /** Fields of agents that are hidden. */
  readonly hiddenAgentFields: readonly AgentField[];
  readonly #servers: ReadonlySet<string> | undefined;
  readonly #swarms: ReadonlySet<string> | undefined;
  /** Servers of the swarms that may be seen. */
  readonly #serversOfSwarms: ReadonlySet<string> | undefined;
  readonly #fields: ReadonlySet<string> | undefined;

  constructor(limits: Limits) {
    const { servers, swarms, fields } = limits;
    this.key = keyOf(limits);
    this.#servers = servers === undefined ? undefined : new Set(servers);
    this.#swarms = swarms === undefined ? undefined : new Set(swarms);
    // Ids of servers have no slash, so the first one ends it.
    this.#serversOfSwarms = swarms === undefined ? undefined : new Set(swarms.map((key) => key.split('/', 1)[0] ?? ''));
    this.#fields = fields === undefined ? undefined : new Set(fields);
    this.hiddenAgentFields = SHOWABLE_AGENT_FIELDS.filter((field) => !this.sees(field));
  }

  /** False when some swarms are hidden: then what a server tells of itself as a whole is hidden too. */
  get seesWholeServers(): boolean {
    return this.#swarms === undefined;
  }

  /** True when the agents of some swarms are hidden. */
  get hidesAgents(): boolean {
    return this.#servers !== undefined || this.#swarms !== undefined;
  }

  seesServer(id: string): boolean {
    return (this.#servers?.has(id) ?? true) && (this.#serversOfSwarms?.has(id) ?? true);
  }

  seesSwarm(swarm: { key: string; server_id: string }): boolean {
    return this.seesServer(swarm.server_id) && (this.#swarms?.has(swarm.key) ?? true);
  }

  sees(field: ShowableField): boolean {
    return this.#fields?.has(field) ?? true;
  }

  /** The agent's record without hidden fields; the same object when none is hidden. */
  ofAgent(record: AgentRecord): AgentRecord {
    if (this.hiddenAgentFields.length === 0) return record;
    const visible = { ...record };
    for (const field of this.hiddenAgentFields) delete visible[field];
    const provenance = this.ofProvenance(record.provenance);
    if (provenance === undefined) delete visible.provenance;
    else visible.provenance = provenance;
    return visible;
  }

  /** Sources of fields that may be seen; undefined when there are none. */
  ofProvenance(provenance: Provenance | undefined): Provenance | undefined {
    if (provenance === undefined || this.hiddenAgentFields.length === 0) return provenance;
    const kept = Object.entries(provenance).filter(([path]) => !this.hidesAgentField(path.split('.', 1)[0] ?? ''));
    return kept.length > 0 ? Object.fromEntries(kept) : undefined;
  }

  hidesAgentField(field: string): boolean {
    return this.hiddenAgentFields.some((hidden) => hidden === field);
  }

  /** Who works on a task may be somebody hidden. */
  ofTask(record: TaskRecord): TaskRecord {
    if (!this.hidesAgents || record.assignees === undefined) return record;
    const { assignees: _, ...visible } = record;
    return visible;
  }

  /** The server's record without hidden fields; the same object when none is hidden. */
  ofServer(record: ServerRecord): ServerRecord {
    if (this.key === '') return record;
    const visible = { ...record };
    if (!this.sees('endpoint')) visible.endpoint = '';
    if (!this.sees('metrics') || !this.seesWholeServers) delete visible.metrics;
    if (!this.sees('neural') || !this.seesWholeServers) delete visible.neural;
    visible.health = this.ofHealth(record.health);
    return visible;
  }

  /** Health whose words are left out where they may speak of what is hidden. */
  ofHealth(health: ServerRecord['health']): ServerRecord['health'] {
    if (this.key === '') return health;
    const { last_error: _, ...evidence } = health.evidence;
    return { ...health, reason: `the server is ${health.state}`, evidence };
  }
}

/** Sees everything. */
export const UNLIMITED = new Visibility({});

function keyOf({ servers, swarms, fields }: Limits): string {
  if (servers === undefined && swarms === undefined && fields === undefined) return '';
  return JSON.stringify(
    [servers, swarms, fields].map((list) => (list === undefined ? 0 : [...new Set(list)].toSorted())),
  );
}
