import type { AgentRecord } from '../../model/agent.ts';
import { ALL_FIELDS, FIELDS } from './view-filter.ts';

/** An agent's record without the optional fields that a view hides (`fields`: bits of {@link FIELDS}). */
export function visibleAgent(record: AgentRecord, fields: number): AgentRecord {
  if (fields === ALL_FIELDS) return record;
  const visible = { ...record };
  if ((fields & FIELDS.performance) === 0) delete visible.performance;
  if ((fields & FIELDS.neural) === 0) delete visible.neural;
  return visible;
}
