import type { MessageFlow } from '../../model/message.ts';
import type { Observation } from '../../model/observation.ts';
import type { WorldCounters } from './counters.ts';
import type { AgentEntry } from './entries.ts';
import { MessageRing } from './message-ring.ts';

/** Messages that one batch carries at most; more are dropped and counted. */
const FLOW_PER_FLUSH = 10_000;

type SeenMessage = Extract<Observation, { kind: 'message' }>;

interface PendingMessage {
  from: AgentEntry;
  to: AgentEntry;
  seen: SeenMessage;
  atMs: number;
}

/** Messages on their way into the next batch, and a bounded history of those that were in one. */
export class FlowLog {
  readonly #ring: MessageRing;
  readonly #counters: WorldCounters;
  #pending: PendingMessage[] = [];

  constructor(history: number, counters: WorldCounters) {
    this.#ring = new MessageRing(history);
    this.#counters = counters;
  }

  get pending(): number {
    return this.#pending.length;
  }

  get kept(): number {
    return this.#ring.size;
  }

  add(from: AgentEntry, to: AgentEntry, seen: SeenMessage, atMs: number): void {
    if (this.#pending.length >= FLOW_PER_FLUSH) this.#counters.flow_dropped_total++;
    else this.#pending.push({ from, to, seen, atMs });
  }

  /** Takes what is pending. Agents that came and went within one batch have no ref: their messages are dropped. */
  select(): PendingMessage[] {
    const pending = this.#pending;
    this.#pending = [];
    const selected = pending.filter(({ from, to }) => isNameable(from) && isNameable(to));
    this.#counters.flow_dropped_total += pending.length - selected.length;
    return selected;
  }

  /** Messages with refs, once all agents have theirs; kept in the history. */
  publish(selected: readonly PendingMessage[]): MessageFlow[] {
    return selected.map(({ from, to, seen, atMs }) => {
      const flow: MessageFlow = {
        swarm: from.live.swarm,
        from: from.live.ref,
        to: to.live.ref,
        message_type: seen.message_type,
        at_ms: atMs,
        ...(seen.size_bytes !== undefined && { size_bytes: seen.size_bytes }),
        ...(seen.latency_ms !== undefined && { latency_ms: seen.latency_ms }),
      };
      this.#ring.push(flow);
      return flow;
    });
  }

  /** Oldest first. */
  history(): MessageFlow[] {
    return this.#ring.toArray();
  }

  clear(): void {
    this.#pending = [];
    this.#ring.clear();
  }
}

function isNameable(agent: AgentEntry): boolean {
  return agent.alive || agent.published !== undefined;
}
