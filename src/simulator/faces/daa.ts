/**
 * The shapes of the daa-mcp crate 0.2.0, known from its source alone: nobody could run it. Its text items are marked
 * `application/json`, which both ends of the MCP SDK refuse; here they are `text`. It knows agents and tasks, but no
 * swarms: the swarm of an agent is in its free metadata.
 */
import { RpcFailure } from '../errors.ts';
import { CLASSIC_TOPOLOGIES } from '../world-life.ts';
import type { SimAgent, SimTask } from '../world-state.ts';
import type { Arguments } from './arguments.ts';
import { iso, messageOf, simulatedInfo } from './face.ts';
import type { Face, FaceContext, Tool, ToolReply } from './face.ts';

const tools: Record<string, Tool> = {
  spawn_agent: {
    description: 'Spawn a new DAA agent',
    properties: { config: 'object' },
    required: ['config'],
    run(args, { world, now }) {
      const config = args.nested('config');
      const swarm = world.swarms.get(config.nested('metadata').optionalText('swarm_id') ?? '') ?? world.firstSwarm();
      if (swarm === undefined) throw new Error('No coordinator to register with');
      const wish = {
        name: config.text('name'),
        type: config.text('agent_type'),
        capabilities: config.optionalList('capabilities'),
      };
      const agent = world.spawnAgent(swarm.id, wish, now());
      return `Successfully spawned agent '${agent.name}' with ID: ${agent.id}`;
    },
  },
  stop_agent: {
    description: 'Stop a running DAA agent',
    properties: { agent_id: 'string' },
    required: ['agent_id'],
    run(args, { world, now }) {
      const agent = world.terminateAgent(args.text('agent_id'), now());
      return `Successfully stopped agent with ID: ${agent.id}`;
    },
  },
  list_agents: {
    description: 'List all active DAA agents',
    properties: { filter: 'object' },
    run(_args, { world }) {
      const agents = [...world.agents.values()].map((agent) => rowOf(agent));
      return { agents, total_count: agents.length };
    },
  },
  get_agent_info: {
    description: 'Get one agent',
    properties: { agent_id: 'string' },
    required: ['agent_id'],
    run: (args, { world }) => rowOf(world.agent(args.text('agent_id'))),
  },
  create_task: {
    description: 'Create a task',
    properties: { task: 'object' },
    required: ['task'],
    run(args, { world, now }) {
      const swarm = world.firstSwarm();
      if (swarm === undefined) throw new Error('No agents');
      const wish = args.nested('task');
      const description = wish.optionalText('description') ?? wish.text('task_type');
      const task = world.createTask(
        swarm.id,
        { description, type: wish.text('task_type'), priority: wish.optionalText('priority') },
        now(),
      );
      return `Successfully created task with ID: ${task.id}`;
    },
  },
  assign_task: {
    description: 'Assign a task to agents',
    properties: { task_id: 'string', agent_ids: 'array' },
    required: ['task_id', 'agent_ids'],
    run(args, { world, now }) {
      const task = world.tasks.get(args.text('task_id'));
      world.tasks.assign(task, args.optionalList('agent_ids') ?? [], now());
      if (task.status === 'pending') world.tasks.start(task, now());
      return `Successfully assigned task with ID: ${task.id}`;
    },
  },
  get_task_status: {
    description: 'Get one task',
    properties: { task_id: 'string' },
    required: ['task_id'],
    run: (args, { world }) => taskOf(world.tasks.get(args.text('task_id'))),
  },
  list_tasks: {
    description: 'List tasks',
    properties: {},
    run(_args, { world }) {
      const tasks = [...world.tasks.all.values()].map((task) => taskOf(task));
      return { tasks, total_count: tasks.length };
    },
  },
  send_swarm_message: {
    description: 'Send a message between agents',
    properties: { message: 'object' },
    required: ['message'],
    run: sendMessage,
  },
  get_swarm_status: {
    description: 'Agents in numbers',
    properties: {},
    run(_args, { world }) {
      const active = world.roster.filter((agent) => agent.status !== 'idle').length;
      return { total_agents: world.agents.size, active_agents: active };
    },
  },
  healthcheck: {
    description: 'Is the server there',
    properties: {},
    run: (_args, { now, startedAtMs }) => ({
      status: 'healthy',
      uptime_seconds: Math.floor((now() - startedAtMs) / 1_000),
      timestamp: iso(now()),
    }),
  },
};

function sendMessage(args: Arguments, { world, now }: FaceContext): unknown {
  const message = args.nested('message');
  const targets = message.optionalList('to_agents') ?? [];
  for (const to of targets) {
    const sizeBytes = JSON.stringify(message.raw('payload') ?? null).length;
    const messageType = message.optionalText('message_type') ?? 'data_exchange';
    world.sendMessage({ from: message.text('from_agent'), to, messageType, sizeBytes, latencyMs: 0 }, now());
  }
  return `Successfully sent message to ${targets.length} agents`;
}

function rowOf(agent: SimAgent) {
  return {
    id: agent.id,
    name: agent.name,
    agent_type: agent.type,
    // starting | running | paused | stopping | stopped | error
    status: agent.statusWord ?? (agent.status === 'idle' ? 'paused' : 'running'),
    capabilities: agent.capabilities,
    endpoint: null,
    created_at: iso(agent.createdAtMs),
    last_seen: iso(agent.lastActivityMs),
    metadata: { swarm_id: agent.swarmId },
  };
}

function taskOf(task: SimTask) {
  const status = task.status === 'in_progress' ? 'running' : task.status;
  return {
    task: {
      id: task.id,
      task_type: task.type,
      description: task.description,
      priority: task.priority,
      dependencies: [],
      assigned_agents: [...task.assignees],
      created_at: iso(task.createdAtMs),
      updated_at: iso(task.finishedAtMs ?? task.startedAtMs ?? task.createdAtMs),
    },
    result: task.result ?? null,
    status,
  };
}

/** Writes answer in plain English, reads in JSON. */
function wrap(payload: unknown): ToolReply {
  return { content: [{ type: 'text', text: typeof payload === 'string' ? payload : JSON.stringify(payload) }] };
}

/** The face of a server built on the daa-mcp crate. */
export const daaFace: Face = {
  name: 'daa',
  serverInfo: simulatedInfo('daa-mcp', '0.2.0'),
  capabilities: { tools: {} },
  ids: (_kind, _stampMs, random) => random.uuid(),
  topologies: CLASSIC_TOPOLOGIES,
  tools: new Map(Object.entries(tools)),
  methods: new Map(),
  ping: 'mcp',
  wrap,
  fail: (_tool, error) => ({ ...wrap(messageOf(error)), isError: true }),
  unknownTool: (tool) => new RpcFailure(-32_601, `Tool not found: ${tool}`),
  unknownMethod: (method) => new RpcFailure(-32_601, `Method not found: ${method}`),
};
