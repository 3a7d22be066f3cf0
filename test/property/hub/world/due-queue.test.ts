import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { test } from 'vitest';
import { DueQueue } from '../../../../src/hub/world/due-queue.ts';

test('a queue hands out what a sorted list would, and keeps no more than twice its items', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('schedule' as const), item: fc.nat(5), at: fc.nat(20) }),
    fc.record({ do: fc.constant('forget' as const), item: fc.nat(5) }),
    fc.record({ do: fc.constant('take' as const), at: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queue = new DueQueue<{ queuedMs: number }>();
      const items = Array.from({ length: 6 }, () => ({ queuedMs: Infinity }));
      const due = new Map<object, number>();
      for (const next of steps) {
        if (next.do === 'take') {
          const taken = queue.take(next.at);
          const earliest = Math.min(next.at + 1, ...due.values());
          assert.equal(taken === undefined ? next.at + 1 : due.get(taken), earliest);
          if (taken !== undefined) due.delete(taken);
          assert(queue.size <= due.size * 2, `${queue.size} entries for ${due.size} items`);
          continue;
        }
        const item = items[next.item] ?? { queuedMs: Infinity };
        if (next.do === 'forget') {
          queue.forget(item);
          due.delete(item);
        } else {
          queue.schedule(item, next.at);
          due.set(item, Math.min(due.get(item) ?? Infinity, next.at));
        }
        assert(queue.size <= due.size * 2, `${queue.size} entries for ${due.size} items`);
      }
    }),
    { numRuns: 500 },
  );
});
