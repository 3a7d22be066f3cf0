import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cadence, Call } from '../../../../src/hub/upstream/dialects/dialect.ts';
import { shareOfInterval } from '../../../../src/hub/upstream/poll-pace.ts';
import { startPoller, type PollerOptions } from '../../../../src/hub/upstream/poller.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

const clock = { now: () => Date.now(), monotonic: () => Date.now() };
const call = (tool: string): Call => ({ kind: 'tool', tool, args: {} });
const plan = (cadence: Cadence): Call[] => (cadence === 'fast' ? [call('probe'), call('more')] : [call('rest')]);

const nameOf = (one: Call): string => (one.kind === 'tool' ? one.tool : one.method);

function poll(options: Partial<PollerOptions> = {}) {
  const asked: string[] = [];
  const adapted: { from: number; to: number; cause: string }[] = [];
  const errors: unknown[] = [];
  const poller = startPoller({
    timing: { fastMs: 100, slowMs: 1_000, slowRoundTripMs: 50 },
    clock,
    plan,
    ask: async (calls, cadence) => {
      asked.push(`${Date.now()} ${calls.map(nameOf).join(' ')}${cadence === 'fast' ? '!' : ''}`);
      return Promise.resolve([{ fingerprint: asked.length, roundTripMs: 1 }]);
    },
    onAdapted: (change) => adapted.push(change),
    onError: (error) => errors.push(error),
    ...options,
  });
  return { poller, asked, adapted, errors };
}

describe('poller', () => {
  test('fast and slow rounds at their cadence, each with its calls in order', async () => {
    const { poller, asked } = poll();
    await vi.advanceTimersByTimeAsync(1_050);
    expect(asked.slice(0, 3)).toEqual(['0 probe more!', '0 rest', '100 probe more!']);
    expect(asked.filter((line) => line.endsWith('rest'))).toEqual(['0 rest', '1000 rest']);
    expect(asked.filter((line) => line.endsWith('!'))).toHaveLength(11);
    await poller[Symbol.asyncDispose]();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('rounds never overlap, however slow the server is', async () => {
    let running = 0;
    let most = 0;
    const { poller } = poll({
      ask: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => {
          setTimeout(resolve, 300);
        });
        running -= 1;
        return [{ fingerprint: 0, roundTripMs: 300 }];
      },
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(most).toBe(1);
    expect(poller.intervalMs).toBe(800);
    const end = poller[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(1_000);
    await end;
  });

  test('a slow round that is spared comes as soon as it may, not a whole cadence later', async () => {
    let mayAsk = false;
    const { poller, asked } = poll({ plan: (cadence) => (cadence === 'slow' && !mayAsk ? undefined : plan(cadence)) });
    await vi.advanceTimersByTimeAsync(450);
    expect(asked.filter((line) => line.endsWith('rest'))).toEqual([]);
    mayAsk = true;
    await vi.advanceTimersByTimeAsync(1_300);
    expect(asked.filter((line) => line.endsWith('rest'))).toEqual(['500 rest', '1500 rest']);
    await poller[Symbol.asyncDispose]();
  });

  test('each change of pace for latency is told with its cause, those for idleness are not', async () => {
    let roundTripMs = 80;
    const { poller, adapted } = poll({ ask: () => Promise.resolve([{ fingerprint: 0, roundTripMs }]) });
    await vi.advanceTimersByTimeAsync(400);
    expect(adapted).toEqual([
      { from: 100, to: 200, cause: 'round trips take 80.0 ms' },
      { from: 200, to: 400, cause: 'round trips take 80.0 ms' },
    ]);
    roundTripMs = 1;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(adapted.at(-1)?.cause).toBe('round trips take 1.0 ms');
    const told = adapted.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(adapted).toHaveLength(told);
    await poller[Symbol.asyncDispose]();
  });

  test('slower when nothing changes, at once when asked to', async () => {
    const { poller, asked } = poll({
      plan: () => [call('probe')],
      timing: { fastMs: 100, slowMs: 1e9, slowRoundTripMs: 50 },
      ask: async () => {
        asked.push(String(Date.now()));
        return Promise.resolve([{ fingerprint: 0, roundTripMs: 1 }]);
      },
    });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(poller.intervalMs).toBe(800);
    const before = asked.length;
    poller.pollNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(before + 1);
    expect(poller.intervalMs).toBe(100);
    await poller[Symbol.asyncDispose]();
  });

  test('relaxed where the server tells by itself, and back', async () => {
    const timing = { fastMs: 100, slowMs: 1e9, slowRoundTripMs: 50 };
    const { poller, asked } = poll({ timing, plan: (cadence) => (cadence === 'fast' ? [call('probe')] : []) });
    poller.relax(5_000);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(asked).toEqual(['0 probe!', '0 ', '5000 probe!']);
    poller.relax(undefined);
    await vi.advanceTimersByTimeAsync(150);
    expect(asked.at(-1)).toBe('9100 probe!');
    await poller[Symbol.asyncDispose]();
  });

  test('an error ends the round and is told; the next round comes in its time', async () => {
    let failing = true;
    const { poller, asked, errors } = poll({
      ask: async (calls) => {
        if (failing) throw new Error('no reply');
        asked.push(...calls.map(nameOf));
        return Promise.resolve([{ fingerprint: 0, roundTripMs: 1 }]);
      },
    });
    await vi.advanceTimersByTimeAsync(50);
    expect(errors).toHaveLength(2);
    failing = false;
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual(['probe', 'more']);
    await poller[Symbol.asyncDispose]();
  });
});

test('servers named alike are not asked together: their shares of an interval lie apart, within 0.8 to 1', () => {
  const shares = Array.from({ length: 8 }, (_, i) => shareOfInterval(`sim-${i}`)).toSorted((a, b) => a - b);
  expect(shares[0]).toBeGreaterThanOrEqual(0.8);
  expect(shares.at(-1)).toBeLessThanOrEqual(1);
  shares.slice(1).forEach((share, i) => expect(share - (shares[i] ?? 0)).toBeGreaterThan(0.005));
  expect(shareOfInterval('sim-0')).toBe(shareOfInterval('sim-0'));
});
