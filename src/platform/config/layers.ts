/** Layers of raw settings, merged with a note of where each value came from. */
export interface Layered {
  value: Record<string, unknown>;
  /** Dotted path of a leaf → its source. Lists are leaves. */
  sources: Map<string, string>;
}

/** Merges `layer` over `target`, noting `source` for every leaf it sets. */
export function mergeLayer(target: Layered, layer: Record<string, unknown>, source: string): void {
  mergeInto(target.value, layer, '', (path) => target.sources.set(path, source));
}

/** Sets one dotted path. */
export function setPath(target: Layered, path: string, value: unknown, source: string): void {
  const keys = path.split('.');
  const nested = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  if (isPlainObject(nested)) mergeLayer(target, nested, source);
}

function mergeInto(
  target: Record<string, unknown>,
  layer: Record<string, unknown>,
  prefix: string,
  note: (path: string) => void,
): void {
  for (const [key, value] of Object.entries(layer)) {
    if (key === '__proto__') continue;
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const present = target[key];
    if (isPlainObject(value) && isPlainObject(present)) mergeInto(present, value, path, note);
    else if (isPlainObject(value)) mergeInto((target[key] = {}), value, path, note);
    else {
      target[key] = value;
      note(path);
    }
  }
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The source of a path, or of the nearest value around it. */
export function sourceOf(layered: Layered, path: string): string {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const source = layered.sources.get(at);
    if (source !== undefined) return source;
  }
  const child = [...layered.sources].find(([key]) => key.startsWith(`${path}.`));
  return child?.[1] ?? 'default';
}
