/** Small builders of observations, so that no field is set to undefined and no provenance names an absent field. */
import type { AgentFacts, Nullable, Observation, SwarmFacts, TaskFacts } from '../../../model/observation.ts';
import type { FieldSource, Provenance } from '../../../model/provenance.ts';
import { compact } from './reading.ts';

/** Sources by field; those of absent fields are dropped. Nested fields by dotted name. */
export type Sources = Readonly<Record<string, FieldSource | undefined>>;

/** An agent observation. `performance` and `neural` are left out when empty. */
export function agentSeen(
  swarm: string | undefined,
  agent: string,
  facts: Nullable<AgentFacts>,
  sources: Sources = {},
): Observation {
  const known = compact({ ...facts, performance: solid(facts.performance), neural: solid(facts.neural) });
  const provenance = present(known, sources);
  return { kind: 'agent', swarm, agent, facts: known, ...(provenance === undefined ? {} : { provenance }) };
}

/** A swarm observation. */
export function swarmSeen(swarm: string, facts: Nullable<SwarmFacts>, sources: Sources = {}): Observation {
  const known = compact(facts);
  const provenance = present(known, sources);
  return { kind: 'swarm', swarm, facts: known, ...(provenance === undefined ? {} : { provenance }) };
}

/** A task observation. */
export function taskSeen(task: string, facts: Nullable<TaskFacts>): Observation {
  return { kind: 'task', task, facts: compact(facts) };
}

function solid<T extends object>(part: T | null | undefined): T | null | undefined {
  if (part === null || part === undefined) return part;
  const result = compact(part);
  return Object.keys(result).length === 0 ? undefined : result;
}

function present(facts: object, sources: Sources): Provenance | undefined {
  const result: Provenance = {};
  let any = false;
  for (const [path, source] of Object.entries(sources)) {
    if (source === undefined || !hasPath(facts, path)) continue;
    result[path] = source;
    any = true;
  }
  return any ? result : undefined;
}

function hasPath(facts: object, path: string): boolean {
  let value: unknown = facts;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return false;
    value = (value as Record<string, unknown>)[name];
  }
  return value !== null && value !== undefined;
}
