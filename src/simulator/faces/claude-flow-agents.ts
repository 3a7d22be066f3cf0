import type { SimAgent } from '../world-state.ts';
import type { Arguments } from './arguments.ts';
import { BadArgument } from './arguments.ts';
import { iso } from './face.ts';
import type { FaceContext, Tool } from './face.ts';

/** The agent tools of claude-flow 3.x. An unknown agent is a reply, not an error. */
export const claudeFlowAgentTools: Record<string, Tool> = {
  agent_spawn: {
    description: 'Register an agent',
    properties: { agentType: 'string', agentId: 'string', swarmId: 'string', config: 'object', domain: 'string' },
    required: ['agentType'],
    run: spawn,
  },
  agent_terminate: {
    description: 'Terminate an agent',
    properties: { agentId: 'string', force: 'boolean' },
    required: ['agentId'],
    run(args, { world, now }) {
      const agentId = args.text('agentId');
      if (!world.agents.has(agentId)) return { success: false, agentId, error: 'Agent not found' };
      world.terminateAgent(agentId, now());
      return { success: true, agentId, terminated: true, terminatedAt: iso(now()) };
    },
  },
  agent_update: {
    description: 'Change what is recorded of an agent',
    properties: { agentId: 'string', status: 'string', health: 'number', taskCount: 'number', config: 'object' },
    required: ['agentId'],
    run(args, { world, now }) {
      const agentId = args.text('agentId');
      if (!world.agents.has(agentId)) return { success: false, agentId, error: 'Agent not found' };
      const change = { statusWord: args.optionalText('status'), health: args.optionalNumber('health') };
      const agent = world.updateAgent(agentId, change, now());
      const { status, health, taskCount } = rowOf(agent);
      return { success: true, agentId, updated: true, agent: { agentId, status, health, taskCount } };
    },
  },
  agent_list: {
    description: 'List agents',
    properties: { status: 'string', domain: 'string', includeTerminated: 'boolean' },
    run(args, { world }) {
      const status = args.optionalText('status');
      const rows = [...world.agents.values()].map((agent) => rowOf(agent));
      if (args.flag('includeTerminated') || status === 'terminated')
        rows.push(...world.endedAgents.map((agent) => ({ ...rowOf(agent), status: 'terminated' })));
      const agents = status === undefined ? rows : rows.filter((row) => row.status === status);
      return { agents, total: agents.length, filters: status === undefined ? {} : { status } };
    },
  },
  agent_status: {
    description: 'Get one agent',
    properties: { agentId: 'string' },
    required: ['agentId'],
    run(args, { world }) {
      const agentId = args.text('agentId');
      const agent = world.agents.get(agentId);
      if (agent === undefined) return { agentId, status: 'not_found', error: 'Agent not found' };
      return { ...rowOf(agent), lastResult: lastResultOf(agent) };
    },
  },
  agent_health: {
    description: 'Get the health of agents',
    properties: { agentId: 'string', threshold: 'number' },
    run: healthOf,
  },
  agent_pool: {
    description: 'Get the pool of agents',
    properties: { action: 'string' },
    required: ['action'],
    run(_args, { world }) {
      const agents = world.roster.map((agent) => ({ id: agent.id, type: agent.type, status: statusOf(agent) }));
      const working = world.roster.filter((agent) => agent.status !== 'idle').length;
      return {
        action: 'status',
        poolId: 'agent-pool-default',
        currentSize: agents.length,
        minSize: 0,
        maxSize: 100,
        autoScale: false,
        utilization: agents.length === 0 ? 0 : working / agents.length,
        agents,
      };
    },
  },
};

function spawn(args: Arguments, { world, now }: FaceContext): unknown {
  const type = args.optionalText('agentType');
  if (type === undefined) throw new BadArgument('agentType', 'missing', 'Input validation failed: type: Required');
  if (!/^[\w-]{1,64}$/.test(type))
    throw new BadArgument('agentType', 'value', 'Input validation failed: agentType contains disallowed characters');
  const asked = args.optionalText('swarmId');
  const swarm = (asked === undefined ? undefined : world.swarms.get(asked)) ?? world.lastSwarm();
  if (swarm === undefined) throw new BadArgument('swarmId', 'value', 'No active swarm. Use swarm_init first');
  const wish = {
    id: args.optionalText('agentId'),
    type,
    // Real agents have no name of their own.
    name: undefined,
    capabilities: args.nested('config').optionalList('capabilities') ?? [],
    model: args.optionalText('model') ?? 'sonnet',
  };
  const agent = world.spawnAgent(swarm.id, wish, now());
  return {
    success: true,
    agentId: agent.id,
    agentType: type,
    model: agent.model,
    modelRoutedBy: 'default',
    status: 'registered',
    createdAt: iso(agent.createdAtMs),
    note: 'Simulated agent: registered in a simulated world; nothing is executed.',
  };
}

function healthOf(args: Arguments, { world, now }: FaceContext): unknown {
  const agentId = args.optionalText('agentId');
  if (agentId !== undefined) {
    const agent = world.agents.get(agentId);
    if (agent === undefined) return { agentId, status: 'not_found', error: 'Agent not found' };
    const { status, health: value, taskCount } = rowOf(agent);
    const uptime = now() - agent.createdAtMs;
    return { agentId, health: value, status, healthy: agent.health >= 0.5, taskCount, uptime };
  }
  const agents = [...world.agents.values()].map((agent) => ({
    id: agent.id,
    type: agent.type,
    health: agent.health >= 0.8 ? 'healthy' : agent.health >= 0.5 ? 'degraded' : 'unhealthy',
    uptime: now() - agent.createdAtMs,
    tasks: {
      active: agent.currentTaskId === undefined ? 0 : 1,
      queued: 0,
      completed: agent.metrics.tasksCompleted,
      failed: agent.metrics.tasksFailed,
    },
  }));
  return { agents, total: agents.length, overall: { cpu: null, memory: null } };
}

function rowOf(agent: SimAgent): Record<string, unknown> & { status: string } {
  return {
    agentId: agent.id,
    agentType: agent.type,
    status: statusOf(agent),
    health: agent.health,
    taskCount: agent.metrics.tasksCompleted,
    createdAt: iso(agent.createdAtMs),
  };
}

function statusOf(agent: SimAgent): string {
  return agent.statusWord ?? agent.status;
}

function lastResultOf(agent: SimAgent): unknown {
  const run = agent.lastRun;
  if (run === undefined) return null;
  const inputTokens = Math.round(run.tokens * 0.7);
  return {
    success: run.success,
    agentId: agent.id,
    messageId: run.taskId,
    model: agent.model ?? 'simulated',
    stopReason: 'stop',
    output: 'simulated',
    usage: { inputTokens, outputTokens: run.tokens - inputTokens, totalTokens: run.tokens },
    durationMs: run.durationMs,
  };
}
