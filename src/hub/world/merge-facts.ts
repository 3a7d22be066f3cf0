/**
 * Merges facts into a record: absent says nothing, null makes a field unknown. Nested facts are merged field by field
 * in place, so that telemetry at full rate allocates nothing.
 */
import type { AgentFacts, SwarmFacts, TaskFacts } from '../../model/observation.ts';
import type { Provenance } from '../../model/provenance.ts';
import type { AgentNeural, AgentPerformance } from '../../model/agent.ts';
import { MAX_LIST_LENGTH } from '../../model/limits.ts';
import { copyValue, sameValue } from './same-value.ts';

type Fields = Record<string, unknown>;
/** `plain`: replaced. A set: merged, these fields of it. Fields without a rule are not merged. */
type FactRules = ReadonlyMap<string, 'plain' | ReadonlySet<string>>;

const fieldNames = <T>(fields: Record<keyof T, true>): ReadonlySet<string> => new Set(Object.keys(fields));
const factRules = <T>(rules: Record<keyof T, 'plain' | ReadonlySet<string> | undefined>): FactRules =>
  new Map(Object.entries<'plain' | ReadonlySet<string> | undefined>(rules).flatMap(([k, v]) => (v ? [[k, v]] : [])));

const PERFORMANCE_FIELDS = fieldNames<AgentPerformance>({
  cpu_usage: true,
  memory_mb: true,
  response_time_ms: true,
  success_rate: true,
  error_count: true,
  throughput_tps: true,
  queue_depth: true,
  tasks_active: true,
  tasks_completed: true,
  tokens_used: true,
});
const NEURAL_FIELDS = fieldNames<AgentNeural>({
  cognitive_pattern: true,
  network_id: true,
  learning_rate: true,
  adaptations: true,
});

export const AGENT_FACTS = factRules<AgentFacts>({
  name: 'plain',
  type: 'plain',
  // Never unknown in the record: the world maps it.
  status: undefined,
  status_raw: undefined,
  health: 'plain',
  lead: 'plain',
  kind: 'plain',
  capabilities: 'plain',
  current_task: 'plain',
  model: 'plain',
  created_at_ms: 'plain',
  performance: PERFORMANCE_FIELDS,
  neural: NEURAL_FIELDS,
});

export const SWARM_FACTS = factRules<SwarmFacts>({
  topology: 'plain',
  status: 'plain',
  strategy: 'plain',
  max_agents: 'plain',
  created_at_ms: 'plain',
});

export const TASK_FACTS = factRules<TaskFacts>({
  // Ids that the world turns into refs.
  swarm: undefined,
  assignees: undefined,
  description: 'plain',
  status: 'plain',
  priority: 'plain',
  progress: 'plain',
  created_at_ms: 'plain',
});

/** True when a field of `record` changed. Numbers that are not finite are left out. */
export function mergeFacts(record: object, facts: object, rules: FactRules): boolean {
  const live = record as Fields;
  const told = facts as Fields;
  let changed = false;
  for (const name in told) {
    const value = told[name];
    const rule = rules.get(name);
    if (value === undefined || rule === undefined) continue;
    if (rule === 'plain' || value === null) {
      if (setField(live, name, value)) changed = true;
    } else if (mergeNested(live, name, value as Fields, rule)) changed = true;
  }
  return changed;
}

/** Merges open-ended numbers (host metrics) by name; at most {@link MAX_LIST_LENGTH} names. */
export function mergeOpen<V extends number | string>(known: Record<string, V> | undefined, told: Record<string, V>) {
  const merged = new Map(Object.entries(known ?? {}));
  for (const [name, value] of Object.entries(told)) {
    // A field of that name would be lost in the copy that is published.
    if (name === '__proto__' || !usable(value) || (!merged.has(name) && merged.size >= MAX_LIST_LENGTH)) continue;
    merged.set(name, value);
  }
  return Object.fromEntries(merged) as Record<string, V>;
}

/**
 * The provenance of a record after `facts` were merged: each field that they speak of is as `told` says, plainly
 * reported where it says nothing. Returns `known` itself when nothing changed.
 */
export function mergeProvenance(
  known: Provenance | undefined,
  facts: object,
  told: Provenance | undefined,
): Provenance | undefined {
  if (known === undefined && told === undefined) return known;
  const merged: Provenance = { ...known };
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    if (value === null) for (const path of Object.keys(merged)) if (path.startsWith(`${name}.`)) delete merged[path];
    setSource(merged, name, value, told);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    for (const [part, nested] of Object.entries(value)) setSource(merged, `${name}.${part}`, nested, told);
  }
  if (sameValue(merged, known ?? {})) return known;
  return Object.keys(merged).length > 0 ? merged : undefined;
}

function setSource(merged: Provenance, path: string, value: unknown, told: Provenance | undefined): void {
  const source = told?.[path];
  if (value === null || source === undefined || source === 'reported') delete merged[path];
  else merged[path] = source;
}

function setField(live: Fields, name: string, value: unknown): boolean {
  if (!usable(value)) return false;
  const next = value === null ? undefined : value;
  if (live[name] === next || sameValue(live[name], next)) return false;
  live[name] = copyValue(next);
  return true;
}

function mergeNested(live: Fields, name: string, value: Fields, allowed: ReadonlySet<string>): boolean {
  const known = live[name] as Fields | undefined;
  const target = known ?? {};
  let changed = false;
  for (const part in value) {
    if (value[part] !== undefined && allowed.has(part) && setField(target, part, value[part])) changed = true;
  }
  if (changed && known === undefined) live[name] = target;
  return changed;
}

function usable(value: unknown): boolean {
  return typeof value !== 'number' || Number.isFinite(value);
}
