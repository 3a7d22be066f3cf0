/**
 * What can be asked of ruv-swarm 1.0.20: swarms, agents and tasks begin. Nothing of them ends, changes or is spoken to:
 * it has no tool for that.
 */
import type { OperationInput } from '../../../protocol/operations/operations.ts';
import { cannot, tool, type OperationMapping } from './operation-mapping.ts';
import type { ServerFacts } from './operation-mapping.ts';
import { idIn, numberIn, optionalIdIn, textIn } from './operation-replies.ts';
import { field, readIds } from './reading.ts';
import { swarmInit } from './swarm-init.ts';

/** Its limit of a swarm, whatever maxAgents says. */
const MAX_AGENTS = 100;

export const ruvSwarmOperations: OperationMapping = {
  'swarm.init': [
    swarmInit(
      'id',
      MAX_AGENTS,
      `ruv-swarm heeds neither strategy nor max_agents, and puts new agents into its first swarm`,
    ),
  ],
  'agent.spawn': [
    {
      calls: [
        (input, _, facts) => {
          onlyFirstSwarm(input, facts);
          const { type, name, capabilities } = input;
          return tool('agent_spawn', { type, name, capabilities });
        },
      ],
      read: ([reply]) => {
        const agent = field(reply, 'agent');
        return {
          result: {
            agent_id: idIn(agent, 'id'),
            swarm_id: optionalIdIn(field(reply, 'swarm_info'), 'id'),
            type: textIn(agent, 'type'),
            name: textIn(agent, 'name'),
            status: textIn(agent, 'status'),
          },
        };
      },
    },
  ],
  'task.orchestrate': [
    {
      calls: [
        (input, _, facts) => {
          onlyFirstSwarm(input, facts);
          if (input.agents !== undefined) cannot('ruv-swarm chooses the agents of a task itself: leave out agents');
          const { task, strategy, priority, max_agents } = input;
          return tool('task_orchestrate', { task, strategy, priority, maxAgents: max_agents });
        },
      ],
      read: ([reply]) => ({
        result: {
          task_id: idIn(reply, 'taskId'),
          status: textIn(reply, 'status'),
          assignees: readIds(field(reply, 'assigned_agents')),
        },
        note: 'ruv-swarm executes nothing: its tasks are completed at once, by a placeholder',
      }),
    },
  ],
  'task.results': [
    {
      // Of a task that it does not know it makes up results: its status is asked first, which refuses.
      calls: [
        ({ task_id }) => tool('task_status', { taskId: task_id }),
        ({ task_id }) => tool('task_results', { taskId: task_id, format: 'summary' }),
      ],
      read: ([status, reply], { task_id }) => {
        const summary = field(reply, 'execution_summary');
        return {
          result: {
            task_id,
            status: textIn(status, 'status'),
            results: null,
            execution_stats: {
              duration_ms: numberIn(summary, 'duration_ms') ?? null,
              agents_involved: numberIn(summary, 'agents_involved') ?? null,
            },
          },
          note: 'ruv-swarm executes nothing, so there are no results; what its task_results lists is made up and left out',
          simulated: ['status', 'execution_stats'],
        };
      },
    },
  ],
};

/** swarmId is an argument that ruv-swarm refuses: agents and tasks are its first swarm's. */
function onlyFirstSwarm({ swarm_id }: Pick<OperationInput<'agent.spawn'>, 'swarm_id'>, { swarms }: ServerFacts): void {
  const [first] = swarms;
  if (swarm_id === undefined || first === undefined || swarm_id === first) return;
  cannot(`agents and tasks go to its first swarm, which is ${first}: name that, or none`);
}
