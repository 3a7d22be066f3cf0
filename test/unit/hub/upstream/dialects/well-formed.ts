/** What an observation may hold, written apart from the code that makes it. */
import { z } from 'zod';
import { AGENT_STATUSES } from '../../../../../src/model/agent.ts';
import { MAX_ID_LENGTH, MAX_LIST_LENGTH, MAX_TEXT_LENGTH } from '../../../../../src/model/limits.ts';
import type { Observation } from '../../../../../src/model/observation.ts';
import { cleanText } from '../../../../../src/model/text.ts';

const isClean = (value: string) => cleanText(value) === value;
const id = z.string().min(1).max(MAX_ID_LENGTH).refine(isClean);
const text = z.string().min(1).max(MAX_TEXT_LENGTH).refine(isClean).nullable();
const amount = z.number().nonnegative();
const ratio = z.number().min(0).max(1);
const ms = z.int().min(946_684_800_000).max(4_102_444_800_000);
const at = z.int().min(0).max(4_102_444_800_000);
const provenance = z.record(z.string(), z.enum(['derived', 'simulated'])).optional();

const performance = z.strictObject({
  cpu_usage: ratio.optional(),
  memory_mb: amount.optional(),
  response_time_ms: amount.optional(),
  success_rate: ratio.optional(),
  error_count: amount.optional(),
  throughput_tps: amount.optional(),
  queue_depth: amount.optional(),
  tasks_active: amount.optional(),
  tasks_completed: amount.optional(),
  tokens_used: amount.optional(),
});
const neural = z.strictObject({
  cognitive_pattern: text.optional(),
  network_id: text.optional(),
  learning_rate: amount.optional(),
  adaptations: amount.optional(),
});

const swarm = id.optional();
const shape = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('server'),
    metrics: z.record(z.string(), amount).optional(),
    neural: z.record(z.string(), z.union([amount, text])).optional(),
    version: text.optional(),
  }),
  z.strictObject({
    kind: z.literal('swarm'),
    swarm: id,
    facts: z.strictObject({
      topology: text.optional(),
      status: text.optional(),
      strategy: text.optional(),
      max_agents: amount.optional(),
      created_at_ms: ms.optional(),
    }),
    provenance,
  }),
  z.strictObject({
    kind: z.literal('agent'),
    swarm,
    agent: id,
    facts: z.strictObject({
      name: text.optional(),
      type: text.optional(),
      status: z.enum(AGENT_STATUSES).optional(),
      status_raw: text.optional(),
      health: ratio.nullable().optional(),
      lead: z.literal(true).optional(),
      kind: z.enum(['daa', 'hive']).optional(),
      capabilities: z.array(text).max(MAX_LIST_LENGTH).optional(),
      current_task: text.optional(),
      model: text.optional(),
      created_at_ms: ms.optional(),
      performance: performance.optional(),
      neural: neural.optional(),
    }),
    provenance,
  }),
  z.strictObject({
    kind: z.literal('task'),
    task: id,
    facts: z.strictObject({
      swarm,
      description: text.optional(),
      status: text.optional(),
      priority: text.optional(),
      progress: ratio.optional(),
      assignees: z.array(id).max(MAX_LIST_LENGTH).optional(),
      created_at_ms: ms.optional(),
    }),
  }),
  z.strictObject({
    kind: z.literal('message'),
    swarm,
    from: id,
    to: id,
    message_type: text,
    at_ms: at,
    size_bytes: amount.optional(),
    latency_ms: amount.optional(),
  }),
  z.strictObject({ kind: z.literal('swarm-list'), swarms: z.array(id), scope: id }),
  z.strictObject({ kind: z.literal('agent-list'), swarm, agents: z.array(id), scope: id }),
  z.strictObject({ kind: z.literal('task-list'), tasks: z.array(id), scope: id }),
  z.strictObject({ kind: z.literal('agent-gone'), swarm, agent: id }),
  z.strictObject({ kind: z.literal('swarm-gone'), swarm: id }),
]);

/** What is wrong with an observation, one sentence each; also a field that is set to undefined, or a source without its field. */
export function formProblems(observation: Observation): string[] {
  const parsed = shape.safeParse(observation);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if ('facts' in observation) {
    const facts = observation.facts as Record<string, unknown>;
    for (const [name, value] of Object.entries(facts)) if (value === undefined) problems.push(`${name} is undefined`);
    for (const path of Object.keys(('provenance' in observation ? observation.provenance : undefined) ?? {})) {
      const [name = '', part] = path.split('.');
      const value = part === undefined ? facts[name] : (facts[name] as Record<string, unknown> | undefined)?.[part];
      if (value === undefined || value === null) problems.push(`a source for ${path}, which is absent`);
    }
  }
  return problems.map((problem) => `${observation.kind}: ${problem}`);
}
