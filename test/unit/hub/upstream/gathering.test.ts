import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Call } from '../../../../src/hub/upstream/dialects/dialect.ts';
import { Gathering, type GatheringOptions } from '../../../../src/hub/upstream/gathering.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const call = (method: string): Call => ({ kind: 'method', method, params: {} });
const nameOf = (one: Call): string => (one.kind === 'tool' ? one.tool : one.method);

function gather(options: Partial<GatheringOptions<string>>) {
  const sent: string[] = [];
  const gathering = new Gathering<string>({
    expected: 3,
    waitMs: 50,
    send: (calls) => {
      sent.push(`${Date.now()} ${calls.map(nameOf).join('')}`);
      return Promise.resolve(calls.map((one) => nameOf(one).toUpperCase()));
    },
    ...options,
  });
  return {
    gathering,
    sent,
    join: (names: string) => Promise.all(names.split('').map((name) => gathering.join(call(name)))),
  };
}

describe('gathering', () => {
  test('the last that is expected does not wait, and each gets its own result', async () => {
    const { join, sent } = gather({});
    expect(await join('abc')).toEqual(['A', 'B', 'C']);
    expect(sent).toEqual(['0 abc']);
  });

  test('nobody waits longer for the others than allowed', async () => {
    const { join, sent } = gather({ expected: 3 });
    const first = join('ab');
    await vi.advanceTimersByTimeAsync(49);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await first).toEqual(['A', 'B']);
    expect(await join('c')).toEqual(['C']);
    expect(sent).toEqual(['50 ab', '50 c']);
  });

  test('one that does not come is not waited for', async () => {
    const { join, gathering, sent } = gather({ expected: 3 });
    const joined = join('ab');
    gathering.miss();
    await joined;
    expect(sent).toEqual(['0 ab']);
  });

  test('one batch at a time, and after an error none', async () => {
    let running = 0;
    let most = 0;
    let batches = 0;
    const { join } = gather({
      expected: 7,
      send: async (calls) => {
        batches += 1;
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => {
          setTimeout(resolve, 200);
        });
        running -= 1;
        if (batches === 2) throw new Error('lost');
        return calls.map(nameOf);
      },
    });
    const joined: Promise<string[]>[] = [];
    for (const names of ['ab', 'cd', 'ef']) {
      joined.push(join(names));
      await vi.advanceTimersByTimeAsync(60);
    }
    const settled = Promise.allSettled(joined);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect([most, batches]).toEqual([1, 2]);
  });
});
