/**
 * `state_hash`: proof that two sides hold the same view. XOR over all entities of a 64-bit hash of each, kept as two
 * 32-bit lanes: MurmurHash3_x86_32 (Austin Appleby, public domain algorithm) of the UTF-8 bytes of
 * canonicalJson([kind, ref, fields]), once with each seed. `fields` are the entity's fields that the view shows,
 * without `ref` and the {@link UNHASHED} ones. XOR makes it independent of order and cheap to maintain.
 */
import type { Ref } from '../model/ids.ts';
import { canonicalJson } from './canonical-json.ts';

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

/** Hash of one entity. `record` holds only the fields that the view shows; null and undefined fields count as absent. */
export function entityHash(kind: HashedKind, record: { ref: Ref }): StateHash {
  const skip = UNHASHED[kind];
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record)) {
    if (value !== undefined && value !== null && !skip.includes(key)) fields[key] = value;
  }
  const bytes = encoder.encode(canonicalJson([kind, record.ref, fields]));
  return { high: murmur3(bytes, LANE_SEEDS[0]), low: murmur3(bytes, LANE_SEEDS[1]) };
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
  for (let i = 0; i < blocks; i++) {
    hash ^= scramble(view.getUint32(i * 4, true));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe654_6b64) | 0;
  }
  let tail = 0;
  for (let i = bytes.byteLength - 1; i >= blocks * 4; i--) tail = (tail << 8) | (bytes[i] ?? 0);
  if (bytes.byteLength % 4 !== 0) hash ^= scramble(tail);
  return avalanche(hash ^ bytes.byteLength);
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
