import type { Ref } from './ids.ts';
import type { Provenance } from './provenance.ts';
import type { ServerType } from './server.ts';

export const AGENT_STATUSES = ['idle', 'busy', 'active', 'error', 'offline', 'unknown'] as const;
/** `offline`: the server still lists it, as terminated. `unknown`: a word that no dialect knows (see `status_raw`). */
export type AgentStatus = (typeof AGENT_STATUSES)[number];

/** Measured by the server. Ratios are 0–1. Absent means unknown. */
export interface AgentPerformance {
  /** 0–1 of a core. */
  cpu_usage?: number | undefined;
  memory_mb?: number | undefined;
  response_time_ms?: number | undefined;
  success_rate?: number | undefined;
  error_count?: number | undefined;
  throughput_tps?: number | undefined;
  queue_depth?: number | undefined;
  tasks_active?: number | undefined;
  tasks_completed?: number | undefined;
  tokens_used?: number | undefined;
}

/** Learning facts (DAA, ruv-swarm). Absent means unknown. */
export interface AgentNeural {
  cognitive_pattern?: string | undefined;
  network_id?: string | undefined;
  learning_rate?: number | undefined;
  adaptations?: number | undefined;
}

/** How the agent is drawn, by the seeds' formulas; each part only where the metric behind it is known. */
export interface AgentVisual {
  /** World units, 5–15, from throughput. */
  size?: number | undefined;
  /** `#rrggbb`, from success rate, colour-blind safe. */
  color?: string | undefined;
  /** 0.5–2 Hz, from response time. */
  pulse_hz?: number | undefined;
}

/** One agent. Stored as it travels, hence snake_case. Absent means that the server did not say. */
export interface AgentRecord {
  ref: Ref;
  /** `server/swarm/agent` */
  key: string;
  id: string;
  /** Ref of its swarm. */
  swarm: Ref;
  server_id: string;
  server_type: ServerType;
  /** Open vocabulary. Absent where the server did not say. */
  type?: string | undefined;
  name?: string | undefined;
  status: AgentStatus;
  /** The server's own word, where it differs from `status`. */
  status_raw?: string | undefined;
  /** Place in its swarm's frames. Not part of the state hash. */
  slot: number;
  /** True while the server is silent about it; absent otherwise. */
  stale?: true | undefined;
  /** When it was last heard of, given while stale. Not part of the state hash. */
  stale_since_ms?: number | undefined;
  /** 0–1. */
  health?: number | undefined;
  /** True for coordinators and queens: the hub of a star, the root of a tree. */
  lead?: true | undefined;
  /** `daa` for DAA agents, `hive` for hive workers and queens. */
  kind?: string | undefined;
  capabilities?: string[] | undefined;
  current_task?: string | undefined;
  model?: string | undefined;
  created_at_ms?: number | undefined;
  performance?: AgentPerformance | undefined;
  neural?: AgentNeural | undefined;
  visual?: AgentVisual | undefined;
  /** Sources of fields that are not plainly reported; nested ones by dotted name (`performance.memory_mb`). */
  provenance?: Provenance | undefined;
}
