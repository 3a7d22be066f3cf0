import { cpus, freemem, loadavg, totalmem } from 'node:os';
import type { SimTask } from '../world-state.ts';
import type { Arguments } from './arguments.ts';
import { BadArgument } from './arguments.ts';
import { iso, megabytes } from './face.ts';
import type { FaceContext, Tool } from './face.ts';

const DEFAULT_LIMIT = 50;

/** The task and system tools of claude-flow 3.x: progress is 0–100, priority says `normal` where others say medium. */
export const claudeFlowTaskTools: Record<string, Tool> = {
  task_create: {
    description: 'Create a task',
    properties: { type: 'string', description: 'string', priority: 'string', assignTo: 'array', tags: 'array' },
    required: ['type', 'description'],
    run(args, { world, now }) {
      const swarm = world.lastSwarm();
      if (swarm === undefined) throw new BadArgument('swarm', 'value', 'No active swarm. Use swarm_init first');
      const priority = args.optionalText('priority');
      const wish = {
        type: args.text('type'),
        description: args.text('description'),
        priority: priority === 'normal' ? 'medium' : priority,
        assignees: args.optionalList('assignTo'),
        tags: args.optionalList('tags'),
      };
      const task = world.createTask(swarm.id, wish, now());
      const { taskId, type, description, status, assignedTo, createdAt } = rowOf(task);
      const shown = priorityOf(task);
      return { taskId, type, description, priority: shown, status, createdAt, assignedTo, tags: task.tags };
    },
  },
  task_list: {
    description: 'List tasks',
    properties: { status: 'string', type: 'string', assignedTo: 'string', priority: 'string', limit: 'number' },
    run: list,
  },
  task_status: {
    description: 'Get one task',
    properties: { taskId: 'string' },
    required: ['taskId'],
    run(args, context) {
      return withTask(args, context, (task) => ({
        ...rowOf(task),
        tags: task.tags,
        startedAt: task.startedAtMs === undefined ? null : iso(task.startedAtMs),
        completedAt: task.finishedAtMs === undefined ? null : iso(task.finishedAtMs),
        result: task.result ?? null,
      }));
    },
  },
  task_assign: {
    description: 'Assign a task to agents',
    properties: { taskId: 'string', agentIds: 'array', unassign: 'boolean' },
    required: ['taskId'],
    run(args, context) {
      return withTask(args, context, (task) => {
        const previouslyAssigned = [...task.assignees];
        const { tasks } = context.world;
        tasks.assign(task, args.flag('unassign') ? [] : (args.optionalList('agentIds') ?? []), context.now());
        if (task.status === 'pending' && task.assignees.length > 0) tasks.start(task, context.now());
        return { taskId: task.id, assignedTo: task.assignees, previouslyAssigned, status: task.status };
      });
    },
  },
  task_update: {
    description: 'Change status or progress of a task',
    properties: { taskId: 'string', status: 'string', progress: 'number' },
    required: ['taskId'],
    run(args, context) {
      return withTask(args, context, (task) => {
        const { tasks } = context.world;
        const status = args.optionalText('status');
        const progress = args.optionalNumber('progress');
        if (progress !== undefined) tasks.progress(task, progress / 100, context.now());
        if (status === 'in_progress' && task.status === 'pending') tasks.start(task, context.now());
        if (status === 'completed' || status === 'failed' || status === 'cancelled')
          tasks.finish(task, status, context.now());
        const { status: now, progress: percent, assignedTo } = rowOf(task);
        return { success: true, taskId: task.id, status: now, progress: percent, assignedTo };
      });
    },
  },
  task_complete: {
    description: 'Complete a task',
    properties: { taskId: 'string', result: 'object' },
    required: ['taskId'],
    run(args, context) {
      return withTask(args, context, (task) => {
        context.world.tasks.finish(task, 'completed', context.now(), args.raw('result'));
        const completedAt = iso(context.now());
        return { taskId: task.id, status: task.status, completedAt, result: task.result ?? null };
      });
    },
  },
  task_cancel: {
    description: 'Cancel a task',
    properties: { taskId: 'string', reason: 'string' },
    required: ['taskId'],
    run(args, context) {
      return withTask(args, context, (task) => {
        context.world.tasks.finish(task, 'cancelled', context.now());
        return { success: true, taskId: task.id, status: task.status, cancelledAt: iso(context.now()) };
      });
    },
  },
  task_summary: {
    description: 'Count tasks by status',
    properties: {},
    run(_args, { world }) {
      const all = [...world.tasks.all.values()];
      const count = (status: string) => all.filter((task) => task.status === status).length;
      return {
        total: all.length,
        pending: count('pending'),
        running: count('in_progress'),
        completed: count('completed'),
        failed: count('failed'),
      };
    },
  },
  system_metrics: {
    description: 'Agents and tasks in numbers, and this process',
    properties: { category: 'string' },
    run(_args, { world, now, startedAtMs }) {
      const memory = process.memoryUsage();
      const cpuCores = Math.max(1, cpus().length);
      const { completed, failed } = world.tasks.counts;
      return {
        startTime: iso(startedAtMs),
        lastCheck: iso(now()),
        uptime: now() - startedAtMs,
        // Of this machine, as the real server does it: the load may exceed 100.
        cpu: ((loadavg()[0] ?? 0) * 100) / cpuCores,
        memory: { used: megabytes(totalmem() - freemem()), total: megabytes(totalmem()) },
        agents: {
          total: world.agents.size,
          active: world.roster.filter((agent) => agent.status !== 'idle').length,
        },
        tasks: {
          pending: world.tasks.open.filter((task) => task.status === 'pending').length,
          completed,
          failed,
        },
        heap: {
          used: megabytes(memory.heapUsed),
          total: megabytes(memory.heapTotal),
          external: megabytes(memory.external),
        },
        loadAverage: loadavg(),
        cpuCores,
      };
    },
  },
};

function list(args: Arguments, { world }: FaceContext): unknown {
  const words = args.optionalText('status');
  const statuses = words?.split(',').map((word) => word.trim());
  const type = args.optionalText('type');
  const assignee = args.optionalText('assignedTo');
  const priority = args.optionalText('priority');
  const limit = args.optionalNumber('limit') ?? DEFAULT_LIMIT;
  const rows = [...world.tasks.all.values()]
    .filter(
      (task) =>
        (statuses === undefined || statuses.includes(task.status)) &&
        (type === undefined || task.type === type) &&
        (assignee === undefined || task.assignees.includes(assignee)) &&
        (priority === undefined || priorityOf(task) === priority),
    )
    .toReversed()
    .slice(0, Math.max(0, limit))
    .map((task) => rowOf(task));
  const filters = Object.entries({ status: words, type, assignedTo: assignee, priority });
  // The real server counts after the limit, too.
  return { tasks: rows, total: rows.length, filters: Object.fromEntries(filters.filter(([, value]) => value)) };
}

function withTask(args: Arguments, { world }: FaceContext, use: (task: SimTask) => unknown): unknown {
  const taskId = args.text('taskId');
  const task = world.tasks.all.get(taskId);
  return task === undefined ? { taskId, status: 'not_found', error: 'Task not found' } : use(task);
}

function rowOf(task: SimTask) {
  return {
    taskId: task.id,
    type: task.type,
    description: task.description,
    status: task.status,
    progress: Math.round(task.progress * 100),
    priority: priorityOf(task),
    assignedTo: [...task.assignees],
    createdAt: iso(task.createdAtMs),
  };
}

function priorityOf(task: SimTask): string {
  return task.priority === 'medium' ? 'normal' : task.priority;
}
