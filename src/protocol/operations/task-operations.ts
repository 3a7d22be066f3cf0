import { z } from 'zod';
import {
  agentId,
  anyJson,
  fresh,
  oneAgent,
  place,
  priority,
  said,
  serverId,
  strategy,
  taskId,
  taskView,
  text,
} from './fields.ts';
import { operation } from './operation.ts';

const oneTask = { server_id: serverId.optional(), task_id: taskId };
const assigned = z.object({
  task_id: z.string(),
  status: said.optional(),
  assignees: z.array(z.string()).optional().describe("The server's ids"),
});

export const taskOperations = {
  'task.assign': operation({
    summary: 'Give a new task to one agent',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({ ...oneAgent, task: text, priority: priority.optional() }),
    result: assigned,
  }),
  'task.orchestrate': operation({
    summary: 'Give a new task to a swarm',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({
      ...place,
      task: text,
      strategy: strategy.optional(),
      priority: priority.optional(),
      max_agents: z.int().min(1).max(1_000).optional(),
      agents: z.array(agentId).min(1).max(1_000).optional().describe('Who is to do it; absent: the server chooses'),
    }),
    result: assigned,
  }),
  'task.status': operation({
    summary: 'One task, or all',
    role: 'viewer',
    kind: 'read',
    repeatable: true,
    input: z.strictObject({ ...place, task_id: taskId.optional(), fresh }),
    result: z.object({ tasks: z.array(taskView) }),
  }),
  'task.cancel': operation({
    summary: 'End a task before it is done',
    role: 'operator',
    kind: 'write',
    repeatable: false,
    input: z.strictObject({ ...oneTask, reason: z.string().min(1).max(512).optional() }),
    result: z.object({ task_id: z.string(), status: said.optional(), cancelled: z.boolean() }),
  }),
  'task.results': operation({
    summary: 'What came of a task',
    role: 'operator',
    kind: 'read',
    repeatable: true,
    input: z.strictObject(oneTask),
    result: z.object({
      task_id: z.string(),
      status: said.optional(),
      results: anyJson.describe('null: there are none (yet)'),
      execution_stats: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])).optional(),
    }),
  }),
} as const;
