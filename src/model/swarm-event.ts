import type { Ref } from './ids.ts';
import type { ServerType } from './server.ts';

/** Enough of a swarm to name it, and to decide who may hear of it, also when it is gone. */
export interface SwarmName {
  ref: Ref;
  /** `server/swarm` */
  key: string;
  id: string;
  server_id: string;
  server_type: ServerType;
}

/**
 * What happened to a swarm, as the gateway came to know it: an event, not state. `created`: it was not known before.
 * `dissolved`: it is gone. `moved`: a swarm of the same id ended on one server and began on another; both are told too.
 * `agent_moved`: an agent of the same id left one swarm of its server for another. `message`: an operator sent it one in
 * the name of `from`, through the gateway, and its server took it. Moves are concluded by the gateway, no server says so.
 */
export interface SwarmEvent {
  event: 'created' | 'dissolved' | 'moved' | 'agent_moved' | 'message';
  /** When the gateway came to know it, ms since 1970. */
  at_ms: number;
  /** Of `moved` and `agent_moved`: where it is now. Of `message`: who it is for. */
  swarm: SwarmName;
  /** Of `moved` and `agent_moved`: where it was. Of `message`: who it is from. */
  from?: SwarmName | undefined;
  /** Of `agent_moved`: its ref where it is now. */
  agent?: Ref | undefined;
  /**
   * Of `dissolved`. `ended`: its server says so, or lists it no more. `silent`: nobody spoke of it for too long.
   * `server_removed`: its server is not watched any more.
   */
  reason?: 'ended' | 'silent' | 'server_removed' | undefined;
}
