import { describe, expect, test } from 'vitest';
import type { Fault, ReplyFault, ServerFault } from '../../../src/simulator/faults.ts';
import { FaultBook } from '../../../src/simulator/faults.ts';
import { spoilReply } from '../../../src/simulator/transports/spoil-reply.ts';

const ANSWER = { jsonrpc: '2.0', id: 7, result: { ok: true } };

describe('when a fault fires', () => {
  test.each<{ note: string; fault: Fault; fires: boolean[] }>([
    { note: 'once by default', fault: { kind: 'never-answer' }, fires: [true, false, false] },
    { note: 'as often as asked', fault: { kind: 'never-answer', times: 2 }, fires: [true, true, false] },
    { note: 'for ever', fault: { kind: 'never-answer', times: Infinity }, fires: [true, true, true] },
    { note: 'after some', fault: { kind: 'never-answer', after: 1 }, fires: [false, true, false] },
    { note: 'only on its tool', fault: { kind: 'never-answer', on: 'agent_list' }, fires: [true, false, false] },
    { note: 'on the method of a tool', fault: { kind: 'never-answer', on: 'tools/call' }, fires: [true, false, false] },
    { note: 'not on another', fault: { kind: 'never-answer', on: 'agent_spawn' }, fires: [false, false, false] },
  ])('$note', async ({ fault, fires }) => {
    const book = new FaultBook(() => undefined);
    const armed = book.arm(fault);
    expect(fires.map(() => book.takeForReply(['tools/call', 'agent_list']).length === 1)).toEqual(fires);
    const count = fires.filter(Boolean).length;
    expect([armed.fired, book.fired]).toEqual([count, count]);
    if (count > 0) await armed.whenFired();
  });

  test('a cancelled fault never fires', () => {
    const book = new FaultBook(() => undefined);
    book.arm({ kind: 'never-answer' }).cancel();
    expect(book.takeForReply(['ping'])).toEqual([]);
  });

  test('not before its time, on a connection too young, or after all were cancelled', () => {
    let nowMs = 0;
    const performed: ServerFault[] = [];
    const book = new FaultBook((fault) => performed.push(fault), { now: () => 0, monotonic: () => nowMs });
    book.arm({ kind: 'never-answer', afterMs: 100 });
    book.arm({ kind: 'cut-by-age', ageMs: 50 });
    expect(book.takeForReply(['ping'], 49)).toEqual([]);
    expect(book.takeForReply(['ping'], 50).map(({ kind }) => kind)).toEqual(['cut-by-age']);
    nowMs = 100;
    book.arm({ kind: 'wrong-id' }).cancel();
    expect(book.takeForReply(['ping'], 0).map(({ kind }) => kind)).toEqual(['never-answer']);
    book.arm({ kind: 'never-answer', times: Infinity });
    const later = book.arm({ kind: 'freeze', ms: 5, afterMs: 60_000 });
    book.cancelAll();
    expect([book.takeForReply(['ping']), later.fired, performed]).toEqual([[], 0, []]);
  });

  test('a thousand wait at most, and those that are spent do not count', () => {
    const book = new FaultBook(() => undefined);
    for (let i = 0; i < 1_000; i++) book.arm({ kind: 'never-answer' });
    expect(() => book.arm({ kind: 'never-answer' })).toThrow('1000 faults wait already');
    expect(book.takeForReply(['ping'])).toHaveLength(1_000);
    book.arm({ kind: 'never-answer' });
  });

  test('what concerns the whole server happens at once, or when its request comes', () => {
    const performed: ServerFault[] = [];
    const book = new FaultBook((fault) => performed.push(fault));
    book.arm({ kind: 'freeze', ms: 5 });
    expect(performed).toEqual([{ kind: 'freeze', ms: 5 }]);
    const armed = book.arm({ kind: 'exit', on: 'agent.list' });
    expect(book.takeForReply(['agent.list'])).toEqual([]);
    expect(armed.fired).toBe(0);
    book.requested(['agent.list']);
    expect([armed.fired, performed.at(-1)?.kind]).toEqual([1, 'exit']);
  });
});

describe('what becomes of an answer', () => {
  const spoil = (...faults: ReplyFault[]) => spoilReply(ANSWER, faults, '\n');
  const line = `${JSON.stringify(ANSWER)}\n`;

  test('nothing, without faults', () => {
    expect(spoil()).toEqual({
      text: line,
      delayMs: 0,
      to: 'asker',
      cut: undefined,
      exit: undefined,
      pieces: undefined,
      http: undefined,
      joinCount: undefined,
    });
  });

  test('each kind does what it says', () => {
    expect(spoil({ kind: 'never-answer' }).text).toBeUndefined();
    expect(spoil({ kind: 'late-answer', delayMs: 9 })).toMatchObject({ text: line, delayMs: 9 });
    expect(spoil({ kind: 'close-mid-reply' }).cut).toBe('half-way');
    expect(spoil({ kind: 'exit-mid-reply', code: 4 })).toMatchObject({ cut: 'half-way', exit: { code: 4 } });
    expect(spoil({ kind: 'cut-by-age', ageMs: 9 }).cut).toBe('before');
    expect(spoil({ kind: 'foreign-reply' }).to).toBe('another');
    expect(spoil({ kind: 'broadcast-reply' }).to).toBe('all');
    const bare = spoil({ kind: 'error-and-close' });
    expect([bare.cut, Object.keys(JSON.parse(bare.text ?? '') as object)]).toEqual(['after', ['error']]);
    const limited = spoil({ kind: 'rate-limited', retryAfterS: 3 });
    expect(limited.http).toEqual({ status: 429, headers: { 'retry-after': '3' } });
    expect(JSON.parse(limited.text ?? '')).toMatchObject({ id: 7, error: { code: -32_000, data: { retryAfter: 3 } } });
    expect(spoil({ kind: 'duplicate-reply' }).text).toBe(line + line);
    expect(spoil({ kind: 'split-frames', bytes: 3 }).pieces).toEqual({ bytes: 3, everyMs: 0 });
    expect(spoil({ kind: 'slow-drip', bytes: 3, everyMs: 7 }).pieces).toEqual({ bytes: 3, everyMs: 7 });
    expect(spoil({ kind: 'joined-frames', count: 4 }).joinCount).toBe(4);
    expect(JSON.parse(spoil({ kind: 'wrong-id' }).text ?? '')).toMatchObject({ id: 1_000_010, result: { ok: true } });
    const [garbage = '', after] = (spoil({ kind: 'garbage-line' }).text ?? '').split('\n');
    expect(() => JSON.parse(garbage) as unknown).toThrow(SyntaxError);
    expect(`${after}\n`).toBe(line);
    const long = spoil({ kind: 'over-long-line', bytes: 5_000 }).text ?? '';
    expect(long.length).toBeGreaterThanOrEqual(5_000);
    expect(JSON.parse(long)).toMatchObject({ id: 7, result: { ok: true } });
  });

  test('they add up', () => {
    const spoiled = spoil({ kind: 'late-answer', delayMs: 5 }, { kind: 'duplicate-reply' });
    expect(spoiled).toMatchObject({ text: line + line, delayMs: 5 });
  });
});
