/** What the world holds of each entity, beside its record: what it belongs to, what belongs to it, when it was heard of. */
import type { AgentRecord } from '../../model/agent.ts';
import type { HealthReport } from '../../model/health.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { Provenance } from '../../model/provenance.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import type { TaskRecord } from '../../model/task.ts';
import type { Due } from './due-queue.ts';
import type { Measured } from './measured.ts';
import { NameIndex } from './name-index.ts';
import type { Entry } from './record-table.ts';

/** Ids that a list of each scope named last. */
export type ListScopes = Map<string, Set<string>>;

abstract class BaseEntry<R extends { ref: number }> implements Entry<R>, Due {
  readonly live: R;
  published: R | undefined = undefined;
  alive = true;
  dirty = 0;
  queuedMs = Infinity;

  constructor(live: R) {
    this.live = live;
  }
}

export class ServerEntry extends BaseEntry<ServerRecord> {
  readonly swarms = new Map<string, SwarmEntry>();
  /** All swarms' agents by their bare id. */
  readonly agentsById = new NameIndex<AgentEntry>();
  readonly tasks = new Map<string, TaskEntry>();
  /** Tasks by the id of each agent that they name, known or not. */
  readonly tasksByAgent = new NameIndex<TaskEntry>();
  readonly tasksBySwarm = new NameIndex<TaskEntry>();
  readonly swarmLists: ListScopes = new Map();
  /** Lists of agents that named no swarm. */
  readonly agentLists: ListScopes = new Map();
  readonly taskLists: ListScopes = new Map();
  /** When it went away last. */
  silentSinceMs = -Infinity;
  /** The newest report, while it waits to be shown. */
  waitingHealth: HealthReport | undefined = undefined;
  healthShownMs = -Infinity;
}

export class SwarmEntry extends BaseEntry<SwarmRecord> {
  readonly server: ServerEntry;
  readonly agents = new Map<string, AgentEntry>();
  readonly agentLists: ListScopes = new Map();
  readonly topologyLinks = new Set<TopologyLinkEntry>();
  nextSlot = 0;
  /** As in ChangeBatch.membership, of the last flush; undefined until an agent joined. */
  membership: number | undefined = undefined;
  seenMs: number;
  /** When the server went away, until the swarm is heard of again. */
  silentSinceMs: number | undefined = undefined;
  /** Links of a large swarm are not derived again before. */
  relinkNotBeforeMs = -Infinity;

  constructor(live: SwarmRecord, server: ServerEntry, seenMs: number) {
    super(live);
    this.server = server;
    this.seenMs = seenMs;
  }
}

export class AgentEntry extends BaseEntry<AgentRecord> {
  readonly swarm: SwarmEntry;
  seenMs: number;
  /** When it turned stale; only meaningful while it is. */
  staleAtMs = 0;
  /** Sources as the server's facts have them; the record adds what is derived here. */
  factSources: Provenance | undefined = undefined;
  /** The `factSources` that the record's provenance was made from. */
  settledSources: Provenance | undefined = undefined;
  /** Whether `settledSources` were settled for an agent with looks. */
  settledLooks = false;
  /** Its `performance` and `visual`, which the record does not hold; undefined until something was measured. */
  measured: Measured | undefined = undefined;
  /** Topology links by the agent at the other end. */
  neighbours: Map<AgentEntry, TopologyLinkEntry> | undefined = undefined;
  /** Communication links from here, by receiver. */
  sends: Map<AgentEntry, CommunicationLinkEntry> | undefined = undefined;
  /** Communication links to here. */
  receives: Set<CommunicationLinkEntry> | undefined = undefined;

  constructor(live: AgentRecord, swarm: SwarmEntry, seenMs: number) {
    super(live);
    this.swarm = swarm;
    this.seenMs = seenMs;
  }
}

export class TaskEntry extends BaseEntry<TaskRecord> {
  readonly server: ServerEntry;
  /** As the server named it. */
  swarmId: string | undefined = undefined;
  assigneeIds: readonly string[] | undefined = undefined;
  /** True from the server's going away until the task is heard of again. */
  silent = false;

  constructor(live: TaskRecord, server: ServerEntry) {
    super(live);
    this.server = server;
  }
}

abstract class LinkBase extends BaseEntry<LinkRecord> {
  readonly from: AgentEntry;
  readonly to: AgentEntry;

  constructor(live: LinkRecord, from: AgentEntry, to: AgentEntry) {
    super(live);
    this.from = from;
    this.to = to;
  }
}

export class TopologyLinkEntry extends LinkBase {
  readonly kind = 'topology';
  /** Number of the derivation that last asked for it. */
  derivation = 0;
}

export class CommunicationLinkEntry extends LinkBase {
  readonly kind = 'communication';
  /** Exact; the record has it rounded. */
  weight = 0;
  /** When the decayed weight meets the floor. Grows with every message, so that it also orders links by weight. */
  floorMs = 0;
}

export type LinkEntry = TopologyLinkEntry | CommunicationLinkEntry;
