import { WorldRefusal } from '../errors.ts';

/** A DAA agent as the `daa_*` tools know it: beside the swarms, with an id that the caller chose. */
export interface DaaAgent {
  readonly id: string;
  name: string;
  type: string;
  status: 'active';
  cognitivePattern: string;
  learningRate: number;
  capabilities: string[];
  successRate: number;
  adaptations: number;
  createdAtMs: number;
}

/** Agents at most; more are refused. */
const MAX_DAA_AGENTS = 10_000;

/** The DAA agents of one simulated server, and what they shared. */
export class DaaAgents {
  readonly #agents = new Map<string, DaaAgent>();
  knowledgeItems = 0;

  get all(): readonly DaaAgent[] {
    return [...this.#agents.values()];
  }

  /** An id that exists is replaced, as the real servers do. @throws WorldRefusal when full. */
  create(agent: DaaAgent): void {
    if (this.#agents.size >= MAX_DAA_AGENTS && !this.#agents.has(agent.id))
      throw new WorldRefusal(`no more than ${MAX_DAA_AGENTS} DAA agents`);
    this.#agents.set(agent.id, agent);
  }

  get(id: string): DaaAgent | undefined {
    return this.#agents.get(id);
  }

  /** Takes feedback: the success rate moves half way to the score. */
  adapt(agent: DaaAgent, score: number | undefined): void {
    agent.adaptations++;
    if (score !== undefined) agent.successRate = (agent.successRate + Math.min(1, Math.max(0, score))) / 2;
  }
}
