import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/protocol/canonical-json.ts';
import { entityHash, formatHash, murmur3, toggle, type HashedKind } from '../../../src/protocol/state-hash.ts';

interface Vector {
  note: string;
  kind: HashedKind;
  record: { ref: number };
  /** What is hashed, as text. */
  canonical: string;
  hash: string;
}
// Canonical texts written by hand, hashes computed by an implementation in Python: nothing here comes from the code.
const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/protocol/state-hash.json', import.meta.url), 'utf8'),
) as { entities: Vector[]; view: { hash: string }; empty: string };

describe('murmur3', () => {
  // The algorithm's published test values.
  const rows = [
    { text: '', seed: 0, hash: 0 },
    { text: '', seed: 1, hash: 0x514e28b7 },
    { text: '', seed: 0xffff_ffff, hash: 0x81f16f39 },
    { text: 'a', seed: 0x9747b28c, hash: 0x7fa09ea6 },
    { text: 'aa', seed: 0x9747b28c, hash: 0x5d211726 },
    { text: 'aaa', seed: 0x9747b28c, hash: 0x283e0130 },
    { text: 'aaaa', seed: 0x9747b28c, hash: 0x5a97808a },
    { text: 'Hello, world!', seed: 0x9747b28c, hash: 0x24884cba },
    { text: 'The quick brown fox jumps over the lazy dog', seed: 0x9747b28c, hash: 0x2fa826cd },
    { text: 'ππππππππ', seed: 0x9747b28c, hash: 0xd58063c1 },
  ];
  test.each(rows)('$text with seed $seed', ({ text, seed, hash }) => {
    expect(murmur3(new TextEncoder().encode(text), seed)).toBe(hash);
  });

  test('bytes in the middle of a buffer', () => {
    const bytes = new TextEncoder().encode('xxxHello, world!yy').subarray(3, 16);
    expect(murmur3(bytes, 0x9747b28c)).toBe(0x24884cba);
  });
});

describe('state hash', () => {
  test.each(vectors.entities)('$note', ({ kind, record, canonical, hash }) => {
    expect(formatHash(entityHash(kind, record))).toBe(hash);
    const { ref, ...fields } = JSON.parse(canonical)[2] as { ref?: number };
    expect(ref).toBeUndefined();
    expect(canonicalJson([kind, record.ref, fields])).toBe(canonical);
  });

  test('a view is the XOR of its entities, in any order', () => {
    for (const entities of [vectors.entities, vectors.entities.toReversed()]) {
      const state = { high: 0, low: 0 };
      for (const { kind, record } of entities) toggle(state, entityHash(kind, record));
      expect(formatHash(state)).toBe(vectors.view.hash);
      for (const { kind, record } of entities) toggle(state, entityHash(kind, record));
      expect(formatHash(state)).toBe(vectors.empty);
    }
  });

  test('undefined, null and absent fields are the same', () => {
    const least = { ref: 1, id: 't', server_id: 's' };
    const hash = formatHash(entityHash('task', least));
    const withUndefined: { ref: number } = Object.assign({}, least, { status: undefined });
    const withNull: { ref: number } = Object.assign({}, least, { status: null });
    expect(formatHash(entityHash('task', withUndefined))).toBe(hash);
    expect(formatHash(entityHash('task', withNull))).toBe(hash);
  });

  test('kind and ref take part', () => {
    const hashes = [entityHash('task', { ref: 1 }), entityHash('link', { ref: 1 }), entityHash('task', { ref: 2 })].map(
      (hash) => formatHash(hash),
    );
    expect(new Set(hashes).size).toBe(3);
  });
});
