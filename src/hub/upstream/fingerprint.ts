/** Cheap answers to "did anything change?": hashes of observations, without building strings. Not for security. */
import type { Observation } from '../../model/observation.ts';

const SEED = 0x811c9dc5;
const numberBits = new DataView(new ArrayBuffer(8));

/** A u32 over everything but host metrics, which always drift. Equal observations in equal order give equal values. */
export function fingerprint(observations: readonly Observation[]): number {
  let hash = SEED;
  for (const observation of observations) {
    if (observation.kind !== 'server') hash = mixValue(hash, observation);
  }
  return hash;
}

/** Joins the fingerprints of one round's replies. */
export function combine(hash: number, next: number): number {
  return mix(mix(hash, next & 0xffff), next >>> 16);
}

function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x01000193) >>> 0;
}

function mixText(hash: number, text: string): number {
  let mixed = mix(hash, text.length);
  for (let i = 0; i < text.length; i += 1) mixed = mix(mixed, text.charCodeAt(i));
  return mixed;
}

/** Observations are shallow (facts, and records within them), so recursion ends soon. */
function mixValue(hash: number, value: unknown): number {
  if (typeof value === 'string') return mixText(mix(hash, 1), value);
  if (typeof value === 'number') {
    numberBits.setFloat64(0, value);
    return combine(combine(mix(hash, 2), numberBits.getUint32(0)), numberBits.getUint32(4));
  }
  if (typeof value === 'boolean') return mix(hash, value ? 3 : 4);
  if (typeof value !== 'object' || value === null) return mix(hash, 5);
  return Array.isArray(value)
    ? mixList(mix(hash, 6), value)
    : mixFields(mix(hash, 7), value as Record<string, unknown>);
}

function mixList(hash: number, values: readonly unknown[]): number {
  let mixed = hash;
  for (const value of values) mixed = mixValue(mixed, value);
  return mixed;
}

// Own fields, without a list of them for each record.
function mixFields(hash: number, fields: Record<string, unknown>): number {
  let mixed = hash;
  for (const name in fields) if (Object.hasOwn(fields, name)) mixed = mixValue(mixText(mixed, name), fields[name]);
  return mixed;
}
