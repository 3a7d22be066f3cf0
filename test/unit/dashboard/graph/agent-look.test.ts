import { describe, expect, test } from 'vitest';
import { lookOf, parseColor, shapeOf, STATUSES, UNKNOWN_COLOR } from '../../../../src/dashboard/graph/agent-look.ts';
import { agent } from '../../client/records.ts';

describe('how an agent looks', () => {
  test.each([
    { note: 'known types', type: 'coder', shape: 'square' },
    { note: 'in any case', type: 'CODER', shape: 'square' },
    { note: 'no type', type: undefined, shape: 'circle' },
  ])('shape: $note', ({ type, shape }) => {
    expect(shapeOf(type)).toBe(shape);
  });

  test('an unknown type has one shape, always the same; names of objects’ own members are no types', () => {
    expect(shapeOf('navigator')).toBe(shapeOf('navigator'));
    for (const type of ['__proto__', 'constructor', 'toString', '']) expect(typeof shapeOf(type)).toBe('string');
  });

  test.each([
    { color: '#009e73', rgb: [0, 158, 115] },
    { color: '#D55E00', rgb: [213, 94, 0] },
    { color: undefined, rgb: UNKNOWN_COLOR },
    { color: 'red', rgb: UNKNOWN_COLOR },
    { color: '#12345', rgb: UNKNOWN_COLOR },
    { color: '#12345g', rgb: UNKNOWN_COLOR },
  ])('colour of $color', ({ color, rgb }) => {
    expect(parseColor(color)).toEqual(rgb);
  });

  test('size and pulse come from visual; only agents at work pulse, stale ones never; absent is not invented', () => {
    const visual = { size: 10, color: '#009e73', pulse_hz: 1.5 };
    expect(lookOf({ ...agent(1), status: 'busy', visual })).toMatchObject({ radius: 6, pulseHz: 1.5, stale: false });
    expect(lookOf({ ...agent(1), status: 'idle', visual }).pulseHz).toBe(0);
    expect(lookOf({ ...agent(1), status: 'busy', visual, stale: true })).toMatchObject({ pulseHz: 0, stale: true });
    expect(lookOf({ ...agent(1), status: 'active' }).pulseHz).toBe(0);
    expect(STATUSES[lookOf({ ...agent(1), status: 'error' }).status]).toBe('error');
  });
});
