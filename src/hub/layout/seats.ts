/**
 * What a layout worker must know of the world, and the orders by which it learns it. Plain data: it crosses threads.
 */
import type { Ref } from '../../model/ids.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { RegionHandle } from '../../model/position-region.ts';
import type { SwarmState } from './kernel/swarm-state.ts';

/** World units. */
export type Place = readonly [number, number, number];

export interface AgentSeat {
  ref: Ref;
  slot: number;
  lead: boolean;
}

export type LinkSeat = Pick<LinkRecord, 'ref' | 'from' | 'to' | 'kind' | 'weight' | 'at_ms' | 'half_life_ms'>;

/** A swarm from scratch. */
export interface SwarmSeat {
  ref: Ref;
  topology: string | undefined;
  slotsRev: number;
  membership: number;
  centre: Place;
  agents: AgentSeat[];
  links: LinkSeat[];
  pins: [Ref, Place][];
  /** Where a worker that died had published it: it goes on from there. */
  last?: RegionHandle | undefined;
  /** As another worker had it: it goes on from there, bit for bit. */
  moved?: MovedState | undefined;
}

/** What a swarm takes along to another worker beside what its seat says. */
export interface MovedState {
  kernel: SwarmState;
  /** Whether it was awake. */
  awake: boolean;
  /** Pulls of communication links as used, by ref. */
  pulls: [Ref, number][];
}

/** What changed of a swarm. Absent: unchanged. Apply in the order of the fields. */
export interface SwarmChange {
  ref: Ref;
  /** In a record of its own, since it may change to unknown. */
  topology?: { name: string | undefined };
  slotsRev?: number;
  membership?: number;
  centre?: Place;
  /** New agents, and known ones with another slot or role. */
  seated?: AgentSeat[];
  left?: Ref[];
  /** New links, and known ones with another weight. */
  linked?: LinkSeat[];
  unlinked?: Ref[];
}

export type LayoutOrder =
  | { kind: 'swarm'; seat: SwarmSeat }
  | { kind: 'change'; change: SwarmChange }
  | { kind: 'swarm-gone'; swarm: Ref }
  /** Hand the swarm back, for another worker: nobody is told that it is gone. */
  | { kind: 'release'; swarm: Ref }
  /** `at` null lets go. */
  | { kind: 'pin'; swarm: Ref; agent: Ref; at: Place | null }
  /** Forget all swarms. */
  | { kind: 'clear' };
