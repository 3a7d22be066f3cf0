import type { AgentRecord } from '../../model/agent.ts';

/** Fields of agents. */
export const SHOWABLE_AGENT_FIELDS = [
  'name',
  'status_raw',
  'health',
  'capabilities',
  'current_task',
  'model',
  'created_at_ms',
  'performance',
  'neural',
  'visual',
] as const satisfies readonly (keyof AgentRecord)[];

/**
 * What a claim may show or hide. Everything else of a record (identity, type, status, place in frames) belongs to seeing
 * it at all; filters work on these, so hiding them would hide nothing.
 */
export const SHOWABLE_FIELDS = [
  ...SHOWABLE_AGENT_FIELDS,
  // Whole kinds.
  'tasks',
  'topology',
  'messages',
  'positions',
  // Of servers: where they are, what they measure.
  'endpoint',
  'metrics',
] as const;
export type ShowableField = (typeof SHOWABLE_FIELDS)[number];
