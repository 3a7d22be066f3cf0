import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CELL_WIDTH, Placement } from '../../../../src/hub/layout/placement.ts';
import { agentRef } from '../../../../src/model/ids.ts';
import { FLAG_SETTLED } from '../../../../src/model/position-region.ts';
import { copyRecords, createHead, readHead } from '../../../../src/model/region-reader.ts';
import { Bench, swarmSeat } from '../../../unit/hub/layout/swarms.ts';

const TOPOLOGIES = [undefined, 'mesh', 'ring', 'star', 'hierarchical', 'hybrid', 'nonsense'];

type Edit =
  | { kind: 'join'; agent: number; link: number | undefined; lead: boolean }
  | { kind: 'leave'; agent: number }
  | { kind: 'talk'; from: number; to: number; weight: number }
  | { kind: 'topology'; index: number }
  | { kind: 'pin'; agent: number; x: number }
  | { kind: 'compact' }
  | { kind: 'centre'; x: number }
  | { kind: 'steps'; count: number };

const agent = fc.nat({ max: 40 });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('join'),
      agent,
      link: fc.option(agent, { nil: undefined }),
      lead: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('leave'), agent }),
  fc.record({ kind: fc.constant('talk'), from: agent, to: agent, weight: fc.double() }),
  fc.record({ kind: fc.constant('topology'), index: fc.nat({ max: TOPOLOGIES.length - 1 }) }),
  fc.record({ kind: fc.constant('pin'), agent, x: fc.double() }),
  fc.record({ kind: fc.constant('compact') }),
  fc.record({ kind: fc.constant('centre'), x: fc.double({ min: -1e5, max: 1e5, noNaN: true }) }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('steps'), count: fc.nat({ max: 60 }) }) },
) as fc.Arbitrary<Edit>;

/** A plain model of who is in the swarm, in which slot. */
class Model {
  readonly slots = new Map<number, number>();
  nextSlot = 0;
  rev = 0;
  membership = 0;
  links = 0;
}

function apply(bench: Bench, model: Model, step: Edit): void {
  const order = (change: object): void => bench.engine.order({ kind: 'change', change: { ref: 1, ...change } });
  switch (step.kind) {
    case 'join': {
      if (model.slots.has(step.agent)) return;
      model.slots.set(step.agent, model.nextSlot);
      model.membership += 1;
      model.links += 1;
      const linked =
        step.link === undefined
          ? []
          : [
              {
                ref: model.links,
                from: agentRef(0, step.link),
                to: agentRef(0, step.agent),
                kind: 'topology' as const,
              },
            ];
      const seated = [{ ref: agentRef(0, step.agent), slot: model.nextSlot, lead: step.lead }];
      order({ membership: model.membership, seated, linked });
      model.nextSlot += 1;
      return;
    }
    case 'leave':
      if (!model.slots.delete(step.agent)) return;
      model.membership += 1;
      order({ membership: model.membership, left: [agentRef(0, step.agent)] });
      return;
    case 'talk': {
      const { from, to, weight } = step;
      const link = {
        ref: 5_000 + from * 50 + to,
        from: agentRef(0, from),
        to: agentRef(0, to),
        weight,
        at_ms: 0,
        half_life_ms: 1_000,
      };
      order({ linked: [{ ...link, kind: 'communication' as const }] });
      return;
    }
    case 'topology':
      order({ topology: { name: TOPOLOGIES[step.index] } });
      return;
    case 'pin':
      bench.engine.order({ kind: 'pin', swarm: 1, agent: agentRef(0, step.agent), at: [step.x, -step.x, 0] });
      return;
    case 'compact': {
      model.rev += 1;
      model.nextSlot = 0;
      const seated = [...model.slots.keys()].map((number) => {
        model.slots.set(number, model.nextSlot);
        model.nextSlot += 1;
        return { ref: agentRef(0, number), slot: model.nextSlot - 1, lead: false };
      });
      order({ slotsRev: model.rev, seated });
      return;
    }
    case 'centre':
      order({ centre: [step.x, 0, 0] });
      return;
    case 'steps':
      bench.steps(step.count);
  }
}

function published(bench: Bench): { head: ReturnType<typeof createHead>; f32: DataView; q16: DataView } {
  const head = createHead();
  expect(readHead(bench.handle(), head)).toBe(true);
  const f32 = new Uint8Array(head.count * 16);
  const q16 = new Uint8Array(head.count * 8);
  expect(copyRecords(bench.handle(), head, 'f32', f32, 0)).toBe(true);
  expect(copyRecords(bench.handle(), head, 'q16', q16, 0)).toBe(true);
  return { head, f32: new DataView(f32.buffer), q16: new DataView(q16.buffer) };
}

function check(bench: Bench, model: Model): void {
  const asleep = bench.swarm().asleep;
  const moved = bench.step();
  const { head, f32, q16 } = published(bench);
  const slots = [...model.slots.values()].toSorted((a, b) => a - b);
  expect([head.count, head.slotsRev, head.membership]).toEqual([slots.length, model.rev, model.membership]);
  for (let i = 0; i < head.count; i += 1) {
    expect(f32.getUint32(i * 16, true)).toBe(slots[i]);
    expect(q16.getUint16(i * 8, true)).toBe(slots[i]);
    [head.originX, head.originY, head.originZ].forEach((origin, axis) => {
      const exact = f32.getFloat32(i * 16 + 4 + axis * 4, true);
      expect(Number.isFinite(exact)).toBe(true);
      const coarse = origin + head.scale * q16.getInt16(i * 8 + 2 + axis * 2, true);
      // Half a step, and what f32 itself loses far out.
      expect(Math.abs(coarse - exact)).toBeLessThanOrEqual(head.scale / 2 + Math.abs(exact) * 2 ** -22);
    });
  }
  // A swarm that slept and had nothing new to say has said that it is settled.
  expect(!asleep || moved.length > 0 || head.flags === FLAG_SETTLED).toBe(true);
}

test('after any edits positions are finite, slots are in order, and what is published is what is there', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 60 }), (edits) => {
      const bench = new Bench();
      const model = new Model();
      bench.engine.order({ kind: 'swarm', seat: swarmSeat(0) });
      bench.step();
      for (const step of edits) {
        apply(bench, model, step);
        if (step.kind !== 'steps') continue;
        check(bench, model);
      }
      check(bench, model);
    }),
    { numRuns: 60 },
  );
});

test('a swarm left alone falls asleep and then publishes nothing', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 40 }), (edits) => {
      const bench = new Bench();
      const model = new Model();
      bench.engine.order({ kind: 'swarm', seat: swarmSeat(0) });
      for (const step of edits) apply(bench, model, step);
      bench.step();
      bench.settle(1, 3_000);
      const before = published(bench).head;
      for (let i = 0; i < 20; i += 1) expect(bench.step()).toEqual([]);
      expect(published(bench).head).toEqual(before);
      expect(before.flags).toBe(FLAG_SETTLED);
    }),
    { numRuns: 40 },
  );
});

test('swarms never overlap, and stay where they are while others come, go and grow', () => {
  const step = fc.record({
    swarm: fc.nat({ max: 30 }),
    radius: fc.double({ min: 1, max: 2_000, noNaN: true }),
    leave: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const placement = new Placement();
      const held = new Map<number, { x: number; y: number; half: number }>();
      for (const { swarm, radius, leave } of steps) {
        if (leave) {
          placement.remove(swarm);
          held.delete(swarm);
          continue;
        }
        const [x, y, z] = placement.place(swarm, radius);
        const known = held.get(swarm);
        const stays = known !== undefined && known.half >= radius;
        expect(!stays || (x === known.x && y === known.y)).toBe(true);
        if (stays) continue;
        let half = CELL_WIDTH / 2;
        while (half < radius) half *= 2;
        expect(z).toBe(0);
        for (const [other, place] of held) {
          if (other === swarm) continue;
          const apart = Math.max(Math.abs(place.x - x), Math.abs(place.y - y));
          expect(apart).toBeGreaterThanOrEqual(place.half + half);
        }
        held.set(swarm, { x, y, half });
      }
    }),
    { numRuns: 200 },
  );
});

const runPlaces = (): unknown[] => {
  const placement = new Placement();
  const places: unknown[] = [];
  for (let swarm = 0; swarm < 40; swarm += 1) places.push(placement.place(swarm, 100));
  placement.remove(3);
  placement.remove(17);
  places.push(placement.place(100, 100), placement.place(101, 100));
  return places;
};

test('what is freed is used again, and the same events give the same places', () => {
  const places = runPlaces();
  expect(runPlaces()).toEqual(places);
  expect(places.slice(40)).toEqual([places[3], places[17]]);
});
