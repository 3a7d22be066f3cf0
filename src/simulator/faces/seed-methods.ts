import { TOPOLOGIES } from '../../model/swarm.ts';
import { RpcFailure } from '../errors.ts';
import type { SimAgent, SimSwarm } from '../world-state.ts';
import type { SimulatedWorld } from '../world.ts';
import type { Arguments } from './arguments.ts';
import { iso } from './face.ts';
import type { Method } from './face.ts';
import { seedRows } from './seed-rows.ts';

const AGENT_ERROR = -32_001;
const SWARM_ERROR = -32_002;
const MIN_INTERVAL_MS = 10;
const DEFAULT_INTERVAL_MS = 100;
const MAX_BUFFER = 100_000;

const agentMethods: Record<string, Method> = {
  'agent.list'(params, { world }) {
    const filter = params.nested('filter');
    const swarmId = filter.optionalText('swarm_id') ?? params.optionalText('swarm_id', 'swarmId');
    const status = filter.optionalText('status');
    const type = filter.optionalText('type');
    const found = [...world.agents.values()].filter(
      (agent) =>
        (swarmId === undefined || agent.swarmId === swarmId) &&
        (status === undefined || agent.status === status) &&
        (type === undefined || agent.type === type),
    );
    const offset = Math.max(0, params.optionalNumber('offset') ?? 0);
    const limit = params.optionalNumber('limit') ?? found.length;
    const agents = found.slice(offset, offset + limit).map((agent) => seedRows.agent(agent));
    return { agents, total_count: found.length };
  },
  'agent.status'(params, { world }) {
    const agent = agentOf(params, world);
    const { status, ...metrics } = { ...seedRows.status(agent), ...seedRows.performance(agent) };
    const { id: agent_id, swarmId: swarm_id, lastActivityMs } = agent;
    return { agent_id, swarm_id, status, metrics, last_activity: iso(lastActivityMs) };
  },
  'agent.spawn'(params, { world, now }) {
    const swarm = swarmOf(params, world);
    const config = params.nested('config');
    const wish = {
      type: params.text('type', 'agentType'),
      name: params.optionalText('name') ?? config.optionalText('name'),
      capabilities: params.optionalList('capabilities') ?? config.optionalList('capabilities'),
    };
    const agent = world.spawnAgent(swarm.id, wish, now());
    const task = params.optionalText('task');
    if (task !== undefined) {
      const assignees = [agent.id];
      const priority = params.optionalText('priority');
      world.tasks.start(world.createTask(swarm.id, { description: task, priority, assignees }, now()), now());
    }
    return {
      agent_id: agent.id,
      swarm_id: swarm.id,
      status: 'initializing',
      session_id: `session-${agent.id}`,
      spawn_time: iso(now()),
      capabilities: agent.capabilities,
    };
  },
  'agent.terminate'(params, { world, now }) {
    const agent = world.terminateAgent(agentOf(params, world).id, now());
    return { success: true, agent_id: agent.id, shutdown_time: iso(now()) };
  },
  'agent.update'(params, { world, now }) {
    const config = params.nested('config');
    const change = {
      name: config.optionalText('name'),
      statusWord: config.optionalText('status'),
      health: config.optionalNumber('health'),
    };
    world.updateAgent(agentOf(params, world).id, change, now());
    const updated = Object.entries({ name: change.name, status: change.statusWord, health: change.health });
    return { success: true, updated_fields: updated.filter(([, value]) => value !== undefined).map(([key]) => key) };
  },
};

const swarmMethods: Record<string, Method> = {
  'swarm.initialize'(params, { world, now }) {
    const topology = params.optionalChoice('topology', TOPOLOGIES, badTopology) ?? 'mesh';
    const swarm = world.createSwarm({ topology, strategy: params.optionalText('strategy') }, now());
    const assignments = wishes(params.raw('agents') ?? params.raw('initialAgents')).map((wish) => {
      const agent = world.spawnAgent(swarm.id, wish, now());
      return { agent_id: agent.id, role: agent.type };
    });
    return { swarm_id: swarm.id, topology, agent_assignments: assignments };
  },
  'swarm.status': (params, { world }) => seedRows.swarm(swarmOf(params, world), world),
  // Not in the seeds' table, which has no way to learn which swarms there are.
  'swarm.list': (_params, { world }) => ({
    swarms: [...world.swarms.values()].map((swarm) => seedRows.swarm(swarm, world)),
    total_count: world.swarms.size,
  }),
  'swarm.dissolve'(params, { world, now }) {
    const swarm = swarmOf(params, world);
    const agents_terminated = world.dissolveSwarm(swarm.id, now());
    return { success: true, swarm_id: swarm.id, agents_terminated, dissolution_time: iso(now()) };
  },
  'swarm.coordinate'(params, { world, now }) {
    const members = world.members(swarmOf(params, world));
    const [lead] = members;
    const targets = params.optionalList('targets') ?? members.slice(1).map((agent) => agent.id);
    if (lead === undefined) throw new RpcFailure(SWARM_ERROR, 'Swarm operation failed', { reason: 'no agents' });
    const sizeBytes = JSON.stringify(params.raw('message') ?? null).length;
    const known = targets.filter((id) => world.agents.has(id) && id !== lead.id);
    for (const to of known)
      world.sendMessage({ from: lead.id, to, messageType: 'coordination', sizeBytes, latencyMs: 0 }, now());
    return { delivery_status: 'delivered', delivered: known.length, unknown: targets.length - known.length };
  },
};

const taskMethods: Record<string, Method> = {
  'task.assign'(params, { world, now }) {
    const agent = agentOf(params, world);
    const description = params.optionalText('description') ?? params.text('task');
    const wish = { description, priority: params.optionalText('priority'), assignees: [agent.id] };
    const task = world.createTask(agent.swarmId, wish, now());
    world.tasks.start(task, now());
    return { task_id: task.id, agent_id: agent.id, status: task.status, estimated_duration: null };
  },
  'task.status': (params, { world }) => seedRows.task(world.tasks.get(params.text('task_id', 'taskId'))),
  // Not in the seeds' table; see swarm.list.
  'task.list': (_params, { world }) => ({
    tasks: [...world.tasks.all.values()].map((task) => seedRows.task(task)),
    total_count: world.tasks.all.size,
  }),
  'task.cancel'(params, { world, now }) {
    const task = world.tasks.get(params.text('task_id', 'taskId'));
    world.tasks.finish(task, 'cancelled', now());
    return { success: true, task_id: task.id, cancellation_time: iso(now()) };
  },
  'task.results'(params, { world }) {
    const task = world.tasks.get(params.text('task_id', 'taskId'));
    const { startedAtMs, finishedAtMs } = task;
    const duration = startedAtMs === undefined || finishedAtMs === undefined ? null : finishedAtMs - startedAtMs;
    return {
      task_id: task.id,
      results: task.result ?? null,
      execution_stats: { status: task.status, duration_ms: duration },
    };
  },
};

const telemetryMethods: Record<string, Method> = {
  'telemetry.subscribe'(params, _context, peer) {
    const intervalMs = Math.max(MIN_INTERVAL_MS, params.optionalNumber('interval_ms') ?? DEFAULT_INTERVAL_MS);
    const bufferSize = Math.min(MAX_BUFFER, Math.max(1, params.optionalNumber('buffer_size') ?? 1_000));
    const events = params.optionalList('events') ?? ['*'];
    return { subscription_id: peer.subscribe({ events, intervalMs, bufferSize }), events, interval_ms: intervalMs };
  },
  'telemetry.unsubscribe': (params, _context, peer) => ({
    success: peer.unsubscribe(params.text('subscription_id')),
  }),
  'metrics.query'(params, { world, now }) {
    const asked = params.optionalText('agent_id', 'agentId');
    const agents = asked === undefined ? [...world.agents.values()] : [agentOf(params, world)];
    const timestamp = iso(now());
    const metrics = agents.map((agent) => ({
      agent_id: agent.id,
      swarm_id: agent.swarmId,
      timestamp,
      metrics: { ...seedRows.performance(agent), ...metersOf(agent) },
    }));
    return { metrics };
  },
  'metrics.aggregate'(_params, { world }) {
    const mean = (read: (agent: SimAgent) => number) =>
      world.roster.length === 0
        ? null
        : world.roster.reduce((sum, agent) => sum + read(agent), 0) / world.roster.length;
    return {
      aggregated_data: {
        agents: world.roster.length,
        response_time_ms: mean((agent) => agent.metrics.responseTimeMs),
        success_rate: mean((agent) => agent.metrics.successRate),
        throughput_tps: mean((agent) => agent.metrics.throughputTps),
      },
    };
  },
  // Not the empty answer of MCP: as seed 002 shows it.
  ping: (_params, { now }) => ({ status: 'ok', timestamp: now() }),
  'auth.authenticate'(params, { apiKey }, peer) {
    if (apiKey !== undefined && params.optionalText('api_key') !== apiKey)
      throw new RpcFailure(-32_000, 'Authentication failed', { reason: 'invalid api_key' });
    peer.authenticated = true;
    return { authenticated: true };
  },
};

/** The `agent.*`, `swarm.*`, `task.*`, `telemetry.*`, `metrics.*` and `auth.*` methods of seed 000. */
export const seedMethods: Record<string, Method> = {
  ...agentMethods,
  ...swarmMethods,
  ...taskMethods,
  ...telemetryMethods,
};

/** The agent that `agent_id` names. @throws RpcFailure with the seeds' agent error when there is none. */
export function agentOf(params: Arguments, world: SimulatedWorld): SimAgent {
  const agentId = params.text('agent_id', 'agentId');
  const agent = world.agents.get(agentId);
  if (agent === undefined)
    throw new RpcFailure(AGENT_ERROR, 'Agent operation failed', { agentId, reason: 'not found' });
  return agent;
}

/** The swarm that `swarm_id` names, or else the newest. @throws RpcFailure with the seeds' swarm error. */
export function swarmOf(params: Arguments, world: SimulatedWorld): SimSwarm {
  const swarmId = params.optionalText('swarm_id', 'swarmId');
  const swarm = swarmId === undefined ? world.lastSwarm() : world.swarms.get(swarmId);
  if (swarm === undefined)
    throw new RpcFailure(SWARM_ERROR, 'Swarm operation failed', { swarmId: swarmId ?? null, reason: 'not found' });
  return swarm;
}

/** What a wrong topology is told. */
export function badTopology(): string {
  return `topology must be one of: ${TOPOLOGIES.join(', ')}`;
}

/** The agents that a swarm is to begin with: types, or objects with type and name. */
export function wishes(value: unknown): { type: string; name?: string | undefined }[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, 1_000).flatMap((item: unknown) => {
    if (typeof item === 'string') return [{ type: item }];
    if (typeof item !== 'object' || item === null) return [];
    const { type, name } = item as { type?: unknown; name?: unknown };
    return typeof type === 'string' ? [{ type, name: typeof name === 'string' ? name : undefined }] : [];
  });
}

function metersOf(agent: SimAgent) {
  const { cpu_usage, memory_usage_mb, tokens_used } = seedRows.status(agent);
  return { cpu_usage, memory_usage_mb, tokens_used };
}
