/** The shapes of the seeds' dialect: agents, swarms, tasks and metrics, in the spellings that the five documents use. */
import { z } from 'zod';
import type { AgentPerformance } from '../../../model/agent.ts';
import type { AgentFacts, Nullable, Observation } from '../../../model/observation.ts';
import type { Provenance } from '../../../model/provenance.ts';
import { readAmount, readId, readRatio, readText, readTexts, readTime } from './field-reading.ts';
import { swarmSeen, taskSeen } from './observing.ts';
import { amount, asRecord, id, ids, msOfId, optionalId, ratio, text, time } from './reading.ts';
import { statusFacts } from './status-words.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An agent of agent.list, agent.spawned, agent.status or swarm_status that has an id. */
export interface IdentifiedAgent {
  agent: string;
  swarm: string | undefined;
  /** In the server's word. */
  status: string | undefined;
  /** As the server sent it: nothing of it is checked yet. */
  fields: Fields;
}

/** An agent's entry; undefined without an id. */
export function identifyAgent(value: unknown): IdentifiedAgent | undefined {
  const fields = asRecord(value);
  if (fields === undefined) return undefined;
  const agent = readId(fields['agent_id']) ?? readId(fields['agentId']) ?? readId(fields['id']);
  if (agent === undefined) return undefined;
  const swarm = readId(fields['swarm_id']) ?? readId(fields['swarmId']);
  return { agent, swarm, status: readText(fields['status']), fields };
}

const LEAD_TYPES: ReadonlySet<string> = new Set(['coordinator', 'queen']);
/** The time of creation is taken from the id. */
const CREATION_DERIVED: Provenance = Object.freeze({ created_at_ms: 'derived' });

/**
 * An agent's entry as an observation. `swarm`: where the entry names none, that of the reply it stands in. Fields that
 * are nonsense are absent; only those listed here are read, so that secrets end here. `position` is not: the layout is
 * ours. Nor is `connections`: it says neither what flowed nor when.
 */
export function readAgent(entry: IdentifiedAgent, swarm?: string): Observation {
  const { agent, fields } = entry;
  const facts: Nullable<AgentFacts> = entry.status === undefined ? {} : statusFacts(entry.status);
  addDescription(facts, fields);
  const health = healthOf(readAmount(fields['health']));
  if (health !== undefined) facts.health = health;
  const performance = performanceOf(fields);
  if (performance !== undefined) facts.performance = performance;
  const place = entry.swarm ?? swarm;
  const said = readTime(fields['created_at']) ?? readTime(fields['spawn_time']);
  const created = said ?? msOfId(agent);
  if (created === undefined) return { kind: 'agent', swarm: place, agent, facts };
  facts.created_at_ms = created;
  if (said !== undefined) return { kind: 'agent', swarm: place, agent, facts };
  return { kind: 'agent', swarm: place, agent, facts, provenance: CREATION_DERIVED };
}

function addDescription(facts: Nullable<AgentFacts>, fields: Fields): void {
  const name = readText(fields['name']);
  if (name !== undefined) facts.name = name;
  const type = readText(fields['type']) ?? readText(fields['agent_type']) ?? readText(fields['agentType']);
  if (type !== undefined) facts.type = type;
  if (type !== undefined && LEAD_TYPES.has(type)) facts.lead = true;
  const capabilities = readTexts(fields['capabilities']);
  if (capabilities !== undefined) facts.capabilities = capabilities;
  const task = readTextOrNull(fields['current_task']) ?? readTextOrNull(fields['currentTask']);
  if (task !== undefined) facts.current_task = task.words;
  const model = readText(fields['model']);
  if (model !== undefined) facts.model = model;
  const pattern = readText(fields['cognitive_pattern']);
  if (pattern !== undefined) facts.neural = { cognitive_pattern: pattern };
}

/** 0–1 as it is, up to 100 as percent, as the documents have both. */
function healthOf(value: number | undefined): number | undefined {
  if (value === undefined || value > 100) return undefined;
  return value > 1 ? value / 100 : value;
}

/** Text, or that the server says that there is none; undefined where it says nothing. */
function readTextOrNull(value: unknown): { words: string | null } | undefined {
  if (value === null) return NO_WORDS;
  const words = readText(value);
  return words === undefined ? undefined : { words };
}

const NO_WORDS = { words: null };

/** Of the entry itself, over which `metrics` and `performance` within it go. */
function performanceOf(fields: Fields): AgentPerformance | undefined {
  let result = readPerformance(fields);
  for (const inner of [fields['metrics'], fields['performance']]) {
    if (inner === undefined) continue;
    const more = readPerformance(asRecord(inner));
    if (more !== undefined) result = { ...result, ...more };
  }
  return result;
}

/**
 * Measured values under our names; `cpu_usage` comes in percent of a core. Absent ones stay absent; undefined without
 * any. Field by field, since engines read names that are written out many times faster.
 */
export function readPerformance(fields: Fields | undefined): AgentPerformance | undefined {
  if (fields === undefined) return undefined;
  const result: AgentPerformance = {};
  const cpuPercent = readAmount(fields['cpu_usage']);
  if (cpuPercent !== undefined) result.cpu_usage = Math.min(cpuPercent / 100, 1);
  const memoryMb = readAmount(fields['memory_usage_mb']);
  if (memoryMb !== undefined) result.memory_mb = memoryMb;
  const responseTimeMs = readAmount(fields['response_time_ms']);
  if (responseTimeMs !== undefined) result.response_time_ms = responseTimeMs;
  const successRate = readRatio(fields['success_rate']);
  if (successRate !== undefined) result.success_rate = successRate;
  const errors = readAmount(fields['error_count']);
  if (errors !== undefined) result.error_count = errors;
  const throughput = readAmount(fields['throughput_tps']);
  if (throughput !== undefined) result.throughput_tps = throughput;
  const queueDepth = readAmount(fields['queue_depth']);
  if (queueDepth !== undefined) result.queue_depth = queueDepth;
  const active = readAmount(fields['tasks_active']);
  if (active !== undefined) result.tasks_active = active;
  const completed = readAmount(fields['tasks_completed']);
  if (completed !== undefined) result.tasks_completed = completed;
  const tokens = readAmount(fields['tokens_used']);
  if (tokens !== undefined) result.tokens_used = tokens;
  for (const _name in result) return result;
  return undefined;
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
