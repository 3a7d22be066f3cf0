import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AuditRecord } from '../../../../src/model/audit.ts';
import { ConfigError } from '../../../../src/platform/config/errors.ts';
import { checkAuditFile } from '../../../../src/platform/telemetry/audit-file.ts';
import { openAuditWriter } from '../../../../src/platform/telemetry/audit-writer.ts';

const record = (seq: number, outcome = 'ok'): AuditRecord => ({
  seq,
  at_ms: 1,
  subject: 'ann',
  role: 'operator',
  via: 'socket',
  operation: 'agent.spawn',
  kind: 'write',
  target: { server_id: 'a' },
  outcome,
  took_ms: 1,
});
const place = () => join(mkdtempSync(join(tmpdir(), 'swarmcast-audit-')), 'audit.jsonl');
const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

test('a file gets one JSON object a line, for its owner alone; moved away, it begins anew', async () => {
  const file = place();
  checkAuditFile({ file, entries_kept: 1 });
  const writer = await openAuditWriter({ file, entries_kept: 1 }, { format: 'pretty' }, { level: 'silent' });
  writer.write(record(1));
  writer.write(record(2, 'forbidden'));
  expect(linesOf(file)).toMatchObject([
    { component: 'audit', level: 30, seq: 1, subject: 'ann', target: { server_id: 'a' }, outcome: 'ok' },
    { component: 'audit', level: 40, seq: 2, outcome: 'forbidden' },
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  renameSync(file, `${file}.1`);
  writer.write(record(3));
  expect(linesOf(file)).toMatchObject([{ seq: 3 }]);
});

test('a write that fails throws; the next one that works begins a line of its own', async () => {
  const file = place();
  mkdirSync(file);
  const writer = await openAuditWriter({ file, entries_kept: 1 }, { format: 'json' }, { level: 'info' });
  expect(() => writer.write(record(1))).toThrow('EISDIR');
  rmdirSync(file);
  writer.write(record(2));
  writer.write(record(3));
  expect(linesOf(file)).toMatchObject([{ seq: 2 }, { seq: 3 }]);
});

test('a file that cannot be written is refused by name', () => {
  const refused = () => checkAuditFile({ file: join(place(), 'below', 'a file'), entries_kept: 1 });
  expect(refused).toThrow(ConfigError);
  expect(refused).toThrow(/^audit\.file .*cannot be written: ENOENT/);
  const folder = place();
  mkdirSync(folder);
  expect(() => checkAuditFile({ file: folder, entries_kept: 1 })).toThrow('it is a folder');
  expect(() => checkAuditFile({ entries_kept: 1 })).not.toThrow();
});
