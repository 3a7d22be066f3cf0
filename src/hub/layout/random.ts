/**
 * Seeded randomness without state: a value depends on what it is for, not on what was drawn before, so that the order
 * in which swarms are stepped, and the thread that does it, change nothing.
 */

/** A u32 from a seed and two keys: xor and multiply mixing in the manner of MurmurHash3's finaliser. */
function hash32(seed: number, key: number, salt: number): number {
  let h = (seed ^ Math.imul(key, 0x9e37_79b1)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b) ^ Math.imul(salt, 0xc2b2_ae35);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  h = Math.imul(h ^ (h >>> 16), 0x27d4_eb2f);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A number in [−1, 1). */
export function signedUnit(seed: number, key: number, salt: number): number {
  return hash32(seed, key, salt) / 0x8000_0000 - 1;
}
