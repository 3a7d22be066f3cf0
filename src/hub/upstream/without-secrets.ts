/** A server that was given a secret may quote it, in an error or in the name of an agent: nobody else is to read it. */
import { REDACTED } from './screen-text.ts';

/** Deeper, nothing is looked at; transports refuse messages of more levels. */
const MAX_DEPTH = 128;

/**
 * The JSON value with `***` in the place of every secret, also in names of fields; the same value where it holds none.
 * `onFound` is told once of each text that was changed. Costs nothing where there are no secrets.
 */
export function withoutSecrets<T>(value: T, secrets: readonly string[], onFound: () => void): T {
  if (secrets.length === 0) return value;
  const redactText = (text: string): string => {
    let rest = text;
    for (const secret of secrets) if (rest.includes(secret)) rest = rest.replaceAll(secret, REDACTED);
    if (rest !== text) onFound();
    return rest;
  };
  return redact(value, redactText, 0) as T;
}

function redact(value: unknown, redactText: (text: string) => string, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null || depth >= MAX_DEPTH) return value;
  if (Array.isArray(value)) return redactList(value, redactText, depth);
  let changed = false;
  const entries = Object.entries(value).map(([name, inner]) => {
    const entry = [redactText(name), redact(inner, redactText, depth + 1)] as const;
    changed ||= entry[0] !== name || entry[1] !== inner;
    return entry;
  });
  return changed ? Object.fromEntries(entries) : value;
}

function redactList(list: readonly unknown[], redactText: (text: string) => string, depth: number): unknown {
  const next = list.map((item) => redact(item, redactText, depth + 1));
  return next.some((item, index) => item !== list[index]) ? next : list;
}
