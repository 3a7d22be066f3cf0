/**
 * What can be asked of a server that speaks as the seeds say: the methods of seed 000, and where it does not know them the
 * tools of seed 002. swarmId travels with every call.
 */
import type { OperationInput } from '../../../protocol/operations/operations.ts';
import { method, tool, type OperationMapping, type Way } from './operation-mapping.ts';
import { assertDone, freeValue, givenNames, idIn, numberIn, optionalIdIn, textIn } from './operation-replies.ts';
import { field, id, readEntries, readIds, readOne } from './reading.ts';
import { assignedShape } from './seed-shapes.ts';

const init: Way<'swarm.init'>['read'] = ([reply], { strategy }) => ({
  result: {
    swarm_id: idIn(reply, 'swarm_id', 'swarmId'),
    topology: textIn(reply, 'topology'),
    strategy,
    agents: firstAgents(reply),
  },
});

const spawn: Way<'agent.spawn'>['read'] = ([reply], { type, name }) => ({
  result: {
    agent_id: idIn(reply, 'agent_id', 'agentId'),
    swarm_id: optionalIdIn(reply, 'swarm_id', 'swarmId'),
    type,
    name,
    status: textIn(reply, 'status'),
  },
});

const terminate: Way<'agent.terminate'>['read'] = ([reply], { agent_id }) => {
  assertDone(reply, 'success');
  return { result: { agent_id, terminated: true } };
};

const assign: Way<'task.assign'>['read'] = ([reply], { agent_id }) => ({
  result: {
    task_id: idIn(reply, 'task_id', 'taskId'),
    status: textIn(reply, 'status'),
    assignees: [optionalIdIn(reply, 'agent_id', 'agentId') ?? agent_id],
  },
});

export const seedOperations: OperationMapping = {
  'swarm.init': [
    {
      calls: [
        ({ topology, strategy, agents, max_agents }) =>
          method('swarm.initialize', { topology, strategy, agents, max_agents }),
      ],
      read: init,
    },
    {
      calls: [
        ({ topology, agents, max_agents }) =>
          tool('swarm_init', {
            topology,
            initialAgents: agents,
            config: max_agents === undefined ? undefined : { maxAgents: max_agents },
          }),
      ],
      read: init,
    },
  ],
  'swarm.dissolve': [
    {
      calls: [({ swarm_id }) => method('swarm.dissolve', { swarm_id })],
      read: ([reply], { swarm_id }) => {
        assertDone(reply, 'success');
        return { result: { swarm_id, agents_terminated: numberIn(reply, 'agents_terminated') } };
      },
    },
  ],
  'swarm.coordinate': [
    {
      calls: [
        ({ swarm_id, message, targets, from }) => method('swarm.coordinate', { swarm_id, message, targets, from }),
      ],
      read: ([reply], { swarm_id }) => ({ result: { swarm_id, delivered: numberIn(reply, 'delivered') } }),
    },
  ],
  'agent.spawn': [
    {
      calls: [
        ({ swarm_id, type, name, capabilities, task, priority, config, model }) =>
          method('agent.spawn', {
            swarm_id,
            type,
            name,
            capabilities,
            task,
            priority,
            config: withModel(config, model),
          }),
      ],
      read: spawn,
    },
    {
      calls: [
        ({ swarm_id, type, name, capabilities, config, model }) =>
          tool('agent_spawn', {
            swarmId: swarm_id,
            agentType: type,
            name,
            config: { ...withModel(config, model), capabilities },
          }),
      ],
      read: spawn,
    },
  ],
  'agent.update': [
    {
      calls: [
        ({ swarm_id, agent_id, name, status, health, config }) =>
          method('agent.update', { swarm_id, agent_id, config: { ...config, name, status, health } }),
      ],
      read: ([reply], { agent_id, name, status, health, config }) => {
        assertDone(reply, 'success');
        const told = readIds(field(reply, 'updated_fields'));
        return { result: { agent_id, updated: told.length > 0 ? told : givenNames({ name, status, health, config }) } };
      },
    },
  ],
  'agent.terminate': [
    {
      calls: [({ swarm_id, agent_id, graceful }) => method('agent.terminate', { swarm_id, agent_id, graceful })],
      read: terminate,
    },
    {
      calls: [({ swarm_id, agent_id }) => tool('agent_terminate', { swarmId: swarm_id, agentId: agent_id })],
      read: terminate,
    },
  ],
  'agent.message': [
    {
      calls: [
        ({ swarm_id, agent_id, message, from }) =>
          tool('agent_message', { swarmId: swarm_id, agentId: agent_id, message, fromAgentId: from }),
      ],
      read: ([reply], { agent_id }) => ({
        result: {
          agent_id,
          delivered: field(reply, 'delivered') === true,
          message_id: optionalIdIn(reply, 'message_id', 'messageId'),
        },
      }),
    },
  ],
  'task.assign': [
    {
      calls: [
        ({ swarm_id, agent_id, task, priority }) => method('task.assign', { swarm_id, agent_id, task, priority }),
      ],
      read: assign,
    },
    {
      calls: [({ swarm_id, agent_id, task }) => tool('agent_task', { swarmId: swarm_id, agentId: agent_id, task })],
      read: assign,
    },
  ],
  'task.orchestrate': [
    {
      calls: [
        ({ swarm_id, task, strategy, priority, max_agents, agents }) =>
          tool('task_orchestrate', {
            swarmId: swarm_id,
            task: { description: task, priority, strategy, parallelism: max_agents, agents },
          }),
      ],
      read: ([reply]) => ({
        result: {
          task_id: idIn(reply, 'taskId', 'task_id'),
          status: textIn(reply, 'status'),
          assignees: assignees(reply),
        },
      }),
    },
  ],
  'task.cancel': [
    {
      calls: [({ task_id, reason }) => method('task.cancel', { task_id, reason })],
      read: ([reply], { task_id }) => {
        assertDone(reply, 'success');
        return { result: { task_id, cancelled: true } };
      },
    },
  ],
  'task.results': [
    {
      calls: [({ task_id }) => method('task.results', { task_id })],
      read: ([reply], { task_id }) => {
        const stats = field(reply, 'execution_stats');
        return {
          result: {
            task_id,
            status: textIn(stats, 'status'),
            results: freeValue(field(reply, 'results')),
            execution_stats: { duration_ms: numberIn(stats, 'duration_ms') ?? null },
          },
        };
      },
    },
  ],
  'memory.store': [
    {
      calls: [({ swarm_id, key, value, ttl_s }) => tool('memory_store', { swarmId: swarm_id, key, value, ttl: ttl_s })],
      read: ([reply], { key }) => {
        assertDone(reply, 'success');
        return { result: { key, stored: true } };
      },
    },
  ],
  'memory.retrieve': [
    {
      calls: [({ swarm_id, key }) => tool('memory_retrieve', { swarmId: swarm_id, key })],
      read: ([reply], { key }) => {
        const value = field(reply, 'value');
        const isFound = field(reply, 'found') ?? (value !== undefined && value !== null);
        return { result: { key, found: isFound === true, value: freeValue(value) } };
      },
    },
  ],
};

function withModel(config: OperationInput<'agent.spawn'>['config'], model: string | undefined) {
  return model === undefined ? config : { ...config, model };
}

/** swarm.initialize tells agents with their role, swarm_init their ids alone. */
function firstAgents(reply: unknown): { agent_id: string; type?: string | undefined }[] | undefined {
  const list = field(reply, 'agent_assignments') ?? field(reply, 'agents');
  if (!Array.isArray(list)) return undefined;
  return list.slice(0, 1_000).flatMap((entry: unknown) => {
    const agent = readOne(id, entry) ?? optionalIdIn(entry, 'agent_id', 'agentId', 'id');
    return agent === undefined ? [] : [{ agent_id: agent, type: textIn(entry, 'role', 'type') }];
  });
}

function assignees(reply: unknown): string[] {
  const list = field(reply, 'assignedAgents');
  return [...readEntries(assignedShape, list).entries.map(({ agentId }) => agentId), ...readIds(list)];
}
