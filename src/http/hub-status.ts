/** What the HTTP side may ask of the hub. Everything is measured or reported; nothing is a literal. */
import type { WorldSnapshot } from '../model/change.ts';
import type { DegradationLevel } from '../model/health.ts';
import type { CircuitReset, ProbeAnswer } from '../model/probe.ts';
import type { ServerRecord } from '../model/server.ts';
import type { ClientsList, ClientsPage, EdgeSettings, EdgeStatus, ModeSet } from '../feed/feed.ts';
import type { Actor } from '../model/actor.ts';
import type { AuditEntry, AuditPage, AuditQuery } from '../model/audit.ts';
import type { Mode } from '../protocol/modes.ts';
import type { OperationName, OperationOutcome } from '../protocol/operations/operations.ts';

/** Numbers by name; names become metric names (`swarmcast_<group>_<name>`). */
export type Stats = Record<string, number>;

/** How the level went; times are ms. */
interface DegradationView {
  level: DegradationLevel;
  sinceMs: number;
  degradations: number;
  recoveries: number;
  timeInMs: Readonly<Record<DegradationLevel, number>>;
}

export interface HubStatus {
  snapshot(): WorldSnapshot;
  servers(): readonly ServerRecord[];
  degradationLevel(): DegradationLevel;
  degradation(): DegradationView;
  /** From all servers, over the last minute; undefined before anything was measured. */
  messagesPerSecond(): number | undefined;
  /** Groups without labels: `world`, `layout`, `hub`. */
  stats(): Record<string, Stats>;
  /** Per server id. */
  upstreamStats(): Record<string, Stats>;
  /** Asks a server now, within the time limits of real work; undefined for one that is not there. */
  probeServer(serverId: string): Promise<ProbeAnswer | undefined>;
  /** Closes a server's circuit and asks it; undefined for one that is not there. */
  resetCircuit(serverId: string): CircuitReset | undefined;
  /** Edges that answered in time. */
  edges(): Promise<EdgeStatus[]>;
  /** One page of clients: what each edge that answered in time has of it. */
  clients(page: ClientsPage): Promise<ClientsList[]>;
  /** What each edge that answered in time said; one of them holds the client, or none. */
  setClientMode(clientId: string, mode: Mode): Promise<ModeSet[]>;
  /** What operators have set for all clients. */
  settings(): EdgeSettings;
  /** For all edges, also for those that start later. */
  changeSettings(settings: EdgeSettings): Promise<{ edge_id: number; changed: number }[]>;
  /** Carries out a control operation, whoever asks: the outcome says what was done, or why not. */
  operate(order: { operation: string; input: unknown; actor: Actor }): Promise<OperationOutcome>;
  /** Writes down what was done or refused beside operations, which the hub notes by itself. */
  noteAudit(entry: AuditEntry): void;
  auditPage(query: AuditQuery): AuditPage;
  /** Ids of the servers that can do it now. */
  serversFor(operation: OperationName): string[];
  /** Reasons why clients should not be sent here yet; empty when ready. */
  notReady(): readonly string[];
}
