/**
 * `state_hash`: proof that two sides hold the same view. XOR over all entities of a 64-bit hash of each, kept as two
 * 32-bit lanes: MurmurHash3_x86_32 (Austin Appleby, public domain algorithm) of the UTF-8 bytes of
 * canonicalJson([kind, ref, fields]), once with each seed. `fields` are the entity's fields that the view shows,
 * without `ref` and the {@link UNHASHED} ones. XOR makes it independent of order and cheap to maintain.
 */
import type { Ref } from '../model/ids.ts';
import { canonicalObject } from './canonical-json.ts';

/** Kinds that are hashed. Servers are not: their health changes too often to prove anything. */
export type HashedKind = 'agent' | 'link' | 'task' | 'swarm';

/** Fields that are left out: places in frames, ages and last-seen times. */
export const UNHASHED: Readonly<Record<HashedKind, readonly string[]>> = {
  agent: ['ref', 'slot', 'stale_since_ms'],
  link: ['ref'],
  task: ['ref'],
  swarm: ['ref', 'slots_rev'],
};

export const LANE_SEEDS = [0x5377_6172, 0x6d63_6173] as const;

/** Two u32 lanes. */
export interface StateHash {
  high: number;
  low: number;
}

const encoder = new TextEncoder();
/** Where entities are coded, one after the other; grows to the largest. */
let scratch = new Uint8Array(4_096);

/** Hash of one entity. `record` holds only the fields that the view shows; null and undefined fields count as absent. */
export function entityHash(kind: HashedKind, record: { ref: Ref }): StateHash {
  const fields = canonicalObject(withoutNulls(record), UNHASHED[kind]);
  const text = `["${kind}",${record.ref},${fields}]`;
  // UTF-8 takes at most three bytes for a UTF-16 unit.
  if (text.length * 3 > scratch.byteLength) scratch = new Uint8Array(text.length * 3);
  const { written } = encoder.encodeInto(text, scratch);
  return murmur3Twice(scratch, written);
}

// A member that is null counts as absent in the record itself, and as null below.
function withoutNulls(record: object): Record<string, unknown> {
  const fields = record as Record<string, unknown>;
  for (const key in fields) {
    if (fields[key] === null) {
      return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
    }
  }
  return fields;
}

/** Adds an entity to, or takes it from, a state hash (XOR is its own inverse). Changes `state`. */
export function toggle(state: StateHash, entity: StateHash): void {
  state.high = (state.high ^ entity.high) >>> 0;
  state.low = (state.low ^ entity.low) >>> 0;
}

/** 16 lower-case hex digits, high lane first. The empty view is sixteen zeros. */
export function formatHash(state: StateHash): string {
  return hex(state.high) + hex(state.low);
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}

/** MurmurHash3_x86_32. */
export function murmur3(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = bytes.byteLength >>> 2;
  let hash = seed;
  for (let i = 0; i < blocks; i++) hash = mix(hash, scramble(view.getUint32(i * 4, true)));
  return avalanche(hash ^ tailOf(bytes, bytes.byteLength) ^ bytes.byteLength);
}

/** The first `length` bytes with both seeds, in one pass. */
function murmur3Twice(bytes: Uint8Array, length: number): StateHash {
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const blocks = length >>> 2;
  let high: number = LANE_SEEDS[0];
  let low: number = LANE_SEEDS[1];
  for (let i = 0; i < blocks; i++) {
    const block = scramble(view.getUint32(i * 4, true));
    high = mix(high, block);
    low = mix(low, block);
  }
  const end = tailOf(bytes, length) ^ length;
  return { high: avalanche(high ^ end), low: avalanche(low ^ end) };
}

function mix(hash: number, block: number): number {
  const mixed = hash ^ block;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe654_6b64) | 0;
}

// What is left after whole blocks; 0 when nothing is, which changes no hash.
function tailOf(bytes: Uint8Array, length: number): number {
  const left = length & 3;
  if (left === 0) return 0;
  let tail = 0;
  for (let i = length - 1; i >= length - left; i--) tail = (tail << 8) | (bytes[i] ?? 0);
  return scramble(tail);
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e_2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b87_3593);
}

function avalanche(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
