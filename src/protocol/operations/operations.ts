/**
 * The control operations: one table for HTTP, the socket, the SDK, the command line and their documents. What a server
 * is asked for each is its dialect's business.
 */
import { z } from 'zod';
import type { OperationFailureCode } from '../error-codes.ts';
import { agentOperations } from './agent-operations.ts';
import { furtherOperations } from './further-operations.ts';
import { gatewayOperations } from './gateway-operations.ts';
import type { Operation } from './operation.ts';
import { serverOperations } from './server-operations.ts';
import { swarmOperations } from './swarm-operations.ts';
import { taskOperations } from './task-operations.ts';

export const OPERATIONS = {
  ...swarmOperations,
  ...agentOperations,
  ...taskOperations,
  ...furtherOperations,
  ...serverOperations,
  ...gatewayOperations,
} as const;

export type OperationName = keyof typeof OPERATIONS;
export const OPERATION_NAMES = Object.keys(OPERATIONS) as OperationName[];

/** As it is sent: fields with defaults may be absent. */
export type OperationRequest<K extends OperationName> = z.input<(typeof OPERATIONS)[K]['input']>;
/** As it is carried out. */
export type OperationInput<K extends OperationName> = z.output<(typeof OPERATIONS)[K]['input']>;
export type OperationResult<K extends OperationName> = z.infer<(typeof OPERATIONS)[K]['result']>;

/** The operation of that name; undefined when there is none. */
export function operationOf(name: string): Operation | undefined {
  return Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name as OperationName] : undefined;
}

/** What was done, and on whose word. */
export const replySchema = z
  .object({
    operation: z.string(),
    /** Absent where several servers took part, or none was asked. */
    server_id: z.string().optional(),
    source: z
      .enum(['server', 'gateway'])
      .describe('Who says it: the server, asked now, or the gateway, from its world'),
    asked: z.array(z.string()).describe('Tools and methods that were called, in order'),
    simulated_server: z.literal(true).optional().describe("The server is this gateway's own simulator"),
    note: z.string().optional().describe('What must be known of the result: what the server does not really do'),
    provenance: z
      .record(z.string(), z.enum(['derived', 'simulated']))
      .optional()
      .describe('Fields of the result that the server is known to invent, or that were computed here'),
    took_ms: z.number(),
    result: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'OperationReply' });

/** As {@link replySchema}, with the result of one operation. */
export type OperationReply<K extends OperationName = OperationName> = Omit<z.infer<typeof replySchema>, 'result'> & {
  operation: K;
  result: OperationResult<K>;
};

export interface OperationFailure {
  code: OperationFailureCode;
  /** One sentence: what is wrong, and what is allowed. */
  message: string;
  retry_after_ms?: number | undefined;
}

export type OperationOutcome = { ok: true; reply: OperationReply } | { ok: false; failure: OperationFailure };

/** The seeds' and servers' own spellings of fields. */
const SPELLINGS: Readonly<Record<string, string>> = {
  server: 'server_id',
  serverId: 'server_id',
  swarm: 'swarm_id',
  swarmId: 'swarm_id',
  'multi-agent_id': 'swarm_id',
  fromSwarmId: 'from_swarm_id',
  from_swarm: 'from_swarm_id',
  agent: 'agent_id',
  agentId: 'agent_id',
  agentType: 'type',
  agent_type: 'type',
  task_description: 'task',
  taskId: 'task_id',
  maxAgents: 'max_agents',
  initialAgents: 'agents',
  fromAgentId: 'from',
  messageType: 'message_type',
  ttl: 'ttl_s',
};

/** The input with the fields' own names: `swarmId` and `swarm` are `swarm_id`, … A field given twice stays as it is. */
export function canonicalInput(input: unknown, schema: z.ZodObject): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const renamed = Object.entries(input).map(([key, value]) => {
    const own = Object.hasOwn(SPELLINGS, key) ? SPELLINGS[key] : undefined;
    const isOther = own !== undefined && own in schema.shape && !(key in schema.shape) && !Object.hasOwn(input, own);
    return [isOther ? own : key, value];
  });
  // Not by assignment: a key may be "__proto__".
  return Object.fromEntries(renamed);
}
