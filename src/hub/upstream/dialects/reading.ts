/**
 * What all dialects share for reading hostile payloads: small zod fields that turn nonsense into "absent", and lists that
 * lose only their bad entries. Objects are parsed with `z.object`, which strips what is not listed: an allow-list, so
 * that secrets, outputs and shared memory end here.
 */
import { z } from 'zod';
import { MAX_LIST_LENGTH } from '../../../model/limits.ts';
import { isUsableId, screenText } from '../screen-text.ts';

/** Entries read from one list; a longer list is read this far and not taken as complete. */
export const MAX_ENTRIES = 100_000;

/** An id exactly as the server says it; one that would have to be cleaned or cut is refused. */
export const id = z.string().refine((value) => isUsableId(value));

/** An id, or absent. */
export const optionalId = id.optional().catch(undefined);

const clean = z
  .string()
  .transform((value) => screenText(value))
  .transform((value) => (value === '' ? undefined : value));

/** Cleaned text, or absent. */
export const text = clean.optional().catch(undefined);

/** Cleaned text, null where the server says that there is none, or absent. */
export const textOrNull = clean.nullable().optional().catch(undefined);

/** A finite number ≥ 0, or absent. */
export const amount = z.number().nonnegative().optional().catch(undefined);

/** A number from 0 to 1, or absent. */
export const ratio = z.number().min(0).max(1).optional().catch(undefined);

/** ISO text, seconds or ms since 1970 as ms since 1970; years 2000 to 2100, else absent. */
export const time = z
  .union([z.string().max(64), z.number()])
  .transform((value) => msOf(value))
  .optional()
  .catch(undefined);

/** Cleaned texts, at most {@link MAX_LIST_LENGTH}; entries that are not text are skipped. */
export const texts = z
  .array(z.unknown())
  .transform((values) => cleanTexts(values))
  .optional()
  .catch(undefined);

/** Ids, at most {@link MAX_LIST_LENGTH}; bad ones are skipped. */
export const ids = z
  .array(z.unknown())
  .transform((values) => readIds(values).slice(0, MAX_LIST_LENGTH))
  .optional()
  .catch(undefined);

const EARLIEST_MS = 946_684_800_000;
const LATEST_MS = 4_102_444_800_000;

/** As {@link time}, for one text or number. */
export function msOf(value: string | number): number | undefined {
  const raw = typeof value === 'string' ? Date.parse(value) : value < 10_000_000_000 ? value * 1_000 : value;
  const ms = Math.round(raw);
  return ms >= EARLIEST_MS && ms <= LATEST_MS ? ms : undefined;
}

/** The ms since 1970 that ids like `swarm-<ms>` or `agent_<ms>_<random>` carry. */
export function msOfId(value: string): number | undefined {
  if (value.length < 14) return undefined;
  const digits = /[-_](\d{13})(?:[-_]|$)/.exec(value)?.[1];
  return digits === undefined ? undefined : msOf(Number(digits));
}

/** The texts in a list, as {@link texts} has them. */
export function cleanTexts(values: readonly unknown[]): string[] {
  const result: string[] = [];
  for (const value of values) {
    if (result.length === MAX_LIST_LENGTH) break;
    if (typeof value !== 'string') continue;
    const cleaned = screenText(value);
    if (cleaned !== '') result.push(cleaned);
  }
  return result;
}

/** The ids in a list, without the bad entries; empty for what is not a list. At most {@link MAX_ENTRIES} are looked at. */
export function readIds(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const result: string[] = [];
  for (const entry of value.slice(0, MAX_ENTRIES) as unknown[]) {
    const parsed = id.safeParse(entry);
    if (parsed.success) result.push(parsed.data);
  }
  return result;
}

/** A list with its readable entries. */
export interface Entries<T> {
  entries: T[];
  /** True where it is known that there are no others: it was a list, not too long, and every entry was readable. */
  complete: boolean;
}

/** Reads a list entry by entry: one bad agent does not lose the others. */
export function readEntries<T>(schema: z.ZodType<T>, value: unknown): Entries<T> {
  return readEach((entry) => readOne(schema, entry), value);
}

/** As {@link readEntries}, by a function that answers undefined for what it can't read. */
export function readEach<T>(read: (entry: unknown) => T | undefined, value: unknown): Entries<T> {
  if (!Array.isArray(value)) return { entries: [], complete: false };
  let complete = value.length <= MAX_ENTRIES;
  const entries: T[] = [];
  for (const entry of value.slice(0, MAX_ENTRIES) as unknown[]) {
    const parsed = read(entry);
    if (parsed === undefined) complete = false;
    else entries.push(parsed);
  }
  return { entries, complete };
}

/** Reads the values of an object that serves as a dictionary, as {@link readEntries} does for lists. */
export function readValues<T>(schema: z.ZodType<T>, value: unknown): Entries<T> {
  const record = asRecord(value);
  return record === undefined ? { entries: [], complete: false } : readEntries(schema, Object.values(record));
}

/** One value by a schema, or undefined. */
export function readOne<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** The value as an object that is not a list, or undefined. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Record<string, unknown>;
}

/** An own field of an object; undefined for anything else (never one that is inherited). */
export function field(value: unknown, name: string): unknown {
  const record = asRecord(value);
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The payload inside a result that was wrapped twice (text that holds another `{content: […]}`); others as they are. */
export function unwrapTwice(payload: unknown): unknown {
  const content = field(payload, 'content');
  if (!Array.isArray(content)) return payload;
  const inner = field(content[0], 'text');
  if (typeof inner !== 'string') return payload;
  try {
    return JSON.parse(inner) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return inner;
    throw error;
  }
}

/** The object without its undefined fields. */
export function compact<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries) as T;
}
