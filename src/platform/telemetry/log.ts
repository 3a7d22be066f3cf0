/** Logging: pino, JSON lines (or a readable form on a terminal). Secrets never reach it: callers log bounded fields. */
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

export function createLogger(options: { level: string; name?: string }): Logger {
  // stderr: stdout belongs to commands that print results, and to stdio MCP servers.
  return pino(
    { level: options.level, base: options.name === undefined ? null : { part: options.name } },
    pino.destination({ dest: 2, sync: true }),
  );
}
