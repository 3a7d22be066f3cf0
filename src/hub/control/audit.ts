import type { Role } from '../../model/role.ts';
import type { Actor } from '../../model/actor.ts';

/** One control operation, done or refused: who, what, when, with which result. Values of memories and messages are not in it. */
export interface AuditEntry {
  at_ms: number;
  subject: string;
  role: Role;
  via: Actor['via'];
  operation: string;
  /** What was named: server_id, swarm_id, agent_id, task_id, type, key; as sent, shortened. */
  target: Record<string, string>;
  /** `ok`, or the code of the failure. */
  outcome: string;
  message?: string | undefined;
  took_ms: number;
}

/** Where entries go. Must not throw and must not wait. */
export type AuditSink = (entry: AuditEntry) => void;

const NAMED = ['server_id', 'swarm_id', 'agent_id', 'task_id', 'type', 'topology', 'key', 'from'] as const;
const MAX_CHARACTERS = 128;

/** What an input names, for the audit. */
export function targetOf(input: unknown): Record<string, string> {
  if (typeof input !== 'object' || input === null) return {};
  const fields = input as Record<string, unknown>;
  const entries = NAMED.flatMap((name) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return typeof value === 'string' ? [[name, value.slice(0, MAX_CHARACTERS)] as const] : [];
  });
  return Object.fromEntries(entries);
}
