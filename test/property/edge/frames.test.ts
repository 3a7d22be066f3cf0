import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFrame } from '../../../src/protocol/frames.ts';
import { placeOf, Stage } from '../../unit/edge/views/stage.ts';

const SLOTS = fc.uniqueArray(
  fc.oneof({ weight: 8, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 65_545 }) }),
  { maxLength: 30 },
);

describe('position frames', () => {
  const swarm = fc.record({
    /** Slots of agents that the replica knows, busy ones, and slots that the publication holds. */
    known: SLOTS,
    busy: fc.func(fc.boolean()),
    published: fc.option(SLOTS),
    scale: fc.integer({ min: -6, max: 2 }).map((exponent) => 2 ** exponent),
    membershipAgrees: fc.boolean(),
  });

  test('hold every shown agent that has a position, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(swarm, { maxLength: 4 }),
        fc.boolean(),
        fc.constantFrom('q16' as const, 'f32' as const),
        (swarms, filtered, format) => {
          const stage = new Stage();
          const expected = new Map<string, readonly [number, number, number]>();
          swarms.forEach(({ known, busy, published, scale, membershipAgrees }, n) => {
            const ref = n + 1;
            stage.swarm(ref);
            stage.join(ref, known, (slot) => (busy(slot) ? { status: 'busy' } : {}));
            // Without a publication of its own a swarm has that of exactly its agents.
            const slots = published ?? known;
            const same = published === null && membershipAgrees;
            stage.publish(ref, { slots, tick: 1, scale, membership: same ? known.length : known.length + 1 });
            const shown = known.filter((slot) => slots.includes(slot) && (!filtered || busy(slot)));
            for (const slot of shown) expected.set(`${ref}/${slot}`, [...placeOf(slot), scale] as never);
          });
          stage.tick(
            1,
            swarms.map((_, n) => n + 1),
          );
          const view = stage.view(filtered ? { statuses: ['busy'] } : {}, format);
          const got = new Set<string>();
          for (const frame of view.frames(-1)) {
            for (const section of decodeFrame(frame).sections) {
              section.slots.forEach((slot, at) => {
                const name = `${section.swarmRef}/${slot}`;
                expect(got.has(name)).toBe(false);
                got.add(name);
                const reach = 32_767 * section.scale;
                placeOf(slot).forEach((value, axis) => {
                  const wanted = format === 'q16' ? Math.max(-reach, Math.min(reach, value)) : value;
                  const error = Math.abs((section.positions[at * 3 + axis] ?? Number.NaN) - wanted);
                  expect(error).toBeLessThanOrEqual(format === 'q16' ? section.scale / 2 + 1e-4 : 1e-4);
                });
              });
            }
          }
          expect([...got].toSorted()).toEqual([...expected.keys()].toSorted());
        },
      ),
      { numRuns: 200 },
    );
  });
});
