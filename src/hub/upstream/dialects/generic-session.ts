import type { Observation } from '../../../model/observation.ts';
import type { Cadence, Call, DialectSession, Outcome } from './dialect.ts';
import { ListsBySwarm } from './lists-by-swarm.ts';
import { agentSeen } from './observing.ts';
import { firstAt, idAt, textAt } from './dotted-path.ts';
import { field, MAX_ENTRIES } from './reading.ts';
import { saysGone, statusFacts } from './status-words.ts';

/** What to ask, and the dotted paths to try, in order. An empty path is the value itself. */
export interface GenericPlan {
  call: Call;
  agents: readonly string[];
  id: readonly string[];
  name: readonly string[];
  type: readonly string[];
  status: readonly string[];
  swarm: readonly string[];
}

/** The usual spellings. */
export const GUESSED: Omit<GenericPlan, 'call'> = {
  agents: ['agents', 'items', 'results', 'data.agents', 'data', 'result.agents', ''],
  id: ['id', 'agent_id', 'agentId', 'uuid'],
  name: ['name', 'agent_name', 'agentName', 'title'],
  type: ['type', 'agent_type', 'agentType', 'role', 'kind'],
  status: ['status', 'state'],
  swarm: ['swarm_id', 'swarmId', 'swarm'],
};

/** A paged reply is not the whole list. */
const MORE = ['nextCursor', 'next_cursor', 'next_page', 'has_more', 'hasMore'] as const;

/** A server without a dialect: what its list says of each agent's id, name, type, status and swarm, and nothing else. */
export class GenericSession implements DialectSession {
  readonly #plan: GenericPlan;
  readonly #lists = new ListsBySwarm('agents');

  constructor(plan: GenericPlan) {
    this.#plan = plan;
  }

  warmUp(): Call[] {
    return [];
  }

  plan(cadence: Cadence): Call[] {
    return cadence === 'fast' ? [this.#plan.call] : [];
  }

  read(call: Call, outcome: Outcome): Observation[] {
    const asked = this.#plan.call;
    if (!outcome.ok || call.kind !== 'tool' || asked.kind !== 'tool' || call.tool !== asked.tool) return [];
    const list = firstAt(outcome.payload, this.#plan.agents, Array.isArray);
    if (!Array.isArray(list)) return [];
    const present: { swarm: string | undefined; agent: string }[] = [];
    const observations: Observation[] = [];
    let complete = list.length <= MAX_ENTRIES && !MORE.some((name) => Boolean(field(outcome.payload, name)));
    for (const entry of list.slice(0, MAX_ENTRIES) as unknown[]) {
      const agent = idAt(entry, this.#plan.id);
      if (agent === undefined) {
        complete = false;
        continue;
      }
      const swarm = idAt(entry, this.#plan.swarm);
      const status = textAt(entry, this.#plan.status);
      if (saysGone(status)) continue;
      const facts = {
        name: textAt(entry, this.#plan.name),
        type: textAt(entry, this.#plan.type),
        ...statusFacts(status),
      };
      observations.push(agentSeen(swarm, agent, facts));
      present.push({ swarm, agent });
    }
    return complete ? [...observations, ...this.#lists.list(present)] : observations;
  }

  readPush(): Observation[] {
    return [];
  }

  readNoise(): Observation[] {
    return [];
  }
}
