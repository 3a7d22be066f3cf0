/**
 * What the world tells everybody else: a snapshot once, then batches of changes. `version` grows with every batch and
 * is only meaningful inside an `epoch`; a new hub life (or exhausted refs) is a new epoch and a new snapshot.
 */
import type { AgentRecord } from './agent.ts';
import type { Ref } from './ids.ts';
import type { LinkRecord } from './link.ts';
import type { MessageFlow } from './message.ts';
import type { ServerRecord } from './server.ts';
import type { SwarmEvent } from './swarm-event.ts';
import type { SwarmRecord } from './swarm.ts';
import type { TaskRecord } from './task.ts';

/** Top-level fields that changed, by ref; a field that became unknown is null. */
export type Patch<T extends { ref: Ref }> = { ref: Ref } & { [K in keyof Omit<T, 'ref'>]?: T[K] | null };

/** Changes of one kind within a batch. A ref stands in at most one of the three. Empty kinds are absent. */
export interface KindChanges<T extends { ref: Ref }> {
  added?: T[];
  updated?: Patch<T>[];
  removed?: Ref[];
}

export interface StatefulRecords {
  server: ServerRecord;
  swarm: SwarmRecord;
  agent: AgentRecord;
  link: LinkRecord;
  task: TaskRecord;
}
/** Kinds that have state; message flow and events of swarms have none. */
export type EntityKind = keyof StatefulRecords;

/**
 * All changes of one hub tick. Apply in the order servers, swarms, agents, links, tasks; removals of a kind last.
 * Removing an agent removes its links, removing a swarm its agents, removing a server its swarms: the world lists
 * these too, so nobody has to infer them.
 */
export interface ChangeBatch {
  epoch: string;
  /** Version after this batch; every entity in it has this version. */
  version: number;
  /** When the hub made it, ms since 1970. */
  time_ms: number;
  servers?: KindChanges<ServerRecord>;
  swarms?: KindChanges<SwarmRecord>;
  agents?: KindChanges<AgentRecord>;
  links?: KindChanges<LinkRecord>;
  tasks?: KindChanges<TaskRecord>;
  flow?: MessageFlow[];
  swarm_events?: SwarmEvent[];
  /** Swarms whose membership changed, with its new count: as in a publication's header (position-region.ts). Never sent to clients. */
  membership?: [Ref, number][];
}

/** The whole world at one version. */
export interface WorldSnapshot {
  epoch: string;
  version: number;
  time_ms: number;
  servers: ServerRecord[];
  swarms: SwarmRecord[];
  agents: AgentRecord[];
  links: LinkRecord[];
  tasks: TaskRecord[];
  membership: [Ref, number][];
}
