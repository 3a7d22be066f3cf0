import type { Observation } from '../../../model/observation.ts';
import { ListsBySwarm } from './lists-by-swarm.ts';
import type { Cadence, Call, DialectSession, Outcome, PeerDescription } from './dialect.ts';
import { asRecord, field, id, optionalId, readEach, readEntries, readIds, readOne } from './reading.ts';
import { readEvent } from './seed-events.ts';
import { assignedShape, identifyAgent, readAgent, readSwarm, readTask, swarmShape, taskShape } from './seed-shapes.ts';
import { saysGone } from './status-words.ts';

const METHOD_NOT_FOUND = -32_601;
const MAX_SWARMS = 10_000;
/** Status calls of one slow round; with more swarms they take turns. */
const MAX_STATUS_PER_ROUND = 16;

/** The three ways to ask for agents, best first. A refused one is not asked again on this connection. */
type Way = 'agent.list' | 'agent_list' | 'swarm_status';

type Reader = (payload: unknown, asked: Record<string, unknown>) => Observation[];

/** A server that speaks as the seeds say. Methods are tried first; where they are missing, the tools of seed 002. */
export class SeedSession implements DialectSession {
  readonly #refused = new Set<string>();
  readonly #peer: PeerDescription;
  /** Swarms that anything named, to ask for their status. */
  readonly #swarms = new Set<string>();
  readonly #lists = new ListsBySwarm('agents');
  #nextStatus = 0;
  /** By method and by tool. */
  readonly #readers: ReadonlyMap<string, Reader>;

  constructor(peer: PeerDescription) {
    this.#peer = peer;
    const agents: Reader = (payload) => this.#readAgents(payload);
    const swarm: Reader = (payload, asked) => this.#readSwarm(payload, asked);
    const spawned: Reader = (payload, asked) => this.#readSpawned(payload, asked);
    this.#readers = new Map<string, Reader>([
      ['agent.list', agents],
      ['agent_list', agents],
      ['agent.status', (payload, asked) => this.#readOneAgent({ ...asRecord(payload), ...idOf(asked) })],
      ['agent.spawn', spawned],
      ['agent_spawn', spawned],
      ['agent.terminate', readTerminated],
      ['agent_status', (payload) => this.#readOneAgent(payload)],
      ['agent_terminate', readTerminated],
      ['swarm.list', (payload) => this.#readSwarms(payload)],
      ['swarm.status', swarm],
      ['swarm_status', swarm],
      ['swarm.initialize', swarm],
      ['swarm_init', swarm],
      ['swarm.dissolve', (payload, asked) => this.#readDissolved(payload, asked)],
      ['task.list', readTasks],
      ['task.status', readTaskReply],
      ['task.assign', readTaskReply],
      ['task_orchestrate', readTaskReply],
    ]);
  }

  warmUp(): Call[] {
    return [];
  }

  plan(cadence: Cadence): Call[] {
    const way = this.#way();
    if (cadence === 'slow') return [...this.#planLists(), ...this.#planStatus(way)];
    if (way === 'agent.list') return [{ kind: 'method', method: 'agent.list', params: {} }];
    if (way === 'agent_list') return [{ kind: 'tool', tool: 'agent_list', args: {} }];
    const swarms = this.#turns();
    if (swarms.length === 0) return [{ kind: 'tool', tool: 'swarm_status', args: {} }];
    return swarms.map((swarmId) => ({ kind: 'tool', tool: 'swarm_status', args: { swarmId } }));
  }

  read(call: Call, outcome: Outcome): Observation[] {
    if (!outcome.ok) {
      if (outcome.code === METHOD_NOT_FOUND) this.#refuse(call);
      return [];
    }
    const name = call.kind === 'tool' ? call.tool : call.method;
    const reader = this.#readers.get(name);
    return reader === undefined ? [] : reader(outcome.payload, call.kind === 'tool' ? call.args : call.params);
  }

  readonly pushesAreClean = true;

  get remembered(): number {
    return this.#swarms.size;
  }

  readPush(event: unknown, atMs: number): Observation[] {
    const observations = readEvent(event, atMs);
    for (const each of observations) {
      if (each.kind === 'swarm' || each.kind === 'agent') this.#hearOf(each.swarm);
      else if (each.kind === 'swarm-gone') this.#swarms.delete(each.swarm);
    }
    return observations;
  }

  readNoise(): Observation[] {
    return [];
  }

  #way(): Way {
    const { tools } = this.#peer;
    if (!this.#refused.has('agent.list')) return 'agent.list';
    if (!this.#refused.has('agent_list') && (tools.size === 0 || tools.has('agent_list'))) return 'agent_list';
    return 'swarm_status';
  }

  #refuse(call: Call): void {
    const name = call.kind === 'tool' ? call.tool : call.method;
    if (this.#readers.has(name)) this.#refused.add(name);
  }

  /** The documents have no way to learn which swarms and tasks there are; servers that have one are asked. */
  #planLists(): Call[] {
    const methods = ['swarm.list', 'task.list'].filter((method) => !this.#refused.has(method));
    return methods.map((method) => ({ kind: 'method', method, params: {} }));
  }

  #planStatus(way: Way): Call[] {
    if (way === 'swarm_status' || this.#swarms.size === 0) return [];
    if (!this.#refused.has('swarm.status')) {
      return this.#turns().map((swarm_id) => ({ kind: 'method', method: 'swarm.status', params: { swarm_id } }));
    }
    if (!this.#peer.tools.has('swarm_status')) return [];
    return this.#turns().map((swarmId) => ({ kind: 'tool', tool: 'swarm_status', args: { swarmId } }));
  }

  #turns(): string[] {
    const swarms = [...this.#swarms];
    const count = Math.min(swarms.length, MAX_STATUS_PER_ROUND);
    const start = count < swarms.length ? this.#nextStatus % swarms.length : 0;
    this.#nextStatus = start + count;
    return [...swarms.slice(start), ...swarms.slice(0, start)].slice(0, count);
  }

  #hearOf(swarm: string | undefined): void {
    if (swarm !== undefined && this.#swarms.size < MAX_SWARMS) this.#swarms.add(swarm);
  }

  #readAgents(payload: unknown): Observation[] {
    const list = Array.isArray(payload) ? payload : field(payload, 'agents');
    const { entries, complete } = readEach(identifyAgent, list);
    const present = entries.filter((entry) => !saysGone(entry.status));
    const observations = present.map((entry) => readAgent(entry));
    for (const entry of present) this.#hearOf(entry.swarm);
    return complete && isWhole(payload, entries.length)
      ? [...observations, ...this.#lists.list(present)]
      : observations;
  }

  #readSwarm(payload: unknown, asked: Record<string, unknown>): Observation[] {
    const entry = readOne(swarmShape, payload);
    const read = entry === undefined ? undefined : readSwarm(entry, swarmOf(asked));
    if (read === undefined) return [];
    const { swarm, observation } = read;
    this.#hearOf(swarm);
    const list = field(payload, 'agents');
    const { entries, complete } = readEach(identifyAgent, list);
    const present = entries.filter((each) => !saysGone(each.status));
    const agents = present.map((each) => readAgent({ ...each, swarm }));
    if (!complete) return [observation, ...agents];
    const listed = present.map((each) => each.agent);
    return [observation, ...agents, { kind: 'agent-list', swarm, agents: listed, scope: 'agents' }];
  }

  #readSwarms(payload: unknown): Observation[] {
    const { entries, complete } = readEntries(swarmShape, field(payload, 'swarms'));
    const swarms = entries.flatMap((entry) => readSwarm(entry) ?? []);
    const observations = swarms.map(({ observation }) => observation);
    if (!complete || swarms.length < entries.length || !isWhole(payload, entries.length)) return observations;
    this.#swarms.clear();
    for (const { swarm } of swarms) this.#hearOf(swarm);
    return [...observations, { kind: 'swarm-list', swarms: swarms.map(({ swarm }) => swarm), scope: 'swarms' }];
  }

  #readDissolved(payload: unknown, asked: Record<string, unknown>): Observation[] {
    const swarm = swarmOf(asked);
    if (swarm === undefined || field(payload, 'success') !== true) return [];
    this.#swarms.delete(swarm);
    return [{ kind: 'swarm-gone', swarm }];
  }

  /** The type is in the question, the id in the answer. */
  #readSpawned(payload: unknown, asked: Record<string, unknown>): Observation[] {
    const type = asked['type'] ?? asked['agentType'];
    const swarm = swarmOf(asked);
    return this.#readOneAgent({
      ...(type === undefined ? {} : { type }),
      ...(swarm === undefined ? {} : { swarm_id: swarm }),
      ...asRecord(payload),
    });
  }

  #readOneAgent(value: unknown): Observation[] {
    const entry = identifyAgent(value);
    if (entry === undefined) return [];
    if (saysGone(entry.status)) return [{ kind: 'agent-gone', swarm: entry.swarm, agent: entry.agent }];
    this.#hearOf(entry.swarm);
    return [readAgent(entry)];
  }
}

/** False where the reply is one page of more. */
function isWhole(payload: unknown, count: number): boolean {
  const total = field(payload, 'total_count');
  return !(typeof total === 'number' && total > count);
}

function readTasks(payload: unknown): Observation[] {
  const { entries, complete } = readEntries(taskShape, field(payload, 'tasks'));
  const tasks = entries.flatMap((entry) => readTask(entry) ?? []);
  if (!complete || tasks.length < entries.length || !isWhole(payload, entries.length)) return tasks;
  const listed = tasks.flatMap((task) => (task.kind === 'task' ? [task.task] : []));
  return [...tasks, { kind: 'task-list', tasks: listed, scope: 'tasks' }];
}

function swarmOf(asked: Record<string, unknown>): string | undefined {
  return readOne(optionalId, asked['swarm_id']) ?? readOne(optionalId, asked['swarmId']);
}

function idOf(asked: Record<string, unknown>): { agent_id?: string } {
  const agent = readOne(id, asked['agent_id'] ?? asked['agentId']);
  return agent === undefined ? {} : { agent_id: agent };
}

function readTerminated(payload: unknown, asked: Record<string, unknown>): Observation[] {
  const agent = idOf(asked).agent_id;
  return agent === undefined || field(payload, 'success') !== true
    ? []
    : [{ kind: 'agent-gone', swarm: swarmOf(asked), agent }];
}

/** The task's text is in the question, or within an object there (task_orchestrate). */
function readTaskReply(payload: unknown, asked: Record<string, unknown>): Observation[] {
  const question = asRecord(asked['task']) ?? { description: asked['task'], priority: asked['priority'] };
  const { description, priority } = question;
  const target = { agent_id: asked['agent_id'], task_id: asked['task_id'] };
  const entry = readOne(taskShape, { ...target, description, priority, ...asRecord(payload) });
  if (entry === undefined) return [];
  const { entries } = readEntries(assignedShape, field(payload, 'assignedAgents'));
  const assigned = [...entries.map((each) => each.agentId), ...readIds(field(payload, 'assignedAgents'))];
  const task = readTask(entry, assigned.length === 0 ? undefined : assigned);
  return task === undefined ? [] : [task];
}
