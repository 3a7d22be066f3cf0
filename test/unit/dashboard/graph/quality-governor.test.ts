import { describe, expect, test } from 'vitest';
import { isLively, QUALITY_STEPS, QualityGovernor } from '../../../../src/dashboard/graph/quality-governor.ts';

function feed(governor: QualityGovernor, frameMs: number, frames: number): number {
  let changes = 0;
  for (let i = 0; i < frames; i++) if (governor.sample(frameMs)) changes++;
  return changes;
}

test('with reduced motion nothing pulses or flashes, at any quality; without, wherever there is detail', () => {
  expect(QUALITY_STEPS.filter((quality) => isLively(quality, true))).toEqual([]);
  expect(QUALITY_STEPS.map((quality) => isLively(quality, false))).toEqual([true, true, true, true, true, false]);
});

describe('quality governor', () => {
  test('gives up resolution, antialiasing, links, detail, in this order', () => {
    const governor = new QualityGovernor(2);
    const seen = [governor.quality];
    for (let i = 0; i < 400; i++) if (governor.sample(90)) seen.push(governor.quality);
    expect(seen).toEqual(QUALITY_STEPS);
    const first = (lost: (quality: (typeof seen)[number]) => boolean) => seen.findIndex(lost);
    const order = [
      first(({ maxPixelRatio }) => maxPixelRatio < 2),
      first(({ antialias }) => !antialias),
      first(({ links }) => links !== 'all'),
      first(({ detail }) => !detail),
    ];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(new Set(order).size).toBe(4);
  });

  test('keeps full quality while frames are quick; a display without fine pixels begins at its own best', () => {
    const fine = new QualityGovernor(2);
    expect(feed(fine, 16.7, 2_000)).toBe(0);
    expect(fine.step).toBe(0);
    const plain = new QualityGovernor(1);
    feed(plain, 8, 5_000);
    expect(plain.step).toBe(1);
  });

  test('single slow frames and pauses change nothing', () => {
    const governor = new QualityGovernor(1);
    for (let i = 0; i < 500; i++) governor.sample(i % 3 === 0 ? 200 : 16);
    feed(governor, 5_000, 100);
    expect(governor.step).toBe(1);
  });

  test('comes back after a calm time, and waits longer each time that it did not hold', () => {
    const governor = new QualityGovernor(1);
    const waits: number[] = [];
    for (let round = 0; round < 3; round++) {
      while (governor.step === 1) governor.sample(80);
      let frames = 0;
      for (; governor.step === 2; frames++) governor.sample(32);
      waits.push(frames);
    }
    expect(waits[1]).toBeGreaterThan((waits[0] ?? 0) * 1.5);
    expect(waits[2]).toBeGreaterThan((waits[1] ?? 0) * 1.5);
  });
});
