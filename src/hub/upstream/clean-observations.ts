/** Nothing that a server said leaves this folder unclean: text, ids, lists and records are bounded here, once for all dialects. */
import { MAX_ID_LENGTH, MAX_LIST_LENGTH } from '../../model/limits.ts';
import type { Observation } from '../../model/observation.ts';
import { cleanText } from '../../model/text.ts';

/** Ids in a list of swarms, agents or tasks. Cutting such a list would say that the rest is gone, so a longer one is refused. */
const MAX_LISTED = 100_000;
/** Entries of a record with the server's own keys (metrics). */
const MAX_ENTRIES = 64;
const MAX_KEY_LENGTH = 64;
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);

type Fields = Record<string, unknown>;

/** Cleaned copies of what can be kept. `refused`: observations with unusable ids. */
export function cleanObservations(observations: readonly Observation[]): { kept: Observation[]; refused: number } {
  const kept: Observation[] = [];
  let refused = 0;
  for (const observation of observations) {
    const clean = cleanObservation(observation);
    if (clean === undefined) refused += 1;
    else kept.push(clean);
  }
  return { kept, refused };
}

/** Fields that hold ids, per kind. */
const ID_FIELDS = {
  server: [],
  swarm: ['swarm'],
  agent: ['swarm', 'agent'],
  task: ['task'],
  message: ['swarm', 'from', 'to'],
  'swarm-list': [],
  'agent-list': ['swarm'],
  'task-list': [],
  'agent-gone': ['swarm', 'agent'],
  'swarm-gone': ['swarm'],
} as const satisfies Record<Observation['kind'], readonly string[]>;

/** Fields that hold a list of ids. */
const LIST_FIELDS = { 'swarm-list': 'swarms', 'agent-list': 'agents', 'task-list': 'tasks' } as const;

function cleanObservation(observation: Observation): Observation | undefined {
  const fields: Fields = { ...observation };
  const clean = cleanFields(fields, 2);
  for (const field of ID_FIELDS[observation.kind]) {
    const value = fields[field];
    // Only the swarm may be unnamed.
    if (value === undefined && field === 'swarm' && observation.kind !== 'swarm' && observation.kind !== 'swarm-gone') {
      clean[field] = undefined;
      continue;
    }
    const id = cleanId(value);
    if (id === undefined) return undefined;
    clean[field] = id;
  }
  if (observation.kind in LIST_FIELDS) {
    const field = LIST_FIELDS[observation.kind as keyof typeof LIST_FIELDS];
    const ids = cleanIds(fields[field]);
    if (ids === undefined) return undefined;
    clean[field] = ids;
  }
  if (observation.kind === 'task' && observation.facts.swarm !== undefined && observation.facts.swarm !== null) {
    const swarm = cleanId(observation.facts.swarm);
    if (swarm === undefined) return undefined;
    (clean['facts'] as Fields)['swarm'] = swarm;
  }
  // Built field by field from an Observation, every field keeping its type.
  return clean as unknown as Observation;
}

function cleanId(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_ID_LENGTH) return undefined;
  const id = cleanText(value, MAX_ID_LENGTH);
  return id === '' ? undefined : id;
}

/** Unusable ids are left out; undefined when there is no list or too long a one. */
function cleanIds(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_LISTED) return undefined;
  return value.map(cleanId).filter((id) => id !== undefined);
}

function cleanFields(fields: Fields, depth: number): Fields {
  const clean: Fields = {};
  let entries = 0;
  for (const key of Object.keys(fields)) {
    if (POLLUTING.has(key) || entries >= MAX_ENTRIES) continue;
    const value = cleanValue(fields[key], depth);
    if (value === undefined) continue;
    clean[cleanText(key, MAX_KEY_LENGTH)] = value;
    entries += 1;
  }
  return clean;
}

/** Undefined: nothing that a fact can hold. */
function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value)) {
    // Lists of ids are replaced by the caller, whose bound is another.
    const texts = value.slice(0, MAX_LIST_LENGTH).filter((item): item is string => typeof item === 'string');
    return texts.map((text) => cleanText(text));
  }
  return typeof value === 'object' && depth > 0 ? cleanFields(value as Fields, depth - 1) : undefined;
}
