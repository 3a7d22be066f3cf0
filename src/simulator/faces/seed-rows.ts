import type { SimAgent, SimSwarm, SimTask } from '../world-state.ts';
import type { SimulatedWorld } from '../world.ts';
import { iso } from './face.ts';

/** Agents, swarms and tasks as the seeds' dialect writes them: snake_case, CPU in percent, health 0–100. */
export const seedRows = {
  agent(agent: SimAgent) {
    return {
      agent_id: agent.id,
      swarm_id: agent.swarmId,
      name: agent.name,
      type: agent.type,
      capabilities: agent.capabilities,
      created_at: iso(agent.createdAtMs),
      ...seedRows.status(agent),
      health: Math.round(agent.health * 100),
      current_task: agent.currentTaskId ?? null,
      performance: seedRows.performance(agent),
    };
  },

  /** The data of an `agent.status` event, without the names. */
  status(agent: SimAgent) {
    return {
      status: agent.statusWord ?? agent.status,
      cpu_usage: round(agent.metrics.cpu * 100, 10),
      memory_usage_mb: round(agent.metrics.memoryMb, 10),
      tasks_active: agent.currentTaskId === undefined ? 0 : 1,
      tasks_completed: agent.metrics.tasksCompleted,
      tokens_used: agent.metrics.tokensUsed,
      connections: agent.peers,
    };
  },

  /** The metrics of a `metrics.performance` event. */
  performance(agent: SimAgent) {
    const { responseTimeMs, successRate, errorCount, throughputTps, queueDepth } = agent.metrics;
    return {
      response_time_ms: round(responseTimeMs, 1),
      success_rate: round(successRate, 1_000),
      error_count: errorCount,
      throughput_tps: round(throughputTps, 10),
      queue_depth: queueDepth,
    };
  },

  swarm(swarm: SimSwarm, world: SimulatedWorld) {
    const members = world.members(swarm);
    const open = world.tasks.open.filter((task) => task.swarmId === swarm.id);
    const progress = open.reduce((sum, task) => sum + task.progress, 0) / Math.max(1, open.length);
    return {
      swarm_id: swarm.id,
      status: 'active',
      topology: swarm.topology,
      strategy: swarm.strategy,
      max_agents: swarm.maxAgents,
      created_at: iso(swarm.createdAtMs),
      total_agents: members.length,
      active_agents: members.filter((agent) => agent.status !== 'idle').length,
      tasks_open: open.length,
      task_progress: open.length === 0 ? null : round(progress, 1_000),
    };
  },

  task(task: SimTask) {
    return {
      task_id: task.id,
      swarm_id: task.swarmId,
      description: task.description,
      status: task.status,
      progress: round(task.progress, 1_000),
      priority: task.priority,
      assigned_agents: [...task.assignees],
      created_at: iso(task.createdAtMs),
      // Nobody can know when it will be done.
      eta: null,
    };
  },
} as const;

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
