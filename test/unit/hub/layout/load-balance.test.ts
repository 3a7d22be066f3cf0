import { expect, test } from 'vitest';
import { LoadBalance } from '../../../../src/hub/layout/load-balance.ts';
import type { WorkerLoad } from '../../../../src/hub/layout/load-balance.ts';

const rows: { note: string; loads: WorkerLoad[]; move: { swarm: number; from: number; to: number } | undefined }[] = [
  {
    note: 'the swarm that makes them most alike',
    loads: [
      { busyMs: 1, swarms: [] },
      {
        busyMs: 9,
        swarms: [
          [1, 5.5],
          [2, 3.8],
          [3, 0.2],
        ],
      },
    ],
    move: { swarm: 2, from: 1, to: 0 },
  },
  {
    note: 'not the one swarm that makes all the work',
    loads: [
      { busyMs: 12, swarms: [[1, 12]] },
      { busyMs: 0, swarms: [] },
    ],
    move: undefined,
  },
  {
    note: 'not where the gap is small',
    loads: [
      {
        busyMs: 3.9,
        swarms: [
          [1, 2],
          [2, 1],
        ],
      },
      { busyMs: 2, swarms: [] },
    ],
    move: undefined,
  },
  {
    note: 'from the busiest of several to the idlest',
    loads: [
      { busyMs: 5, swarms: [[1, 2]] },
      { busyMs: 1, swarms: [] },
      {
        busyMs: 8,
        swarms: [
          [2, 6],
          [3, 2],
        ],
      },
      { busyMs: 3, swarms: [] },
    ],
    move: { swarm: 3, from: 2, to: 1 },
  },
];

test.each(rows)('moves $note', ({ loads, move }) => {
  const balance = new LoadBalance(loads.length);
  const moves = loads.map((load, worker) => balance.note(worker, load));
  expect(moves.at(-1)).toEqual(move);
  // Nothing before all have been heard.
  expect(moves.slice(0, -1).every((early) => early === undefined)).toBe(true);
});

test('after a move, and after a worker was replaced, all are heard anew', () => {
  const balance = new LoadBalance(2);
  const busy: WorkerLoad = { busyMs: 9, swarms: [[1, 4]] };
  const idle: WorkerLoad = { busyMs: 0, swarms: [] };
  balance.note(0, busy);
  expect(balance.note(1, idle)).toBeDefined();
  expect(balance.note(0, busy)).toBeUndefined();
  balance.forget(0);
  expect(balance.note(1, idle)).toBeUndefined();
  expect(balance.note(0, busy)).toEqual({ swarm: 1, from: 0, to: 1 });
});
