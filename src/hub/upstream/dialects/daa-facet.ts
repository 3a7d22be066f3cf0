/**
 * The `daa_*` tools, as claude-flow and ruv-swarm both have them (camelCase and snake_case). claude-flow lists its DAA
 * agents in daa_learning_status; ruv-swarm lists them nowhere, so there the ids of daa_agent_create are remembered and
 * each is asked for. ruv-swarm's proficiencies, rates and gains are random numbers: none is read.
 */
import { z } from 'zod';
import type { AgentFacts, Nullable, Observation } from '../../../model/observation.ts';
import { BoundedMap } from './bounded-map.ts';
import type { Call, Outcome } from './dialect.ts';
import { agentSeen, swarmSeen } from './observing.ts';
import { amount, field, id, ids, optionalId, ratio, readEntries, readOne, text, texts, time } from './reading.ts';
import { statusFacts } from './status-words.ts';

/** The pseudo-swarm of DAA agents that belong to none. */
export const DAA_SWARM = 'daa';

const MAX_REMEMBERED = 10_000;
const MAX_ASKED_PER_ROUND = 64;

const metricsShape = z.object({ successRate: ratio, adaptations: amount }).optional().catch(undefined);

const createdShape = z.object({
  agent: z.object({
    id,
    name: text,
    type: text,
    status: text,
    cognitivePattern: text,
    cognitive_pattern: text,
    capabilities: texts,
    created_at: time,
  }),
  createdAt: time,
  swarm_id: optionalId,
});

const listedShape = z.object({ id, status: text, successRate: ratio, adaptations: amount });

const detailShape = z.object({
  id,
  status: text,
  cognitivePattern: text,
  learningRate: amount,
  metrics: metricsShape,
});

/** daa_agent_adapt and daa_cognitive_pattern, in both spellings. */
const adaptedShape = z
  .object({
    agentId: optionalId,
    agent_id: optionalId,
    status: text,
    new_pattern: text,
    newPattern: text,
    currentPattern: text,
    learningRate: amount,
    adaptation: z.object({ newSuccessRate: ratio, adaptations: amount }).optional().catch(undefined),
    metrics: metricsShape,
  })
  .transform((reply, context) => {
    const agent = reply.agentId ?? reply.agent_id;
    if (agent === undefined) {
      context.addIssue({ code: 'custom', message: 'no id' });
      return z.NEVER;
    }
    const { adaptation, status, learningRate } = reply;
    const adapted = adaptation && { successRate: adaptation.newSuccessRate, adaptations: adaptation.adaptations };
    const pattern = reply.newPattern ?? reply.new_pattern ?? reply.currentPattern;
    return { agent, pattern, status, learningRate, metrics: adapted ?? reply.metrics };
  });

const sharedShape = z.object({
  source_agent: optionalId,
  sourceAgent: optionalId,
  target_agents: ids,
  targetAgents: ids,
  sharedAt: time,
  timestamp: time,
});

interface Remembered {
  swarm: string;
  facts: Nullable<AgentFacts>;
}

/** What one connection knows of DAA agents. */
export class DaaFacet {
  /** Of created agents: what only the reply to their creation says. */
  readonly #created = new BoundedMap<string, Remembered>(MAX_REMEMBERED);
  readonly #offers: (tool: string) => boolean;
  #lists: boolean | undefined;
  #askedLast: string | undefined;

  constructor(offers: (tool: string) => boolean) {
    this.#offers = offers;
  }

  /** Created agents that are remembered. */
  get remembered(): number {
    return this.#created.size;
  }

  /** Calls of one round. Bounded; agents that are asked one by one take turns. */
  plan(): Call[] {
    if (!this.#offers('daa_learning_status')) return [];
    if (this.#lists !== false) return [ask({})];
    return this.#nextAgents().map((agentId) => ask({ agentId }));
  }

  /** Undefined for tools that are not DAA's. */
  read(call: Call, outcome: Outcome, atMs: number): Observation[] | undefined {
    if (call.kind !== 'tool' || !call.tool.startsWith('daa_')) return undefined;
    if (!outcome.ok) return this.#readRefusal(call.args, outcome.message);
    const { payload } = outcome;
    switch (call.tool) {
      case 'daa_learning_status':
        return this.#readStatus(call.args, payload);
      case 'daa_agent_create':
        return this.#readCreated(payload);
      case 'daa_agent_adapt':
      case 'daa_cognitive_pattern':
        return this.#readAdapted(payload);
      case 'daa_knowledge_share':
        return readShared(payload, atMs);
      default:
        return [];
    }
  }

  #nextAgents(): string[] {
    const agents = this.#created.keys();
    const start = this.#askedLast === undefined ? 0 : agents.indexOf(this.#askedLast) + 1;
    const next = [...agents.slice(start), ...agents.slice(0, start)].slice(0, MAX_ASKED_PER_ROUND);
    this.#askedLast = next.at(-1);
    return next;
  }

  #readRefusal(args: Record<string, unknown>, message: string): Observation[] {
    const agent = args['agentId'];
    if (typeof agent !== 'string' || !/not found/i.test(message)) return [];
    const known = this.#created.get(agent);
    if (known === undefined) return [];
    this.#created.delete(agent);
    return [{ kind: 'agent-gone', swarm: known.swarm, agent }];
  }

  #readStatus(args: Record<string, unknown>, payload: unknown): Observation[] {
    if (field(payload, 'success') === false) {
      return this.#readRefusal(args, String(field(payload, 'error')));
    }
    if (typeof args['agentId'] === 'string') return this.#readDetail(args['agentId'], payload);
    const listed = field(payload, 'agents');
    if (!Array.isArray(listed)) {
      if (field(payload, 'agent_id') === 'all') this.#lists = false;
      return [];
    }
    this.#lists = true;
    return this.#readList(listed);
  }

  #readList(listed: unknown[]): Observation[] {
    const { entries, complete } = readEntries(listedShape, listed);
    const observations: Observation[] = entries.length === 0 ? [] : [swarmSeen(DAA_SWARM, {})];
    for (const entry of entries) {
      const facts: Nullable<AgentFacts> = {
        ...statusFacts(entry.status),
        performance: { success_rate: entry.successRate },
        neural: { adaptations: entry.adaptations },
      };
      observations.push(this.#seen(entry.id, facts));
    }
    if (!complete) return observations;
    const agents = entries.map((entry) => entry.id);
    const present = new Set(agents);
    for (const known of this.#created.keys()) if (!present.has(known)) this.#created.delete(known);
    observations.push({ kind: 'agent-list', swarm: DAA_SWARM, agents, scope: 'daa' });
    observations.push({ kind: 'swarm-list', swarms: agents.length === 0 ? [] : [DAA_SWARM], scope: 'daa' });
    return observations;
  }

  /** One agent's status: claude-flow's has facts; of ruv-swarm's only that the agent is still there is true. */
  #readDetail(agent: string, payload: unknown): Observation[] {
    const detail = readOne(detailShape, field(payload, 'agent'));
    if (detail?.id === agent) {
      const facts: Nullable<AgentFacts> = {
        ...statusFacts(detail.status),
        performance: { success_rate: detail.metrics?.successRate },
        neural: {
          cognitive_pattern: detail.cognitivePattern,
          learning_rate: detail.learningRate,
          adaptations: detail.metrics?.adaptations,
        },
      };
      return [this.#seen(agent, facts)];
    }
    return field(payload, 'agent_id') === agent && this.#created.has(agent) ? [this.#seen(agent, {})] : [];
  }

  #readCreated(payload: unknown): Observation[] {
    if (field(payload, 'success') === false) return [];
    const created = readOne(createdShape, payload);
    if (created === undefined) return [];
    const { agent } = created;
    const swarm = created.swarm_id ?? DAA_SWARM;
    const facts: Nullable<AgentFacts> = {
      name: agent.name,
      type: agent.type,
      capabilities: agent.capabilities,
      created_at_ms: created.createdAt ?? agent.created_at,
      ...statusFacts(agent.status),
      neural: { cognitive_pattern: agent.cognitivePattern ?? agent.cognitive_pattern },
    };
    this.#created.set(agent.id, { swarm, facts });
    return [...(swarm === DAA_SWARM ? [swarmSeen(DAA_SWARM, {})] : []), this.#seen(agent.id, {})];
  }

  #readAdapted(payload: unknown): Observation[] {
    const adapted = readOne(adaptedShape, payload);
    if (adapted === undefined || field(payload, 'success') === false) return [];
    const { agent, pattern } = adapted;
    const known = this.#created.get(agent) ?? { swarm: DAA_SWARM, facts: {} };
    const neural = { ...known.facts.neural, ...(pattern === undefined ? {} : { cognitive_pattern: pattern }) };
    this.#created.set(agent, { ...known, facts: { ...known.facts, neural } });
    const gains = adapted.metrics;
    const facts: Nullable<AgentFacts> = {
      ...statusFacts(adapted.status),
      performance: { success_rate: gains?.successRate },
      neural: { cognitive_pattern: pattern, learning_rate: adapted.learningRate, adaptations: gains?.adaptations },
    };
    return [this.#seen(agent, facts)];
  }

  #seen(agent: string, facts: Nullable<AgentFacts>): Observation {
    const known = this.#created.get(agent);
    const neural = { ...known?.facts.neural, ...definedOf(facts.neural) };
    return agentSeen(known?.swarm ?? DAA_SWARM, agent, { ...known?.facts, ...facts, kind: 'daa', neural });
  }
}

function ask(args: Record<string, unknown>): Call {
  return { kind: 'tool', tool: 'daa_learning_status', args };
}

function definedOf(part: object | null | undefined): object {
  return Object.fromEntries(Object.entries(part ?? {}).filter(([, value]) => value !== undefined));
}

/** Knowledge that one agent shared is a message from it to each of the others. */
function readShared(payload: unknown, atMs: number): Observation[] {
  const shared = readOne(sharedShape, payload);
  const from = shared?.sourceAgent ?? shared?.source_agent;
  if (shared === undefined || from === undefined || field(payload, 'success') === false) return [];
  return (shared.targetAgents ?? shared.target_agents ?? []).map((to) => ({
    kind: 'message',
    swarm: undefined,
    from,
    to,
    message_type: 'data_exchange',
    at_ms: shared.sharedAt ?? shared.timestamp ?? atMs,
  }));
}
