import type { WorldConfig } from '../../platform/config/schema.ts';
import type { WorldCounters } from './counters.ts';
import { DueQueue } from './due-queue.ts';
import { type AgentEntry, CommunicationLinkEntry } from './entries.ts';
import type { WorldTables } from './tables.ts';

/** The seeds' importance of a message by its type. */
const IMPORTANCE = new Map([
  ['coordination', 1],
  ['data_exchange', 0.8],
  ['status_update', 0.3],
  ['heartbeat', 0.1],
]);
const OTHER_IMPORTANCE = 0.5;

/**
 * Links from sender to receiver, weighted by what they said lately: each message adds its importance, and the sum
 * halves every half-life. Decay is computed by whoever reads a link, so it is never a change; a link goes when its
 * weight falls below the floor.
 *
 * All links decay alike, so the time at which a link meets the floor orders them by weight for all time: one queue by
 * that time serves expiry and eviction. The order of messages does not matter.
 */
export class CommunicationLinks {
  readonly #links: WorldTables['links'];
  readonly #counters: WorldCounters;
  readonly #halfLifeMs: number;
  readonly #floor: number;
  readonly #maxLinks: number;
  readonly #byFloor = new DueQueue<CommunicationLinkEntry>();
  #count = 0;

  constructor(config: WorldConfig, maxLinks: number, links: WorldTables['links'], counters: WorldCounters) {
    this.#links = links;
    this.#counters = counters;
    this.#halfLifeMs = config.communication_half_life_ms;
    this.#floor = config.communication_floor;
    this.#maxLinks = maxLinks;
  }

  get size(): number {
    return this.#count;
  }

  /** Queue entries held. */
  get queued(): number {
    return this.#byFloor.size;
  }

  /** A message was seen at `atMs`. `nowMs`: a link that would be below the floor by now is not made. */
  message(from: AgentEntry, to: AgentEntry, messageType: string, atMs: number, nowMs: number): void {
    const importance = IMPORTANCE.get(messageType) ?? OTHER_IMPORTANCE;
    const known = from.sends?.get(to);
    if (known !== undefined) this.#add(known, importance, atMs);
    else if (this.#floorMs(importance, atMs) > nowMs) this.#create(from, to, importance, atMs);
  }

  /** Removes links below the floor. */
  expire(nowMs: number): void {
    for (let link = this.#byFloor.take(nowMs); link !== undefined; link = this.#byFloor.take(nowMs)) {
      if (link.floorMs > nowMs) {
        this.#byFloor.schedule(link, link.floorMs);
        continue;
      }
      this.remove(link);
      this.#counters.expired_links_total++;
    }
  }

  /** Removes the link of least weight to make room; false when there is none. */
  evictWeakest(): boolean {
    const weakest = this.#weakest();
    if (weakest === undefined) return false;
    this.remove(weakest);
    this.#counters.evicted_links_total++;
    return true;
  }

  remove(link: CommunicationLinkEntry): void {
    link.from.sends?.delete(link.to);
    link.to.receives?.delete(link);
    this.#byFloor.forget(link);
    this.#links.remove(link);
    this.#count--;
  }

  /** Removes all links from and to an agent. */
  removeOf(agent: AgentEntry): void {
    for (const link of [...(agent.sends?.values() ?? []), ...(agent.receives ?? [])]) this.remove(link);
  }

  #create(from: AgentEntry, to: AgentEntry, importance: number, atMs: number): void {
    if (this.#links.size >= this.#maxLinks && !this.#makeRoom(this.#floorMs(importance, atMs))) {
      this.#counters.refused_links_total++;
      return;
    }
    const link = new CommunicationLinkEntry(
      this.#links.record({
        ref: 0,
        swarm: 0,
        from: 0,
        to: 0,
        kind: 'communication',
        source: 'reported',
        at_ms: atMs,
        half_life_ms: this.#halfLifeMs,
        message_count: 0,
      }),
      from,
      to,
    );
    (from.sends ??= new Map()).set(to, link);
    (to.receives ??= new Set()).add(link);
    this.#count++;
    this.#links.add(link);
    this.#add(link, importance, atMs);
  }

  #add(link: CommunicationLinkEntry, importance: number, atMs: number): void {
    const { live } = link;
    const before = live.at_ms ?? atMs;
    const newest = Math.max(before, atMs);
    link.weight =
      link.weight * 2 ** ((before - newest) / this.#halfLifeMs) +
      importance * 2 ** ((atMs - newest) / this.#halfLifeMs);
    link.floorMs = this.#floorMs(link.weight, newest);
    live.weight = Math.round(link.weight * 10_000) / 10_000;
    live.at_ms = newest;
    live.message_count = (live.message_count ?? 0) + 1;
    this.#byFloor.schedule(link, link.floorMs);
    this.#links.touch(link);
  }

  /** True when the weakest link was weaker than one that meets the floor at `floorMs`, and went. */
  #makeRoom(floorMs: number): boolean {
    const weakest = this.#weakest();
    return weakest !== undefined && weakest.floorMs < floorMs && this.evictWeakest();
  }

  #weakest(): CommunicationLinkEntry | undefined {
    for (;;) {
      const first = this.#byFloor.take(Infinity);
      if (first === undefined) return undefined;
      // Its time in the queue was a lower bound; with its true time it may not be first any more.
      this.#byFloor.schedule(first, first.floorMs);
      const next = this.#byFloor.first();
      if (next === undefined || next.queuedMs >= first.floorMs) return first;
    }
  }

  #floorMs(weight: number, atMs: number): number {
    return atMs + this.#halfLifeMs * Math.log2(weight / this.#floor);
  }
}
