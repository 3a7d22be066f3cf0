import { tool, type Way } from './operation-mapping.ts';
import { idIn, numberIn, textIn } from './operation-replies.ts';

/** `swarm_init` of claude-flow and of ruv-swarm, which differ in the name of the id and in how large a swarm may be. */
export function swarmInit(idField: string, maxAgents: number, note?: string): Way<'swarm.init'> {
  return {
    calls: [
      ({ topology, strategy, max_agents }) =>
        tool('swarm_init', {
          topology,
          strategy,
          maxAgents: max_agents === undefined ? undefined : Math.min(maxAgents, max_agents),
        }),
    ],
    read: ([reply]) => ({
      result: {
        swarm_id: idIn(reply, idField),
        topology: textIn(reply, 'topology'),
        strategy: textIn(reply, 'strategy'),
        max_agents: numberIn(reply, 'maxAgents'),
      },
      note,
    }),
  };
}
