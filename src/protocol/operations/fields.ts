/** Fields that the inputs and results of operations share. Descriptions go into the API documents. */
import { z } from 'zod';
import { AGENT_STATUSES } from '../../model/agent.ts';
import { MAX_ID_LENGTH, MAX_LIST_LENGTH, MAX_TEXT_LENGTH } from '../../model/limits.ts';

/** Bytes of JSON that a free value (a message, a memory, a result) may have, each way. */
const MAX_VALUE_BYTES = 16_384;
/** Entries of one page of a list. */
const MAX_PAGE = 10_000;

const id = z.string().min(1).max(MAX_ID_LENGTH);
const word = z.string().min(1).max(64);
export const text = z.string().min(1).max(4_096);

export const serverId = id.describe('Id of the server, as /api/servers lists it');
export const swarmId = z
  .string()
  .min(1)
  .max(2 * MAX_ID_LENGTH + 1)
  .describe('Id of the swarm, or its key "server/swarm"');
export const agentId = z
  .string()
  .min(1)
  .max(3 * MAX_ID_LENGTH + 2)
  .describe('Id of the agent, or its key "server/swarm/agent"');
export const taskId = id.describe('Id of the task');
export const agentType = word.regex(/^[\w-]+$/, 'letters, digits, - and _ only').describe('coder, tester, …');
export const name = z.string().min(1).max(128);
export const capabilities = z.array(z.string().min(1).max(128)).max(MAX_LIST_LENGTH);
export const priority = z.enum(['low', 'medium', 'high', 'critical']);
export const strategy = word.describe('In the words of the server: balanced, parallel, …');
export const memoryKey = z.string().min(1).max(MAX_ID_LENGTH);

/** Which server and swarm an operation is for. Where only one can be meant, they may be absent. */
export const place = { server_id: serverId.optional(), swarm_id: swarmId.optional() };

/** One agent, named by its id, with its server and swarm where the id alone is not unique. */
export const oneAgent = { ...place, agent_id: agentId };

export const page = {
  limit: z.int().min(1).max(MAX_PAGE).default(1_000),
  offset: z.int().min(0).max(10_000_000).default(0),
};

export const fresh = z
  .boolean()
  .default(false)
  .describe('Have the server asked now, in place of telling what its last poll said; operators only');

/** Any JSON of at most {@link MAX_VALUE_BYTES}. */
export const value = z
  .unknown()
  .refine((given) => isJsonWithin(given, MAX_VALUE_BYTES), `must be JSON of at most ${MAX_VALUE_BYTES} characters`)
  .describe(`JSON, at most ${MAX_VALUE_BYTES} characters`);

/** JSON that a server keeps or makes; null where there is none. */
export const anyJson = z.unknown();

/** Settings of a server's own kind, passed on as they are. */
export const config = z
  .record(z.string().min(1).max(64), z.unknown())
  .refine((given) => isJsonWithin(given, MAX_VALUE_BYTES), `must be JSON of at most ${MAX_VALUE_BYTES} characters`);

/** msgpack has dates, bytes and large integers beside what JSON has: those are none. */
function isJsonWithin(given: unknown, characters: number): boolean {
  try {
    const json: unknown = JSON.stringify(given);
    return typeof json === 'string' && json.length <= characters && isPlain(given);
  } catch {
    // A cycle, or an integer that JSON has no form for.
    return false;
  }
}

function isPlain(given: unknown): boolean {
  if (typeof given !== 'object') return ['string', 'number', 'boolean'].includes(typeof given);
  if (given === null) return true;
  if (Array.isArray(given)) return given.every(isPlain);
  const prototype: unknown = Object.getPrototypeOf(given);
  return (prototype === Object.prototype || prototype === null) && Object.values(given).every(isPlain);
}

// Results.

export const said = z.string().max(MAX_TEXT_LENGTH);
const sources = z.record(z.string(), z.enum(['reported', 'derived', 'simulated']));
const numbers = z.record(z.string(), z.number());

/** An agent as the gateway knows it. */
export const agentView = z
  .object({
    key: z.string(),
    agent_id: z.string(),
    server_id: z.string(),
    swarm_id: z.string(),
    type: said.optional(),
    name: said.optional(),
    status: z.enum(AGENT_STATUSES),
    status_raw: said.optional(),
    stale: z.literal(true).optional().describe('The server is silent about it'),
    stale_since_ms: z.number().optional(),
    health: z.number().optional(),
    capabilities: z.array(said).optional(),
    current_task: said.optional(),
    model: said.optional(),
    created_at_ms: z.number().optional(),
    performance: numbers.optional(),
    provenance: sources.optional(),
  })
  .meta({ id: 'AgentView' });

/** A swarm as the gateway knows it, with what is counted in it. */
export const swarmView = z
  .object({
    key: z.string(),
    swarm_id: z.string(),
    server_id: z.string(),
    topology: said.optional(),
    status: said.optional(),
    strategy: said.optional(),
    max_agents: z.number().optional(),
    created_at_ms: z.number().optional(),
    agents: z.object({ total: z.number(), stale: z.number(), by_status: numbers }),
    tasks: z.object({ total: z.number(), by_status: numbers }),
  })
  .meta({ id: 'SwarmView' });

/** A task as the gateway knows it. */
export const taskView = z
  .object({
    task_id: z.string(),
    server_id: z.string(),
    swarm_id: z.string().optional(),
    description: said.optional(),
    status: said.optional(),
    priority: said.optional(),
    progress: z.number().optional(),
    assignees: z.array(z.string()).optional().describe('Keys of the agents'),
    created_at_ms: z.number().optional(),
  })
  .meta({ id: 'TaskView' });

/** An agent that was started just now, as its server told. */
export const spawned = z
  .object({
    agent_id: z.string(),
    swarm_id: z.string().optional().describe('Where the server put it; absent where it did not say'),
    type: said.optional(),
    name: said.optional(),
    status: said.optional().describe("The server's word"),
  })
  .meta({ id: 'SpawnedAgent' });
