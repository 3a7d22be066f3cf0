import type { Ref } from './ids.ts';

/** A link between two agents of one server. Stored as it travels. */
export interface LinkRecord {
  ref: Ref;
  /** Swarm of `from`. */
  swarm: Ref;
  /** Agent refs. Topology links are undirected and have from < to. */
  from: Ref;
  to: Ref;
  /** `topology`: derived from the swarm's topology, never reported. `communication`: observed. */
  kind: 'topology' | 'communication';
  /** Always `derived` for topology links. */
  source: 'derived' | 'reported';
  /**
   * Communication only: the weight at `at_ms`. Its value at time t is weight × 2^((at_ms − t) / half_life_ms);
   * both sides compute the decay, so decay is never a change.
   */
  weight?: number | undefined;
  at_ms?: number | undefined;
  half_life_ms?: number | undefined;
  /** Messages seen since the link appeared. */
  message_count?: number | undefined;
}

/** The decayed weight of a communication link at `nowMs`; 0 for links without weight. */
export function linkWeightAt(link: Pick<LinkRecord, 'weight' | 'at_ms' | 'half_life_ms'>, nowMs: number): number {
  if (link.weight === undefined || link.at_ms === undefined || link.half_life_ms === undefined) return 0;
  return link.weight * 2 ** ((link.at_ms - nowMs) / link.half_life_ms);
}
