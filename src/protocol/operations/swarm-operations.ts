import { z } from 'zod';
import { TOPOLOGIES } from '../../model/swarm.ts';
import {
  agentId,
  agentType,
  capabilities,
  fresh,
  name,
  place,
  priority,
  said,
  serverId,
  spawned,
  strategy,
  swarmId,
  swarmView,
  text,
  value,
} from './fields.ts';
import { operation } from './operation.ts';

/** Agents that a new swarm may begin with. */
const MAX_FIRST_AGENTS = 50;

const firstAgent = z.strictObject({
  type: agentType,
  name: name.optional(),
  capabilities: capabilities.optional(),
});

export const swarmOperations = {
  'swarm.init': operation({
    summary: 'Create a swarm, with its first agents and a first task where they are given',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({
      server_id: serverId.optional(),
      topology: z.enum(TOPOLOGIES).default('mesh'),
      strategy: strategy.optional(),
      max_agents: z.int().min(1).max(100_000).optional(),
      agents: z.array(firstAgent).max(MAX_FIRST_AGENTS).optional(),
      task: text.optional(),
      priority: priority.optional(),
    }),
    result: z.object({
      swarm_id: z.string(),
      topology: said.optional(),
      strategy: said.optional(),
      max_agents: z.number().optional(),
      agents: z.array(spawned).optional(),
      task_id: z.string().optional(),
      failed: z
        .array(z.object({ what: z.string(), code: z.string(), message: z.string() }))
        .optional()
        .describe('First agents and the task that could not be had; the swarm is there all the same'),
    }),
  }),
  'swarm.status': operation({
    summary: 'One swarm, or all, with counts of agents and tasks',
    role: 'viewer',
    kind: 'read',
    repeatable: true,
    input: z.strictObject({ ...place, fresh }),
    result: z.object({ swarms: z.array(swarmView) }),
  }),
  'swarm.dissolve': operation({
    summary: 'End a swarm and its agents',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({ server_id: serverId.optional(), swarm_id: swarmId }),
    result: z.object({ swarm_id: z.string(), agents_terminated: z.number().optional() }),
  }),
  'swarm.coordinate': operation({
    summary: 'Send a coordination message to a swarm, or to some of its agents',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({
      server_id: serverId.optional(),
      swarm_id: swarmId,
      message: value,
      targets: z.array(agentId).min(1).max(1_000).optional(),
      from: agentId.optional().describe('The sender: an agent of any swarm and server that the gateway knows'),
    }),
    result: z.object({
      swarm_id: z.string(),
      delivered: z.number().optional().describe('Recipients that the server counted'),
      message_id: z.string().optional(),
    }),
  }),
  'swarm.message': operation({
    summary: 'Send a message from one swarm to another, of any two servers',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({
      from_swarm_id: swarmId.describe(
        'The sending swarm: its id, or its key "server/swarm" where the id is not unique',
      ),
      server_id: serverId.optional(),
      swarm_id: swarmId.describe('The swarm that it is for: id, or key "server/swarm"'),
      message: value,
      message_type: z.string().min(1).max(64).default('coordination'),
    }),
    result: z.object({
      from_swarm_id: z.string().describe('Key of the sending swarm'),
      swarm_id: z.string(),
      delivered: z.number().optional().describe('Recipients that the server counted'),
      message_id: z.string().optional(),
    }),
  }),
} as const;
