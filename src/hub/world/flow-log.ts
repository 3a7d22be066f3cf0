import type { MessageFlow } from '../../model/message.ts';
import type { Observation } from '../../model/observation.ts';
import type { WorldCounters } from './counters.ts';
import type { AgentEntry, ServerEntry } from './entries.ts';
import { MessageRing } from './message-ring.ts';

/** Messages of one server that a batch carries at most: a flood takes no room from others. The oldest are dropped. */
const SERVER_MESSAGES_PER_FLUSH = 1_000;

type SeenMessage = Extract<Observation, { kind: 'message' }>;

interface PendingMessage {
  from: AgentEntry;
  to: AgentEntry;
  seen: SeenMessage;
  atMs: number;
}

/** The newest messages of one server since the last flush; once full, a ring whose oldest is at `oldest`. */
interface ServerMessages {
  messages: PendingMessage[];
  oldest: number;
}

/** Messages on their way into the next batch, and a bounded history of those that were in one. */
export class FlowLog {
  readonly #ring: MessageRing;
  readonly #counters: WorldCounters;
  readonly #pending = new Map<ServerEntry, ServerMessages>();

  constructor(history: number, counters: WorldCounters) {
    this.#ring = new MessageRing(history);
    this.#counters = counters;
  }

  get pending(): number {
    let total = 0;
    for (const { messages } of this.#pending.values()) total += messages.length;
    return total;
  }

  get kept(): number {
    return this.#ring.size;
  }

  add(from: AgentEntry, to: AgentEntry, seen: SeenMessage, atMs: number): void {
    const { server } = from.swarm;
    let pending = this.#pending.get(server);
    if (pending === undefined) this.#pending.set(server, (pending = { messages: [], oldest: 0 }));
    const message = { from, to, seen, atMs };
    if (pending.messages.length < SERVER_MESSAGES_PER_FLUSH) {
      pending.messages.push(message);
      return;
    }
    pending.messages[pending.oldest] = message;
    pending.oldest = (pending.oldest + 1) % SERVER_MESSAGES_PER_FLUSH;
    this.#counters.flow_dropped_total++;
  }

  /** Takes what is pending. Agents that came and went within one batch have no ref: their messages are dropped. */
  select(): PendingMessage[] {
    const selected: PendingMessage[] = [];
    for (const { messages, oldest } of this.#pending.values()) {
      for (let i = 0; i < messages.length; i++) {
        const message = messages[(oldest + i) % messages.length];
        if (message === undefined) continue;
        if (isNameable(message.from) && isNameable(message.to)) selected.push(message);
        else this.#counters.flow_dropped_total++;
      }
    }
    this.#pending.clear();
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
    this.#pending.clear();
    this.#ring.clear();
  }
}

function isNameable(agent: AgentEntry): boolean {
  return agent.alive || agent.published !== undefined;
}
