/** What a layout worker must know of the world, and the orders by which it learns it. Plain data: it crosses threads. */
import type { Ref } from '../../model/ids.ts';
import type { LinkRecord } from '../../model/link.ts';
import type { RegionHandle } from '../../model/position-region.ts';

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
  /** Where a worker that died had published it: it goes on from there, and in there. */
  last?: RegionHandle | undefined;
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
  /** `at` null lets go. */
  | { kind: 'pin'; swarm: Ref; agent: Ref; at: Place | null }
  /** Forget all swarms. */
  | { kind: 'clear' };
