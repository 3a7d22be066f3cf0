/** A task as far as an agent's load goes. */
export interface LoadedTask {
  status: string | undefined;
  assignees: readonly string[];
}

/** Tasks that name an agent, counted from a complete list of tasks: derived, not reported. */
export interface AgentLoad {
  tasks_active: number;
  tasks_completed: number;
}

const NO_LOAD: AgentLoad = { tasks_active: 0, tasks_completed: 0 };

/** Counts the tasks of each agent over the last complete list. */
export class TaskLoad {
  #loads: ReadonlyMap<string, AgentLoad> | undefined;

  /** Takes a complete list. Returns the agents whose counts are not what they were. */
  update(tasks: readonly LoadedTask[]): Set<string> {
    const loads = new Map<string, AgentLoad>();
    for (const task of tasks) {
      const active = task.status === 'in_progress' || task.status === 'running' ? 1 : 0;
      const completed = task.status === 'completed' ? 1 : 0;
      for (const agent of new Set(task.assignees)) {
        const load = loads.get(agent) ?? NO_LOAD;
        loads.set(agent, {
          tasks_active: load.tasks_active + active,
          tasks_completed: load.tasks_completed + completed,
        });
      }
    }
    const changed = changedAgents(this.#loads ?? new Map<string, AgentLoad>(), loads);
    this.#loads = loads;
    return changed;
  }

  /** Absent before the first complete list; zeros for an agent that no task names. */
  of(agent: string): AgentLoad | undefined {
    return this.#loads === undefined ? undefined : (this.#loads.get(agent) ?? NO_LOAD);
  }
}

function changedAgents(before: ReadonlyMap<string, AgentLoad>, after: ReadonlyMap<string, AgentLoad>): Set<string> {
  const changed = new Set<string>();
  for (const [agent, load] of after) {
    const old = before.get(agent);
    if (old?.tasks_active !== load.tasks_active || old.tasks_completed !== load.tasks_completed) changed.add(agent);
  }
  for (const agent of before.keys()) if (!after.has(agent)) changed.add(agent);
  return changed;
}
