/**
 * What a server said and its turn has not come for, bounded, with a policy per kind. Who belongs to what (agents, lists,
 * tasks, what is gone) is never dropped and keeps its order; facts of an agent that waits already are merged into what
 * waits, the newest win; of messages the oldest are dropped. Taking everything out tells the same world as telling all
 * of it at once would have, but for dropped messages.
 */
import type { AgentFacts, Nullable, Observation } from '../../model/observation.ts';

type AgentSeen = Extract<Observation, { kind: 'agent' }>;
type MessageSeen = Extract<Observation, { kind: 'message' }>;

export interface InboxOptions {
  /** Messages that may wait. */
  maxMessages: number;
  /** A message was dropped, for newer ones. */
  onDropped: () => void;
  /** Facts were merged into what waits. */
  onMerged: () => void;
}

export class Inbox {
  readonly #options: InboxOptions;
  /** Oldest first from `#next` on; undefined: a message that was dropped. */
  #entries: (Observation | undefined)[] = [];
  #next = 0;
  #size = 0;
  /** Agents that wait and may be merged into, by id and then by swarm. */
  readonly #agents = new Map<string, Map<string | undefined, AgentSeen>>();
  /** Places of the messages that wait, oldest first from `#firstMessage` on. */
  #messages: number[] = [];
  #firstMessage = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Observations that wait. */
  get size(): number {
    return this.#size;
  }

  add(seen: Observation): void {
    if (seen.kind === 'agent') this.#addAgent(seen);
    else if (seen.kind === 'message') this.#addMessage(seen);
    else {
      // What comes after must not be merged into what came before.
      if (seen.kind === 'agent-gone') this.#agents.delete(seen.agent);
      else if (seen.kind === 'swarm-gone' || seen.kind === 'swarm-list' || seen.kind === 'agent-list')
        this.#agents.clear();
      this.#append(seen);
    }
  }

  /** The oldest, at most `max`, in their order. */
  take(max: number): Observation[] {
    const taken: Observation[] = [];
    while (taken.length < max && this.#next < this.#entries.length) {
      const seen = this.#entries[this.#next];
      this.#entries[this.#next] = undefined;
      this.#next += 1;
      if (seen === undefined) continue;
      if (seen.kind === 'message') this.#firstMessage += 1;
      if (seen.kind === 'agent') this.#forget(seen);
      taken.push(seen);
    }
    this.#size -= taken.length;
    if (this.#size === 0) this.#clear();
    return taken;
  }

  #append(seen: Observation): void {
    this.#entries.push(seen);
    this.#size += 1;
  }

  #addAgent(seen: AgentSeen): void {
    let places = this.#agents.get(seen.agent);
    // An agent whose swarm is not named may be any of that id: nothing is merged across it.
    if (places !== undefined && (seen.swarm === undefined) !== places.has(undefined)) places = undefined;
    const waiting = places?.get(seen.swarm);
    if (waiting !== undefined && mergeAgent(waiting, seen)) {
      this.#options.onMerged();
      return;
    }
    // A copy of the outside alone: facts are replaced, never changed.
    const own = { ...seen };
    if (places === undefined) this.#agents.set(seen.agent, new Map([[seen.swarm, own]]));
    else places.set(seen.swarm, own);
    this.#append(own);
  }

  #addMessage(seen: MessageSeen): void {
    if (this.#messages.length - this.#firstMessage >= this.#options.maxMessages) this.#dropOldest();
    this.#messages.push(this.#entries.length);
    this.#append(seen);
  }

  #dropOldest(): void {
    const place = this.#messages[this.#firstMessage];
    this.#firstMessage += 1;
    if (place === undefined) return;
    this.#entries[place] = undefined;
    this.#size -= 1;
    this.#options.onDropped();
    if (this.#firstMessage > this.#options.maxMessages) this.#tidy();
  }

  /** Without the holes that dropped messages left. Rare enough to cost nothing on average. */
  #tidy(): void {
    this.#entries = this.#entries.filter((seen) => seen !== undefined);
    this.#next = 0;
    this.#firstMessage = 0;
    this.#messages = this.#entries.flatMap((seen, place) => (seen?.kind === 'message' ? [place] : []));
  }

  #forget(seen: AgentSeen): void {
    const places = this.#agents.get(seen.agent);
    if (places?.get(seen.swarm) !== seen) return;
    places.delete(seen.swarm);
    if (places.size === 0) this.#agents.delete(seen.agent);
  }

  #clear(): void {
    this.#entries = [];
    this.#next = 0;
    this.#messages = [];
    this.#firstMessage = 0;
    this.#agents.clear();
  }
}

/** False where one after the other means something else than both at once. */
function mergeAgent(waiting: AgentSeen, seen: AgentSeen): boolean {
  const before = waiting.facts;
  const { facts } = seen;
  // All of it unknown, and then some of it known again: that takes two steps.
  if ((before.performance === null && facts.performance) || (before.neural === null && facts.neural)) return false;
  if (waiting.provenance !== undefined || seen.provenance !== undefined) {
    if (!sameSources(waiting, seen)) return false;
  }
  const merged: Nullable<AgentFacts> = { ...before };
  // A word without its raw form clears the raw form of the word before.
  if (facts.status !== undefined) delete merged.status_raw;
  for (const name in facts) {
    const key = name as keyof AgentFacts;
    if (facts[key] !== undefined) Object.assign(merged, { [key]: facts[key] });
  }
  if (before.performance && facts.performance) merged.performance = { ...before.performance, ...facts.performance };
  if (before.neural && facts.neural) merged.neural = { ...before.neural, ...facts.neural };
  waiting.facts = merged;
  return true;
}

/** Sources of top-level fields only, the same in both, each of a field that both speak of. */
function sameSources(a: AgentSeen, b: AgentSeen): boolean {
  const names = new Set([...Object.keys(a.provenance ?? {}), ...Object.keys(b.provenance ?? {})]);
  return [...names].every((name) => {
    const key = name as keyof AgentFacts;
    const spoken = isTold(a.facts[key]) && isTold(b.facts[key]);
    return spoken && a.provenance?.[name] === b.provenance?.[name];
  });
}

function isTold(value: unknown): boolean {
  return value !== undefined && value !== null;
}
