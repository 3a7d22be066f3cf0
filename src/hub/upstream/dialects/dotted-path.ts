/** Values within what a server said, by dotted paths that the configuration names, or by the usual spellings. */
import { field, id, readOne, text } from './reading.ts';

/** The value at a dotted path, through own fields only. */
export function at(value: unknown, path: string): unknown {
  if (path === '') return value;
  let current = value;
  for (const name of path.split('.')) current = field(current, name);
  return current;
}

export function firstAt(value: unknown, paths: readonly string[], isIt: (found: unknown) => boolean): unknown {
  for (const path of paths) {
    const found = at(value, path);
    if (isIt(found)) return found;
  }
  return undefined;
}

export function textAt(entry: unknown, paths: readonly string[]): string | undefined {
  return readOne(
    text,
    firstAt(entry, paths, (found) => typeof found === 'string' && found !== ''),
  );
}

/** Ids may be whole numbers here. */
export function idAt(entry: unknown, paths: readonly string[]): string | undefined {
  const found = firstAt(entry, paths, (value) => typeof value === 'string' || Number.isSafeInteger(value));
  return readOne(id, typeof found === 'number' ? String(found) : found);
}
