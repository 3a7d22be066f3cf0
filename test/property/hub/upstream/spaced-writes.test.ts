/** ruv-swarm makes its ids of milliseconds: whatever writes take and however they end, no two of them are within one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SpacedWrites, WRITE_GAP_MS } from '../../../../src/hub/upstream/spaced-writes.ts';

const writes = fc.array(fc.record({ takesMs: fc.nat(20), fails: fc.boolean() }), { minLength: 2, maxLength: 30 });

test('each begins so long after the end of the one before, in the order of asking', async () => {
  await fc.assert(fc.asyncProperty(writes, asSpaced));
});

async function asSpaced(asked: readonly { takesMs: number; fails: boolean }[]): Promise<void> {
  let nowMs = 0;
  const clock = (ms: number): Promise<void> => {
    nowMs += ms;
    return Promise.resolve();
  };
  const spaced = new SpacedWrites(clock);
  const done: { write: number; fromMs: number; toMs: number }[] = [];
  const outcomes = await Promise.allSettled(
    asked.map(({ takesMs, fails }, write) =>
      spaced.inTurn(async () => {
        const fromMs = nowMs;
        await clock(takesMs);
        done.push({ write, fromMs, toMs: nowMs });
        if (fails) throw new Error('refused');
        return write;
      }),
    ),
  );
  expect(done.map(({ write }) => write)).toEqual(asked.map((_, write) => write));
  expect(outcomes.map(({ status }) => status)).toEqual(asked.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')));
  for (const [index, { fromMs }] of done.slice(1).entries())
    expect(fromMs - (done[index]?.toMs ?? 0)).toBeGreaterThanOrEqual(WRITE_GAP_MS);
}
