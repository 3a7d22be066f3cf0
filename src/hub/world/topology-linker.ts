import type { CommunicationLinks } from './communication.ts';
import type { WorldCounters } from './counters.ts';
import { type AgentEntry, type SwarmEntry, TopologyLinkEntry } from './entries.ts';
import type { WorldTables } from './tables.ts';
import { compareMembers, topologyLinks } from './topology-links.ts';

/** A swarm with more members than this rests between derivations. */
const LARGE_SWARM = 1_000;
/** Rest in ms per member: 10,000 members, 1 s. */
const REST_PER_MEMBER = 0.1;

/**
 * Keeps swarms' topology links as their topology and members imply. Swarms are marked when either changes and derived
 * once per flush; a pair that stays keeps its link. Deriving costs O(n log n) of the swarm, so large ones rest after
 * it, and changes in between are made good at once afterwards.
 */
export class TopologyLinker {
  readonly #links: WorldTables['links'];
  readonly #communication: CommunicationLinks;
  readonly #counters: WorldCounters;
  readonly #maxLinks: number;
  readonly #marked = new Set<SwarmEntry>();
  #derivation = 0;
  #count = 0;

  constructor(
    communication: CommunicationLinks,
    maxLinks: number,
    links: WorldTables['links'],
    counters: WorldCounters,
  ) {
    this.#communication = communication;
    this.#maxLinks = maxLinks;
    this.#links = links;
    this.#counters = counters;
  }

  get size(): number {
    return this.#count;
  }

  /** Swarms marked. */
  get waiting(): number {
    return this.#marked.size;
  }

  /** The swarm's topology or members changed. */
  mark(swarm: SwarmEntry): void {
    if (swarm.live.topology !== undefined || swarm.topologyLinks.size > 0) this.#marked.add(swarm);
  }

  /** True when a marked swarm may be derived at `nowMs`. */
  isDue(nowMs: number): boolean {
    for (const swarm of this.#marked) if (swarm.relinkNotBeforeMs <= nowMs) return true;
    return false;
  }

  /** Derives the links of all marked swarms that do not rest. */
  derive(nowMs: number): void {
    for (const swarm of this.#marked) {
      if (swarm.relinkNotBeforeMs > nowMs) continue;
      this.#marked.delete(swarm);
      const members = swarm.agents.size;
      if (members > LARGE_SWARM) swarm.relinkNotBeforeMs = nowMs + members * REST_PER_MEMBER;
      this.#deriveSwarm(swarm);
    }
  }

  /** Removes all links of an agent. */
  removeOf(agent: AgentEntry): void {
    for (const link of agent.neighbours?.values() ?? []) this.#remove(link);
  }

  /** The swarm is gone; its agents, and with them its links, went before. */
  forget(swarm: SwarmEntry): void {
    this.#marked.delete(swarm);
  }

  #deriveSwarm(swarm: SwarmEntry): void {
    this.#derivation++;
    const members = [...swarm.agents.values()].toSorted((a, b) => compareMembers(a.live, b.live));
    const pairs = topologyLinks(
      swarm.live.topology,
      members.map((member) => member.live),
    );
    const missing: [AgentEntry, AgentEntry][] = [];
    for (let p = 0; p < pairs.length; p += 2) {
      const a = members[pairs[p] ?? -1];
      const b = members[pairs[p + 1] ?? -1];
      if (a === undefined || b === undefined) continue;
      const link = a.neighbours?.get(b);
      if (link === undefined) missing.push([a, b]);
      else link.derivation = this.#derivation;
    }
    // Removals first: they make room.
    for (const link of swarm.topologyLinks) if (link.derivation !== this.#derivation) this.#remove(link);
    for (const [a, b] of missing) this.#create(swarm, a, b);
  }

  #create(swarm: SwarmEntry, a: AgentEntry, b: AgentEntry): void {
    if (this.#links.size >= this.#maxLinks && !this.#communication.evictWeakest()) {
      this.#counters.refused_links_total++;
      return;
    }
    const link = new TopologyLinkEntry(
      this.#links.record({ ref: 0, swarm: 0, from: 0, to: 0, kind: 'topology', source: 'derived' }),
      a,
      b,
    );
    link.derivation = this.#derivation;
    (a.neighbours ??= new Map()).set(b, link);
    (b.neighbours ??= new Map()).set(a, link);
    swarm.topologyLinks.add(link);
    this.#count++;
    this.#links.add(link);
  }

  #remove(link: TopologyLinkEntry): void {
    link.from.neighbours?.delete(link.to);
    link.to.neighbours?.delete(link.from);
    link.from.swarm.topologyLinks.delete(link);
    this.#links.remove(link);
    this.#count--;
  }
}
