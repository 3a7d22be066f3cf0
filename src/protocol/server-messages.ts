/**
 * Messages from gateway to client: `{type, timestamp, cursor?, payload}`. Those that carry state have the cursor that
 * the client holds after applying them. The records are the model's own.
 */
import type { AgentNeural, AgentPerformance, AgentRecord } from '../model/agent.ts';
import type { Patch } from '../model/change.ts';
import type { DegradationLevel, HealthEvidence, HealthState } from '../model/health.ts';
import type { Ref } from '../model/ids.ts';
import type { LinkRecord } from '../model/link.ts';
import type { MessageFlow } from '../model/message.ts';
import type { ServerRecord } from '../model/server.ts';
import type { SwarmEvent } from '../model/swarm-event.ts';
import type { SwarmRecord } from '../model/swarm.ts';
import type { TaskRecord } from '../model/task.ts';
import type { RequestId } from './client-messages.ts';
import type { ErrorCode } from './error-codes.ts';
import type { Filters } from './filters.ts';
import type { Mode, ModeReason } from './modes.ts';

/** Payloads by message type. */
export interface ServerPayloads {
  welcome: {
    client_id: string;
    protocol: number;
    epoch: string;
    /** Where the client stands before the first state message: its resume cursor if accepted, else ''. */
    cursor: string;
    /** `resume`: changes since the cursor follow. `snapshot`: a snapshot follows. */
    follows: 'resume' | 'snapshot';
    mode: Mode;
    effective_rate_hz: number;
    filters: Filters;
    /** Who the client is to this gateway, and what it may see at most; absent limits: everything. */
    identity: {
      subject: string;
      role: 'viewer' | 'operator';
      limits: { servers?: string[] | undefined; swarms?: string[] | undefined; fields?: string[] | undefined };
      /** Absent: never. */
      expires_at_ms?: number | undefined;
    };
    positions: string;
    /** True when any server is this gateway's simulator. */
    simulated: boolean;
    limits: { max_message_bytes: number; idle_timeout_ms: number; heartbeat_ms: number; discover_per_minute: number };
    server_time: number;
  };
  /** `full`: replaces all servers and swarms the client holds; otherwise an upsert with removals. */
  discovery: {
    full: boolean;
    servers: ServerRecord[];
    swarms: SwarmRecord[];
    removed_servers: Ref[];
    removed_swarms: Ref[];
    degradation_level: DegradationLevel;
  };
  /** A client drops agents, links and tasks at the first part and has the whole view after the last. */
  snapshot: {
    snapshot_id: number;
    part: number;
    last: boolean;
    agents: AgentRecord[];
    links: LinkRecord[];
    tasks: TaskRecord[];
  };
  /** `added` replaces a record whole, `updated` its top-level fields (null: now unknown). */
  agent_update: { added: AgentRecord[]; updated: Patch<AgentRecord>[]; removed: Ref[] };
  topology_update: {
    swarm: Ref;
    /** Upserts, whole. */
    linked: LinkRecord[];
    unlinked: Ref[];
    topology?: string | undefined;
  };
  /** Upserts, whole. */
  task_update: { tasks: TaskRecord[]; removed: Ref[] };
  performance_update: { agents: { ref: Ref; performance: AgentPerformance | null }[] };
  neural_update: { agents: { ref: Ref; neural: AgentNeural | null }[] };
  /** `dropped`: messages not listed, since a tick lists at most 500 a view. */
  message_flow: { messages: MessageFlow[]; dropped: number };
  /** `dropped`: events not listed, since a turn lists at most 100. */
  swarm_event: { events: SwarmEvent[]; dropped: number };
  health_update: {
    server: Ref;
    server_id: string;
    state: HealthState;
    reason: string;
    since_ms: number;
    evidence: HealthEvidence;
    degradation_level: DegradationLevel;
  };
  mode_changed: { mode: Mode; effective_rate_hz: number; reason: ModeReason };
  ok: { id: RequestId; of: string; payload: Record<string, unknown> };
  error: { id?: RequestId | undefined; code: ErrorCode; message: string; retry_after_ms?: number | undefined };
  heartbeat: { state_hash: string; cursor: string };
  goodbye: { reason: string; reconnect_after_ms: number };
}
export type ServerMessageType = keyof ServerPayloads;

/** One message as it is coded: msgpack map or JSON object. */
export type ServerMessage = {
  [T in ServerMessageType]: {
    type: T;
    /** ms since 1970. */
    timestamp: number;
    cursor?: string | undefined;
    payload: ServerPayloads[T];
  };
}[ServerMessageType];

/** Order of the messages of one tick. */
export const TICK_ORDER = [
  'discovery',
  'snapshot',
  'agent_update',
  'topology_update',
  'task_update',
  'performance_update',
  'neural_update',
  'message_flow',
  'swarm_event',
  'health_update',
] as const satisfies readonly ServerMessageType[];
