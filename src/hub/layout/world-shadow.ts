/**
 * What the layout knows of the world: no more than physics needs. Turns changes of the world into orders for workers,
 * and can describe any swarm from scratch for a worker that replaces a dead one.
 */
import type { AgentRecord } from '../../model/agent.ts';
import type { ChangeBatch, KindChanges, Patch, WorldSnapshot } from '../../model/change.ts';
import type { Ref } from '../../model/ids.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import { Placement } from './placement.ts';
import type { AgentSeat, LayoutOrder, LinkSeat, Place, SwarmChange, SwarmSeat } from './seats.ts';
import { shapeRadius } from './shape.ts';

interface SwarmShadow {
  ref: Ref;
  topology: string | undefined;
  slotsRev: number;
  membership: number;
  centre: Place;
  /** Radius that it was found to take; 0: what is usual. */
  extent: number;
  agents: Map<Ref, AgentSeat>;
  links: Map<Ref, LinkSeat>;
  pins: Map<Ref, Place>;
}

/** Changes of one batch under way: per known swarm what is new, and the swarms that it brought. */
interface Draft {
  changes: Map<Ref, SwarmChange>;
  created: Set<Ref>;
}

export class WorldShadow {
  readonly #swarms = new Map<Ref, SwarmShadow>();
  readonly #swarmOfAgent = new Map<Ref, Ref>();
  readonly #swarmOfLink = new Map<Ref, Ref>();
  #placement = new Placement();

  get agentCount(): number {
    return this.#swarmOfAgent.size;
  }

  get swarmCount(): number {
    return this.#swarms.size;
  }

  hasSwarm(swarm: Ref): boolean {
    return this.#swarms.has(swarm);
  }

  /** Agents in a swarm; 0 for an unknown one. */
  sizeOf(swarm: Ref): number {
    return this.#swarms.get(swarm)?.agents.size ?? 0;
  }

  swarmOfAgent(agent: Ref): Ref | undefined {
    return this.#swarmOfAgent.get(agent);
  }

  /** @returns orders that make a worker without swarms know them all. */
  reset(snapshot: WorldSnapshot): LayoutOrder[] {
    this.#swarms.clear();
    this.#swarmOfAgent.clear();
    this.#swarmOfLink.clear();
    this.#placement = new Placement();
    return this.follow({
      epoch: snapshot.epoch,
      version: snapshot.version,
      time_ms: snapshot.time_ms,
      swarms: { added: snapshot.swarms },
      agents: { added: snapshot.agents },
      links: { added: snapshot.links },
      membership: snapshot.membership,
    });
  }

  /** @returns orders, each about one swarm. Empty when nothing in the batch concerns the layout. */
  follow(batch: ChangeBatch): LayoutOrder[] {
    const draft: Draft = { changes: new Map(), created: new Set() };
    this.#upsertSwarms(batch.swarms, draft);
    this.#upsertAgents(batch.agents, draft);
    this.#upsertLinks(batch.links, draft);
    for (const [ref, membership] of batch.membership ?? []) {
      const swarm = this.#swarms.get(ref);
      if (swarm === undefined || swarm.membership === membership) continue;
      swarm.membership = membership;
      changeOf(draft, ref).membership = membership;
    }
    for (const ref of batch.links?.removed ?? []) this.#removeLink(ref, draft);
    for (const ref of batch.agents?.removed ?? []) this.#removeAgent(ref, draft);
    const gone = this.#removeSwarms(batch.swarms?.removed ?? [], draft);
    return [...gone, ...this.#orders(draft)];
  }

  /** @returns the order, or undefined for an agent that is not known. */
  pin(agent: Ref, at: Place | undefined): LayoutOrder | undefined {
    const swarm = this.#swarms.get(this.#swarmOfAgent.get(agent) ?? -1);
    if (swarm === undefined) return undefined;
    if (at === undefined) swarm.pins.delete(agent);
    else swarm.pins.set(agent, at);
    return { kind: 'pin', swarm: swarm.ref, agent, at: at ?? null };
  }

  /**
   * A swarm was found to take more room than is usual. @returns the order that gives it room elsewhere, if it must
   * move.
   */
  outgrown(ref: Ref, radius: number): LayoutOrder | undefined {
    const swarm = this.#swarms.get(ref);
    if (swarm === undefined || !(radius > swarm.extent) || !Number.isFinite(radius)) return undefined;
    swarm.extent = radius;
    const draft: Draft = { changes: new Map(), created: new Set() };
    this.#place(ref, draft);
    const change = draft.changes.get(ref);
    return change === undefined ? undefined : { kind: 'change', change };
  }

  /** A swarm from scratch. */
  seat(ref: Ref): SwarmSeat | undefined {
    const swarm = this.#swarms.get(ref);
    if (swarm === undefined) return undefined;
    const { topology, slotsRev, membership, centre } = swarm;
    const agents = [...swarm.agents.values()];
    return {
      ref,
      topology,
      slotsRev,
      membership,
      centre,
      agents,
      links: [...swarm.links.values()],
      pins: [...swarm.pins],
    };
  }

  #upsertSwarms(changes: KindChanges<SwarmRecord> | undefined, draft: Draft): void {
    for (const record of changes?.added ?? []) {
      this.#swarms.set(record.ref, {
        ref: record.ref,
        topology: record.topology,
        slotsRev: record.slots_rev,
        membership: 0,
        centre: [0, 0, 0],
        extent: 0,
        agents: new Map(),
        links: new Map(),
        pins: new Map(),
      });
      draft.created.add(record.ref);
    }
    for (const patch of changes?.updated ?? []) {
      const swarm = this.#swarms.get(patch.ref);
      if (swarm === undefined) continue;
      if (patch.topology !== undefined) {
        swarm.topology = patch.topology ?? undefined;
        swarm.extent = 0;
        changeOf(draft, swarm.ref).topology = { name: swarm.topology };
      }
      if (typeof patch.slots_rev === 'number') {
        swarm.slotsRev = patch.slots_rev;
        changeOf(draft, swarm.ref).slotsRev = patch.slots_rev;
      }
    }
  }

  #upsertAgents(changes: KindChanges<AgentRecord> | undefined, draft: Draft): void {
    for (const { ref, slot, lead, swarm } of changes?.added ?? []) {
      if (!this.#swarms.has(swarm)) continue;
      this.#swarmOfAgent.set(ref, swarm);
      this.#seatAgent(swarm, { ref, slot, lead: lead === true }, draft);
    }
    this.#patchAgents(changes?.updated ?? [], draft);
  }

  #patchAgents(patches: readonly Patch<AgentRecord>[], draft: Draft): void {
    for (const patch of patches) {
      // Most updates are of metrics, which physics doesn't look at.
      if (patch.slot === undefined && patch.lead === undefined) continue;
      const swarm = this.#swarms.get(this.#swarmOfAgent.get(patch.ref) ?? -1);
      const known = swarm?.agents.get(patch.ref);
      if (swarm === undefined || known === undefined) continue;
      const lead = patch.lead === undefined ? known.lead : patch.lead === true;
      this.#seatAgent(swarm.ref, { ref: patch.ref, slot: patch.slot ?? known.slot, lead }, draft);
    }
  }

  #seatAgent(ref: Ref, seat: AgentSeat, draft: Draft): void {
    this.#swarms.get(ref)?.agents.set(seat.ref, seat);
    (changeOf(draft, ref).seated ??= []).push(seat);
  }

  #upsertLinks(changes: KindChanges<LinkRecord> | undefined, draft: Draft): void {
    for (const link of changes?.added ?? []) {
      if (!this.#swarms.has(link.swarm)) continue;
      this.#swarmOfLink.set(link.ref, link.swarm);
      const { ref, from, to, kind, weight, at_ms, half_life_ms } = link;
      this.#setLink(link.swarm, { ref, from, to, kind, weight, at_ms, half_life_ms }, draft);
    }
    for (const patch of changes?.updated ?? []) {
      if (patch.weight === undefined && patch.at_ms === undefined && patch.half_life_ms === undefined) continue;
      const swarm = this.#swarms.get(this.#swarmOfLink.get(patch.ref) ?? -1);
      const known = swarm?.links.get(patch.ref);
      if (swarm === undefined || known === undefined) continue;
      this.#setLink(
        swarm.ref,
        {
          ...known,
          weight: latest(patch.weight, known.weight),
          at_ms: latest(patch.at_ms, known.at_ms),
          half_life_ms: latest(patch.half_life_ms, known.half_life_ms),
        },
        draft,
      );
    }
  }

  #setLink(ref: Ref, link: LinkSeat, draft: Draft): void {
    this.#swarms.get(ref)?.links.set(link.ref, link);
    (changeOf(draft, ref).linked ??= []).push(link);
  }

  #removeLink(ref: Ref, draft: Draft): void {
    const swarm = this.#swarmOfLink.get(ref);
    if (swarm === undefined) return;
    this.#swarmOfLink.delete(ref);
    this.#swarms.get(swarm)?.links.delete(ref);
    (changeOf(draft, swarm).unlinked ??= []).push(ref);
  }

  #removeAgent(ref: Ref, draft: Draft): void {
    const swarm = this.#swarms.get(this.#swarmOfAgent.get(ref) ?? -1);
    if (swarm === undefined) return;
    this.#swarmOfAgent.delete(ref);
    swarm.agents.delete(ref);
    swarm.pins.delete(ref);
    (changeOf(draft, swarm.ref).left ??= []).push(ref);
  }

  #removeSwarms(refs: readonly Ref[], draft: Draft): LayoutOrder[] {
    const orders: LayoutOrder[] = [];
    for (const ref of refs) {
      const swarm = this.#swarms.get(ref);
      if (swarm === undefined) continue;
      for (const agent of swarm.agents.keys()) this.#swarmOfAgent.delete(agent);
      for (const link of swarm.links.keys()) this.#swarmOfLink.delete(link);
      this.#swarms.delete(ref);
      this.#placement.remove(ref);
      draft.changes.delete(ref);
      if (!draft.created.delete(ref)) orders.push({ kind: 'swarm-gone', swarm: ref });
    }
    return orders;
  }

  #orders(draft: Draft): LayoutOrder[] {
    const orders: LayoutOrder[] = [];
    for (const ref of draft.created) {
      this.#place(ref, draft);
      const seat = this.seat(ref);
      if (seat !== undefined) orders.push({ kind: 'swarm', seat });
    }
    for (const [ref, change] of draft.changes) {
      if (draft.created.has(ref)) continue;
      if (change.seated !== undefined || change.topology !== undefined) this.#place(ref, draft);
      orders.push({ kind: 'change', change });
    }
    return orders;
  }

  #place(ref: Ref, draft: Draft): void {
    const swarm = this.#swarms.get(ref);
    if (swarm === undefined) return;
    const centre = this.#placement.place(ref, Math.max(swarm.extent, shapeRadius(swarm.topology, swarm.agents.size)));
    if (centre.every((value, axis) => value === swarm.centre[axis])) return;
    swarm.centre = centre;
    if (!draft.created.has(ref)) changeOf(draft, ref).centre = centre;
  }
}

/** A field after a patch: null in a patch says that it became unknown. */
function latest<T>(now: T | null | undefined, before: T): T | undefined {
  return now === undefined ? before : (now ?? undefined);
}

function changeOf(draft: Draft, ref: Ref): SwarmChange {
  let change = draft.changes.get(ref);
  if (change === undefined) {
    change = { ref };
    draft.changes.set(ref, change);
  }
  return change;
}
