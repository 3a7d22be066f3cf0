/** As random.ts of the engine: a value depends on what it is for, not on what was drawn before. */

function hash32(seed: u32, key: u32, salt: u32): u32 {
  let h = seed ^ (key * 0x9e3779b1);
  h = ((h ^ (h >> 16)) * 0x85ebca6b) ^ (salt * 0xc2b2ae35);
  h = (h ^ (h >> 13)) * 0xc2b2ae35;
  h = (h ^ (h >> 16)) * 0x27d4eb2f;
  return h ^ (h >> 15);
}

/** A number in [−1, 1). */
export function signedUnit(seed: u32, key: u32, salt: u32): f32 {
  return <f32>(<f64>hash32(seed, key, salt) / 2147483648.0 - 1.0);
}
