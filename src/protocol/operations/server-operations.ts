import { z } from 'zod';
import { DIALECT_NAMES, SERVER_TYPES } from '../../model/server.ts';
import { serverId } from './fields.ts';
import { operation } from './operation.ts';

const newServerId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1–64 letters, digits, dots, dashes or underscores')
  .describe('Name of the server in this gateway, which no other has');
const lasts = z.literal('until the gateway ends').or(z.literal('until a reload')).describe('How long this holds');

/**
 * Which servers are watched, changed while the gateway runs. Neither a command to start nor a secret can be given here:
 * who may operate the gateway is not thereby at home on its machine. Those belong into the configuration.
 */
export const serverOperations = {
  'server.add': operation({
    summary: 'Watch one more server, over TCP or HTTP, until the gateway ends',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({
      server_id: newServerId,
      transport: z.enum(['tcp', 'http']),
      host: z.string().min(1).max(253).optional().describe('TCP; default 127.0.0.1'),
      port: z.int().min(1).max(65_535).optional().describe('TCP; default 9500'),
      tls: z.boolean().optional().describe('TCP: TLS against the authorities of the system'),
      url: z.string().max(2_048).optional().describe('HTTP: http or https, without user and password'),
      type: z.enum(SERVER_TYPES).optional().describe('Kind of server, as filters name it; default other'),
      dialect: z
        .enum(['auto', ...DIALECT_NAMES])
        .optional()
        .describe('Default auto: found out'),
      poll_interval_ms: z.int().min(50).max(3_600_000).optional(),
    }),
    result: z.object({ server_id: z.string(), endpoint: z.string(), lasts }),
  }),
  'server.remove': operation({
    summary: 'Watch a server no more: its connections end at once, its agents are gone',
    role: 'operator',
    kind: 'write',
    repeatable: true,
    input: z.strictObject({ server_id: serverId }),
    result: z.object({ server_id: z.string(), removed: z.literal(true), lasts }),
  }),
  'server.drain': operation({
    summary:
      'Ask a server nothing more: what is under way is waited for, then it is left; its agents stay, stale, for a while',
    role: 'operator',
    kind: 'write',
    repeatable: true,
    input: z.strictObject({ server_id: serverId }),
    result: z.object({
      server_id: z.string(),
      unanswered: z
        .int()
        .describe('Operations that had no answer within the time that they had; what they asked may be done'),
      lasts,
    }),
  }),
  'server.resume': operation({
    summary: 'Watch a drained server again',
    role: 'operator',
    kind: 'write',
    repeatable: true,
    input: z.strictObject({ server_id: serverId }),
    result: z.object({ server_id: z.string(), resumed: z.boolean().describe('False: it was not drained') }),
  }),
} as const;
