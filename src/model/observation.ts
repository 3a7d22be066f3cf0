/**
 * What a dialect understood of what a server said: facts with a time, and nothing that the server did not say.
 * Ids are the server's own. `swarm: undefined` means that the server did not name one: the world then takes the only
 * agent of that id on that server, or else the pseudo-swarm `unassigned`.
 */
import type { AgentNeural, AgentPerformance, AgentStatus } from './agent.ts';
import type { Provenance } from './provenance.ts';

export interface AgentFacts {
  name?: string | undefined;
  type?: string | undefined;
  status?: AgentStatus | undefined;
  status_raw?: string | undefined;
  health?: number | undefined;
  lead?: true | undefined;
  kind?: string | undefined;
  capabilities?: string[] | undefined;
  current_task?: string | undefined;
  model?: string | undefined;
  created_at_ms?: number | undefined;
  /** Merged field by field into what is known. */
  performance?: AgentPerformance | undefined;
  neural?: AgentNeural | undefined;
}

export interface SwarmFacts {
  topology?: string | undefined;
  status?: string | undefined;
  strategy?: string | undefined;
  max_agents?: number | undefined;
  created_at_ms?: number | undefined;
}

export interface TaskFacts {
  swarm?: string | undefined;
  description?: string | undefined;
  status?: string | undefined;
  priority?: string | undefined;
  /** 0–1. */
  progress?: number | undefined;
  /** Agent ids. */
  assignees?: string[] | undefined;
  created_at_ms?: number | undefined;
}

/** One fact. A fact field that is absent says nothing; null says that the server now reports it as unknown. */
export type Observation =
  | { kind: 'server'; metrics?: Record<string, number>; neural?: Record<string, number | string>; version?: string }
  | { kind: 'swarm'; swarm: string; facts: Nullable<SwarmFacts>; provenance?: Provenance }
  | { kind: 'agent'; swarm: string | undefined; agent: string; facts: Nullable<AgentFacts>; provenance?: Provenance }
  | { kind: 'task'; task: string; facts: Nullable<TaskFacts> }
  | {
      kind: 'message';
      swarm: string | undefined;
      from: string;
      to: string;
      message_type: string;
      at_ms?: number;
      size_bytes?: number;
      latency_ms?: number;
    }
  /** The server lists exactly these swarms: others that an earlier list of the same `scope` named are gone. */
  | { kind: 'swarm-list'; swarms: string[]; scope: string }
  /**
   * The server lists exactly these agents in `swarm` (undefined: on the whole server): others that an earlier list of
   * the same `scope` and `swarm` named are gone. Scopes keep lists of different tools apart (`agents`, `hive`, `daa`).
   */
  | { kind: 'agent-list'; swarm: string | undefined; agents: string[]; scope: string }
  | { kind: 'task-list'; tasks: string[]; scope: string }
  | { kind: 'agent-gone'; swarm: string | undefined; agent: string }
  | { kind: 'swarm-gone'; swarm: string };

export type Nullable<T> = { [K in keyof T]?: T[K] | null };

/** Observations of one reply or event of one server. */
export interface ObservationBatch {
  server_id: string;
  /** When it was received, ms since 1970. */
  at_ms: number;
  observations: Observation[];
}
