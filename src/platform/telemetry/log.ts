/** Logging: pino, JSON lines or a readable form, with a level for each component. Secrets never get out. */
import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogComponent } from '../../model/log-level.ts';
import { levelOf, type LogLevelSettings } from './log-levels.ts';

export type { Logger } from 'pino';

export interface LogOptions extends LogLevelSettings {
  /** `auto`: pretty on a terminal, JSON elsewhere. */
  format: 'auto' | 'json' | 'pretty';
  /** The thread that logs: `hub`, `edge`, `edge 1`, … */
  part: string;
  /** Where to instead of stderr. */
  destination?: DestinationStream | undefined;
}

/** Fields whose values are secret wherever they turn up, at the top of an entry or one or two levels below. */
const SECRET_FIELDS = [
  'api_key',
  'apiKey',
  'authorization',
  'bearer',
  'cookie',
  'headers',
  'hiveToken',
  'key_passphrase',
  'passphrase',
  'operator_key',
  'password',
  'secret',
  'token',
];
const REDACT = {
  paths: ['', '*.', '*.*.'].flatMap((prefix) => SECRET_FIELDS.map((field) => `${prefix}${field}`)),
  censor: '***',
};

interface Family {
  levels: LogLevelSettings;
  readonly components: Map<LogComponent, Logger>;
}

const families = new WeakMap<Logger, Family>();

/** A logger that writes to stderr: stdout belongs to commands that print results, and to stdio MCP servers. */
export async function createLogger(options: LogOptions): Promise<Logger> {
  const { level, levels, part } = options;
  const stream = options.destination ?? (await logDestination(options.format));
  const log = pino({ level: levelOf('gateway', options), base: { part }, redact: REDACT }, stream);
  families.set(log, { levels: { level, levels }, components: new Map() });
  return log;
}

/** The logger of a component: its entries name it, and it has its own level. The same one for the same `log`. */
export function componentLog(log: Logger, component: LogComponent): Logger {
  const family = families.get(log);
  if (family === undefined) return log.child({ component });
  const known = family.components.get(component);
  if (known !== undefined) return known;
  const made = log.child({ component }, { level: levelOf(component, family.levels) });
  family.components.set(component, made);
  return made;
}

/** New levels for `log` and all its components, from now on. */
export function setLogLevels(log: Logger, { level, levels }: LogLevelSettings): void {
  const family = families.get(log);
  if (family === undefined) return;
  family.levels = { level, levels };
  log.level = levelOf('gateway', family.levels);
  for (const [component, child] of family.components) child.level = levelOf(component, family.levels);
}

/** What waits for a full disk to have room again; lines beyond are lost. */
const MAX_WAITING_BYTES = 1_048_576;

/** stderr, in the form that was chosen. Where it takes nothing (a full disk, a reader that is gone) lines are lost, nothing else. */
export async function logDestination(format: LogOptions['format']): Promise<DestinationStream> {
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  const stderr = pino.destination({ dest: 2, sync: true, maxLength: MAX_WAITING_BYTES });
  // There is nowhere to say it: the gateway goes on.
  stderr.on('error', () => undefined);
  if (!pretty) return stderr;
  // Loaded only where it is used: it costs start-up time.
  const { PinoPretty } = await import('pino-pretty');
  return PinoPretty({ destination: stderr, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' });
}
