import { MAX_LIST_LENGTH } from '../../model/limits.ts';
import type { Nullable, TaskFacts } from '../../model/observation.ts';
import type { WorldCounters } from './counters.ts';
import { type ServerEntry, TaskEntry } from './entries.ts';
import { replaceList } from './lists.ts';
import { mergeFacts, TASK_FACTS } from './merge-facts.ts';
import { isUsableId } from './record-id.ts';
import type { WorldTables } from './tables.ts';

/** Words of servers for tasks that will not change any more. */
const FINISHED = new Set(['completed', 'complete', 'done', 'failed', 'error', 'cancelled', 'canceled', 'timeout']);

/**
 * Tasks of all servers, at most `maxTasks`. When full, the task that finished first makes room for an unfinished one or
 * for one that was created later than it; where that is impossible, a new task is refused.
 */
export class TaskBoard {
  readonly #tasks: WorldTables['tasks'];
  readonly #counters: WorldCounters;
  readonly #maxTasks: number;
  /** In the order in which they were seen to finish. */
  readonly #finished = new Set<TaskEntry>();

  constructor(maxTasks: number, tasks: WorldTables['tasks'], counters: WorldCounters) {
    this.#maxTasks = maxTasks;
    this.#tasks = tasks;
    this.#counters = counters;
  }

  /** Finished tasks held. */
  get finished(): number {
    return this.#finished.size;
  }

  observe(server: ServerEntry, id: string, facts: Nullable<TaskFacts>): void {
    const task = server.tasks.get(id) ?? this.#create(server, id, facts);
    if (task === undefined) return;
    task.silent = false;
    let changed = mergeFacts(task.live, facts, TASK_FACTS) !== 0;
    if (facts.swarm !== undefined && this.#setSwarm(task, facts.swarm ?? undefined)) changed = true;
    if (facts.assignees !== undefined && this.#setAssignees(task, facts.assignees ?? undefined)) changed = true;
    if (!changed) return;
    if (isFinished(task.live.status)) this.#finished.add(task);
    else this.#finished.delete(task);
    this.#tasks.touch(task);
  }

  /** The server lists exactly these tasks in `scope`. */
  list(server: ServerEntry, scope: string, ids: readonly string[]): void {
    const gone = replaceList(server.taskLists, scope, ids);
    if (gone === undefined) this.#counters.refused_lists_total++;
    for (const id of ids) {
      const task = server.tasks.get(id);
      if (task !== undefined) task.silent = false;
    }
    for (const id of gone ?? []) this.remove(server.tasks.get(id));
  }

  remove(task: TaskEntry | undefined): void {
    if (task === undefined) return;
    this.#setSwarm(task, undefined);
    this.#setAssignees(task, undefined);
    this.#finished.delete(task);
    task.server.tasks.delete(task.live.id);
    this.#tasks.remove(task);
  }

  removeAll(server: ServerEntry): void {
    for (const task of server.tasks.values()) this.remove(task);
  }

  /** Removes tasks that were not heard of since the server went away. */
  removeSilent(server: ServerEntry): void {
    for (const task of server.tasks.values()) {
      if (!task.silent) continue;
      this.remove(task);
      this.#counters.expired_tasks_total++;
    }
  }

  /** An agent of that id came or went: tasks that name it are settled again. */
  agentChanged(server: ServerEntry, agentId: string): void {
    for (const task of server.tasksByAgent.get(agentId)) this.#tasks.touch(task);
  }

  /** As {@link agentChanged}, for a swarm. */
  swarmChanged(server: ServerEntry, swarmId: string): void {
    for (const task of server.tasksBySwarm.get(swarmId)) this.#tasks.touch(task);
  }

  #create(server: ServerEntry, id: string, facts: Nullable<TaskFacts>): TaskEntry | undefined {
    if (!isUsableId(id)) {
      this.#counters.refused_ids_total++;
      return undefined;
    }
    if (this.#tasks.size >= this.#maxTasks && !this.#makeRoom(facts)) {
      this.#counters.refused_tasks_total++;
      return undefined;
    }
    const task = new TaskEntry(this.#tasks.record({ ref: 0, id, server_id: server.live.id }), server);
    server.tasks.set(id, task);
    this.#tasks.add(task);
    return task;
  }

  #makeRoom(facts: Nullable<TaskFacts>): boolean {
    const [oldest] = this.#finished;
    if (oldest === undefined) return false;
    // A finished task must be the younger one. Otherwise tasks that were let go would come back with the next poll.
    const younger = (facts.created_at_ms ?? -Infinity) > (oldest.live.created_at_ms ?? Infinity);
    if (isFinished(facts.status) && !younger) return false;
    this.remove(oldest);
    this.#counters.evicted_tasks_total++;
    return true;
  }

  #setSwarm(task: TaskEntry, swarmId: string | undefined): boolean {
    if (task.swarmId === swarmId) return false;
    if (task.swarmId !== undefined) task.server.tasksBySwarm.delete(task.swarmId, task);
    if (swarmId !== undefined) task.server.tasksBySwarm.add(swarmId, task);
    task.swarmId = swarmId;
    return true;
  }

  #setAssignees(task: TaskEntry, ids: readonly string[] | undefined): boolean {
    const { server, assigneeIds: known } = task;
    const told = ids === undefined ? undefined : [...new Set(ids.slice(0, MAX_LIST_LENGTH))];
    if (told === known || (told?.length === known?.length && told?.every((id, i) => id === known?.[i]))) return false;
    for (const id of known ?? []) server.tasksByAgent.delete(id, task);
    for (const id of told ?? []) server.tasksByAgent.add(id, task);
    task.assigneeIds = told;
    return true;
  }
}

function isFinished(status: string | null | undefined): boolean {
  return status !== undefined && status !== null && FINISHED.has(status.toLowerCase());
}
