/** What is set apart in the picture: others are dimmed. Pure. */
import type { AgentRecord } from '../../client/client.ts';

export interface Emphasis {
  /** Ref of the only swarm shown. */
  swarm: number | undefined;
  /** Undefined: all. */
  matches: ((agent: AgentRecord) => boolean) | undefined;
  selected: number | undefined;
  hovered: number | undefined;
}

export function isEmphasised(agent: AgentRecord, { swarm, matches }: Emphasis): boolean {
  return (swarm === undefined || agent.swarm === swarm) && (matches === undefined || matches(agent));
}
