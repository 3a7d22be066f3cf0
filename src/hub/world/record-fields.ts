/** Every field of the records, and whether it can change after the entity was added. */
import type { AgentRecord } from '../../model/agent.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import type { TaskRecord } from '../../model/task.ts';

/** Every field of a record. */
export type FieldTable<R> = Record<Exclude<keyof R, 'ref'>, 'fixed' | 'changes'>;

/** The fields that can change, in order: field n is bit n of a set of changed fields. At most 31. */
export function changingFields<R>(fields: FieldTable<R>): string[] {
  return Object.entries(fields).flatMap(([name, kind]) => (kind === 'changes' ? [name] : []));
}

/** The bit of one field that can change. */
export function fieldBit<R>(fields: FieldTable<R>, name: string): number {
  const index = changingFields(fields).indexOf(name);
  if (index === -1) throw new Error(`${name} does not change`);
  return 1 << index;
}

export const SERVER_FIELDS: FieldTable<ServerRecord> = {
  id: 'fixed',
  type: 'changes',
  simulated: 'changes',
  transport: 'changes',
  endpoint: 'changes',
  dialect: 'changes',
  name: 'changes',
  version: 'changes',
  protocol_version: 'changes',
  capabilities: 'changes',
  metrics: 'changes',
  neural: 'changes',
  health: 'changes',
  circuit: 'changes',
};
export const SWARM_FIELDS: FieldTable<SwarmRecord> = {
  key: 'fixed',
  id: 'fixed',
  server_id: 'fixed',
  server_type: 'changes',
  topology: 'changes',
  status: 'changes',
  strategy: 'changes',
  max_agents: 'changes',
  created_at_ms: 'changes',
  slots_rev: 'changes',
  provenance: 'changes',
};
export const AGENT_FIELDS: FieldTable<AgentRecord> = {
  key: 'fixed',
  id: 'fixed',
  swarm: 'fixed',
  server_id: 'fixed',
  server_type: 'changes',
  type: 'changes',
  name: 'changes',
  status: 'changes',
  status_raw: 'changes',
  slot: 'changes',
  stale: 'changes',
  stale_since_ms: 'changes',
  health: 'changes',
  lead: 'changes',
  kind: 'changes',
  capabilities: 'changes',
  current_task: 'changes',
  model: 'changes',
  created_at_ms: 'changes',
  performance: 'changes',
  neural: 'changes',
  visual: 'changes',
  provenance: 'changes',
};
export const LINK_FIELDS: FieldTable<LinkRecord> = {
  swarm: 'fixed',
  from: 'fixed',
  to: 'fixed',
  kind: 'fixed',
  source: 'fixed',
  weight: 'changes',
  at_ms: 'changes',
  half_life_ms: 'fixed',
  message_count: 'changes',
};
export const TASK_FIELDS: FieldTable<TaskRecord> = {
  id: 'fixed',
  server_id: 'fixed',
  swarm: 'changes',
  description: 'changes',
  status: 'changes',
  priority: 'changes',
  progress: 'changes',
  assignees: 'changes',
  created_at_ms: 'changes',
};
