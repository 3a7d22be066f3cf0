/** Structural equality of JSON-like values; undefined fields count as absent. Meant for small values. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameItems(a, b);
  return coveredBy(a, b) && coveredBy(b, a);
}

/** A copy that shares nothing mutable with `value`; undefined fields are left out. */
export function copyValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyValue);
  return copyFields(value);
}

/** A copy of an object, without its undefined fields. */
export function copyFields(value: object): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  const fields = value as Record<string, unknown>;
  // Not Object.entries: this is most of the cost of a flush.
  for (const name in fields) if (fields[name] !== undefined) copy[name] = copyValue(fields[name]);
  return copy;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
}

function coveredBy(a: object, b: object): boolean {
  const other = b as Record<string, unknown>;
  for (const name in a) {
    if (!sameValue((a as Record<string, unknown>)[name], other[name])) return false;
  }
  return true;
}
