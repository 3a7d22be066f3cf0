/** Components of the log and their levels, without the library that writes it. */

/** Components that have a level of their own. What belongs to none of the others is `gateway`. */
export const LOG_COMPONENTS = ['gateway', 'edge', 'hub', 'upstream', 'discovery', 'http'] as const;
export type LogComponent = (typeof LOG_COMPONENTS)[number];

/** From the one that writes all to the one that writes nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogLevelSettings {
  level: LogLevel;
  /** `component=level`, or a level alone, which replaces `level`; later ones win. */
  levels: readonly string[];
}

/** What an entry of `levels` must look like. */
export const LOG_LEVEL_PATTERN = new RegExp(`^((${LOG_COMPONENTS.join('|')})=)?(${LOG_LEVELS.join('|')})$`);

/** The level that holds for a component. */
export function levelOf(component: LogComponent, { level, levels }: LogLevelSettings): string {
  let general: string = level;
  let own: string | undefined;
  for (const entry of levels) {
    const [name = '', value] = entry.split('=');
    if (value === undefined) general = name;
    else if (name === component) own = value;
  }
  return own ?? general;
}
