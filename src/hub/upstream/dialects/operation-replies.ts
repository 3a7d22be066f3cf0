/** Reading replies to operations: the fields that are wanted, cleaned and bounded; nothing else of a reply gets out. */
import { MAX_LIST_LENGTH } from '../../../model/limits.ts';
import { RefusedByServerError } from '../errors.ts';
import { isSecretName, redactedField, screenText } from '../screen-text.ts';
import { asRecord, field, id, readOne, text } from './reading.ts';

/** Characters of JSON that a free value of a server (a memory, a task's result) may have. */
const MAX_VALUE_CHARACTERS = 16_384;
const MAX_DEPTH = 16;

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** The id in a reply. @throws {@link RefusedByServerError} where there is none: then nobody knows what was done. */
export function idIn(payload: unknown, ...names: readonly string[]): string {
  const found = optionalIdIn(payload, ...names);
  if (found !== undefined) return found;
  throw new RefusedByServerError(`the server answered without ${names[0]}: ${excerpt(payload)}`);
}

export function optionalIdIn(payload: unknown, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = readOne(id, field(payload, name));
    if (value !== undefined) return value;
  }
  return undefined;
}

export function textIn(payload: unknown, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = readOne(text, field(payload, name));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** A finite number that is not negative. */
export function numberIn(payload: unknown, name: string): number | undefined {
  const value = field(payload, name);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The reply says that it was done, in the field where this server says so. @throws {@link RefusedByServerError} */
export function assertDone(payload: unknown, name: string): void {
  if (field(payload, name) !== true) throw new RefusedByServerError(`the server does not confirm: ${excerpt(payload)}`);
}

/** A server's free value: text screened, fields with secret names redacted, depth and lists bounded; too large: a note of its size in its place. */
export function freeValue(value: unknown): Json {
  const cleaned = clean(value, 0);
  const size = JSON.stringify(cleaned).length;
  return size <= MAX_VALUE_CHARACTERS ? cleaned : { omitted: `${size} characters of JSON are more than are passed on` };
}

/** Names of the fields that are given. */
export function givenNames(fields: Record<string, unknown>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}

/** The first words of a reply, for an error. */
export function excerpt(payload: unknown): string {
  const said = typeof payload === 'string' ? payload : JSON.stringify(payload ?? null);
  return screenText(said, 200);
}

function clean(value: unknown, depth: number): Json {
  if (typeof value === 'string') return screenText(value, MAX_VALUE_CHARACTERS);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean' || value === null || value === undefined) return value ?? null;
  if (depth === MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.slice(0, 8 * MAX_LIST_LENGTH).map((part) => clean(part, depth + 1));
  const entries = Object.entries(asRecord(value) ?? {}).slice(0, 8 * MAX_LIST_LENGTH);
  return Object.fromEntries(
    entries.map(([key, part]) => [screenText(key, 128), isSecretName(key) ? redactedField() : clean(part, depth + 1)]),
  );
}
