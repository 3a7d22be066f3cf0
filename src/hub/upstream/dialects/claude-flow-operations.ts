/**
 * What can be asked of claude-flow 3.x. It keeps records: agents that nothing runs, tasks that somebody else works on,
 * which is said in the notes. Refusals are replies with `success: false` or an `error`.
 */
import { RefusedByServerError } from '../errors.ts';
import { cannot, tool, type OperationMapping } from './operation-mapping.ts';
import {
  assertDone,
  excerpt,
  freeValue,
  givenNames,
  idIn,
  numberIn,
  optionalIdIn,
  textIn,
} from './operation-replies.ts';
import { field, readIds } from './reading.ts';
import { swarmInit } from './swarm-init.ts';

const RECORDED_AGENT = 'claude-flow registers the agent and starts no process: something else has to execute it';
const RECORDED_TASK = 'claude-flow records the task and who has it: it executes nothing by itself';
const MAX_AGENTS = 50;

export const claudeFlowOperations: OperationMapping = {
  'swarm.init': [swarmInit('swarmId', MAX_AGENTS)],
  'swarm.dissolve': [
    {
      calls: [({ swarm_id }) => tool('swarm_shutdown', { swarmId: swarm_id })],
      read: ([reply], { swarm_id }) => {
        assertDone(reply, 'terminated');
        const ended = idIn(reply, 'swarmId');
        // For an id that it does not know, claude-flow ends its latest swarm (recorded: swarm_shutdown.unknown).
        if (ended !== swarm_id)
          throw new RefusedByServerError(`it does not know ${swarm_id} any more, and ended its latest swarm, ${ended}`);
        return { result: { swarm_id, agents_terminated: numberIn(reply, 'agentsTerminated') } };
      },
    },
  ],
  'swarm.coordinate': [
    {
      calls: [
        ({ swarm_id, message, targets, from }) => {
          if (!swarm_id.startsWith('hive:')) cannot('claude-flow can send to its hive only, not to a swarm');
          if (targets !== undefined) cannot('claude-flow sends to its whole hive: leave out targets');
          const words = typeof message === 'string' ? message : JSON.stringify(message);
          return tool('hive-mind_broadcast', { message: words, fromId: from });
        },
      ],
      read: ([reply], { swarm_id }) => ({
        result: { swarm_id, delivered: numberIn(reply, 'recipients'), message_id: optionalIdIn(reply, 'messageId') },
        note: 'claude-flow keeps the message where the hive can read it; recipients are counted, not asked',
      }),
    },
  ],
  'agent.spawn': [
    {
      calls: [
        (input) => {
          const { swarm_id, type, capabilities, model, config = {}, name, task } = input;
          return tool('agent_spawn', {
            agentType: type,
            swarmId: swarm_id,
            config: { ...config, capabilities, name },
            model,
            task,
          });
        },
      ],
      read: ([reply], { swarm_id, name }) => ({
        result: {
          agent_id: idIn(reply, 'agentId'),
          swarm_id,
          type: textIn(reply, 'agentType'),
          status: textIn(reply, 'status'),
        },
        note: name === undefined ? RECORDED_AGENT : `${RECORDED_AGENT}; it shows no names of agents`,
      }),
    },
  ],
  'agent.update': [
    {
      calls: [
        ({ agent_id, name, status, health, config }) => {
          if (name !== undefined) cannot('claude-flow has no names of agents: leave out name');
          return tool('agent_update', { agentId: agent_id, status, health, config });
        },
      ],
      read: ([reply], { agent_id, status, health, config }) => {
        assertDone(reply, 'updated');
        return { result: { agent_id, updated: givenNames({ status, health, config }) } };
      },
    },
  ],
  'agent.terminate': [
    {
      calls: [({ agent_id, graceful }) => tool('agent_terminate', { agentId: agent_id, force: !graceful })],
      read: ([reply], { agent_id }) => {
        assertDone(reply, 'terminated');
        return { result: { agent_id, terminated: true } };
      },
    },
  ],
  'task.assign': [
    {
      calls: [
        ({ task, priority, agent_id }) => createTask(task, priority, [agent_id]),
        ({ agent_id }, [created]) => tool('task_assign', { taskId: idIn(created, 'taskId'), agentIds: [agent_id] }),
      ],
      read: ([, assigned]) => ({ result: readAssigned(assigned), note: RECORDED_TASK }),
    },
  ],
  'task.orchestrate': [
    {
      calls: [
        ({ task, priority, swarm_id, agents }) => {
          if (swarm_id === undefined && agents === undefined)
            cannot('claude-flow has no default swarm for tasks: name swarm_id or agents');
          return createTask(task, priority, []);
        },
        ({ swarm_id, agents, max_agents }, [created], { members }) => {
          const chosen = agents ?? (swarm_id === undefined ? [] : members(swarm_id).slice(0, max_agents));
          return tool('task_assign', { taskId: idIn(created, 'taskId'), agentIds: [...chosen] });
        },
      ],
      read: ([, assigned]) => ({ result: readAssigned(assigned), note: RECORDED_TASK }),
    },
  ],
  'task.cancel': [
    {
      calls: [({ task_id, reason }) => tool('task_cancel', { taskId: task_id, reason })],
      read: ([reply], { task_id }) => {
        assertDone(reply, 'success');
        return { result: { task_id, status: textIn(reply, 'status'), cancelled: true } };
      },
    },
  ],
  'task.results': [
    {
      calls: [({ task_id }) => tool('task_status', { taskId: task_id })],
      read: ([reply], { task_id }) => ({
        result: {
          task_id,
          status: textIn(reply, 'status'),
          results: freeValue(field(reply, 'result')),
          execution_stats: {
            started_at: textIn(reply, 'startedAt') ?? null,
            completed_at: textIn(reply, 'completedAt') ?? null,
          },
        },
      }),
    },
  ],
  'memory.store': [
    {
      calls: [
        ({ swarm_id, key, value, ttl_s }) => tool('memory_store', { key, value, namespace: swarm_id, ttl: ttl_s }),
      ],
      read: ([reply], { key }) => {
        assertDone(reply, 'success');
        return { result: { key, stored: true } };
      },
    },
  ],
  'memory.retrieve': [
    {
      calls: [({ swarm_id, key }) => tool('memory_retrieve', { key, namespace: swarm_id })],
      read: ([reply], { key }) => ({
        result: { key, found: field(reply, 'found') === true, value: freeValue(field(reply, 'value')) },
      }),
    },
  ],
};

/** What a reply of claude-flow refuses; undefined where it does not. */
export function claudeFlowRefusal(payload: unknown): string | undefined {
  const isRefused = field(payload, 'success') === false || field(payload, 'status') === 'not_found';
  if (!isRefused && typeof field(payload, 'error') !== 'string') return undefined;
  return textIn(payload, 'error', 'message') ?? excerpt(payload);
}

function createTask(task: string, priority: string | undefined, agents: readonly string[]) {
  return tool('task_create', {
    // Its kinds are feature, bugfix, research, refactor, and any other word.
    type: 'operation',
    description: task,
    priority: priority === 'medium' ? 'normal' : priority,
    assignTo: agents.length === 0 ? undefined : [...agents],
  });
}

function readAssigned(reply: unknown) {
  return {
    task_id: idIn(reply, 'taskId'),
    status: textIn(reply, 'status'),
    assignees: readIds(field(reply, 'assignedTo')),
  };
}
