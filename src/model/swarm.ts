import type { Ref } from './ids.ts';
import type { Provenance } from './provenance.ts';
import type { ServerType } from './server.ts';

export const TOPOLOGIES = [
  'mesh',
  'hierarchical',
  'ring',
  'star',
  'hierarchical-mesh',
  'hybrid',
  'adaptive',
  'pheromone-adaptive',
] as const;
export type Topology = (typeof TOPOLOGIES)[number];

/** One swarm. Stored as it travels, hence snake_case. Absent means that the server did not say. */
export interface SwarmRecord {
  ref: Ref;
  /** `server/swarm` */
  key: string;
  id: string;
  server_id: string;
  server_type: ServerType;
  /** As reported; one of {@link TOPOLOGIES} where the server keeps to them. */
  topology?: string | undefined;
  status?: string | undefined;
  strategy?: string | undefined;
  max_agents?: number | undefined;
  created_at_ms?: number | undefined;
  /** Changes when agents' slots are dealt anew (compaction), modulo 65,536. Not part of the state hash. */
  slots_rev: number;
  /** Fields that are not plainly reported. */
  provenance?: Provenance | undefined;
}
