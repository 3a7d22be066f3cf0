import { describe, expect, test } from 'vitest';
import { WorldHarness } from './world-harness.ts';

const fill = (count: number) => {
  const world = new WorldHarness().server();
  for (let i = 0; i < count; i++) world.agent(`w/${i}`);
  return world;
};
const goes = (world: WorldHarness, from: number, to: number) => {
  for (let i = from; i < to; i++) world.observe({ kind: 'agent-gone', swarm: 'w', agent: String(i) });
  return world;
};

test('slots are dealt in order and not reused', () => {
  const world = fill(3);
  world.flush();
  goes(world, 1, 2).agent('w/new');
  expect(world.settled().agents.map(({ id, slot }) => [id, slot])).toEqual([
    ['0', 0],
    ['2', 2],
    ['new', 3],
  ]);
});

describe('compaction', () => {
  test.each([
    { note: '64 dead: not yet', count: 100, leave: 64, compacts: false },
    { note: '65 dead, and more than half', count: 100, leave: 65, compacts: true },
    { note: '65 dead, half of all', count: 130, leave: 65, compacts: false },
    { note: '66 dead, more than half', count: 131, leave: 66, compacts: true },
  ])('$note', ({ count, leave, compacts }) => {
    const world = fill(count);
    world.flush();
    goes(world, 0, leave);
    const batch = world.flush();
    const { swarms, agents } = world.world.snapshot();
    expect(swarms[0]?.slots_rev).toBe(compacts ? 1 : 0);
    expect(agents.map(({ slot }) => slot)).toEqual(
      Array.from({ length: count - leave }, (_, i) => (compacts ? i : leave + i)),
    );
    expect(batch?.membership).toEqual([[swarms[0]?.ref, 2]]);
    expect(batch?.agents?.updated?.length).toBe(compacts ? count - leave : undefined);
  });

  test('also when nobody is left', () => {
    const world = fill(70);
    world.flush();
    goes(world, 0, 70);
    expect(world.settled().swarms[0]?.slots_rev).toBe(1);
    expect(world.agent('w/new').agentNow('w/new')?.slot).toBe(0);
  });
});

describe('membership', () => {
  test.each([
    { note: 'several joins are one step', change: (w: WorldHarness) => w.agent('w/x').agent('w/y'), step: 1 },
    { note: 'a leave', change: (w: WorldHarness) => goes(w, 0, 1), step: 1 },
    { note: 'join and leave of others', change: (w: WorldHarness) => goes(w, 0, 1).agent('w/x'), step: 1 },
    { note: 'came and went', change: (w: WorldHarness) => goes(w.agent('w/2'), 2, 3), step: 0 },
    { note: 'a status', change: (w: WorldHarness) => w.agent('w/0', { status: 'busy' }), step: 0 },
    { note: 'another swarm', change: (w: WorldHarness) => w.agent('v/0'), step: 0 },
    { note: 'a topology', change: (w: WorldHarness) => w.swarm('w', { topology: 'mesh' }), step: 0 },
  ])('$note', ({ change, step }) => {
    const world = fill(2);
    const [ref, before] = world.settled().membership[0] ?? [0, 0];
    change(world);
    const batch = world.flush();
    const entry = batch?.membership?.find(([swarm]) => swarm === ref);
    expect(entry).toEqual(step === 0 ? undefined : [ref, before + step]);
    expect(world.world.snapshot().membership).toContainEqual([ref, before + step]);
  });
});
