import { describe, expect, test } from 'vitest';
import type { ViewState } from '../../../../src/dashboard/view/url-state.ts';
import {
  countFilters,
  DEFAULT_VIEW,
  formatView,
  parseView,
  toFilterPatch,
} from '../../../../src/dashboard/view/url-state.ts';

const FULL: ViewState = {
  main: 'both',
  panel: 'connection',
  mode: 'low_frequency',
  query: 'a b&c=d',
  selected: 's/w/ü 1%2F2',
  isolated: 's/w',
  sort: { column: 'cpu', descending: true },
  filters: {
    server_types: ['daa'],
    server_ids: ['one', 'two&three'],
    agent_types: ['<b>'],
    statuses: ['busy', 'error'],
    without: ['neural'],
  },
};

describe('view in the address', () => {
  test('what is written is read again; the default is written as nothing', () => {
    expect(parseView(formatView(FULL))).toEqual(FULL);
    expect(formatView(DEFAULT_VIEW)).toBe('');
    expect(parseView('')).toEqual(DEFAULT_VIEW);
  });

  test.each([
    '?view=evil&panel=x&mode=warp&sort=-nothing&status=sleepy&server_type=x&without=all',
    '?%E0%A4%A&&&=&?',
    `?agent=${'x'.repeat(10_000)}&type=${'y'.repeat(10_000)}`,
    '?token=secret&view=',
  ])('nonsense is left out: %s', (search) => {
    expect(parseView(search)).toEqual(DEFAULT_VIEW);
  });

  test('lists are bounded and distinct', () => {
    const search = `?${Array.from({ length: 500 }, (_, i) => `type=t${i % 100}`).join('&')}`;
    expect(parseView(search).filters.agent_types).toHaveLength(64);
  });

  test('filters for the gateway name every key, so that nothing of earlier ones stays', () => {
    expect(toFilterPatch(DEFAULT_VIEW.filters)).toEqual({
      server_types: [],
      server_ids: [],
      agent_types: [],
      statuses: [],
      include_performance: true,
      include_neural: true,
      include_topology: true,
      include_messages: true,
    });
    expect(toFilterPatch(FULL.filters).include_neural).toBe(false);
    expect(countFilters(FULL.filters)).toBe(7);
  });
});
