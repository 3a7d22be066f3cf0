/** Nothing that a server said leaves this folder unclean: text, ids, lists and records are bounded here, once for all dialects. */
import { MAX_ID_LENGTH, MAX_LIST_LENGTH } from '../../model/limits.ts';
import type { Nullable, Observation, TaskFacts } from '../../model/observation.ts';
import { cleanText } from '../../model/text.ts';
import { isSecretName, isUsableId, redactedField, screenText } from './screen-text.ts';

/** Ids in a list of swarms, agents or tasks. Cutting such a list would say that the rest is gone, so a longer one is refused. */
const MAX_LISTED = 100_000;
/** Entries of a record with the server's own keys (metrics). */
const MAX_ENTRIES = 64;
const MAX_KEY_LENGTH = 64;
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);

/** Names that are remembered as clean. */
const MAX_NAMES = 256;
const cleanNames = new Set<string>();

type Fields = Record<string, unknown>;

/** What can be kept: as it is where nothing is to clean, else as a cleaned copy. `refused`: those with unusable ids. */
export function cleanObservations(observations: readonly Observation[]): { kept: Observation[]; refused: number } {
  const kept: Observation[] = [];
  let refused = 0;
  for (const observation of observations) {
    const clean = isClean(observation) ? observation : cleanObservation(observation);
    if (clean === undefined) refused += 1;
    else kept.push(clean);
  }
  return { kept, refused };
}

/**
 * True for an agent or a message that cleaning would leave as it is, which nearly all are. What servers push at full
 * rate is looked through once and not copied; other kinds are always cleaned.
 */
function isClean(observation: Observation): boolean {
  if (observation.kind === 'message') {
    const { swarm, from, to, message_type: type, at_ms: atMs, size_bytes: bytes, latency_ms: latencyMs } = observation;
    if (swarm !== undefined && !isCleanId(swarm)) return false;
    const numbers = isNumberOrAbsent(atMs) && isNumberOrAbsent(bytes) && isNumberOrAbsent(latencyMs);
    return isCleanId(from) && isCleanId(to) && isCleanText(type) && numbers;
  }
  if (observation.kind !== 'agent') return false;
  const { swarm, agent, facts, provenance } = observation;
  if (!isCleanId(agent) || (swarm !== undefined && !isCleanId(swarm))) return false;
  return isCleanRecord(facts, 1) && (provenance === undefined || isCleanRecord(provenance, 0));
}

function isCleanRecord(record: object, depth: number): boolean {
  let entries = 0;
  const fields = record as Fields;
  for (const name in fields) {
    entries += 1;
    if (entries > MAX_ENTRIES || !isCleanName(name) || !isCleanValue(fields[name], depth)) return false;
  }
  return true;
}

/** Names of facts are few and come again and again: each is looked through once. */
function isCleanName(name: string): boolean {
  if (cleanNames.has(name)) return true;
  if (!isCleanText(name) || POLLUTING.has(name) || isSecretName(name)) return false;
  if (cleanNames.size < MAX_NAMES) cleanNames.add(name);
  return true;
}

function isCleanValue(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string') return isCleanText(value);
  if (typeof value === 'boolean' || value === null) return true;
  if (Array.isArray(value)) return value.length <= MAX_LIST_LENGTH && value.every(isCleanItem);
  return typeof value === 'object' && depth > 0 && isCleanRecord(value, depth - 1);
}

function isCleanItem(value: unknown): boolean {
  return typeof value === 'string' && isCleanText(value);
}

function isCleanText(text: string): boolean {
  return screenText(text) === text;
}

function isCleanId(id: string): boolean {
  return typeof id === 'string' && isUsableId(id);
}

function isNumberOrAbsent(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value));
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
  if (observation.kind === 'task' && !cleanReferences(observation.facts, clean['facts'] as Fields)) return undefined;
  // Built field by field from an Observation, every field keeping its type.
  return clean as unknown as Observation;
}

/** Ids within a task's facts are ids, not text: kept as they are, or not at all. False: its swarm has none that is usable. */
function cleanReferences({ swarm, assignees }: Nullable<TaskFacts>, clean: Fields): boolean {
  if (assignees !== undefined && assignees !== null)
    clean['assignees'] = cleanIds(assignees)?.slice(0, MAX_LIST_LENGTH);
  if (swarm === undefined || swarm === null) return true;
  clean['swarm'] = cleanId(swarm);
  return clean['swarm'] !== undefined;
}

function cleanId(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_ID_LENGTH) return undefined;
  const id = cleanText(value, MAX_ID_LENGTH);
  return isUsableId(id) ? id : undefined;
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
    const value = isSecretName(key) ? withoutSecret(fields[key]) : cleanValue(fields[key], depth);
    if (value === undefined) continue;
    clean[screenText(key, MAX_KEY_LENGTH)] = value;
    entries += 1;
  }
  return clean;
}

/** Only text can say in its place that it was there. */
function withoutSecret(value: unknown): string | undefined {
  const redacted = redactedField();
  return typeof value === 'string' ? redacted : undefined;
}

/** Undefined: nothing that a fact can hold. */
function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return screenText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value)) {
    // Lists of ids are replaced by the caller, whose bound is another.
    const texts = value.slice(0, MAX_LIST_LENGTH).filter((item): item is string => typeof item === 'string');
    return texts.map((text) => screenText(text));
  }
  return typeof value === 'object' && depth > 0 ? cleanFields(value as Fields, depth - 1) : undefined;
}
