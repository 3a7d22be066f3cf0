/**
 * The shapes that claude-flow 3.x uses both in its replies and in its files, and what they mean. `health` is 1 for every
 * agent that nobody set it for, whatever the agent does: 1 is therefore told as unknown. `taskCount` counts what was
 * completed or executed so far: derived.
 */
import { z } from 'zod';
import type { AgentFacts, Nullable, Observation, TaskFacts } from '../../../model/observation.ts';
import { agentSeen, swarmSeen, taskSeen } from './observing.ts';
import type { Sources } from './observing.ts';
import { amount, field, id, ids, msOfId, optionalId, ratio, text, textOrNull, texts, time } from './reading.ts';
import { saysGone, statusFacts } from './status-words.ts';
import type { AgentLoad } from './task-load.ts';

/** An agent of agent_list, agent_status, agent_spawn or a store. */
export const agentShape = z.object({
  agentId: id,
  agentType: text,
  status: text,
  health: ratio,
  taskCount: amount,
  createdAt: time,
  domain: text,
  model: text,
  currentTask: textOrNull,
  config: z.object({ capabilities: texts }).optional().catch(undefined),
});
export type AgentEntry = z.infer<typeof agentShape>;

/** A swarm of swarm_status, swarm_init or the state file. */
export const swarmShape = z.object({
  swarmId: id,
  status: text,
  topology: text,
  strategy: text,
  maxAgents: amount,
  createdAt: time,
  initializedAt: time,
  agents: ids,
  config: z.object({ strategy: text }).optional().catch(undefined),
});
export type SwarmEntry = z.infer<typeof swarmShape>;

/** A task of task_list, task_status, task_create or the store. Its result is not among the fields. */
export const taskShape = z.object({
  taskId: id,
  description: text,
  status: text,
  progress: amount,
  priority: text,
  assignedTo: ids,
  createdAt: time,
});
export type TaskEntry = z.infer<typeof taskShape>;

/** The domain that hive workers are listed with. */
export const HIVE_DOMAIN = 'hive-mind';

const LEAD_TYPES: ReadonlySet<string> = new Set(['coordinator', 'queen']);

/** True for types that lead: the hub of a star, the root of a tree. */
function isLead(type: string | undefined): true | undefined {
  return type !== undefined && LEAD_TYPES.has(type) ? true : undefined;
}

/** True for an agent that is listed as terminated: it is no longer shown. */
export function isTerminated(agent: AgentEntry): boolean {
  return saysGone(agent.status);
}

/** An agent's entry as an observation. `load`: its tasks, counted from a complete list. */
export function readAgent(agent: AgentEntry, swarm: string | undefined, load: AgentLoad | undefined): Observation {
  const sources: Record<string, 'derived'> = { 'performance.tasks_completed': 'derived' };
  if (load !== undefined) sources['performance.tasks_active'] = 'derived';
  if (agent.createdAt === undefined) sources['created_at_ms'] = 'derived';
  const facts: Nullable<AgentFacts> = {
    type: agent.agentType,
    ...statusFacts(agent.status),
    ...(agent.health === undefined ? {} : { health: agent.health === 1 ? null : agent.health }),
    lead: isLead(agent.agentType),
    kind: agent.domain === HIVE_DOMAIN ? 'hive' : undefined,
    capabilities: agent.config?.capabilities,
    current_task: agent.currentTask,
    model: agent.model,
    created_at_ms: agent.createdAt ?? msOfId(agent.agentId),
    performance: { tasks_completed: agent.taskCount, tasks_active: load?.tasks_active },
  };
  return agentSeen(swarm, agent.agentId, facts, sources);
}

/** A swarm's entry as an observation. */
export function readSwarm(swarm: SwarmEntry): Observation {
  const created = swarm.createdAt ?? swarm.initializedAt;
  const sources: Sources = created === undefined ? { created_at_ms: 'derived' } : {};
  return swarmSeen(
    swarm.swarmId,
    {
      topology: swarm.topology,
      status: swarm.status,
      strategy: swarm.strategy ?? swarm.config?.strategy,
      max_agents: swarm.maxAgents,
      created_at_ms: created ?? msOfId(swarm.swarmId),
    },
    sources,
  );
}

/** A task's entry as an observation: progress from percent, priority `normal` as `medium`. */
export function readTask(task: TaskEntry): Observation {
  const facts: Nullable<TaskFacts> = {
    description: task.description,
    status: task.status,
    priority: task.priority === 'normal' ? 'medium' : task.priority,
    progress: task.progress === undefined ? undefined : Math.min(task.progress / 100, 1),
    assignees: task.assignedTo,
    created_at_ms: task.createdAt ?? msOfId(task.taskId),
  };
  return taskSeen(task.taskId, facts);
}

/** The name of the pseudo-swarm of a hive: one hive per project, told apart by when it was created. */
export function hiveSwarm(createdAtMs: number): string {
  return `hive:${createdAtMs}`;
}

/** A hive's pseudo-swarm as an observation. */
export function readHiveSwarm(hive: string, topology: string | undefined, createdAtMs: number): Observation {
  return swarmSeen(hive, { topology, status: 'active', created_at_ms: createdAtMs });
}

const queenShape = z.object({ agentId: optionalId, id: optionalId, status: text, electedAt: time });

/**
 * A hive's queen as an observation and her id; undefined where there is none (`N/A`, offline). Her status, where it is
 * told, is `active` whenever there is a queen: a constant.
 */
export function readQueen(hive: string, queen: unknown): { agent: string; observation: Observation } | undefined {
  const parsed = queenShape.safeParse(queen);
  if (!parsed.success || parsed.data.status === 'offline') return undefined;
  const agent = parsed.data.agentId ?? parsed.data.id;
  if (agent === undefined || agent === 'N/A') return undefined;
  const facts: Nullable<AgentFacts> = {
    type: 'queen',
    kind: 'hive',
    lead: true,
    ...statusFacts(parsed.data.status),
    created_at_ms: parsed.data.electedAt,
  };
  return {
    agent,
    observation: agentSeen(hive, agent, facts, { type: 'derived', status: 'simulated', created_at_ms: 'derived' }),
  };
}

/** True for a reply that says, in any of the ways that claude-flow has, that the call failed. */
export function isRefusal(payload: unknown): boolean {
  if (field(payload, 'success') === false) return true;
  return typeof field(payload, 'error') === 'string' && field(payload, 'status') !== 'not_found';
}
