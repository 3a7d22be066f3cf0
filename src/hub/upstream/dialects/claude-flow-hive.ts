import { z } from 'zod';
import type { Observation } from '../../../model/observation.ts';
import { hiveSwarm, readHiveSwarm, readQueen } from './claude-flow-shapes.ts';
import type { AgentEntry } from './claude-flow-shapes.ts';
import { agentSeen } from './observing.ts';
import { amount, field, id, readEntries, readOne, text, textOrNull, time } from './reading.ts';
import { saysGone, statusFacts } from './status-words.ts';

const statusShape = z.object({
  status: text,
  initialized: z.boolean().optional().catch(undefined),
  topology: text,
  createdAt: time,
});

const workerShape = z.object({ id, type: text, status: text, currentTask: textOrNull, tasksCompleted: amount });
type Worker = z.infer<typeof workerShape>;

const spawnedShape = z.object({ agentId: id });

/**
 * The one hive of a project, as a pseudo-swarm. Its health, failed tasks and memory are constants and are not read;
 * nor are its token and shared memory.
 */
export class ClaudeFlowHive {
  /** True once the server said whether there is a hive: until then nobody knows where its workers belong. */
  isAsked = false;
  /** The pseudo-swarm's name; undefined without a hive. */
  swarm: string | undefined;
  #workers: string[] = [];

  /** The server cannot say: its workers are then told without a swarm. */
  unanswered(): void {
    this.isAsked = true;
  }

  /** hive-mind_status. `agents`: the last agent_list, which knows better of agents that merely joined the hive. */
  readStatus(payload: unknown, agents: ReadonlyMap<string, AgentEntry>): Observation[] {
    const read = readOne(statusShape, payload);
    if (read === undefined) return [];
    if (read.initialized === false || read.status === 'offline') return this.#noHive();
    if (read.createdAt === undefined) return [];
    const swarm = this.#enter(read.createdAt);
    const observations = [readHiveSwarm(swarm, read.topology, read.createdAt)];
    const members: string[] = [];
    const queen = readQueen(swarm, field(payload, 'queen'));
    if (queen !== undefined) {
      members.push(queen.agent);
      observations.push(queen.observation);
    }
    const { entries, complete } = readEntries(workerShape, field(payload, 'workers'));
    for (const worker of entries) {
      if (saysGone(worker.status) || isElsewhere(agents.get(worker.id))) continue;
      members.push(worker.id);
      observations.push(readWorker(swarm, worker));
    }
    this.#workers = members.filter((member) => member !== queen?.agent);
    if (complete) observations.push({ kind: 'agent-list', swarm, agents: members, scope: 'hive' });
    observations.push({ kind: 'swarm-list', swarms: [swarm], scope: 'hive' });
    return observations;
  }

  /** hive-mind_init: also holds the hive's token, which is not read. */
  readInit(payload: unknown): Observation[] {
    const read = readOne(statusShape, payload);
    if (read?.createdAt === undefined) return [];
    const swarm = this.#enter(read.createdAt);
    return [readHiveSwarm(swarm, read.topology, read.createdAt)];
  }

  /** hive-mind_spawn: the type is in the question, the ids in the answer. */
  readSpawned(payload: unknown, args: Record<string, unknown>): Observation[] {
    const { swarm } = this;
    if (swarm === undefined) return [];
    const type = readOne(text, args['agentType']);
    const { entries } = readEntries(spawnedShape, field(payload, 'workers'));
    return entries.map((worker) => agentSeen(swarm, worker.agentId, { type, kind: 'hive' }));
  }

  /** hive-mind_broadcast: one message to each worker that the last status named. */
  readBroadcast(payload: unknown, args: Record<string, unknown>, atMs: number): Observation[] {
    const from = readOne(id, args['fromId']);
    const { swarm } = this;
    if (from === undefined || swarm === undefined) return [];
    const at = readOne(time, field(payload, 'broadcastAt')) ?? atMs;
    const recipients = this.#workers.filter((worker) => worker !== from);
    return recipients.map((to) => ({ kind: 'message', swarm, from, to, message_type: 'coordination', at_ms: at }));
  }

  #enter(createdAtMs: number): string {
    this.isAsked = true;
    this.swarm = hiveSwarm(createdAtMs);
    return this.swarm;
  }

  #noHive(): Observation[] {
    this.isAsked = true;
    this.swarm = undefined;
    this.#workers = [];
    return [{ kind: 'swarm-list', swarms: [], scope: 'hive' }];
  }
}

function isElsewhere(agent: AgentEntry | undefined): boolean {
  return agent !== undefined && agent.domain !== 'hive-mind';
}

/** A worker that has no record of its own comes as type `worker`, status `unknown`: made up, so left out. */
function readWorker(swarm: string, worker: Worker): Observation {
  const hasRecord = worker.status !== undefined && worker.status !== 'unknown';
  if (!hasRecord) return agentSeen(swarm, worker.id, { kind: 'hive' });
  return agentSeen(
    swarm,
    worker.id,
    {
      type: worker.type,
      kind: 'hive',
      ...statusFacts(worker.status),
      current_task: worker.currentTask,
      performance: { tasks_completed: worker.tasksCompleted },
    },
    { 'performance.tasks_completed': 'derived' },
  );
}
