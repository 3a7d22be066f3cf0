import { expect, test } from 'vitest';
import { neighboursOf, spreadHeat } from '../../../../src/hub/layout/local-heat.ts';
import { HEAT_FALLOFF } from '../../../../src/hub/layout/parameters.ts';

const CHAIN = [0, 1, 1, 2, 2, 3, 3, 4];
const rounded = (heats: Float32Array): number[] => Array.from(heats, (heat) => Number(heat.toFixed(6)));

test('heat falls off along links from its source, and nowhere below the floor', () => {
  const f = HEAT_FALLOFF;
  expect(rounded(spreadHeat(neighboursOf(6, CHAIN), [[0, 1]], 0.05))).toEqual(
    [1, f, f ** 2, Math.max(f ** 3, 0.05), Math.max(f ** 4, 0.05), 0.05].map((heat) => Number(heat.toFixed(6))),
  );
});

test('of two sources the hotter counts, whichever comes first', () => {
  const sources: [number, number][] = [
    [4, 0.1],
    [2, 1],
  ];
  const heats = spreadHeat(neighboursOf(5, CHAIN), sources, 0);
  expect(spreadHeat(neighboursOf(5, CHAIN), sources.toReversed(), 0)).toEqual(heats);
  expect(heats[4]).toBeCloseTo(HEAT_FALLOFF ** 2);
  expect(spreadHeat(neighboursOf(5, CHAIN), [[4, 1], ...sources], 0)[3]).toBeCloseTo(HEAT_FALLOFF);
});

test('without a source there is the floor', () => {
  expect([...spreadHeat(neighboursOf(3, CHAIN), [], 0.5)]).toEqual([0.5, 0.5, 0.5]);
});
