/** Levels of the components of the log, without the library that writes it. */
import { LOG_COMPONENTS, LOG_LEVELS, type LogComponent, type LogLevel } from '../../model/log-level.ts';

export interface LogLevelSettings {
  level: LogLevel;
  /** `component=level`, or a level alone, which replaces `level`; later ones win. */
  levels: readonly string[];
}

/** What an entry of `levels` must look like. */
export const LOG_LEVEL_PATTERN = new RegExp(`^((${LOG_COMPONENTS.join('|')})=)?(${LOG_LEVELS.join('|')})$`);

/** The level that holds for a component. */
export function levelOf(component: LogComponent, { level, levels }: LogLevelSettings): LogLevel {
  let general = level;
  let own: LogLevel | undefined;
  for (const entry of levels) {
    // As LOG_LEVEL_PATTERN has it.
    const [name, value] = entry.split('=') as [LogLevel] | [string, LogLevel];
    if (value === undefined) general = name as LogLevel;
    else if (name === component) own = value;
  }
  return own ?? general;
}
