import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { murmur3 } from '../../../src/protocol/state-hash.ts';
import { computeVectors } from './compute-vectors.ts';

const stored = readFileSync(new URL('../../fixtures/protocol/vectors.json', import.meta.url), 'utf8');
const document = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');

describe('test vectors', () => {
  test('vectors.json is what the code computes', () => {
    expect(JSON.parse(stored)).toEqual(JSON.parse(JSON.stringify(computeVectors())));
  });

  test('PROTOCOL.md cites them', () => {
    const { frames, raw28, state_hash } = computeVectors();
    const cited = [state_hash.view, state_hash.empty, ...state_hash.entities.flatMap(({ high, low }) => high + low)];
    for (const hash of cited) expect(document).toContain(hash);
    const plain = document.replaceAll(/\s/g, '');
    expect(plain).toContain(frames[0]?.hex);
    expect(plain).toContain(raw28[0]?.hex);
    for (const { input } of state_hash.entities) expect(document).toContain(input);
  });

  // Published values of MurmurHash3_x86_32, from outside of this project.
  const published = [
    { text: '', seed: 0, hash: 0x0000_0000 },
    { text: '', seed: 1, hash: 0x514e_28b7 },
    { text: '', seed: 0xffff_ffff, hash: 0x81f1_6f39 },
    { text: 'test', seed: 0, hash: 0xba6b_d213 },
    { text: 'Hello, world!', seed: 0, hash: 0xc036_3e43 },
    { text: 'Hello, world!', seed: 0x9747_b28c, hash: 0x2488_4cba },
    { text: 'The quick brown fox jumps over the lazy dog', seed: 0x9747_b28c, hash: 0x2fa8_26cd },
  ];
  test.each(published)('murmur3 of "$text" with seed $seed', ({ text, seed, hash }) => {
    expect(murmur3(new TextEncoder().encode(text), seed)).toBe(hash);
  });
});
