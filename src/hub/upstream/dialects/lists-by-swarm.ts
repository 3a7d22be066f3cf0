import type { Observation } from '../../../model/observation.ts';

/**
 * Turns a server's one complete list of agents into a list for each swarm, since ids need only be unique within theirs.
 * A swarm that had agents in the last list and has none in this one is listed as empty, once.
 */
export class ListsBySwarm {
  readonly #scope: string;
  #listed = new Set<string | undefined>();

  constructor(scope: string) {
    this.#scope = scope;
  }

  /** A swarm was heard of beside lists, with agents that the next list may have elsewhere. */
  hearOf(swarm: string | undefined): void {
    this.#listed.add(swarm);
  }

  /** `agents`: all agents of the server, each with its swarm where it has one. */
  list(agents: Iterable<{ swarm: string | undefined; agent: string }>): Observation[] {
    const bySwarm = new Map<string | undefined, string[]>();
    for (const { swarm, agent } of agents) {
      const members = bySwarm.get(swarm);
      if (members === undefined) bySwarm.set(swarm, [agent]);
      else members.push(agent);
    }
    const before = this.#listed;
    this.#listed = new Set(bySwarm.keys());
    for (const swarm of before) if (!bySwarm.has(swarm)) bySwarm.set(swarm, []);
    return [...bySwarm].map(([swarm, members]) => ({ kind: 'agent-list', swarm, agents: members, scope: this.#scope }));
  }
}
