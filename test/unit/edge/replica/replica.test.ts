import { describe, expect, test } from 'vitest';
import { VersionedRing } from '../../../../src/edge/replica/ring.ts';
import { Stage } from '../views/stage.ts';

describe('replica', () => {
  test('batches of another epoch, and versions already known, are left out and counted', () => {
    const { replica } = new Stage();
    const before = replica.version;
    replica.apply({ epoch: 'other', version: 99, time_ms: 0, swarms: { removed: [1] } });
    replica.apply({ epoch: replica.epoch, version: before, time_ms: 0 });
    expect({ version: replica.version, ignored: replica.ignoredBatches }).toEqual({ version: before, ignored: 2 });
  });

  test('updates and removals of unknown refs are harmless', () => {
    const stage = new Stage();
    stage.apply({ agents: { updated: [{ ref: 1, status: 'busy' }], removed: [2] }, tasks: { removed: [3] } });
    expect(stage.replica.agents.size).toBe(0);
    expect(stage.replica.tombstones.size).toBe(0);
  });

  test('records that were handed in are not changed in place', () => {
    const stage = new Stage();
    stage.swarm(1);
    const [agent] = stage.join(1, [0]);
    const before = structuredClone(agent);
    stage.apply({ agents: { updated: [{ ref: agent?.ref ?? 0, status: 'busy', name: 'n' }] } });
    expect(agent).toEqual(before);
    expect(stage.replica.agents.get(agent?.ref ?? 0)?.record).toEqual({ ...before, status: 'busy', name: 'n' });
  });

  test('a record added twice replaces the first: fields that it lacks become unknown', () => {
    const stage = new Stage();
    stage.swarm(1);
    const [agent] = stage.join(1, [0], () => ({ name: 'n' }));
    const view = stage.view();
    const { held } = view.compose(undefined);
    const { name: _, ...without } = agent ?? expect.fail('no agent');
    stage.apply({ agents: { added: [without] } });
    expect(stage.replica.agents.get(without.ref)?.record).toEqual(without);
    expect(Buffer.from(view.compose(held).messages.at(0)).toString()).toContain('"name":null');
  });

  test('a new epoch forgets everything', () => {
    const stage = new Stage();
    stage.swarm(1);
    stage.join(1, [0, 1]);
    stage.replica.reset(stage.emptyWorld('f'));
    expect({ ...stage.view().counts(), epoch: stage.replica.epoch }).toEqual({
      agents: 0,
      links: 0,
      tasks: 0,
      swarms: 0,
      epoch: 'f',
    });
  });
});

describe('versioned ring', () => {
  test('keeps the newest and knows from which version it is complete', () => {
    const ring = new VersionedRing<string>(3);
    for (const [item, version] of [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 4],
      ['e', 7],
    ] as const)
      ring.push(item, version);
    const seen: string[] = [];
    ring.newerThan(0, (item, version) => seen.push(`${item}${version}`));
    expect(seen).toEqual(['e7', 'd4', 'c2']);
    expect({ floor: ring.floor, size: ring.size }).toEqual({ floor: 2, size: 3 });
    seen.length = 0;
    ring.newerThan(4, (item) => seen.push(item));
    expect(seen).toEqual(['e']);
    ring.clear(9);
    ring.newerThan(0, (item) => seen.push(item));
    expect({ seen, floor: ring.floor }).toEqual({ seen: ['e'], floor: 9 });
  });
});
