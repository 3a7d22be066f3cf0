import type { Observation } from '../../../model/observation.ts';

/**
 * In which swarm each agent was last told to be, for servers whose agents have one identity but may change their swarm:
 * one that moves must be told gone from its old swarm first, or it would be shown twice. (The world itself moves agents
 * that had no swarm yet.)
 * Bounded by the lists that it is kept to ({@link AgentPlaces.keepOnly}).
 */
export class AgentPlaces {
  readonly #places = new Map<string, string | undefined>();

  /** What to tell before the agent is told in `swarm`: nothing, or that it left where it was. */
  move(agent: string, swarm: string | undefined): Observation[] {
    const before = this.#places.get(agent);
    this.#places.set(agent, swarm);
    return before !== undefined && before !== swarm ? [{ kind: 'agent-gone', swarm: before, agent }] : [];
  }

  has(agent: string): boolean {
    return this.#places.has(agent);
  }

  /** Where it was last told to be; undefined also where nobody knows. */
  of(agent: string): string | undefined {
    return this.#places.get(agent);
  }

  forget(agent: string): void {
    this.#places.delete(agent);
  }

  keepOnly(agents: ReadonlySet<string>): void {
    for (const agent of this.#places.keys()) if (!agents.has(agent)) this.#places.delete(agent);
  }

  all(): string[] {
    return [...this.#places.keys()];
  }
}
