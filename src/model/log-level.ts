/** Components of the log and its levels, as configurations and operators name them. */

/** Components that have a level of their own. What belongs to none of the others is `gateway`. */
export const LOG_COMPONENTS = ['gateway', 'edge', 'hub', 'upstream', 'discovery', 'http'] as const;
export type LogComponent = (typeof LOG_COMPONENTS)[number];

/** From the one that writes all to the one that writes nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
