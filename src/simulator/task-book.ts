import { WorldRefusal } from './errors.ts';
import type { IdKind, SimAgent, SimSwarm, SimTask, SimTaskStatus, TaskWish, WorldEvent } from './world-state.ts';

/** What tasks need of the world around them. */
interface Surroundings {
  readonly agents: ReadonlyMap<string, SimAgent>;
  newId(kind: IdKind, nowMs: number): { id: string; stampMs: number };
  swarm(swarmId: string): SimSwarm;
  agent(agentId: string): SimAgent;
  touch(agent: SimAgent, nowMs: number): void;
}

/** Open tasks at most; more are refused. */
const MAX_OPEN = 50_000;
/** Finished tasks kept for questions; the oldest are forgotten. */
const MAX_FINISHED = 200;

/**
 * The tasks of a world. While a task is in progress its assignees are busy with it; an agent has one task at a time,
 * so an agent that is busy already is listed as an assignee but goes on with what it does.
 */
export class TaskBook {
  readonly #world: Surroundings;
  readonly #emit: (event: WorldEvent) => void;
  readonly #tasks = new Map<string, SimTask>();
  readonly #open: SimTask[] = [];
  readonly #finished: SimTask[] = [];
  #completed = 0;
  #failed = 0;

  constructor(world: Surroundings, emit: (event: WorldEvent) => void) {
    this.#world = world;
    this.#emit = emit;
  }

  /** Open tasks and the last 200 finished ones, by id, oldest first. */
  get all(): ReadonlyMap<string, SimTask> {
    return this.#tasks;
  }

  /** Pending and in progress, in no particular order. */
  get open(): readonly SimTask[] {
    return this.#open;
  }

  /** Since the start, also those that were forgotten since. */
  get counts(): { completed: number; failed: number } {
    return { completed: this.#completed, failed: this.#failed };
  }

  /** @throws WorldRefusal when there is none. */
  get(taskId: string): SimTask {
    const task = this.#tasks.get(taskId);
    if (task === undefined) throw new WorldRefusal(`Task not found: ${taskId}`);
    return task;
  }

  create(swarmId: string, wish: TaskWish, nowMs: number): SimTask {
    if (this.#open.length >= MAX_OPEN) throw new WorldRefusal(`no more than ${MAX_OPEN} open tasks`);
    this.#world.swarm(swarmId);
    for (const id of wish.assignees ?? []) this.#world.agent(id);
    const { id, stampMs } = this.#world.newId('task', nowMs);
    const task: SimTask = {
      id,
      swarmId,
      type: wish.type ?? 'feature',
      description: wish.description,
      priority: wish.priority ?? 'medium',
      strategy: wish.strategy ?? 'adaptive',
      status: 'pending',
      progress: 0,
      assignees: [...new Set(wish.assignees)],
      tags: wish.tags ?? [],
      createdAtMs: stampMs,
    };
    this.#tasks.set(id, task);
    this.#open.push(task);
    this.#emit({ kind: 'task', task, change: 'created', atMs: nowMs });
    return task;
  }

  /** Names the assignees anew; of a task that runs, they become busy and those left out are free. */
  assign(task: SimTask, agentIds: readonly string[], nowMs: number): void {
    for (const id of agentIds) this.#world.agent(id);
    const next = [...new Set(agentIds)];
    const dropped = task.assignees.filter((id) => !next.includes(id));
    task.assignees = next;
    for (const id of dropped) this.#free(id, task, nowMs);
    if (task.status === 'in_progress') this.#occupy(task, nowMs);
    this.#emit({ kind: 'task', task, change: 'progressed', atMs: nowMs });
  }

  /** Pending → in progress. */
  start(task: SimTask, nowMs: number): void {
    if (task.status !== 'pending') throw new WorldRefusal(`${task.id} is ${task.status}`);
    task.status = 'in_progress';
    task.startedAtMs = nowMs;
    this.#occupy(task, nowMs);
    this.#emit({ kind: 'task', task, change: 'started', atMs: nowMs });
  }

  progress(task: SimTask, progress: number, nowMs: number): void {
    task.progress = Math.min(1, Math.max(0, progress));
    this.#emit({ kind: 'task', task, change: 'progressed', atMs: nowMs });
  }

  /** Ends a task that is open; its agents become idle. */
  finish(
    task: SimTask,
    status: Extract<SimTaskStatus, 'completed' | 'failed' | 'cancelled'>,
    nowMs: number,
    result?: unknown,
  ): void {
    const place = this.#open.indexOf(task);
    if (place < 0) throw new WorldRefusal(`${task.id} is ${task.status}`);
    const last = this.#open.pop();
    if (last !== undefined && last !== task) this.#open[place] = last;
    task.status = status;
    task.finishedAtMs = nowMs;
    task.result = result;
    if (status === 'completed') {
      task.progress = 1;
      this.#completed++;
    } else if (status === 'failed') this.#failed++;
    for (const id of task.assignees) this.#free(id, task, nowMs);
    this.#finished.push(task);
    const forgotten = this.#finished.length > MAX_FINISHED ? this.#finished.shift() : undefined;
    if (forgotten !== undefined) this.#tasks.delete(forgotten.id);
    this.#emit({ kind: 'task', task, change: 'finished', atMs: nowMs });
  }

  /** Takes a leaving agent off its tasks. A running task that nobody is left for fails. */
  release(agent: SimAgent, nowMs: number): void {
    for (const task of this.#open.filter(({ assignees }) => assignees.includes(agent.id))) {
      task.assignees = task.assignees.filter((id) => id !== agent.id);
      if (task.status === 'in_progress' && task.assignees.length === 0) this.finish(task, 'failed', nowMs);
    }
    agent.currentTaskId = undefined;
    agent.status = 'idle';
  }

  /** Cancels what a dissolved swarm left undone. */
  cancelAllOf(swarmId: string, nowMs: number): void {
    const left = this.#open.filter((task) => task.swarmId === swarmId);
    for (const task of left) this.finish(task, 'cancelled', nowMs);
  }

  #occupy(task: SimTask, nowMs: number): void {
    for (const id of task.assignees) {
      const agent = this.#world.agents.get(id);
      if (agent === undefined || agent.currentTaskId !== undefined) continue;
      agent.currentTaskId = task.id;
      agent.status = 'busy';
      agent.tokensAtStart = agent.metrics.tokensUsed;
      this.#world.touch(agent, nowMs);
    }
  }

  #free(agentId: string, task: SimTask, nowMs: number): void {
    const agent = this.#world.agents.get(agentId);
    if (agent === undefined || agent.currentTaskId !== task.id) return;
    agent.currentTaskId = undefined;
    agent.status = 'idle';
    if (task.status === 'completed') agent.metrics.tasksCompleted++;
    if (task.status === 'failed') agent.metrics.tasksFailed++;
    if (task.status === 'completed' || task.status === 'failed')
      agent.lastRun = {
        taskId: task.id,
        success: task.status === 'completed',
        tokens: agent.metrics.tokensUsed - agent.tokensAtStart,
        durationMs: nowMs - (task.startedAtMs ?? nowMs),
      };
    this.#world.touch(agent, nowMs);
  }
}
