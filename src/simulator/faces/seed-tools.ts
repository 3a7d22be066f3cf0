import { TOPOLOGIES } from '../../model/swarm.ts';
import type { Tool } from './face.ts';
import { iso } from './face.ts';
import { agentOf, badTopology, swarmOf, wishes } from './seed-methods.ts';
import { seedRows } from './seed-rows.ts';

/** Values kept by memory_store; the oldest is forgotten. */
const MAX_MEMORIES = 1_000;

/** The tools of seed 002. Their replies carry the fields in the result itself, beside the text that MCP asks for. */
export const seedTools: Record<string, Tool> = {
  agent_spawn: {
    description: 'Spawn a new agent in the swarm',
    properties: { agentType: 'string', swarmId: 'string', config: 'object', resources: 'object' },
    required: ['agentType'],
    run(args, { world, now }) {
      const swarm = swarmOf(args, world);
      const config = args.nested('config');
      const wish = {
        type: args.text('agentType', 'type'),
        name: args.optionalText('name') ?? config.optionalText('name'),
        capabilities: config.optionalList('capabilities'),
        model: config.optionalText('model'),
      };
      const agent = world.spawnAgent(swarm.id, wish, now());
      return { agentId: agent.id, swarmId: swarm.id, status: 'spawning', capabilities: agent.capabilities };
    },
  },
  agent_terminate: {
    description: 'Terminate an agent',
    properties: { agentId: 'string' },
    required: ['agentId'],
    run(args, { world, now }) {
      const agent = world.terminateAgent(agentOf(args, world).id, now());
      return { agentId: agent.id, success: true, terminatedAt: iso(now()) };
    },
  },
  agent_list: {
    description: 'List agents',
    properties: { swarmId: 'string' },
    run(args, { world }) {
      const swarmId = args.optionalText('swarmId');
      const found = [...world.agents.values()].filter((agent) => swarmId === undefined || agent.swarmId === swarmId);
      return { agents: found.map((agent) => seedRows.agent(agent)), total_count: found.length };
    },
  },
  agent_status: {
    description: 'Get one agent',
    properties: { agentId: 'string' },
    required: ['agentId'],
    run: (args, { world }) => seedRows.agent(agentOf(args, world)),
  },
  agent_task: {
    description: 'Give a task to an agent',
    properties: { swarmId: 'string', agentId: 'string', task: 'string' },
    required: ['agentId', 'task'],
    run(args, { world, now }) {
      const agent = agentOf(args, world);
      const task = world.createTask(agent.swarmId, { description: args.text('task'), assignees: [agent.id] }, now());
      world.tasks.start(task, now());
      return { taskId: task.id, agentId: agent.id, status: task.status };
    },
  },
  agent_message: {
    description: 'Send a message to an agent',
    properties: { swarmId: 'string', agentId: 'string', message: 'object', fromAgentId: 'string' },
    required: ['agentId', 'message'],
    run(args, { world, now }) {
      const to = agentOf(args, world);
      const from = args.optionalText('fromAgentId') ?? [...world.swarm(to.swarmId).agentIds].find((id) => id !== to.id);
      // From outside: no agent's doing, so no flow between agents.
      if (from === undefined) return { delivered: true, agentId: to.id };
      const sizeBytes = JSON.stringify(args.raw('message') ?? null).length;
      world.sendMessage({ from, to: to.id, messageType: 'coordination', sizeBytes, latencyMs: 0 }, now());
      return { delivered: true, agentId: to.id };
    },
  },
  swarm_init: {
    description: 'Create a swarm',
    properties: { topology: 'string', initialAgents: 'array', config: 'object' },
    required: ['topology'],
    run(args, { world, now }) {
      const topology = args.optionalChoice('topology', TOPOLOGIES, badTopology) ?? 'mesh';
      const swarm = world.createSwarm(
        { topology, maxAgents: args.nested('config').optionalNumber('maxAgents') },
        now(),
      );
      const agents = wishes(args.raw('initialAgents')).map((wish) => world.spawnAgent(swarm.id, wish, now()).id);
      return { swarmId: swarm.id, topology, agents, status: 'initialized' };
    },
  },
  swarm_status: {
    description: 'Get swarm state and its agents',
    properties: { swarmId: 'string' },
    run(args, { world }) {
      const swarm = swarmOf(args, world);
      const agents = world.members(swarm).map((agent) => ({
        id: agent.id,
        type: agent.type,
        status: agent.statusWord ?? agent.status,
        health: Math.round(agent.health * 100),
        currentTask: agent.currentTaskId ?? null,
      }));
      return { swarmId: swarm.id, topology: swarm.topology, agents };
    },
  },
  task_orchestrate: {
    description: 'Submit a task to a swarm',
    properties: { swarmId: 'string', task: 'object', execution: 'object' },
    required: ['task'],
    run(args, { world, now }) {
      const swarm = swarmOf(args, world);
      const wish = args.nested('task');
      const description = wish.optionalText('description') ?? args.text('task');
      const members = world.members(swarm).slice(0, wish.optionalNumber('parallelism') ?? 3);
      const priority = wish.optionalText('priority');
      const strategy = wish.optionalText('strategy');
      const assignees = members.map((agent) => agent.id);
      const task = world.createTask(swarm.id, { description, priority, strategy, assignees }, now());
      world.tasks.start(task, now());
      const assignedAgents = members.map(({ id: agentId, type: role, capabilities }) => ({
        agentId,
        role,
        capabilities,
      }));
      return { taskId: task.id, swarmId: swarm.id, status: 'orchestrating', assignedAgents };
    },
  },
  memory_store: {
    description: "Keep a value in the swarm's memory bank",
    properties: { swarmId: 'string', key: 'string', value: 'object', ttl: 'number' },
    required: ['key', 'value'],
    run(args, context) {
      const key = `${swarmOf(args, context.world).id}/${args.text('key')}`;
      context.memories.set(key, args.raw('value'));
      const oldest = context.memories.size > MAX_MEMORIES ? context.memories.keys().next().value : undefined;
      if (oldest !== undefined) context.memories.delete(oldest);
      return { success: true, key: args.text('key') };
    },
  },
  memory_retrieve: {
    description: "Fetch a value from the swarm's memory bank",
    properties: { swarmId: 'string', key: 'string' },
    required: ['key'],
    run(args, { world, memories }) {
      const key = args.text('key');
      const value = memories.get(`${swarmOf(args, world).id}/${key}`);
      return { key, value: value ?? null, found: value !== undefined };
    },
  },
};
