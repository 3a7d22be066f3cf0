/** What happened, newest first, bounded. Decides what counts as joined and left from what is known. Pure. */

export const EVENT_KINDS = ['joined', 'left', 'swarm', 'error', 'health', 'view', 'connection'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface FeedEvent {
  /** Counts up; unique in the feed. */
  id: number;
  atMs: number;
  kind: EventKind;
  text: string;
  /** Key of the agent that it is about, where it is one. */
  agent?: string | undefined;
}

export const MAX_EVENTS = 400;
/** More of one kind at once become one line. */
const MAX_LINES = 6;

export interface KnownAgent {
  key: string;
  label: string;
}

export class EventFeed {
  #events: FeedEvent[] = [];
  #lastId = 0;
  readonly #known = new Map<number, KnownAgent>();

  /** Newest first, at most {@link MAX_EVENTS}. */
  get events(): readonly FeedEvent[] {
    return this.#events;
  }

  push(kind: EventKind, text: string, atMs: number, agent?: string): void {
    this.#events = [{ id: ++this.#lastId, atMs, kind, text, agent }, ...this.#events].slice(0, MAX_EVENTS);
  }

  /**
   * Agents were added and removed. `byFilter`: because other ones are shown now, not because any came or went.
   * Known agents that are sent again say nothing.
   */
  changed(
    added: readonly { ref: number; agent: KnownAgent }[],
    removed: readonly number[],
    atMs: number,
    byFilter: boolean,
  ): void {
    const joined = added.filter(({ ref }) => !this.#known.has(ref)).map(({ agent }) => agent);
    for (const { ref, agent } of added) this.#known.set(ref, agent);
    const left: KnownAgent[] = [];
    for (const ref of removed) {
      const agent = this.#known.get(ref);
      if (agent === undefined) continue;
      left.push(agent);
      this.#known.delete(ref);
    }
    if (byFilter) this.#viewed(joined.length, left.length, atMs);
    else this.#lines(joined, left, atMs);
  }

  /** A whole new list: compared by key with what was known, unless nothing was. */
  replaced(agents: readonly { ref: number; agent: KnownAgent }[], atMs: number, byFilter: boolean): void {
    const before = new Map([...this.#known.values()].map((agent) => [agent.key, agent]));
    this.#known.clear();
    for (const { ref, agent } of agents) this.#known.set(ref, agent);
    if (before.size === 0) return;
    const now = new Set(agents.map(({ agent }) => agent.key));
    const joined = agents.filter(({ agent }) => !before.has(agent.key)).map(({ agent }) => agent);
    const left = [...before.values()].filter(({ key }) => !now.has(key));
    if (byFilter) this.#viewed(joined.length, left.length, atMs);
    else this.#lines(joined, left, atMs);
  }

  #viewed(shown: number, hidden: number, atMs: number): void {
    if (shown + hidden > 0) this.push('view', `Filters: ${shown} more shown, ${hidden} hidden`, atMs);
  }

  #lines(joined: readonly KnownAgent[], left: readonly KnownAgent[], atMs: number): void {
    this.#some('left', 'left', left, atMs);
    this.#some('joined', 'joined', joined, atMs);
  }

  #some(kind: EventKind, verb: string, agents: readonly KnownAgent[], atMs: number): void {
    if (agents.length > MAX_LINES) this.push(kind, `${agents.length} agents ${verb}`, atMs);
    else for (const { label, key } of agents) this.push(kind, `${label} ${verb}`, atMs, key);
  }
}
