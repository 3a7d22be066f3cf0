import { expect, test } from 'vitest';
import { MAX_LABELS, placeLabels } from '../../../../src/dashboard/graph/label-layout.ts';

const box = (id: string, x: number, y: number, weight: number) => ({ id, x, y, width: 60, height: 16, weight });

test('the more important label takes the room; none lies over another; those outside are left out', () => {
  const placed = placeLabels(
    [box('small', 105, 102, 1), box('large', 100, 100, 9), box('far', 300, 100, 1), box('out', -5, 50, 99)],
    800,
    600,
  );
  expect(placed.map(({ id }) => id)).toEqual(['large', 'far']);
});

test('where the long form finds no room, the short one may', () => {
  const placed = placeLabels(
    [
      box('first', 100, 100, 3),
      { ...box('second', 155, 100, 2), shortWidth: 30 },
      { ...box('third', 110, 100, 1), shortWidth: 30 },
    ],
    800,
    600,
  );
  expect(placed.map(({ id, width, isShort }) => [id, width, isShort])).toEqual([
    ['first', 60, false],
    ['second', 30, true],
  ]);
});

test('a label at the edge is pushed inwards', () => {
  const [label] = placeLabels([box('edge', 2, 8, 1)], 800, 600);
  expect(label?.x).toBeGreaterThanOrEqual(30);
  expect(label?.y).toBeGreaterThanOrEqual(16);
});

test('as many as there is use for', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => box(String(i), (i % 100) * 100, Math.floor(i / 100) * 40, 1));
  expect(placeLabels(many, 10_000, 1_000)).toHaveLength(MAX_LABELS);
});
