import type { HealthReport } from './health.ts';
import type { Ref } from './ids.ts';

export const SERVER_TYPES = ['claude-flow', 'ruv-swarm', 'daa', 'other'] as const;
/** The kind of MCP server, as filters name it (the seeds' ClaudeFlow, RuvSwarm, Daa; `other` is the rest). */
export type ServerType = (typeof SERVER_TYPES)[number];

export const DIALECT_NAMES = ['claude-flow', 'ruv-swarm', 'daa', 'seed', 'generic'] as const;
/** The shapes in which a server speaks of its agents. `seed`: the seeds' `agent.*` / `telemetry.*` methods. */
export type DialectName = (typeof DIALECT_NAMES)[number];

export const TRANSPORT_NAMES = ['tcp', 'stdio', 'http'] as const;
export type TransportName = (typeof TRANSPORT_NAMES)[number];

/** One MCP server as clients see it. Stored as it travels, hence snake_case. */
export interface ServerRecord {
  ref: Ref;
  /** The id given by the configuration or discovery; unique in the gateway. */
  id: string;
  type: ServerType;
  /** True when this gateway's own simulator is behind it. */
  simulated: boolean;
  transport: TransportName;
  /** Where it is, without secrets: `tcp://127.0.0.1:9500`, `stdio:ruv-swarm`, `http://…/mcp`. */
  endpoint: string;
  /** Absent until the server said so. */
  dialect?: DialectName | undefined;
  name?: string | undefined;
  version?: string | undefined;
  /** Negotiated MCP protocol version. */
  protocol_version?: string | undefined;
  capabilities?: ServerCapabilities | undefined;
  /** Host-level numbers that the server reported, with the dialect's own names; never per agent. */
  metrics?: Record<string, number> | undefined;
  neural?: Record<string, number | string> | undefined;
  health: HealthReport;
  /** The circuit breaker before this server; absent until it is supervised. */
  circuit?: CircuitReport | undefined;
}

/** Whether requests reach a server. `open`: all are refused at once; `half_open`: a few try. */
export interface CircuitReport {
  state: 'closed' | 'open' | 'half_open';
  /** Times that it opened, and that successes closed it again; an operator's reset is neither. */
  trips_total: number;
  recoveries_total: number;
  /** When the state was entered, ms since 1970. */
  since_ms: number;
  /** While open: from when on a request may try again. */
  retry_at_ms?: number | undefined;
}

interface ServerCapabilities {
  /** Number of tools listed. */
  tools: number;
  /** True once a telemetry subscription was accepted. */
  push: boolean;
}
