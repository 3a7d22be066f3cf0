import type { WorldConfig } from '../../platform/config/schema.ts';
import { DueQueue } from './due-queue.ts';
import type { AgentEntry, ServerEntry, SwarmEntry } from './entries.ts';
import type { WorldTables } from './tables.ts';

/** What happens to those that stayed silent for too long. */
export interface SilenceActions {
  removeAgent(agent: AgentEntry): void;
  removeSwarm(swarm: SwarmEntry): void;
  /** Removes the server's tasks that were not heard of since it went away. */
  removeSilentTasks(server: ServerEntry): void;
}

/**
 * Who was heard of when. An agent that nobody spoke of for `stale_after_ms`, or whose server went away, is stale, and
 * removed `remove_after_ms` later. A swarm without agents is removed after as long a silence. Hearing costs a comparison;
 * a sweep looks only at what may be due.
 */
export class Silence {
  readonly #staleAfterMs: number;
  readonly #removeAfterMs: number;
  readonly #table: WorldTables['agents'];
  readonly #actions: SilenceActions;
  readonly #agents = new DueQueue<AgentEntry>();
  readonly #swarms = new DueQueue<SwarmEntry>();
  readonly #servers = new DueQueue<ServerEntry>();
  #stale = 0;

  constructor(config: WorldConfig, table: WorldTables['agents'], actions: SilenceActions) {
    this.#staleAfterMs = config.stale_after_ms;
    this.#removeAfterMs = config.remove_after_ms;
    this.#table = table;
    this.#actions = actions;
  }

  /** Agents that are stale. */
  get stale(): number {
    return this.#stale;
  }

  /** Queue entries held. */
  get queued(): number {
    return this.#agents.size + this.#swarms.size + this.#servers.size;
  }

  watchAgent(agent: AgentEntry): void {
    this.#agents.schedule(agent, agent.seenMs + this.#staleAfterMs);
  }

  /** Watches a swarm that has no agents (yet, or any more). */
  watchEmptySwarm(swarm: SwarmEntry): void {
    this.#swarms.schedule(swarm, this.#swarmDueMs(swarm));
  }

  hearAgent(agent: AgentEntry, atMs: number): void {
    if (atMs > agent.seenMs) agent.seenMs = atMs;
    if (agent.live.stale) {
      this.#clearStale(agent);
      this.#table.touch(agent);
      this.watchAgent(agent);
    }
    this.hearSwarm(agent.swarm, atMs);
  }

  hearSwarm(swarm: SwarmEntry, atMs: number): void {
    if (atMs > swarm.seenMs) swarm.seenMs = atMs;
    swarm.silentSinceMs = undefined;
  }

  /** The server went away: all that it had is silent from now on. */
  silence(server: ServerEntry, atMs: number): void {
    for (const swarm of server.swarms.values()) {
      swarm.silentSinceMs = atMs;
      if (swarm.agents.size === 0) this.watchEmptySwarm(swarm);
      for (const agent of swarm.agents.values()) if (!agent.live.stale) this.#markStale(agent, atMs);
    }
    for (const task of server.tasks.values()) task.silent = true;
    server.silentSinceMs = atMs;
    if (server.tasks.size > 0) this.#servers.schedule(server, atMs + this.#removeAfterMs);
  }

  forgetAgent(agent: AgentEntry): void {
    if (agent.live.stale) this.#clearStale(agent);
    this.#agents.forget(agent);
  }

  forgetSwarm(swarm: SwarmEntry): void {
    this.#swarms.forget(swarm);
  }

  forgetServer(server: ServerEntry): void {
    this.#servers.forget(server);
  }

  sweep(nowMs: number): void {
    for (let agent = this.#agents.take(nowMs); agent !== undefined; agent = this.#agents.take(nowMs)) {
      this.#sweepAgent(agent, nowMs);
    }
    for (let swarm = this.#swarms.take(nowMs); swarm !== undefined; swarm = this.#swarms.take(nowMs)) {
      if (swarm.agents.size > 0) continue;
      if (this.#swarmDueMs(swarm) > nowMs) this.watchEmptySwarm(swarm);
      else this.#actions.removeSwarm(swarm);
    }
    for (let server = this.#servers.take(nowMs); server !== undefined; server = this.#servers.take(nowMs)) {
      const dueMs = server.silentSinceMs + this.#removeAfterMs;
      if (dueMs > nowMs) this.#servers.schedule(server, dueMs);
      else this.#actions.removeSilentTasks(server);
    }
  }

  #sweepAgent(agent: AgentEntry, nowMs: number): void {
    const dueMs = agent.live.stale ? agent.staleAtMs + this.#removeAfterMs : agent.seenMs + this.#staleAfterMs;
    if (dueMs > nowMs) this.#agents.schedule(agent, dueMs);
    else if (agent.live.stale) this.#actions.removeAgent(agent);
    // From now, not from when it was due: after a pause of this process nobody goes before others could see it stale.
    else this.#markStale(agent, nowMs);
  }

  #markStale(agent: AgentEntry, nowMs: number): void {
    agent.staleAtMs = nowMs;
    agent.live.stale = true;
    agent.live.stale_since_ms = agent.seenMs;
    this.#stale++;
    this.#table.touch(agent);
    this.#agents.schedule(agent, nowMs + this.#removeAfterMs);
  }

  #clearStale(agent: AgentEntry): void {
    agent.live.stale = undefined;
    agent.live.stale_since_ms = undefined;
    this.#stale--;
  }

  #swarmDueMs(swarm: SwarmEntry): number {
    const silentMs = swarm.seenMs + this.#staleAfterMs + this.#removeAfterMs;
    if (swarm.silentSinceMs === undefined) return silentMs;
    return Math.min(silentMs, swarm.silentSinceMs + this.#removeAfterMs);
  }
}
