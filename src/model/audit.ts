/** What is kept of every control operation and every action of an operator, done or refused. */
import type { Role } from './role.ts';
import { cleanText } from './text.ts';

/** Who, what, with which result. Values of memories, messages and settings are not in it. */
export interface AuditEntry {
  /** A token's subject, `anonymous`, `key:<id>`, `operator-key`; `unknown` for a token that was refused. */
  subject: string;
  /** Null where nobody was let in, and for signals. */
  role: Role | null;
  via: 'http' | 'socket' | 'signal';
  /** `agent.spawn`, …; of operators' actions `clients.cap`, `server.probe`, `config.reload`, … */
  operation: string;
  kind: 'read' | 'write';
  /** What was named: server_id, swarm_id, agent_id, task_id, client_id, type, key, mode, …; as sent, cleaned and shortened. */
  target: Record<string, string>;
  /** `ok`, or the code of the refusal or failure. */
  outcome: string;
  message?: string | undefined;
  took_ms: number;
}

/** An entry in its place. */
export interface AuditRecord extends AuditEntry {
  /** 1, 2, … within one life of the hub. */
  seq: number;
  /** When it was over, ms since 1970. */
  at_ms: number;
  /** Refusals since the record before that were only counted, because too many came. */
  left_out?: number | undefined;
}

/** Place in one life of a hub. */
export interface AuditPlace {
  life: string;
  seq: number;
}

export interface AuditQuery {
  /** Records after this one, oldest first; undefined: the newest. */
  after: AuditPlace | undefined;
  limit: number;
  /** `write`: without what only reads. */
  kind?: 'write' | undefined;
}

export interface AuditPage {
  /** Oldest first. */
  entries: AuditRecord[];
  /** Ask after this place next. */
  next: AuditPlace;
  /** True when records between `after` and these are held no more, or the hub began anew. */
  gap: boolean;
  /** Records that could not be written to where they belong; they are in the log instead. */
  unwritten: number;
}

const NAMED = [
  'id',
  'server_id',
  'swarm_id',
  'agent_id',
  'task_id',
  'client_id',
  'type',
  'topology',
  'key',
  'from',
  'from_swarm_id',
  'mode',
  'level',
  'component',
  'limit',
] as const;
const MAX_CHARACTERS = 128;

/** What an input names, for the audit: of a closed list of fields, so that no secret gets in. */
export function targetOf(input: unknown): Record<string, string> {
  if (typeof input !== 'object' || input === null) return {};
  const fields = input as Record<string, unknown>;
  const entries = NAMED.flatMap((name) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return typeof value === 'string' ? [[name, cleanText(value, MAX_CHARACTERS)] as const] : [];
  });
  return Object.fromEntries(entries);
}
