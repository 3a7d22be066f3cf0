import type { SimTask } from '../world-state.ts';
import { BadArgument } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { FaceContext, Tool } from './face.ts';

const PRIORITIES = ['low', 'medium', 'high', 'critical'] as const;
const STRATEGIES = ['parallel', 'sequential', 'adaptive'] as const;

/** The task tools of ruv-swarm 1.0.20: progress is 0–1; description and priority are told by task_orchestrate alone. */
export const ruvSwarmTaskTools: Record<string, Tool> = {
  task_orchestrate: {
    description: 'Orchestrate a task across the swarm',
    properties: { task: 'string', strategy: 'string', priority: 'string', maxAgents: 'number' },
    required: ['task'],
    run: orchestrate,
  },
  task_status: {
    description: 'Check progress of running tasks',
    properties: { taskId: 'string', detailed: 'boolean' },
    run(args, { world, now }) {
      const taskId = args.optionalText('taskId');
      if (taskId !== undefined) return rowOf(world.tasks.get(taskId), now());
      const tasks = [...world.tasks.all.values()].map((task) => rowOf(task, now()));
      return { total_tasks: tasks.length, tasks };
    },
  },
  task_results: {
    description: 'Retrieve results from completed tasks',
    properties: { taskId: 'string', format: 'string' },
    required: ['taskId'],
    run(args, { world, now }) {
      const task = world.tasks.get(args.text('taskId'));
      const row = rowOf(task, now());
      const success = task.status === 'completed';
      return {
        task_id: task.id,
        status: task.status,
        execution_summary: {
          status: task.status,
          duration_ms: row.execution_time_ms,
          success,
          agents_involved: task.assignees.length,
        },
        agent_count: task.assignees.length,
        completion_time: row.execution_time_ms,
        success,
        has_errors: task.status === 'failed',
        result_available: task.finishedAtMs !== undefined,
      };
    },
  },
};

function orchestrate(args: Arguments, { world, now }: FaceContext): unknown {
  const description = args.text('task');
  const strategy = args.optionalChoice('strategy', STRATEGIES, oneOf('strategy', STRATEGIES)) ?? 'adaptive';
  const priority = args.optionalChoice('priority', PRIORITIES, oneOf('priority', PRIORITIES)) ?? 'medium';
  const swarm = world.firstSwarm();
  if (swarm === undefined || swarm.agentIds.size === 0)
    throw new BadArgument(
      'task',
      'value',
      'No suitable agents available for task: No agents available for task orchestration. Please spawn agents first.',
    );
  const assignees = [...swarm.agentIds].slice(0, args.optionalNumber('maxAgents'));
  const task = world.createTask(swarm.id, { description, strategy, priority, assignees }, now());
  world.tasks.start(task, now());
  const active = world.members(swarm).filter((agent) => agent.status === 'active').length;
  return {
    taskId: task.id,
    status: 'orchestrated',
    description,
    priority,
    strategy,
    assigned_agents: task.assignees,
    swarm_info: { id: swarm.id, active_agents: active },
    message: `Task successfully orchestrated across ${task.assignees.length} agents`,
  };
}

function oneOf(key: string, list: readonly string[]): () => string {
  return () => `${key} must be one of: ${list.join(', ')}`;
}

function rowOf(task: SimTask, nowMs: number) {
  const elapsed = task.startedAtMs === undefined ? 0 : (task.finishedAtMs ?? nowMs) - task.startedAtMs;
  return {
    id: task.id,
    status: task.status,
    assignedAgents: [...task.assignees],
    progress: task.progress,
    execution_time_ms: elapsed,
  };
}
