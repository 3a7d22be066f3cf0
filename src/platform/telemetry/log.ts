/** Logging: pino, JSON lines or a readable form. Callers log bounded fields; secrets never reach it. */
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

export interface LogOptions {
  level: string;
  /** `auto`: pretty on a terminal, JSON elsewhere. */
  format: 'auto' | 'json' | 'pretty';
  /** The part of the gateway that logs: `hub`, `edge`, … */
  part: string;
}

/** A logger that writes to stderr: stdout belongs to commands that print results, and to stdio MCP servers. */
export async function createLogger(options: LogOptions): Promise<Logger> {
  return pino({ level: options.level, base: { part: options.part } }, await destination(options.format));
}

async function destination(format: LogOptions['format']): Promise<DestinationStream> {
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  if (!pretty) return pino.destination({ dest: 2, sync: true });
  // Loaded only where it is used: it costs start-up time.
  const { PinoPretty } = await import('pino-pretty');
  return PinoPretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' });
}
