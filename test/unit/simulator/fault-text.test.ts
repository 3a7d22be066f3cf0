import { describe, expect, test } from 'vitest';
import { FaultSyntaxError } from '../../../src/simulator/errors.ts';
import { scheduleFaults } from '../../../src/simulator/fault-schedule.ts';
import { describeFaults, FAULT_KINDS, faultToJson, parseFaults, readFault } from '../../../src/simulator/fault-text.ts';

describe('faults as text', () => {
  test.each([
    ['never-answer', [{ kind: 'never-answer' }]],
    ['never-answer:after=10s,times=3', [{ kind: 'never-answer', afterMs: 10_000, times: 3 }]],
    ['wrong-id:after=4,times=all,on=agent.list', [{ kind: 'wrong-id', after: 4, times: Infinity, on: 'agent.list' }]],
    [
      'freeze:ms=2m; exit:code=3',
      [
        { kind: 'freeze', ms: 120_000 },
        { kind: 'exit', code: 3 },
      ],
    ],
    ['clock-skew:byMs=-90s', [{ kind: 'clock-skew', byMs: -90_000 }]],
    [
      'event-flood:events=9,overMs=1s,of=agent.status',
      [{ kind: 'event-flood', events: 9, overMs: 1_000, of: 'agent.status' }],
    ],
    ['over-long-line', [{ kind: 'over-long-line', bytes: 52_428_800 }]],
    ['', []],
  ])('%s', (text, faults) => {
    expect(parseFaults(text)).toEqual(faults);
  });

  test.each([
    ['explode', '"explode" is not one of: never-answer, late-answer'],
    ['constructor', '"constructor" is not one of'],
    ['freeze:ms', '"ms" in "freeze:ms" is not name=value'],
    ['freeze:ms=soon', 'freeze: ms must be a whole number from 0 to 86400000'],
    ['freeze:ms=2d', 'freeze: ms must be a whole number'],
    ['freeze:bytes=2', 'freeze has no "bytes", but on, after, afterMs, times, ms'],
    ['freeze:toString=2', 'freeze has no "toString"'],
    ['wrong-id:times=0', 'wrong-id: times must be a whole number from 1'],
    ['wrong-id:on=a b', 'wrong-id: on must be a method or tool name'],
    ['event-flood:of=spam', 'event-flood: of must be heartbeat or agent.status'],
    ['exit:code=300', 'exit: code must be a whole number from 0 to 255'],
  ])('%s is refused with what is allowed', (text, message) => {
    expect(() => parseFaults(text)).toThrow(FaultSyntaxError);
    expect(() => parseFaults(text)).toThrow(message);
  });

  test.each([
    [null],
    [[]],
    ['freeze'],
    [{}],
    [{ kind: 1 }],
    [{ kind: 'freeze', ms: 1.5 }],
    [{ kind: 'freeze', ms: null }],
  ])('%j is no fault', (value) => {
    expect(() => readFault(value)).toThrow(FaultSyntaxError);
  });

  test('every kind is readable by its name alone, comes back from JSON, and is in the help', () => {
    for (const kind of FAULT_KINDS) {
      const fault = readFault({ kind, times: 'all' });
      expect(readFault(JSON.parse(JSON.stringify(faultToJson(fault))))).toEqual(fault);
      expect(describeFaults()).toContain(`  ${kind} `);
    }
  });
});

describe('faults by seed', () => {
  const first = (seed: number, unsupported: Iterable<string> = []) => {
    const faults = scheduleFaults(seed, 1_000, new Set(unsupported) as never);
    return Array.from({ length: 300 }, () => faults.next().value);
  };

  test('the same seed gives the same, another another', () => {
    expect(first(7)).toEqual(first(7));
    expect(first(7)).not.toEqual(first(8));
  });

  test('waits lie around the mean, every fault can be read back, most kinds come', () => {
    const faults = first(1);
    for (const { waitMs, fault } of faults) {
      expect(waitMs).toBeGreaterThanOrEqual(500);
      expect(waitMs).toBeLessThanOrEqual(1_500);
      expect(readFault(faultToJson(fault))).toMatchObject(fault);
    }
    expect(new Set(faults.map(({ fault }) => fault.kind)).size).toBe(20);
  });

  test('what cannot be shown does not come', () => {
    expect(first(1, ['half-open', 'freeze']).some(({ fault }) => ['half-open', 'freeze'].includes(fault.kind))).toBe(
      false,
    );
  });
});
