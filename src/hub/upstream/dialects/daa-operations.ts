/**
 * What can be asked of a DAA server (the daa-mcp crate, read from its source). It answers writes in plain English, with
 * the id at the end. It knows no swarms: one that is named travels in the agent's metadata.
 */
import { RefusedByServerError } from '../errors.ts';
import { DAA_SWARM } from './daa-facet.ts';
import { tool, type OperationMapping } from './operation-mapping.ts';
import { excerpt, freeValue, textIn } from './operation-replies.ts';
import { field, id, readOne } from './reading.ts';

export const daaOperations: OperationMapping = {
  'agent.spawn': [
    {
      calls: [
        ({ swarm_id, type, name, capabilities, config }, _, { swarms }) => {
          // A server that files its agents under swarms puts one without into any of them, and does not say which.
          const place = swarm_id ?? swarms.find((swarm) => swarm !== DAA_SWARM);
          return tool('spawn_agent', {
            config: {
              ...config,
              name: name ?? type,
              agent_type: type,
              capabilities: capabilities ?? [],
              ...(place === undefined || place === DAA_SWARM ? {} : { metadata: { swarm_id: place } }),
            },
          });
        },
      ],
      read: ([reply], { swarm_id, type, name }) => ({
        result: { agent_id: idSaid(reply), swarm_id, type, name: name ?? type },
      }),
    },
  ],
  'agent.terminate': [
    {
      calls: [({ agent_id }) => tool('stop_agent', { agent_id })],
      read: ([reply], { agent_id }) => {
        assertSaid(reply);
        return { result: { agent_id, terminated: true }, note: 'the server keeps stopped agents in its list' };
      },
    },
  ],
  'agent.message': [
    {
      calls: [({ agent_id, message, message_type, from }) => sendMessage([agent_id], message, message_type, from)],
      read: ([reply], { agent_id }) => {
        assertSaid(reply);
        return { result: { agent_id, delivered: true } };
      },
    },
  ],
  'swarm.coordinate': [
    {
      calls: [
        ({ swarm_id, message, targets, from }, _, { members }) =>
          sendMessage(targets ?? members(swarm_id), message, 'coordination', from ?? members(swarm_id)[0]),
      ],
      read: ([reply], { swarm_id, targets }) => {
        assertSaid(reply);
        return { result: { swarm_id, delivered: targets?.length } };
      },
    },
  ],
  'task.assign': [
    {
      calls: [
        ({ task, priority }) => createTask(task, priority),
        ({ agent_id }, [created]) => tool('assign_task', { task_id: idSaid(created), agent_ids: [agent_id] }),
      ],
      read: ([created, assigned], { agent_id }) => {
        assertSaid(assigned);
        return { result: { task_id: idSaid(created), assignees: [agent_id] } };
      },
    },
  ],
  'task.orchestrate': [
    {
      calls: [
        ({ task, priority }) => createTask(task, priority),
        ({ swarm_id = 'daa', agents, max_agents }, [created], { members }) =>
          tool('assign_task', {
            task_id: idSaid(created),
            agent_ids: [...(agents ?? members(swarm_id).slice(0, max_agents))],
          }),
      ],
      read: ([created, assigned]) => {
        assertSaid(assigned);
        return { result: { task_id: idSaid(created) } };
      },
    },
  ],
  'task.results': [
    {
      calls: [({ task_id }) => tool('get_task_status', { task_id })],
      read: ([reply], { task_id }) => ({
        result: { task_id, status: textIn(reply, 'status'), results: freeValue(field(reply, 'result')) },
      }),
    },
  ],
};

function createTask(task: string, priority: string | undefined) {
  return tool('create_task', { task: { task_type: 'operation', description: task, priority } });
}

function sendMessage(to: readonly string[], message: unknown, messageType: string, from: string | undefined) {
  return tool('send_swarm_message', {
    message: { from_agent: from ?? 'gateway', to_agents: [...to], message_type: messageType, payload: message },
  });
}

/** Writes that worked answer "Successfully …". */
function assertSaid(reply: unknown): void {
  if (typeof reply === 'string' && reply.startsWith('Successfully')) return;
  throw new RefusedByServerError(`the server does not confirm: ${excerpt(reply)}`);
}

function idSaid(reply: unknown): string {
  const found = typeof reply === 'string' ? / with ID: (\S+)$/.exec(reply)?.[1] : undefined;
  const said = readOne(id, found);
  if (said !== undefined) return said;
  throw new RefusedByServerError(`the server answered without an id: ${excerpt(reply)}`);
}
