import { expect, test } from 'vitest';
import { AuditLog, MAX_LINES, type AuditPage } from '../../../../src/dashboard/session/audit-log.ts';

function page(life: string, from: number, to: number, gap = false): AuditPage {
  const entries = Array.from({ length: to - from + 1 }, (_, i) => ({
    seq: from + i,
    at_ms: 1,
    subject: 'ada',
    role: 'operator' as const,
    via: 'http',
    operation: 'agent.spawn',
    kind: 'write' as const,
    target: {},
    outcome: 'ok',
    took_ms: 1,
  }));
  return { entries, next: `${life}:${to}`, gap, unwritten: 0 };
}

test('newest first, each record once per life, bounded; a gap is remembered', () => {
  const log = new AuditLog();
  expect(log.next).toBeUndefined();
  log.take(page('a', 1, 3));
  log.take(page('a', 4, 3));
  log.take(page('a', 4, 5));
  expect(log.next).toBe('a:5');
  expect(log.lines.value.map(({ seq }) => seq)).toEqual([5, 4, 3, 2, 1]);
  expect(log.missed.value).toBe(false);
  log.take(page('b', 1, MAX_LINES + 10, true));
  expect(log.missed.value).toBe(true);
  expect(log.lines.value).toHaveLength(MAX_LINES);
  expect(log.lines.value[0]).toMatchObject({ life: 'b', seq: MAX_LINES + 10 });
});
