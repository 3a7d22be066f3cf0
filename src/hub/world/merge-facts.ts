/**
 * Merges facts into a record: absent says nothing, null makes a field unknown. Nested facts are merged field by field
 * into a new object, since what is within a record is shared with what was published.
 */
import type { AgentFacts, SwarmFacts, TaskFacts } from '../../model/observation.ts';
import type { Provenance } from '../../model/provenance.ts';
import type { AgentNeural } from '../../model/agent.ts';
import { MAX_LIST_LENGTH } from '../../model/limits.ts';
import { AGENT_FIELDS, fieldBit, SWARM_FIELDS, TASK_FIELDS } from './record-fields.ts';
import { copyFields, copyValue, sameValue } from './same-value.ts';

type Fields = Record<string, unknown>;
/** `plain`: replaced. A set: merged, these fields of it. `elsewhere`: not merged here. */
type FactRule = 'plain' | ReadonlySet<string> | 'elsewhere';
/** By fact; `bit` as in `RecordTable.touch`. */
type FactRules = ReadonlyMap<string, { bit: number; parts: ReadonlySet<string> | undefined }>;

const fieldNames = <T>(fields: Record<keyof T, true>): ReadonlySet<string> => new Set(Object.keys(fields));

function factRules<F>(rules: Record<keyof F, FactRule>, bitOf: (name: string) => number): FactRules {
  return new Map(
    Object.entries<FactRule>(rules).flatMap(([name, rule]) =>
      rule === 'elsewhere' ? [] : [[name, { bit: bitOf(name), parts: rule === 'plain' ? undefined : rule }]],
    ),
  );
}

const NEURAL_FIELDS = fieldNames<AgentNeural>({
  cognitive_pattern: true,
  network_id: true,
  learning_rate: true,
  adaptations: true,
});

export const AGENT_FACTS = factRules<AgentFacts>(
  {
    name: 'plain',
    type: 'plain',
    // Never unknown in the record: the world maps it.
    status: 'elsewhere',
    status_raw: 'elsewhere',
    health: 'plain',
    lead: 'plain',
    kind: 'plain',
    capabilities: 'plain',
    current_task: 'plain',
    model: 'plain',
    created_at_ms: 'plain',
    // Numbers that change many times a second, kept apart from the record.
    performance: 'elsewhere',
    neural: NEURAL_FIELDS,
  },
  (name) => fieldBit(AGENT_FIELDS, name),
);

export const SWARM_FACTS = factRules<SwarmFacts>(
  {
    topology: 'plain',
    status: 'plain',
    strategy: 'plain',
    max_agents: 'plain',
    created_at_ms: 'plain',
  },
  (name) => fieldBit(SWARM_FIELDS, name),
);

export const TASK_FACTS = factRules<TaskFacts>(
  {
    // Ids that the world turns into refs.
    swarm: 'elsewhere',
    assignees: 'elsewhere',
    description: 'plain',
    status: 'plain',
    priority: 'plain',
    progress: 'plain',
    created_at_ms: 'plain',
  },
  (name) => fieldBit(TASK_FIELDS, name),
);

/** Bits of the fields of `record` that changed. Numbers that are not finite are left out. */
export function mergeFacts(record: object, facts: object, rules: FactRules): number {
  const live = record as Fields;
  const told = facts as Fields;
  let changed = 0;
  for (const name in told) {
    const value = told[name];
    if (value === undefined) continue;
    const rule = rules.get(name);
    if (rule === undefined) continue;
    const { bit, parts } = rule;
    if (parts === undefined || value === null) {
      if (setField(live, name, value)) changed |= bit;
    } else if (mergeNested(live, name, value as Fields, parts)) changed |= bit;
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
  if (isSettled(known, facts, told)) return known;
  return mergedSources(known, facts, told);
}

function mergedSources(
  known: Provenance | undefined,
  facts: object,
  told: Provenance | undefined,
): Provenance | undefined {
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

/** True where plainly nothing changes, which is nearly always: found without making anything. */
function isSettled(known: Provenance | undefined, facts: object, told: Provenance | undefined): boolean {
  for (const path in known) {
    const dot = path.indexOf('.');
    const value = (facts as Fields)[dot === -1 ? path : path.slice(0, dot)];
    if (value === undefined) continue;
    // What is spoken of has the same source; parts are left to the long way.
    if (dot !== -1 || value === null || told?.[path] !== known[path]) return false;
  }
  for (const path in told) if (known?.[path] !== told[path]) return false;
  return true;
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

function mergeNested(live: Fields, name: string, told: Fields, allowed: ReadonlySet<string>): boolean {
  const known = live[name] as Fields | undefined;
  let merged: Fields | undefined;
  let unknown = false;
  for (const part in told) {
    const value = told[part];
    if (value === undefined) continue;
    const before = known?.[part];
    if (value === before || (value === null && before === undefined)) continue;
    // What is known already was allowed.
    if (!usable(value) || (before === undefined && !allowed.has(part))) continue;
    merged ??= { ...known };
    merged[part] = value ?? undefined;
    if (value === null) unknown = true;
  }
  if (merged === undefined) return false;
  live[name] = unknown ? copyFields(merged) : merged;
  return true;
}

function usable(value: unknown): boolean {
  return typeof value !== 'number' || Number.isFinite(value);
}
