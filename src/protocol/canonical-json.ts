/** Canonical JSON, RFC 8785: members sorted by UTF-16 code units, ECMAScript number and string forms, no white space. */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value as Record<string, unknown>, NONE);
    default:
      return JSON.stringify(value ?? null);
  }
}

const NONE: readonly string[] = [];

/** An object without the members named in `leftOut`. Undefined members are left out too. */
export function canonicalObject(value: Readonly<Record<string, unknown>>, leftOut: readonly string[]): string {
  // Default sort compares UTF-16 code units, as the RFC asks.
  const keys = Object.keys(value).toSorted();
  let text = '{';
  for (const key of keys) {
    const member = value[key];
    if (member === undefined || leftOut.includes(key)) continue;
    if (text.length > 1) text += ',';
    text += `${quoted(key)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}

function canonicalArray(items: readonly unknown[]): string {
  let text = '[';
  for (let i = 0; i < items.length; i++) {
    if (i > 0) text += ',';
    text += canonicalJson(items[i] ?? null);
  }
  return `${text}]`;
}

// Text that needs no escape, nor a look for lone surrogates, which is nearly all of it.
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
