/** Swarm of agents whose swarm the server did not name. */
export const UNASSIGNED = 'unassigned';
