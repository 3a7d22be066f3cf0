import { z } from 'zod';
import { AGENT_STATUSES } from '../../model/agent.ts';
import {
  agentId,
  agentType,
  agentView,
  capabilities,
  config,
  fresh,
  name,
  oneAgent,
  page,
  place,
  priority,
  spawned,
  text,
  value,
} from './fields.ts';
import { operation } from './operation.ts';

export const agentOperations = {
  'agent.spawn': operation({
    summary: 'Start an agent',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({
      ...place,
      type: agentType,
      name: name.optional(),
      capabilities: capabilities.optional(),
      model: z.string().min(1).max(64).optional(),
      task: text.optional(),
      priority: priority.optional(),
      config: config.optional(),
    }),
    result: spawned.extend({ task_id: z.string().optional() }),
  }),
  'agent.list': operation({
    summary: 'Agents of all servers, or of one server or swarm',
    role: 'viewer',
    kind: 'read',
    repeatable: true,
    input: z.strictObject({
      ...place,
      type: agentType.optional(),
      status: z.enum(AGENT_STATUSES).optional(),
      ...page,
      fresh,
    }),
    result: z.object({
      agents: z.array(agentView),
      total_count: z.number().describe('All that match, also those of other pages'),
    }),
  }),
  'agent.status': operation({
    summary: 'One agent',
    role: 'viewer',
    kind: 'read',
    repeatable: true,
    input: z.strictObject({ ...oneAgent, fresh }),
    result: z.object({ agent: agentView }),
  }),
  'agent.update': operation({
    summary: 'Change what is recorded of an agent',
    role: 'operator',
    kind: 'write',
    // The same values twice are the same values.
    repeatable: true,
    input: z
      .strictObject({
        ...oneAgent,
        name: name.optional(),
        status: z.string().min(1).max(64).optional(),
        health: z.number().min(0).max(1).optional(),
        config: config.optional(),
      })
      .refine(
        ({ name: newName, status, health, config: settings }) =>
          [newName, status, health, settings].some((field) => field !== undefined),
        'give at least one of name, status, health, config',
      ),
    result: z.object({ agent_id: z.string(), updated: z.array(z.string()) }),
  }),
  'agent.terminate': operation({
    summary: 'End an agent',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({ ...oneAgent, graceful: z.boolean().default(true) }),
    result: z.object({ agent_id: z.string(), terminated: z.boolean() }),
  }),
  'agent.message': operation({
    summary: 'Send a message to an agent, from another of any swarm and server',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({
      ...oneAgent,
      message: value,
      message_type: z.string().min(1).max(64).default('coordination'),
      from: agentId.optional().describe('The sender: an agent of any swarm and server that the gateway knows'),
    }),
    result: z.object({ agent_id: z.string(), delivered: z.boolean(), message_id: z.string().optional() }),
  }),
} as const;
