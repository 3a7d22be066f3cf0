import { describe, expect, test } from 'vitest';
import { clientPayloads } from '../../../src/protocol/client-messages.ts';
import { shouldReconnect, CLOSE_CODES } from '../../../src/protocol/close-codes.ts';
import { DEFAULT_FILTERS, filterPatchSchema, filtersSchema, MAX_FILTER_VALUES } from '../../../src/protocol/filters.ts';
import { modeSchema } from '../../../src/protocol/modes.ts';

describe('filters', () => {
  test('the defaults are a complete set without restriction', () => {
    expect(filtersSchema.parse(DEFAULT_FILTERS)).toEqual(DEFAULT_FILTERS);
  });

  const spellings = [
    { given: 'claude-flow', meant: 'claude-flow' },
    { given: 'claude_flow', meant: 'claude-flow' },
    { given: 'ClaudeFlow', meant: 'claude-flow' },
    { given: 'RuvSwarm', meant: 'ruv-swarm' },
    { given: 'ruv_swarm', meant: 'ruv-swarm' },
    { given: 'Daa', meant: 'daa' },
    { given: 'OTHER', meant: 'other' },
  ];
  test.each(spellings)('server type $given means $meant', ({ given, meant }) => {
    expect(filterPatchSchema.parse({ server_types: [given] })).toEqual({ server_types: [meant] });
  });

  test('a patch keeps absent keys absent', () => {
    expect(filterPatchSchema.parse({})).toEqual({});
    expect(filterPatchSchema.parse({ include_neural: false })).toEqual({ include_neural: false });
  });

  const refused = [
    { note: 'server type of no vocabulary', value: { server_types: ['zeus'] } },
    { note: 'status of no vocabulary', value: { statuses: ['sleeping'] } },
    { note: 'wrong type', value: { swarm_ids: 'a' } },
    { note: 'wrong type of a flag', value: { include_topology: 'yes' } },
    { note: 'wrong type within a list', value: { agent_types: [1] } },
    { note: 'unknown key', value: { colour: ['red'] } },
    { note: 'empty text', value: { swarm_ids: [''] } },
    { note: 'text too long', value: { swarm_ids: ['x'.repeat(601)] } },
    { note: 'too many values', value: { swarm_ids: Array.from({ length: MAX_FILTER_VALUES + 1 }, (_, n) => `s${n}`) } },
    { note: 'null', value: { swarm_ids: null } },
  ];
  test.each(refused)('refused: $note', ({ value }) => {
    expect(filterPatchSchema.safeParse(value).success).toBe(false);
  });

  test('a refusal names the allowed values', () => {
    expect(filterPatchSchema.safeParse({ statuses: ['sleeping'] }).error?.message).toContain('busy');
  });
});

describe('modes', () => {
  test.each([
    ['high_frequency', 'high_frequency'],
    ['HighFrequency', 'high_frequency'],
    ['on-demand', 'on_demand'],
    ['Normal', 'normal'],
  ])('%s means %s', (given, meant) => {
    expect(modeSchema.parse(given)).toBe(meant);
  });

  test.each(['fast', '', 60, null])('%s is refused', (given) => {
    expect(modeSchema.safeParse(given).success).toBe(false);
  });
});

describe('client payloads', () => {
  const rows = [
    { type: 'hello', payload: {}, accepted: true },
    {
      type: 'hello',
      payload: { protocol: 1, positions: 'raw28', mode: 'OnDemand', filters: {}, resume: { cursor: 'x' } },
      accepted: true,
    },
    { type: 'hello', payload: { protocol: 2 }, accepted: false },
    { type: 'hello', payload: { positions: 'q8' }, accepted: false },
    { type: 'hello', payload: { resume: { cursor: 'x'.repeat(65) } }, accepted: false },
    { type: 'hello', payload: { surprise: 1 }, accepted: false },
    { type: 'performance_mode', payload: {}, accepted: false },
    { type: 'ack', payload: { tick: 1.5 }, accepted: false },
    { type: 'ack', payload: { tick: 7 }, accepted: true },
    { type: 'heartbeat', payload: { sent: 1 }, accepted: true },
    { type: 'resync', payload: { hard: true }, accepted: false },
  ] as const;
  test.each(rows)('$type $payload accepted: $accepted', ({ type, payload, accepted }) => {
    expect(clientPayloads[type].safeParse(payload).success).toBe(accepted);
  });
});

describe('close codes', () => {
  test.each(Object.entries(CLOSE_CODES))('%s tells by its range whether to come back', (_, code) => {
    expect(code).toBeGreaterThanOrEqual(3_000);
    expect(code).toBeLessThan(4_000);
    expect(shouldReconnect(code)).toBe(code < 3_500);
  });

  test.each([
    [1_000, true],
    [1_006, true],
    [1_008, false],
    [1_012, true],
    [4_000, true],
  ])('%d from elsewhere: %s', (code, reconnect) => {
    expect(shouldReconnect(code)).toBe(reconnect);
  });

  test('codes are distinct', () => {
    expect(new Set(Object.values(CLOSE_CODES)).size).toBe(Object.keys(CLOSE_CODES).length);
  });
});
