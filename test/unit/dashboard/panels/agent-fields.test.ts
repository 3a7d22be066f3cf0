import { expect, test } from 'vitest';
import { fieldsOf } from '../../../../src/dashboard/panels/agent-fields.ts';
import { agent } from '../../client/records.ts';

const record = {
  ...agent(1),
  type: 'coder',
  performance: { success_rate: 0.915, memory_mb: 0 },
  provenance: { 'performance.memory_mb': 'simulated', status: 'derived' },
} as const;
const byName = (simulated: boolean) => new Map(fieldsOf(record, simulated).map((field) => [field.name, field]));

test('every field says where it came from; what the server did not say is absent, not zero', () => {
  const fields = byName(false);
  expect(fields.get('Success')).toEqual({ name: 'Success', value: '91.5 %', source: 'reported' });
  expect(fields.get('Memory')).toEqual({ name: 'Memory', value: '0 MB', source: 'simulated' });
  expect(fields.get('Status')?.source).toBe('derived');
  expect(fields.get('CPU')).toEqual({ name: 'CPU', value: undefined, source: 'absent' });
});

test('what a simulator reports is simulated; what the gateway derived stays derived', () => {
  const fields = byName(true);
  expect(fields.get('Success')?.source).toBe('simulated');
  expect(fields.get('Status')?.source).toBe('derived');
  expect(fields.get('CPU')?.source).toBe('absent');
});
