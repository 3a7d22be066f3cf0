/**
 * Identity. Inside an epoch every entity has a `ref` (u32): 8 bits of hub, 23 bits of number; agents have bit 31 set,
 * as the seeds ask. A ref names one incarnation: it is never reused within an epoch, also not for an agent that
 * vanished and came back. Refs are unique per kind.
 */

/** A u32 that names one entity of its kind within an epoch. */
export type Ref = number;

/** Bit 31: set on agent refs, clear on all others. */
export const AGENT_BIT = 0x8000_0000;
/** Refs a hub can deal per kind and epoch: 2^23. */
export const REFS_PER_EPOCH = 0x80_0000;

/** The ref of agent number `n` (0 ≤ n < 2^23) of hub `hub` (0–255). */
export function agentRef(hub: number, n: number): Ref {
  return (AGENT_BIT | (hub << 23) | n) >>> 0;
}

/** The ref of a swarm, link, task or server: as {@link agentRef}, bit 31 clear. */
export function plainRef(hub: number, n: number): Ref {
  return ((hub << 23) | n) >>> 0;
}

/** `server/swarm`: the key of a swarm. Parts have `%` and `/` percent-encoded, so that keys never collide. */
export function swarmKey(server: string, swarm: string): string {
  return `${escapePart(server)}/${escapePart(swarm)}`;
}

/** `server/swarm/agent`: the key of an agent. */
export function agentKey(server: string, swarm: string, agent: string): string {
  return `${escapePart(server)}/${escapePart(swarm)}/${escapePart(agent)}`;
}

function escapePart(part: string): string {
  return part.includes('/') || part.includes('%') ? part.replaceAll('%', '%25').replaceAll('/', '%2F') : part;
}
