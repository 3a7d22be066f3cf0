/**
 * The shapes of ruv-swarm 1.0.20. Left out, since made up by the server: memory (5 MB an agent, 48 MB in all), neural
 * accuracy, counts of activations and algorithms, estimates, and everything of agent_metrics and swarm_monitor.
 */
import { z } from 'zod';
import type { Observation } from '../../../model/observation.ts';
import { agentSeen, taskSeen } from './observing.ts';
import { amount, field, id, ids, msOfId, optionalId, ratio, readOne, text, texts, time } from './reading.ts';
import { statusFacts } from './status-words.ts';
import type { AgentLoad } from './task-load.ts';

export const agentShape = z.object({
  id,
  name: text,
  type: text,
  status: text,
  cognitive_pattern: text,
  capabilities: texts,
  neural_network_id: text,
});
export type AgentEntry = z.infer<typeof agentShape>;

/** An entry of swarm_status.swarms. */
export const swarmShape = z.object({
  id,
  status: z
    .object({ agents: z.object({ total: amount }).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

/** A reply of swarm_init: the only one that names the topology. */
export const swarmInitShape = z.object({ id, topology: text, strategy: text, maxAgents: amount, created: time });

export const taskShape = z.object({ id, status: text, assignedAgents: ids, progress: ratio });
export type TaskEntry = z.infer<typeof taskShape>;

/** A reply of task_orchestrate: the only one with the task's text. */
export const orchestratedShape = z.object({
  taskId: id,
  status: text,
  description: text,
  priority: text,
  assigned_agents: ids,
  swarm_info: z.object({ id: optionalId }).optional().catch(undefined),
});

/** What only task_orchestrate, or the log, tells of a task. */
export interface TaskStory {
  swarm?: string | undefined;
  description?: string | undefined;
  priority?: string | undefined;
}

/** An agent's entry as an observation. `load`: its tasks, counted from a complete list. */
export function readAgent(agent: AgentEntry, swarm: string | undefined, load: AgentLoad | undefined): Observation {
  return agentSeen(
    swarm,
    agent.id,
    {
      name: agent.name,
      type: agent.type,
      ...statusFacts(agent.status),
      lead: agent.type === 'coordinator' ? true : undefined,
      capabilities: agent.capabilities,
      created_at_ms: msOfId(agent.id),
      performance: { ...load },
      neural: { cognitive_pattern: agent.cognitive_pattern, network_id: agent.neural_network_id },
    },
    {
      created_at_ms: 'derived',
      'performance.tasks_active': 'derived',
      'performance.tasks_completed': 'derived',
    },
  );
}

/** A task with what is remembered of it. */
export function readTask(task: TaskEntry, story: TaskStory | undefined): Observation {
  return taskSeen(task.id, {
    ...story,
    status: task.status,
    progress: task.progress,
    assignees: task.assignedAgents,
    created_at_ms: msOfId(task.id),
  });
}

const toolMetricsShape = z.object({ total_calls: amount, failed_calls: amount });

/** Calls that the server counted, over all tools; its percentages and averages are text. */
export function readToolMetrics(payload: unknown): Observation[] {
  const tools = field(field(payload, 'runtime_info'), 'tool_metrics');
  if (typeof tools !== 'object' || tools === null || Array.isArray(tools)) return [];
  let calls = 0;
  let failed = 0;
  for (const entry of Object.values(tools).slice(0, 1_000)) {
    const metrics = readOne(toolMetricsShape, entry);
    calls += metrics?.total_calls ?? 0;
    failed += metrics?.failed_calls ?? 0;
  }
  return [{ kind: 'server', metrics: { tool_calls: calls, tool_calls_failed: failed } }];
}

const featuresShape = z.object({
  available: z.boolean().optional().catch(undefined),
  simd_acceleration: z.boolean().optional().catch(undefined),
  cascade_correlation: z.boolean().optional().catch(undefined),
});

/** Which neural features the server found, 1 or 0. */
export function readNeuralStatus(payload: unknown): Observation[] {
  const features = readOne(featuresShape, payload);
  if (features === undefined) return [];
  const neural: Record<string, number> = {};
  for (const [name, value] of Object.entries(features)) if (value !== undefined) neural[name] = value ? 1 : 0;
  return Object.keys(neural).length === 0 ? [] : [{ kind: 'server', neural }];
}
