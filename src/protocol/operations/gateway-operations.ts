import { z } from 'zod';
import { LOG_COMPONENTS, LOG_LEVELS } from '../../model/log-level.ts';
import { operation } from './operation.ts';

const lasts = z.literal('until a reload').describe('How long this holds');
const levels = z.record(z.string(), z.enum(LOG_LEVELS)).describe('By component');

/** Settings of the gateway itself, changed while it runs. What is to stay belongs into the configuration. */
export const gatewayOperations = {
  'log.level': operation({
    summary: 'Write more or less to the log, of one component or of all, until a reload',
    role: 'operator',
    kind: 'write',
    repeatable: true,
    input: z.strictObject({
      level: z.enum(LOG_LEVELS),
      component: z.enum(LOG_COMPONENTS).optional().describe('Default: all of them'),
    }),
    result: z.object({ before: levels, now: levels, lasts }),
  }),
  'limits.set': operation({
    summary: 'Change a limit that holds without a restart, until a reload',
    role: 'operator',
    kind: 'write',
    repeatable: true,
    input: z.strictObject({
      limit: z
        .string()
        .max(64)
        .describe('As in the configuration: a number of the sections control, resilience or upstream'),
      value: z.number(),
    }),
    result: z.object({
      limit: z.string(),
      before: z.number().nullable().describe('Null: there was none'),
      now: z.number(),
      lasts,
    }),
  }),
} as const;
