import { z } from 'zod';
import { agentId, anyJson, memoryKey, place, serverId, value } from './fields.ts';
import { operation } from './operation.ts';

const number = z.number();
const sources = z.record(z.string(), z.enum(['reported', 'derived', 'simulated']));

/** Mean and extremes of one metric over the agents that have it. */
const aggregate = z.object({ count: number, mean: number, min: number, max: number });

export const furtherOperations = {
  'memory.store': operation({
    summary: "Keep a value in a swarm's memory",
    role: 'operator',
    kind: 'write',
    // The same value under the same key.
    repeatable: true,
    input: z.strictObject({
      ...place,
      key: memoryKey,
      value,
      ttl_s: z.int().min(1).max(31_536_000).optional().describe('Seconds after which it may be forgotten'),
    }),
    result: z.object({ key: z.string(), stored: z.boolean() }),
  }),
  'memory.retrieve': operation({
    summary: "Fetch a value from a swarm's memory",
    role: 'operator',
    kind: 'read',
    repeatable: true,
    input: z.strictObject({ ...place, key: memoryKey }),
    result: z.object({ key: z.string(), found: z.boolean(), value: anyJson }),
  }),
  'metrics.query': operation({
    summary: 'What servers measured of their agents, as last told',
    role: 'viewer',
    kind: 'read',
    repeatable: true,
    input: z.strictObject({ ...place, agent_id: agentId.optional() }),
    result: z.object({
      metrics: z.array(
        z.object({
          agent_id: z.string(),
          server_id: z.string(),
          swarm_id: z.string(),
          metrics: z.record(z.string(), number),
          provenance: sources.optional(),
        }),
      ),
      servers: z.array(z.object({ server_id: z.string(), metrics: z.record(z.string(), number) })),
    }),
  }),
  'metrics.aggregate': operation({
    summary: 'The same, added up over agents',
    role: 'viewer',
    kind: 'read',
    repeatable: true,
    input: z.strictObject(place),
    result: z.object({
      agents: number.describe('Agents looked at, with and without metrics'),
      aggregated_data: z.record(z.string(), aggregate).describe('Derived: computed here from what agents reported'),
      left_out: z.record(z.string(), number).describe('Values not taken in, since their server invents them'),
    }),
  }),
  'telemetry.restart': operation({
    summary: 'Subscribe anew to the telemetry of one server or all, and poll at once',
    role: 'operator',
    kind: 'write',
    repeatable: true,
    input: z.strictObject({ server_id: serverId.optional() }),
    result: z.object({
      servers: z.array(
        z.object({
          server_id: z.string(),
          telemetry: z.enum(['push', 'poll', 'off']).describe('How the server is listened to now; off: not connected'),
          restarted: z.boolean(),
        }),
      ),
    }),
  }),
} as const;
