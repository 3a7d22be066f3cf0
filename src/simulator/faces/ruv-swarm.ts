/** ruv-swarm 1.0.20 over MCP, shapes as captured; its failures are JSON-RPC errors, its stdout is noisy. */
import { RpcFailure } from '../errors.ts';
import { CLASSIC_TOPOLOGIES } from '../world-life.ts';
import type { SimAgent, SimSwarm, WorldEvent } from '../world-state.ts';
import { AGENT_TYPES } from '../world-state.ts';
import type { SimulatedWorld } from '../world.ts';
import type { Arguments } from './arguments.ts';
import { BadArgument } from './arguments.ts';
import { iso, megabytes, messageOf, prettyText, simulatedInfo } from './face.ts';
import type { Face, FaceContext, Tool } from './face.ts';
import { ruvSwarmDaaTools } from './ruv-swarm-daa.ts';
import { ruvSwarmTaskTools } from './ruv-swarm-tasks.ts';

/** The real server's limit of a swarm, whatever its maxAgents says. */
const CAPACITY = 100;

const swarmTools: Record<string, Tool> = {
  swarm_init: {
    description: 'Initialize a new swarm with specified topology',
    properties: { topology: 'string', maxAgents: 'number', strategy: 'string' },
    required: ['topology'],
    run(args, context) {
      const allowed = CLASSIC_TOPOLOGIES.join(', ');
      const topology =
        args.optionalChoice('topology', CLASSIC_TOPOLOGIES, () => `topology must be one of: ${allowed}`) ?? 'mesh';
      const maxAgents = args.optionalNumber('maxAgents') ?? 5;
      if (maxAgents < 1 || maxAgents > CAPACITY)
        throw new BadArgument('maxAgents', 'value', `maxAgents must be at most ${CAPACITY}`);
      const strategy = args.optionalText('strategy') ?? 'balanced';
      const swarm = context.world.createSwarm({ topology, maxAgents, strategy }, context.now());
      context.warm = true;
      return {
        id: swarm.id,
        message: `Successfully initialized ${topology} swarm with ${maxAgents} max agents`,
        topology,
        strategy,
        maxAgents,
        created: iso(swarm.createdAtMs),
      };
    },
  },
  agent_spawn: {
    description: 'Spawn a new agent in the swarm',
    properties: { type: 'string', name: 'string', capabilities: 'array' },
    required: ['type'],
    run: spawn,
  },
  agent_list: {
    description: 'List all active agents in the swarm',
    properties: { filter: 'string' },
    run(args, { world }) {
      const filter = args.optionalText('filter') ?? 'all';
      // Undocumented, and the only way to learn who belongs where.
      const swarmId = args.optionalText('swarmId');
      const agents = [...world.agents.values()]
        .filter((agent) => swarmId === undefined || agent.swarmId === swarmId)
        .filter((agent) => filter === 'all' || statusOf(agent) === filter)
        .map((agent) => rowOf(agent));
      return { total_agents: agents.length, filter_applied: filter, agents };
    },
  },
  swarm_status: {
    description: 'Get current swarm status and agent information',
    properties: { verbose: 'boolean' },
    run: swarmStatus,
  },
  swarm_monitor: broken('Monitor swarm activity in real-time', 'recentEvents.map is not a function'),
  agent_metrics: broken('Get performance metrics for agents', 'neuralNetworks.map is not a function'),
  memory_usage: {
    description: 'Get current memory usage statistics',
    properties: { detail: 'string' },
    run(_args, context) {
      // On the real server, too, this is what loads the state that swarm_status needs.
      context.warm = true;
      const { heapUsed, rss } = process.memoryUsage();
      return { total_mb: megabytes(rss), wasm_mb: 0, javascript_mb: megabytes(heapUsed), available_mb: 0 };
    },
  },
};

function spawn(args: Arguments, context: FaceContext): unknown {
  const { world, now } = context;
  const message = `type must be one of: ${AGENT_TYPES.join(', ')}`;
  const type = args.optionalChoice('type', AGENT_TYPES, () => message);
  if (type === undefined) throw new BadArgument('type', 'missing', message);
  const name = args.optionalText('name');
  const capabilities = args.optionalList('capabilities');
  // Always the first swarm, as in the real server.
  const swarm = world.firstSwarm();
  if (swarm === undefined)
    throw new BadArgument('swarm', 'value', 'No active swarm found. Please initialize a swarm first using swarm_init.');
  if (swarm.agentIds.size >= CAPACITY)
    throw new BadArgument('swarm', 'value', `Swarm has reached maximum capacity of ${CAPACITY} agents`);
  context.warm = true;
  const agent = world.spawnAgent(swarm.id, { type, name, capabilities, cognitivePattern: 'adaptive' }, now());
  const count = swarm.agentIds.size;
  return {
    agent: rowOf(agent),
    swarm_info: { id: swarm.id, agent_count: count, capacity: `${count}/${CAPACITY}` },
    message: `Successfully spawned ${type} agent with ${agent.cognitivePattern} cognitive pattern`,
  };
}

function swarmStatus(args: Arguments, context: FaceContext): unknown {
  const { world, now } = context;
  if (!context.warm) throw new Error("Cannot read properties of null (reading 'getGlobalMetrics')");
  const swarmId = args.optionalText('swarmId');
  if (swarmId !== undefined) {
    const swarm = world.swarms.get(swarmId);
    if (swarm === undefined) throw new Error(`Swarm not found: ${swarmId}`);
    return countsOf(world, swarm);
  }
  const swarms = [...world.swarms.values()].map((swarm) => ({ id: swarm.id, status: countsOf(world, swarm) }));
  return {
    active_swarms: swarms.length,
    swarms,
    global_metrics: {
      totalSwarms: swarms.length,
      totalAgents: world.agents.size,
      totalTasks: world.tasks.all.size,
      memoryUsage: process.memoryUsage().heapUsed,
      timestamp: now(),
    },
  };
}

function countsOf(world: SimulatedWorld, swarm: SimSwarm) {
  const members = world.members(swarm);
  const tasks = [...world.tasks.all.values()].filter((task) => task.swarmId === swarm.id);
  const agentsIn = (status: string) => members.filter((agent) => agent.status === status).length;
  const tasksIn = (status: string) => tasks.filter((task) => task.status === status).length;
  return {
    id: swarm.id,
    // Busy agents are counted in neither, as in the real server.
    agents: { total: members.length, active: agentsIn('active'), idle: agentsIn('idle') },
    tasks: {
      total: tasks.length,
      pending: tasksIn('pending'),
      in_progress: tasksIn('in_progress'),
      completed: tasksIn('completed'),
    },
  };
}

/** A tool that fails whatever it is asked, as the real one does once there is an agent. */
function broken(description: string, message: string): Tool {
  return {
    description,
    properties: {},
    run() {
      throw new TypeError(message);
    },
  };
}

function rowOf(agent: SimAgent) {
  return {
    id: agent.id,
    name: agent.name,
    type: agent.type,
    status: statusOf(agent),
    cognitive_pattern: agent.cognitivePattern,
    capabilities: agent.capabilities,
    neural_network_id: agent.id.replace('agent-', 'nn-'),
  };
}

function statusOf(agent: SimAgent): string {
  return agent.statusWord ?? agent.status;
}

/** The lines that the real server logs to stdout; the only event stream it has. */
function noise(event: WorldEvent): string[] {
  switch (event.kind) {
    case 'swarm-created':
      return [
        `🐝 Created swarm: ${event.swarm.topology}-${event.swarm.id} (${event.swarm.id})`,
        `[INFO] Swarm created successfully { swarmId: '${event.swarm.id}' }`,
      ];
    case 'agent-spawned':
      return [
        '[INFO] Spawning agent {',
        `  params: { type: '${event.agent.type}', name: '${event.agent.name}' }`,
        '}',
        `🤖 Spawned agent: ${event.agent.name} (${event.agent.type})`,
      ];
    case 'agent-status':
      return [`📊 Agent ${event.agent.name} status: ${statusOf(event.agent)}`];
    case 'task': {
      const { task } = event;
      if (event.change === 'started')
        return [
          `🏃 Executing task: ${task.description} with ${task.assignees.length} agents`,
          `📋 Orchestrated task: ${task.description} (${task.id}) - Assigned to ${task.assignees.length} agents`,
        ];
      const ms = (task.finishedAtMs ?? 0) - (task.startedAtMs ?? 0);
      return event.change === 'finished' && task.status === 'completed'
        ? [`✅ Task completed: ${task.description} (${ms}ms)`]
        : [];
    }
    case 'agent-terminated':
    case 'agent-metrics':
    case 'message':
    case 'swarm-dissolved':
      return [];
  }
}

/** The face of ruv-swarm 1.0.20. */
export const ruvSwarmFace: Face = {
  name: 'ruv-swarm',
  serverInfo: simulatedInfo('ruv-swarm', '1.0.20'),
  capabilities: { tools: {}, resources: {} },
  ids: (kind, stampMs) => `${kind}-${stampMs}`,
  topologies: CLASSIC_TOPOLOGIES,
  tools: new Map(Object.entries({ ...swarmTools, ...ruvSwarmTaskTools, ...ruvSwarmDaaTools })),
  methods: new Map(),
  ping: 'own',
  wrap: prettyText,
  fail(tool, error) {
    const message = messageOf(error);
    throw new RpcFailure(-32_603, `MCP tool error: ${message}`, { tool, error: message });
  },
  unknownTool: (tool) => new RpcFailure(-32_601, 'Method not found', `Unknown tool: ${tool}`),
  unknownMethod: (method) => new RpcFailure(-32_601, 'Method not found', `Unknown method: ${method}`),
  greeting: [
    '🧠 Initializing ruv-swarm with WASM capabilities...',
    '[INFO] Pooled persistence layer initialized successfully ',
    '📊 Features: {',
    '  neural_networks: true,',
    '}',
    '✅ ruv-swarm initialized successfully',
    // Sent by the real server before anybody asked, and no method of MCP.
    '{"jsonrpc":"2.0","method":"server.initialized","params":{"serverInfo":{"name":"ruv-swarm","version":"1.0.20+simulated","capabilities":{"tools":true,"prompts":false,"resources":true}}}}',
  ],
  noise,
};
