import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '../config/errors.ts';
import type { AuditConfig } from '../config/schema.ts';

/** Looks, and leaves nothing behind: whoever checks need not be who writes. @throws {@link ConfigError} */
export function checkAuditFile({ file }: AuditConfig): void {
  if (file === undefined) return;
  try {
    const isThere = existsSync(file);
    if (isThere && statSync(file).isDirectory()) throw new Error('it is a folder');
    accessSync(isThere ? file : dirname(file), constants.W_OK);
  } catch (cause) {
    const message = `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new ConfigError([{ key: 'audit.file', source: 'configuration', message }], { cause });
  }
}
