import type { AgentRecord } from '../../model/agent.ts';
import { ALL_FIELDS, FIELDS, type ViewFilter } from './view-filter.ts';

/** An agent's record without the fields that a view hides; the same object when it hides none. */
export function visibleAgent(record: AgentRecord, { fields, visibility }: ViewFilter): AgentRecord {
  const allowed = visibility.ofAgent(record);
  if (fields === ALL_FIELDS) return allowed;
  const visible = { ...allowed };
  if ((fields & FIELDS.performance) === 0) delete visible.performance;
  if ((fields & FIELDS.neural) === 0) delete visible.neural;
  return visible;
}
