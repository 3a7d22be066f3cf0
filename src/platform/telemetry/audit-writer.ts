/** Where audit entries go: a stream of their own, apart from the log's levels. */
import { appendFileSync } from 'node:fs';
import { pino, type DestinationStream } from 'pino';
import type { AuditRecord } from '../../model/audit.ts';
import type { AuditConfig, Config } from '../config/schema.ts';
import { logDestination, type Logger } from './log.ts';

/** Only its owner reads who did what. */
const FILE_MODE = 0o600;

export interface AuditWriter {
  /** When it returns, the system has taken the entry. @throws when the entry could not be written. */
  write(record: AuditRecord): void;
}

/** To the file, one JSON object a line; without one, to stderr in the form of the log, unless `log` is silent. */
export async function openAuditWriter(
  { file }: AuditConfig,
  { format }: Pick<Config['log'], 'format'>,
  log: Pick<Logger, 'level'>,
): Promise<AuditWriter> {
  const stream = file === undefined ? await logDestination(format) : appendingTo(file);
  const audit = pino({ base: { component: 'audit' } }, stream);
  return {
    write(record) {
      if (file === undefined && log.level === 'silent') return;
      audit[record.outcome === 'ok' ? 'info' : 'warn'](record, `${record.operation} by ${record.subject}`);
    },
  };
}

/** Opens the file for every entry: it may be moved away (log rotation) at any time, and a full disk may have room again. */
function appendingTo(file: string): DestinationStream {
  // A write that failed may have left part of a line.
  let isWhole = true;
  return {
    write(line) {
      const start = isWhole ? '' : '\n';
      isWhole = false;
      appendFileSync(file, start + line, { mode: FILE_MODE });
      isWhole = true;
    },
  };
}
