import type { SwarmEvent, SwarmName } from '../../model/swarm-event.ts';
import type { Clock } from '../../platform/clock.ts';
import type { WorldConfig } from '../../platform/config/schema.ts';
import type { WorldCounters } from './counters.ts';
import type { AgentEntry, SwarmEntry } from './entries.ts';
import { Moves } from './moves.ts';
import { UNASSIGNED } from './unassigned.ts';

/** Events of one batch; more are counted. */
const EVENTS_PER_FLUSH = 1_000;

export type EndReason = NonNullable<SwarmEvent['reason']>;

/** An event before its refs are dealt. */
interface PendingEvent {
  event: SwarmEvent['event'];
  atMs: number;
  swarm: SwarmEntry;
  from?: SwarmEntry;
  agent?: AgentEntry;
  /** The agent as it was in the other swarm. */
  before?: AgentEntry;
  reason?: EndReason;
}

/** What happens to swarms, on its way into the next batch. What only stands for "no swarm" has no life of its own. */
export class LifeCycle {
  readonly #clock: Clock;
  readonly #counters: WorldCounters;
  readonly #swarms: Moves<SwarmEntry>;
  readonly #agents = new Moves<AgentEntry>();
  #pending: PendingEvent[] = [];

  constructor(config: WorldConfig, clock: Clock, counters: WorldCounters) {
    this.#clock = clock;
    this.#counters = counters;
    this.#swarms = new Moves(config.stale_after_ms + config.remove_after_ms);
  }

  /** Names remembered of what began and ended lately. */
  get remembered(): number {
    return this.#swarms.remembered + this.#agents.remembered;
  }

  swarmBegan(swarm: SwarmEntry): void {
    if (swarm.live.id === UNASSIGNED) return;
    const atMs = this.#clock.now();
    this.#add({ event: 'created', atMs, swarm });
    const from = this.#swarms.begun(swarm.live.id, swarm, atMs);
    if (from !== undefined) this.#add({ event: 'moved', atMs, swarm, from });
  }

  swarmEnded(swarm: SwarmEntry, reason: EndReason): void {
    if (swarm.live.id === UNASSIGNED) return;
    const atMs = this.#clock.now();
    this.#add({ event: 'dissolved', atMs, swarm, reason });
    const now = this.#swarms.ended(swarm.live.id, swarm, atMs, reason === 'silent' ? swarm.seenMs : undefined);
    if (now !== undefined) this.#add({ event: 'moved', atMs, swarm: now, from: swarm });
  }

  agentJoined(agent: AgentEntry): void {
    if (agent.swarm.live.id === UNASSIGNED) return;
    const atMs = this.#clock.now();
    const before = this.#agents.begun(nameOf(agent), agent, atMs);
    if (before !== undefined) this.#agentMoved(before, agent, atMs);
  }

  agentLeft(agent: AgentEntry): void {
    if (agent.swarm.live.id === UNASSIGNED) return;
    const atMs = this.#clock.now();
    const now = this.#agents.ended(nameOf(agent), agent, atMs);
    if (now !== undefined) this.#agentMoved(agent, now, atMs);
  }

  messageSent(from: SwarmEntry, swarm: SwarmEntry): void {
    this.#add({ event: 'message', atMs: this.#clock.now(), swarm, from });
  }

  /** Takes what is pending. What came and went within one batch has no ref, and is told to nobody. */
  select(): PendingEvent[] {
    const selected = this.#pending.filter(isTrue);
    this.#pending = [];
    return selected;
  }

  /** As events, once all swarms and agents have their refs. */
  publish(selected: readonly PendingEvent[]): SwarmEvent[] {
    return selected.map(({ event, atMs, swarm, from, agent, reason }) => ({
      event,
      at_ms: atMs,
      swarm: named(swarm),
      ...(from !== undefined && { from: named(from) }),
      ...(agent !== undefined && { agent: agent.live.ref }),
      ...(reason !== undefined && { reason }),
    }));
  }

  sweep(nowMs: number): void {
    this.#swarms.sweep(nowMs);
    this.#agents.sweep(nowMs);
  }

  /** Refs are dealt anew: nothing of before can be named. */
  clear(): void {
    this.#pending = [];
    this.#swarms.clear();
    this.#agents.clear();
  }

  #agentMoved(before: AgentEntry, agent: AgentEntry, atMs: number): void {
    const [from, swarm] = [before.swarm, agent.swarm];
    if (from.live.key !== swarm.live.key) this.#add({ event: 'agent_moved', atMs, swarm, from, agent, before });
  }

  #add(event: PendingEvent): void {
    this.#counters.swarm_events_total++;
    if (this.#pending.length < EVENTS_PER_FLUSH) this.#pending.push(event);
    else this.#counters.swarm_events_dropped_total++;
  }
}

/** An id is its server's own. */
function nameOf({ live: { server_id: server, id } }: AgentEntry): string {
  return JSON.stringify([server, id]);
}

function isTrue({ event, swarm, from, agent, before }: PendingEvent): boolean {
  if (![swarm, from, agent].every((entry) => entry === undefined || entry.alive || entry.published !== undefined))
    return false;
  // What contradicts itself is two things of one name.
  if (event === 'moved') return !differ(swarm.live.created_at_ms, from?.live.created_at_ms);
  if (agent === undefined || before === undefined) return true;
  return (['created_at_ms', 'name', 'type'] as const).every((field) => !differ(agent.live[field], before.live[field]));
}

function differ(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

function named({ live: { ref, key, id, server_id, server_type } }: SwarmEntry): SwarmName {
  return { ref, key, id, server_id, server_type };
}
