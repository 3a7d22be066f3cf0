/**
 * Positions of agents, from the last two frames that held each of them. Pure: no sockets, no clock.
 * Frames name agents by swarm and slot; what a slot means follows from the agents' records (PROTOCOL.md, Positions).
 */
import type { AgentRecord } from '../model/agent.ts';
import type { Ref } from '../model/ids.ts';
import type { SwarmRecord } from '../model/swarm.ts';
import type { DecodedFrame, DecodedSection } from '../protocol/frames.ts';
import type { PlacementObserver } from './state-store.ts';

/** World units. */
export type Position = readonly [x: number, y: number, z: number];

/** One agent's two newest positions; times are the frames' `time_ms`, NaN before the first. */
interface Track {
  ref: Ref;
  swarm: Ref;
  slot: number;
  fromMs: number;
  from: [number, number, number];
  toMs: number;
  to: [number, number, number];
}

interface SwarmTracks {
  /** Undefined until the swarm's record was seen. */
  slotsRev: number | undefined;
  bySlot: Map<number, Track>;
}

export class PositionStore implements PlacementObserver {
  readonly #tracks = new Map<Ref, Track>();
  readonly #swarms = new Map<Ref, SwarmTracks>();

  /** Agents that have a position. */
  get size(): number {
    let positioned = 0;
    for (const track of this.#tracks.values()) if (!Number.isNaN(track.toMs)) positioned++;
    return positioned;
  }

  /** Takes a frame's positions. Sections of another slots_rev and unknown slots are ignored, as the protocol says. */
  apply(frame: DecodedFrame): void {
    for (const section of frame.sections) {
      const swarm = this.#swarms.get(section.swarmRef);
      if (swarm?.slotsRev === section.slotsRev) applySection(swarm.bySlot, section, frame.timeMs);
    }
  }

  /**
   * Where the agent was at `timeMs` (gateway time, ms since 1970), between its last two frames; outside of them the
   * nearer one, never a guess. Undefined when no frame held it yet. Writes into `out` when given, to save garbage.
   */
  at(agent: Ref, timeMs: number, out: [number, number, number] = [0, 0, 0]): Position | undefined {
    const track = this.#tracks.get(agent);
    if (track === undefined || Number.isNaN(track.toMs)) return undefined;
    const span = track.toMs - track.fromMs;
    const share = span > 0 ? Math.min(1, Math.max(0, (timeMs - track.fromMs) / span)) : 1;
    for (let axis = 0; axis < 3; axis++) {
      const from = track.from[axis] ?? 0;
      const to = track.to[axis] ?? 0;
      out[axis] = share === 1 ? to : from + (to - from) * share;
    }
    return out;
  }

  swarmSet(swarm: SwarmRecord): void {
    this.#swarm(swarm.ref).slotsRev = swarm.slots_rev;
  }

  swarmRemoved(swarm: Ref): void {
    for (const track of this.#swarms.get(swarm)?.bySlot.values() ?? []) this.#tracks.delete(track.ref);
    this.#swarms.delete(swarm);
  }

  /** A new slot (compaction) keeps the agent's positions. */
  agentSet(agent: AgentRecord): void {
    let track = this.#tracks.get(agent.ref);
    if (track === undefined) {
      track = {
        ref: agent.ref,
        swarm: agent.swarm,
        slot: agent.slot,
        fromMs: NaN,
        from: [0, 0, 0],
        toMs: NaN,
        to: [0, 0, 0],
      };
      this.#tracks.set(agent.ref, track);
    } else {
      this.#leaveSlot(track);
      track.swarm = agent.swarm;
      track.slot = agent.slot;
    }
    this.#swarm(agent.swarm).bySlot.set(agent.slot, track);
  }

  agentRemoved(agent: Ref): void {
    const track = this.#tracks.get(agent);
    if (track === undefined) return;
    this.#tracks.delete(agent);
    this.#leaveSlot(track);
  }

  cleared(): void {
    this.#tracks.clear();
    this.#swarms.clear();
  }

  #swarm(ref: Ref): SwarmTracks {
    let swarm = this.#swarms.get(ref);
    if (swarm === undefined) {
      swarm = { slotsRev: undefined, bySlot: new Map() };
      this.#swarms.set(ref, swarm);
    }
    return swarm;
  }

  /** During a compaction another agent may hold the slot already: then it keeps it. */
  #leaveSlot(track: Track): void {
    const bySlot = this.#swarms.get(track.swarm)?.bySlot;
    if (bySlot?.get(track.slot) === track) bySlot.delete(track.slot);
  }
}

function applySection(bySlot: ReadonlyMap<number, Track>, section: DecodedSection, timeMs: number): void {
  const { slots, positions } = section;
  for (let i = 0; i < slots.length; i++) {
    const track = bySlot.get(slots[i] ?? -1);
    if (track === undefined) continue;
    // The same step again (a repeat on request) corrects the newest position; it is no second point in time.
    if (timeMs !== track.toMs) {
      const { from } = track;
      track.from = track.to;
      track.fromMs = track.toMs;
      track.to = from;
      track.toMs = timeMs;
    }
    const { to } = track;
    to[0] = positions[i * 3] ?? 0;
    to[1] = positions[i * 3 + 1] ?? 0;
    to[2] = positions[i * 3 + 2] ?? 0;
    if (Number.isNaN(track.fromMs)) {
      track.fromMs = timeMs;
      for (let axis = 0; axis < 3; axis++) track.from[axis] = track.to[axis] ?? 0;
    }
  }
}
