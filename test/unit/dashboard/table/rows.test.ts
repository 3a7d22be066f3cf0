import { describe, expect, test } from 'vitest';
import { agentName, selectRows } from '../../../../src/dashboard/table/agent-rows.ts';
import { rowWindow, scrollToRow } from '../../../../src/dashboard/table/virtual-window.ts';
import { agent } from '../../client/records.ts';

const agents = new Map(
  [
    { ...agent(1), name: 'coder-10', type: 'coder', performance: { success_rate: 0.9 } },
    { ...agent(2), name: 'coder-9', type: 'coder', performance: { success_rate: 0.5 } },
    { ...agent(3), name: 'Tester', type: 'tester', swarm: 2 },
    { ...agent(4), name: 'coder-9', type: 'reviewer', performance: { success_rate: 0.7 } },
  ].map((record) => [record.ref, record]),
);
const names = (choice: Partial<Parameters<typeof selectRows>[1]>) =>
  selectRows(agents, { query: '', swarm: undefined, sort: { column: 'name', descending: false }, ...choice }).map(
    ({ name }) => name,
  );

describe('rows', () => {
  test('names sort as people count', () => {
    expect(names({})).toEqual(['coder-9', 'coder-9', 'coder-10', 'Tester']);
  });
  test('unknown values come last, up and down', () => {
    expect(names({ sort: { column: 'success', descending: false } })).toEqual([
      'coder-9',
      'coder-9',
      'coder-10',
      'Tester',
    ]);
    expect(names({ sort: { column: 'success', descending: true } })).toEqual([
      'coder-10',
      'coder-9',
      'coder-9',
      'Tester',
    ]);
  });
  test('every word has to be found, in any of the texts, in any case', () => {
    expect(names({ query: 'CODER 9' })).toEqual(['coder-9', 'coder-9']);
    expect(names({ query: 'coder reviewer' })).toEqual(['coder-9']);
    expect(names({ query: 'nothing' })).toEqual([]);
    expect(names({ query: '   ' })).toHaveLength(4);
  });
  test('one swarm alone', () => {
    expect(names({ swarm: 2 })).toEqual(['Tester']);
  });
  test('a name of blanks or controls is still something to press on', () => {
    expect(agentName({ name: '  ', id: 'x' })).toBe('(no name)');
    expect(agentName({ name: 'a\u202eb\n', id: 'x' })).toBe('a\ufffdb\ufffd');
    expect(agentName({ id: 'x' })).toBe('x');
  });
});

test('a window of rows covers what is seen, and stays within the list', () => {
  expect(rowWindow(0, 340, 34, 10_000)).toEqual({ start: 0, end: 16 });
  const middle = rowWindow(34_000, 340, 34, 10_000);
  expect(middle.start).toBeLessThanOrEqual(1_000);
  expect(middle.end).toBeGreaterThanOrEqual(1_010);
  expect(middle.end - middle.start).toBeLessThan(40);
  expect(rowWindow(99_999, 340, 34, 5)).toEqual({ start: 5, end: 5 });
  expect(rowWindow(0, 340, 34, 0)).toEqual({ start: 0, end: 0 });
});

test('scrolling to a row moves no farther than needed', () => {
  expect(scrollToRow(2, 0, 340, 34)).toBe(0);
  expect(scrollToRow(10, 0, 340, 34)).toBe(34);
  expect(scrollToRow(1, 340, 340, 34)).toBe(34);
});
