/** The seeds' events are read by hand, for speed: here a zod schema of them, written apart, must read the same. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { cleanObservations } from '../../../../src/hub/upstream/clean-observations.ts';
import { readEvent } from '../../../../src/hub/upstream/dialects/seed-events.ts';
import {
  amount,
  id,
  msOfId,
  optionalId,
  ratio,
  text,
  textOrNull,
  texts,
  time,
} from '../../../../src/hub/upstream/dialects/reading.ts';
import type { Observation } from '../../../../src/model/observation.ts';
import { HOSTILE_TEXTS, HOSTILE_VALUES } from '../../../corpus/hostile-text.ts';

const NOW_MS = 1_800_000_000_000;

const performance = z.object({
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
const metrics = performance.optional().catch(undefined);
const agentShape = performance.extend({
  id: optionalId,
  agent_id: optionalId,
  agentId: optionalId,
  swarm_id: optionalId,
  swarmId: optionalId,
  name: text,
  type: text,
  agent_type: text,
  agentType: text,
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
const metricsShape = z.object({ agent_id: id, swarm_id: optionalId, metrics });
const messageShape = z.object({
  from_agent: id,
  to_agent: id,
  message_type: text,
  size_bytes: amount,
  latency_ms: amount,
  swarm_id: optionalId,
});

function measured(entry: z.infer<typeof metrics>) {
  if (entry === undefined) return {};
  const { cpu_usage: cpu, memory_usage_mb: memory_mb, ...others } = entry;
  return { cpu_usage: cpu === undefined ? undefined : Math.min(cpu / 100, 1), memory_mb, ...others };
}

/** Without undefined fields, and without empty objects. */
function solid(value: object): object | undefined {
  const known = Object.entries(value).filter(([, part]) => part !== undefined);
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

function expectedAgent(data: unknown): Observation[] {
  const { data: entry } = agentShape.safeParse(data);
  const agent = entry?.agent_id ?? entry?.agentId ?? entry?.id;
  if (entry === undefined || agent === undefined) return [];
  const created = entry.created_at ?? entry.spawn_time;
  const facts = solid({ ...expectedFacts(entry), created_at_ms: created ?? msOfId(agent) }) ?? {};
  const derived = created === undefined && msOfId(agent) !== undefined;
  const provenance = derived ? { provenance: { created_at_ms: 'derived' as const } } : {};
  return [{ kind: 'agent', swarm: entry.swarm_id ?? entry.swarmId, agent, facts, ...provenance }];
}

function expectedFacts(entry: z.infer<typeof agentShape>) {
  const type = entry.type ?? entry.agent_type ?? entry.agentType;
  const layers = [entry, entry.metrics, entry.performance].map((layer) => solid(measured(picked(layer))) ?? {});
  return {
    name: entry.name,
    type,
    lead: type === 'queen' || type === 'coordinator' ? true : undefined,
    health: expectedHealth(entry.health),
    capabilities: entry.capabilities,
    current_task: entry.current_task === undefined ? entry.currentTask : entry.current_task,
    model: entry.model,
    performance: solid(Object.assign({}, ...layers) as object),
    neural: solid({ cognitive_pattern: entry.cognitive_pattern }),
  };
}

function expectedHealth(health: number | undefined): number | undefined {
  if (health === undefined || health > 100) return undefined;
  return health > 1 ? health / 100 : health;
}

function picked(layer: object | undefined): z.infer<typeof metrics> {
  return metrics.parse(layer);
}

function expectedMetrics(data: unknown): Observation[] {
  const { data: read } = metricsShape.safeParse(data);
  const known = solid(measured(read?.metrics));
  if (read === undefined || known === undefined) return [];
  return [{ kind: 'agent', swarm: read.swarm_id, agent: read.agent_id, facts: { performance: known } }];
}

function expectedMessage(data: unknown): Observation[] {
  const { data: read } = messageShape.safeParse(data);
  if (read?.message_type === undefined) return [];
  const { from_agent: from, to_agent: to, swarm_id: swarm, message_type, size_bytes, latency_ms } = read;
  const sizes = solid({ size_bytes, latency_ms }) ?? {};
  return [{ kind: 'message', swarm, from, to, message_type, at_ms: NOW_MS, ...sizes }];
}

const numbers = fc.oneof(
  fc.double(),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: -2, max: 120 }),
  fc.constantFrom(1_700_000_000, 1_700_000_000_000, -0, 4_102_444_800_001),
);
const words = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('', 'queen', 'agent_1757967065850_dv2zg7', 'a\u202eb', '\u0007', 'x'.repeat(256), 'y'.repeat(600)),
  fc.constantFrom('2024-08-16T12:00:00Z', '1999-01-01', '__proto__'),
);
const anything = fc.oneof(
  numbers,
  words,
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(words, numbers)),
  fc.object(),
);
const fieldsOf = (shape: z.ZodObject): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(Object.keys(shape.shape).map((name) => [name, anything])), { requiredKeys: [] });

const likelyId = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'agent_1757967065850_dv2zg7') },
  { weight: 1, arbitrary: anything },
);
const likelyMetrics = fc.oneof(fieldsOf(performance), anything);
const agentData = fc
  .tuple(
    fieldsOf(agentShape),
    fc.record({ agent_id: likelyId, metrics: likelyMetrics, performance: likelyMetrics }, { requiredKeys: [] }),
  )
  .map(([fields, likely]) => ({ ...fields, ...likely }));
const metricsData = fc.record({ agent_id: likelyId, swarm_id: anything, metrics: likelyMetrics }, { requiredKeys: [] });
const messageData = fc
  .tuple(
    fieldsOf(messageShape),
    fc.record({ from_agent: likelyId, to_agent: likelyId, message_type: words }, { requiredKeys: [] }),
  )
  .map(([fields, likely]) => ({ ...fields, ...likely }));

test.each([
  { type: 'agent.spawned', data: agentData, expected: expectedAgent },
  { type: 'metrics.performance', data: metricsData, expected: expectedMetrics },
  { type: 'message.flow', data: messageData, expected: expectedMessage },
])('$type is read as its schema says, whatever is in it', ({ type, data, expected }) => {
  let told = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: data }, { weight: 1, arbitrary: anything }), (value: unknown) => {
      const seen = readEvent({ type, data: value }, NOW_MS);
      told += seen.length;
      expect(seen).toStrictEqual(expected(value));
    }),
    { numRuns: 600 },
  );
  // Not all nonsense, or the comparison would say nothing.
  expect(told).toBeGreaterThan(50);
});

test('what is read of any event needs no cleaning: the dialect says so, and it is not looked through again', () => {
  const hostile = fc.oneof(
    anything,
    fc.constantFrom(...HOSTILE_TEXTS.map(({ text: said }) => said)),
    fc.constantFrom(...HOSTILE_VALUES.map(({ value }) => value)),
    fc.array(fc.constantFrom(...HOSTILE_TEXTS.map(({ text: said }) => said)), { maxLength: 80 }),
  );
  const names =
    `agent_id id swarm_id swarmId task_id from_agent to_agent message_type agent name type status capabilities
    current_task model cognitive_pattern created_at health topology strategy max_agents description priority progress
    assignees metrics event performance cpu_usage tokens_used size_bytes latency_ms __proto__ hiveToken`.split(/\s+/);
  const data = fc
    .tuple(
      fc.record(Object.fromEntries(names.map((name) => [name, hostile])), { requiredKeys: [] }),
      fc.record(
        { agent_id: likelyId, task_id: likelyId, swarm_id: likelyId, metrics: likelyMetrics },
        { requiredKeys: [] },
      ),
    )
    .map(([fields, likely]) => ({ ...fields, ...likely }));
  const types =
    `agent.spawned agent.status agent.updated agent.terminated message.flow metrics.performance coordination.event
    swarm.created swarm.status swarm.dissolved task.assigned task.status`.split(/\s+/);
  const told = new Set<string>();
  fc.assert(
    fc.property(fc.constantFrom(...types), data, hostile, (type, value, timestamp) => {
      const seen = readEvent({ type, timestamp, data: value }, NOW_MS);
      for (const { kind } of seen) told.add(kind);
      const { kept, refused } = cleanObservations(seen);
      expect(refused).toBe(0);
      expect(kept).toEqual(seen);
    }),
    { numRuns: 1_500 },
  );
  expect([...told].toSorted()).toEqual(['agent', 'agent-gone', 'message', 'swarm', 'swarm-gone', 'task']);
});
