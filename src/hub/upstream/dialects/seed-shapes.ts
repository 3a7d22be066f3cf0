/** The shapes of the seeds' dialect: agents, swarms, tasks and metrics, in the spellings that the five documents use. */
import { z } from 'zod';
import type { AgentPerformance } from '../../../model/agent.ts';
import type { AgentFacts, Nullable, Observation } from '../../../model/observation.ts';
import { agentSeen, swarmSeen, taskSeen } from './observing.ts';
import { amount, id, ids, msOfId, optionalId, ratio, text, textOrNull, texts, time } from './reading.ts';
import { statusFacts } from './status-words.ts';

/** metrics.performance, and the same fields where an agent's entry has them. */
export const performanceShape = z.object({
  response_time_ms: amount,
  success_rate: ratio,
  error_count: amount,
  throughput_tps: amount,
  queue_depth: amount,
  cpu_usage: amount,
  memory_usage_mb: amount,
  tasks_active: amount,
  tasks_completed: amount,
  tokens_used: amount,
});
type PerformanceEntry = z.infer<typeof performanceShape>;

const metrics = performanceShape.optional().catch(undefined);

/**
 * An agent of agent.list, agent.spawned, agent.status or swarm_status. `position` is not read: the layout is ours. Nor is
 * `connections`: it says neither what flowed nor when.
 */
const agentShape = performanceShape.extend({
  id: optionalId,
  agent_id: optionalId,
  agentId: optionalId,
  swarm_id: optionalId,
  swarmId: optionalId,
  name: text,
  type: text,
  agent_type: text,
  agentType: text,
  status: text,
  health: amount,
  capabilities: texts,
  current_task: textOrNull,
  currentTask: textOrNull,
  model: text,
  cognitive_pattern: text,
  created_at: time,
  spawn_time: time,
  metrics,
  performance: metrics,
});

/** An agent with its id; entries without one are refused. */
export const identifiedAgent = agentShape.transform((entry, context) => {
  const agent = entry.agent_id ?? entry.agentId ?? entry.id;
  if (agent !== undefined) return { ...entry, agent, swarm: entry.swarm_id ?? entry.swarmId };
  context.addIssue({ code: 'custom', message: 'no id' });
  return z.NEVER;
});
export type IdentifiedAgent = z.infer<typeof identifiedAgent>;

const LEAD_TYPES: ReadonlySet<string> = new Set(['coordinator', 'queen']);

/** An agent's entry as an observation. `swarm`: where the entry names none, that of the reply it stands in. */
export function readAgent(entry: IdentifiedAgent, swarm?: string): Observation {
  const type = entry.type ?? entry.agent_type ?? entry.agentType;
  const created = entry.created_at ?? entry.spawn_time;
  const facts: Nullable<AgentFacts> = {
    name: entry.name,
    type,
    ...statusFacts(entry.status),
    health: healthOf(entry.health),
    lead: type !== undefined && LEAD_TYPES.has(type) ? true : undefined,
    capabilities: entry.capabilities,
    current_task: entry.current_task === undefined ? entry.currentTask : entry.current_task,
    model: entry.model,
    created_at_ms: created ?? msOfId(entry.agent),
    performance: {
      ...readPerformance(entry),
      ...readPerformance(entry.metrics),
      ...readPerformance(entry.performance),
    },
    neural: { cognitive_pattern: entry.cognitive_pattern },
  };
  const sources = created === undefined ? ({ created_at_ms: 'derived' } as const) : {};
  return agentSeen(entry.swarm ?? swarm, entry.agent, facts, sources);
}

/** 0–1 as it is, up to 100 as percent, as the documents have both. */
function healthOf(value: number | undefined): number | undefined {
  if (value === undefined || value > 100) return undefined;
  return value > 1 ? value / 100 : value;
}

/** Measured values under our names; `cpu_usage` comes in percent of a core. Absent ones stay absent. */
export function readPerformance(entry: PerformanceEntry | undefined): AgentPerformance {
  const result: AgentPerformance = {};
  if (entry === undefined) return result;
  if (entry.cpu_usage !== undefined) result.cpu_usage = Math.min(entry.cpu_usage / 100, 1);
  if (entry.memory_usage_mb !== undefined) result.memory_mb = entry.memory_usage_mb;
  if (entry.response_time_ms !== undefined) result.response_time_ms = entry.response_time_ms;
  if (entry.success_rate !== undefined) result.success_rate = entry.success_rate;
  if (entry.error_count !== undefined) result.error_count = entry.error_count;
  if (entry.throughput_tps !== undefined) result.throughput_tps = entry.throughput_tps;
  if (entry.queue_depth !== undefined) result.queue_depth = entry.queue_depth;
  if (entry.tasks_active !== undefined) result.tasks_active = entry.tasks_active;
  if (entry.tasks_completed !== undefined) result.tasks_completed = entry.tasks_completed;
  if (entry.tokens_used !== undefined) result.tokens_used = entry.tokens_used;
  return result;
}

/** A swarm of swarm.status, swarm.initialize, swarm_status, swarm_init or a swarm event. */
export const swarmShape = z.object({
  id: optionalId,
  swarm_id: optionalId,
  swarmId: optionalId,
  topology: text,
  status: text,
  strategy: text,
  max_agents: amount,
  maxAgents: amount,
  created_at: time,
});

/** A swarm's id and its observation, or undefined without an id (`asked`: the id that the question named). */
export function readSwarm(
  entry: z.infer<typeof swarmShape>,
  asked?: string,
): { swarm: string; observation: Observation } | undefined {
  const swarm = entry.swarm_id ?? entry.swarmId ?? entry.id ?? asked;
  if (swarm === undefined) return undefined;
  const facts = {
    topology: entry.topology,
    status: entry.status,
    strategy: entry.strategy,
    max_agents: entry.max_agents ?? entry.maxAgents,
    created_at_ms: entry.created_at ?? msOfId(swarm),
  };
  const sources = entry.created_at === undefined ? ({ created_at_ms: 'derived' } as const) : {};
  return { swarm, observation: swarmSeen(swarm, facts, sources) };
}

/** A task of task.status, task.assign, task_orchestrate or a task event. Results are not read. */
export const taskShape = z.object({
  task_id: optionalId,
  taskId: optionalId,
  swarm_id: optionalId,
  swarmId: optionalId,
  agent_id: optionalId,
  description: text,
  status: text,
  priority: text,
  progress: ratio,
  assignees: ids,
  assigned_agents: ids,
  created_at: time,
});

/** Undefined without an id. `assigned`: ids that the reply names elsewhere. */
export function readTask(entry: z.infer<typeof taskShape>, assigned?: string[]): Observation | undefined {
  const task = entry.task_id ?? entry.taskId;
  if (task === undefined) return undefined;
  const single = entry.agent_id === undefined ? undefined : [entry.agent_id];
  return taskSeen(task, {
    swarm: entry.swarm_id ?? entry.swarmId,
    description: entry.description,
    status: entry.status,
    priority: entry.priority,
    progress: entry.progress,
    assignees: entry.assignees ?? entry.assigned_agents ?? assigned ?? single,
    created_at_ms: entry.created_at ?? msOfId(task),
  });
}

/** An entry of task_orchestrate's assignedAgents. */
export const assignedShape = z.object({ agentId: id });
