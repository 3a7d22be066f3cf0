/**
 * The state hash, written a second time from PROTOCOL.md's words: BigInt arithmetic, a canonicaliser of its own, no
 * import from src. What the gateway computes must agree with this.
 */
const MASK = 0xffff_ffffn;
const SEEDS = [0x53776172n, 0x6d636173n];
const LEFT_OUT: Record<string, string[]> = {
  agent: ['ref', 'slot', 'stale_since_ms'],
  link: ['ref'],
  task: ['ref'],
  swarm: ['ref', 'slots_rev'],
};

type Fields = Record<string, unknown>;

export function oracleHash(entities: Iterable<[kind: string, record: Fields]>): string {
  const lanes = [0n, 0n];
  for (const [kind, record] of entities) {
    const fields = Object.fromEntries(
      Object.entries(record).filter(
        ([name, value]) => value !== null && value !== undefined && !(LEFT_OUT[kind] ?? []).includes(name),
      ),
    );
    lanesOf(canonical([kind, record['ref'], fields])).forEach(
      (hash, lane) => (lanes[lane] = (lanes[lane] ?? 0n) ^ hash),
    );
  }
  return lanes.map((lane) => lane.toString(16).padStart(8, '0')).join('');
}

// BigInt is slow, and stories hash the same entities over and over.
const known = new Map<string, bigint[]>();

function lanesOf(text: string): bigint[] {
  let hashes = known.get(text);
  if (hashes === undefined) {
    if (known.size > 50_000) known.clear();
    const bytes = Buffer.from(text, 'utf8');
    hashes = SEEDS.map((seed) => murmur(bytes, seed));
    known.set(text, hashes);
  }
  return hashes;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return '[' + value.map(canonical).join(',') + ']';
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value).filter((name) => (value as Fields)[name] !== undefined);
    names.sort((a, b) => (a < b ? -1 : 1));
    return '{' + names.map((name) => JSON.stringify(name) + ':' + canonical((value as Fields)[name])).join(',') + '}';
  }
  return JSON.stringify(value);
}

function murmur(bytes: Buffer, seed: bigint): bigint {
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & MASK;
  const mix = (k: bigint): bigint => (rotate((k * 0xcc9e2d51n) & MASK, 15n) * 0x1b873593n) & MASK;
  let h = seed;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    h ^= mix(BigInt(bytes.readUInt32LE(at)));
    h = (rotate(h, 13n) * 5n + 0xe6546b64n) & MASK;
  }
  let tail = 0n;
  for (let i = bytes.length - 1; i >= at; i--) tail = (tail << 8n) | BigInt(bytes[i] ?? 0);
  if (at < bytes.length) h ^= mix(tail);
  h ^= BigInt(bytes.length);
  h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & MASK;
  h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & MASK;
  return h ^ (h >> 16n);
}
