import { describe, expect, test } from 'vitest';
import { PositionStore } from '../../../src/client/position-store.ts';
import type { DecodedFrame } from '../../../src/protocol/frames.ts';
import { A, agent, swarm } from './records.ts';

function frame(
  timeMs: number,
  places: Record<number, [number, number, number]>,
  more: { swarm?: number; rev?: number } = {},
): DecodedFrame {
  const slots = Object.keys(places).map(Number);
  return {
    kind: 'f32',
    tick: Math.floor(timeMs / 16),
    timeMs,
    sections: [
      {
        swarmRef: more.swarm ?? 1,
        count: slots.length,
        flags: 0,
        block: 0,
        slotsRev: more.rev ?? 0,
        origin: [0, 0, 0],
        scale: 1,
        slots: Uint32Array.from(slots),
        positions: Float32Array.from(slots.flatMap((slot) => places[slot] ?? [])),
      },
    ],
  };
}

function store(): PositionStore {
  const positions = new PositionStore();
  positions.swarmSet(swarm(1));
  positions.agentSet(agent(1));
  positions.agentSet(agent(2));
  return positions;
}

describe('positions', () => {
  test('unknown until a frame holds the agent', () => {
    const positions = store();
    expect(positions.at(A + 1, 0)).toBeUndefined();
    positions.apply(frame(1_000, { 1: [1, 2, 3] }));
    expect(positions.at(A + 1, 0)).toStrictEqual([1, 2, 3]);
    expect(positions.at(A + 2, 0)).toBeUndefined();
    expect(positions.size).toBe(1);
  });

  const times = [
    { note: 'before: the older', at: 500, x: 0 },
    { note: 'at the older', at: 1_000, x: 0 },
    { note: 'a quarter', at: 1_025, x: 2.5 },
    { note: 'half', at: 1_050, x: 5 },
    { note: 'at the newer', at: 1_100, x: 10 },
    { note: 'after: the newer, no guess', at: 9_000, x: 10 },
  ];
  test.each(times)('interpolation, $note', ({ at, x }) => {
    const positions = store();
    positions.apply(frame(1_000, { 1: [0, 0, 0] }));
    positions.apply(frame(1_100, { 1: [10, 20, -10] }));
    expect(positions.at(A + 1, at)).toStrictEqual([x, 2 * x, x === 0 ? 0 : -x]);
  });

  test('three frames: the last two count; the same step again corrects it', () => {
    const positions = store();
    for (const [time, x] of [
      [1_000, 0],
      [1_100, 10],
      [1_200, 30],
      [1_200, 20],
    ] as const) {
      positions.apply(frame(time, { 1: [x, 0, 0] }));
    }
    expect(positions.at(A + 1, 1_150)?.[0]).toBe(15);
  });

  const ignored = [
    { note: 'another slots_rev', frame: frame(1_000, { 1: [1, 1, 1] }, { rev: 1 }) },
    { note: 'an unknown swarm', frame: frame(1_000, { 1: [1, 1, 1] }, { swarm: 9 }) },
    { note: 'an unknown slot', frame: frame(1_000, { 7: [1, 1, 1] }) },
  ];
  test.each(ignored)('ignored: $note', ({ frame: bytes }) => {
    const positions = store();
    positions.apply(bytes);
    expect(positions.at(A + 1, 1_000)).toBeUndefined();
  });

  test('compaction: slots swap, positions stay with their agents, frames follow the new slots', () => {
    const positions = store();
    positions.apply(frame(1_000, { 1: [1, 0, 0], 2: [2, 0, 0] }));
    positions.swarmSet(swarm(1, { slots_rev: 1 }));
    positions.agentSet(agent(1, { slot: 2 }));
    positions.agentSet(agent(2, { slot: 1 }));
    expect(positions.at(A + 1, 1_000)?.[0]).toBe(1);
    positions.apply(frame(1_100, { 1: [99, 0, 0] }, { rev: 0 }));
    positions.apply(frame(1_100, { 1: [20, 0, 0], 2: [10, 0, 0] }, { rev: 1 }));
    expect(positions.at(A + 1, 1_100)?.[0]).toBe(10);
    expect(positions.at(A + 2, 1_100)?.[0]).toBe(20);
  });

  test('removed agents and swarms leave nothing; a new agent in an old slot starts unknown', () => {
    const positions = store();
    positions.apply(frame(1_000, { 1: [1, 0, 0], 2: [2, 0, 0] }));
    positions.agentRemoved(A + 1);
    positions.agentSet(agent(3, { slot: 1 }));
    expect(positions.at(A + 1, 1_000)).toBeUndefined();
    expect(positions.at(A + 3, 1_000)).toBeUndefined();
    positions.swarmRemoved(1);
    expect(positions.size).toBe(0);
  });
});
