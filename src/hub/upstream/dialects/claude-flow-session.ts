import type { Observation } from '../../../model/observation.ts';
import { AgentPlaces } from './agent-places.ts';
import { BoundedMap } from './bounded-map.ts';
import { ClaudeFlowHive } from './claude-flow-hive.ts';
import {
  agentShape,
  HIVE_DOMAIN,
  isRefusal,
  isTerminated,
  readAgent,
  readSwarm,
  readTask,
  swarmShape,
  taskShape,
} from './claude-flow-shapes.ts';
import type { AgentEntry } from './claude-flow-shapes.ts';
import { readSystemInfo, readSystemMetrics, readNeuralStatus } from './claude-flow-system.ts';
import { DaaFacet } from './daa-facet.ts';
import type { Cadence, Call, DialectSession, Outcome, PeerDescription } from './dialect.ts';
import { agentSeen } from './observing.ts';
import { compact, field, id, optionalId, readEntries, readOne, text, unwrapTwice } from './reading.ts';
import { saysGone, statusFacts } from './status-words.ts';
import { TaskLoad } from './task-load.ts';
import { TokenCount } from './token-count.ts';

/** task_list cuts at its limit (50 by default) without saying so; a list this long is not taken as complete. */
const TASK_LIMIT = 10_000;
const MAX_MEMBERSHIPS = 100_000;
const MAX_SWARMS = 1_000;

type Reader = (payload: unknown, args: Record<string, unknown>, atMs: number) => Observation[];

/**
 * claude-flow over MCP alone. There is no list of swarms and agent_list names none, so membership is known only from
 * the swarm_init and agent_spawn replies of this connection; other agents are told without a swarm. Terminated agents
 * and swarms are told as gone, though the server keeps them for ever.
 */
export class ClaudeFlowSession implements DialectSession {
  readonly #peer: PeerDescription;
  readonly #filesAreWatched: boolean;
  readonly #places = new AgentPlaces();
  /** Agent → swarm, as replies to this connection's own agent_spawn calls told. */
  readonly #membership = new BoundedMap<string, string>(MAX_MEMBERSHIPS);
  /** Swarm → when it was created, of those that are not terminated. */
  readonly #swarms = new BoundedMap<string, number>(MAX_SWARMS);
  readonly #load = new TaskLoad();
  readonly #tokens = new TokenCount();
  readonly #hive = new ClaudeFlowHive();
  readonly #daa: DaaFacet;
  readonly #readers: ReadonlyMap<string, Reader>;
  #agents = new Map<string, AgentEntry>();
  readonly #swarmsPerRound: number;
  #slowRounds = 0;
  #nextSwarm = 0;

  constructor(peer: PeerDescription, options: { overHttp: boolean; filesAreWatched: boolean }) {
    this.#peer = peer;
    this.#swarmsPerRound = options.overHttp ? 1 : 4;
    this.#filesAreWatched = options.filesAreWatched;
    this.#daa = new DaaFacet((tool) => this.#offers(tool));
    this.#readers = options.filesAreWatched ? this.#systemReaders() : this.#allReaders();
  }

  get remembered(): number {
    return this.#membership.size + this.#swarms.size + this.#tokens.size + this.#daa.remembered;
  }

  warmUp(): Call[] {
    const calls = this.#filesAreWatched ? [call('system_info')] : [call('system_info'), call('hive-mind_status')];
    return calls.filter((each) => this.#offers(each.tool));
  }

  plan(cadence: Cadence): Call[] {
    if (cadence === 'slow') return this.#planSlow();
    if (this.#filesAreWatched) return [call('agent_list')];
    // Without includeTerminated: agents that ended then leave the list, and are seen to go.
    const rest = [call('swarm_status'), call('task_list', { limit: TASK_LIMIT })];
    return [call('agent_list'), ...rest.filter((each) => this.#offers(each.tool))];
  }

  read(request: Call, outcome: Outcome, atMs: number): Observation[] {
    if (request.kind !== 'tool') return [];
    if (!outcome.ok) {
      if (request.tool === 'hive-mind_status') this.#hive.unanswered();
      return this.#filesAreWatched ? [] : (this.#daa.read(request, outcome, atMs) ?? []);
    }
    const payload = unwrapTwice(outcome.payload);
    const reader = this.#readers.get(request.tool);
    if (reader !== undefined) return isRefusal(payload) ? [] : reader(payload, request.args, atMs);
    return this.#filesAreWatched ? [] : (this.#daa.read(request, { ok: true, payload }, atMs) ?? []);
  }

  /** claude-flow pushes nothing. */
  readPush(): Observation[] {
    return [];
  }

  /** Its stdout is clean. */
  readNoise(): Observation[] {
    return [];
  }

  #planSlow(): Call[] {
    const round = this.#slowRounds++;
    const calls: Call[] = [];
    if (!this.#filesAreWatched) {
      if (this.#offers('hive-mind_status')) calls.push(call('hive-mind_status'));
      calls.push(...this.#daa.plan());
      calls.push(...this.#turns().map((swarmId) => call('swarm_status', { swarmId })));
    }
    if (round % 3 === 0 && this.#offers('system_metrics')) calls.push(call('system_metrics'));
    if (round % 6 === 0 && this.#offers('neural_status')) calls.push(call('neural_status'));
    return calls;
  }

  /** swarm_status alone tells of the latest swarm; with others known, all take turns. */
  #turns(): string[] {
    const swarms = this.#swarms.keys();
    if (swarms.length < 2 || !this.#offers('swarm_status')) return [];
    const count = Math.min(swarms.length, this.#swarmsPerRound);
    const start = this.#nextSwarm % swarms.length;
    this.#nextSwarm = start + count;
    return [...swarms.slice(start), ...swarms.slice(0, start)].slice(0, count);
  }

  #offers(tool: string): boolean {
    return this.#peer.tools.size === 0 || this.#peer.tools.has(tool);
  }

  #systemReaders(): Map<string, Reader> {
    return new Map<string, Reader>([
      ['system_info', readSystemInfo],
      ['system_metrics', readSystemMetrics],
      ['neural_status', readNeuralStatus],
    ]);
  }

  #allReaders(): Map<string, Reader> {
    const readers = this.#systemReaders();
    readers.set('agent_list', (payload) => this.#readAgentList(payload));
    readers.set('agent_status', (payload) => this.#readAgentStatus(payload));
    readers.set('agent_spawn', (payload, args) => this.#readSpawned(payload, args));
    readers.set('agent_update', (payload) => this.#readUpdated(payload));
    readers.set('agent_terminate', (payload) => this.#readTerminated(payload));
    readers.set('swarm_status', (payload, args) => this.#readSwarmStatus(payload, args));
    readers.set('swarm_init', (payload) => this.#readSwarmEntry(payload));
    readers.set('swarm_shutdown', (payload) => this.#readShutdown(payload));
    readers.set('task_list', (payload) => this.#readTaskList(payload));
    for (const tool of ['task_create', 'task_status', 'task_update', 'task_assign', 'task_complete', 'task_cancel']) {
      readers.set(tool, readTaskReply);
    }
    readers.set('hive-mind_status', (payload) => this.#hive.readStatus(payload, this.#agents));
    readers.set('hive-mind_init', (payload) => this.#hive.readInit(payload));
    readers.set('hive-mind_spawn', (payload, args) => this.#hive.readSpawned(payload, args));
    readers.set('hive-mind_broadcast', (payload, args, atMs) => this.#hive.readBroadcast(payload, args, atMs));
    return readers;
  }

  #readAgentList(payload: unknown): Observation[] {
    const { entries, complete } = readEntries(agentShape, field(payload, 'agents'));
    const present = entries.filter((agent) => !isTerminated(agent));
    this.#agents = new Map(present.map((agent) => [agent.agentId, agent]));
    const observations: Observation[] = [];
    for (const agent of present) {
      if (agent.domain === HIVE_DOMAIN && !this.#hive.isAsked) continue;
      const swarm = this.#swarmOf(agent);
      observations.push(...this.#places.move(agent.agentId, swarm));
      observations.push(readAgent(agent, swarm, this.#load.of(agent.agentId)));
    }
    if (!complete) return observations;
    const agents = [...this.#agents.keys()];
    this.#places.keepOnly(new Set(agents));
    observations.push({ kind: 'agent-list', swarm: undefined, agents, scope: 'agents' });
    return observations;
  }

  #swarmOf(agent: AgentEntry): string | undefined {
    if (agent.domain === HIVE_DOMAIN) return this.#hive.swarm;
    const swarm = this.#membership.get(agent.agentId);
    return swarm !== undefined && this.#swarms.has(swarm) ? swarm : undefined;
  }

  #readAgentStatus(payload: unknown): Observation[] {
    const agent = readOne(agentShape, payload);
    if (agent === undefined) return [];
    if (saysGone(agent.status)) return this.#gone(agent.agentId);
    const swarm = this.#swarmOf(agent);
    const observations = [...this.#places.move(agent.agentId, swarm), readAgent(agent, swarm, undefined)];
    const tokens = this.#tokens.count(agent.agentId, field(payload, 'lastResult'));
    if (tokens !== undefined) {
      const facts = { performance: { tokens_used: tokens } };
      observations.push(agentSeen(swarm, agent.agentId, facts, { 'performance.tokens_used': 'derived' }));
    }
    return observations;
  }

  #readSpawned(payload: unknown, args: Record<string, unknown>): Observation[] {
    const agent = readOne(agentShape, payload);
    if (agent === undefined) return [];
    // Without swarmId the server takes the newest swarm (measured).
    const swarm = readOne(id, args['swarmId']) ?? this.#newestSwarm();
    if (swarm !== undefined) this.#membership.set(agent.agentId, swarm);
    const domain = agent.domain ?? readOne(text, args['domain']);
    const capabilities = agent.config ?? readOne(agentShape.shape.config, args['config']);
    this.#agents.set(agent.agentId, agent);
    const place = this.#swarmOf({ ...agent, domain });
    const seen = readAgent({ ...agent, domain, config: capabilities }, place, this.#load.of(agent.agentId));
    return [...this.#places.move(agent.agentId, place), seen];
  }

  #newestSwarm(): string | undefined {
    let newest: string | undefined;
    let newestMs = -1;
    for (const swarm of this.#swarms.keys()) {
      const createdMs = this.#swarms.get(swarm) ?? -1;
      if (createdMs < newestMs) continue;
      newest = swarm;
      newestMs = createdMs;
    }
    return newest;
  }

  #readUpdated(payload: unknown): Observation[] {
    const agent = readOne(agentShape, field(payload, 'agent'));
    if (agent === undefined) return [];
    if (isTerminated(agent)) return this.#gone(agent.agentId);
    const known = this.#agents.get(agent.agentId);
    const swarm = this.#places.of(agent.agentId);
    if (known === undefined) return [agentSeen(swarm, agent.agentId, statusFacts(agent.status))];
    return [readAgent({ ...known, ...compact(agent) }, swarm, this.#load.of(agent.agentId))];
  }

  #readTerminated(payload: unknown): Observation[] {
    const agent = readOne(id, field(payload, 'agentId'));
    return agent !== undefined && field(payload, 'terminated') === true ? this.#gone(agent) : [];
  }

  #gone(agent: string): Observation[] {
    const swarm = this.#places.of(agent);
    this.#places.forget(agent);
    this.#membership.delete(agent);
    this.#agents.delete(agent);
    return [{ kind: 'agent-gone', swarm, agent }];
  }

  #readSwarmStatus(payload: unknown, args: Record<string, unknown>): Observation[] {
    if (field(payload, 'status') === 'no_swarm') return this.#swarms.keys().flatMap((swarm) => this.#swarmGone(swarm));
    const observations = this.#readSwarmEntry(payload);
    // For an id that it does not know, the server answers with its latest swarm instead.
    const asked = readOne(optionalId, args['swarmId']);
    const answered = field(payload, 'swarmId');
    if (asked !== undefined && typeof answered === 'string' && asked !== answered && this.#swarms.has(asked)) {
      observations.push(...this.#swarmGone(asked));
    }
    return observations;
  }

  #readSwarmEntry(payload: unknown): Observation[] {
    const swarm = readOne(swarmShape, payload);
    if (swarm === undefined) return [];
    if (swarm.status === 'terminated') return this.#swarms.has(swarm.swarmId) ? this.#swarmGone(swarm.swarmId) : [];
    const seen = readSwarm(swarm);
    const createdMs = seen.kind === 'swarm' ? (seen.facts.created_at_ms ?? 0) : 0;
    if (!this.#swarms.has(swarm.swarmId)) this.#swarms.set(swarm.swarmId, createdMs);
    return [seen];
  }

  #readShutdown(payload: unknown): Observation[] {
    const swarm = readOne(id, field(payload, 'swarmId'));
    return swarm !== undefined && field(payload, 'terminated') === true ? this.#swarmGone(swarm) : [];
  }

  /** Its agents, which the server keeps, are told without a swarm from the next list on. */
  #swarmGone(swarm: string): Observation[] {
    this.#swarms.delete(swarm);
    for (const agent of this.#places.all()) if (this.#places.of(agent) === swarm) this.#places.forget(agent);
    return [{ kind: 'swarm-gone', swarm }];
  }

  #readTaskList(payload: unknown): Observation[] {
    const { entries, complete } = readEntries(taskShape, field(payload, 'tasks'));
    const observations = entries.map((task) => readTask(task));
    if (!complete || entries.length >= TASK_LIMIT) return observations;
    observations.push({ kind: 'task-list', tasks: entries.map((task) => task.taskId), scope: 'tasks' });
    const loaded = entries.map((task) => ({ status: task.status, assignees: task.assignedTo ?? [] }));
    for (const agent of this.#load.update(loaded)) {
      if (!this.#places.has(agent)) continue;
      const facts = { performance: { tasks_active: this.#load.of(agent)?.tasks_active } };
      const sources = { 'performance.tasks_active': 'derived' } as const;
      observations.push(agentSeen(this.#places.of(agent), agent, facts, sources));
    }
    return observations;
  }
}

function readTaskReply(payload: unknown): Observation[] {
  const task = readOne(taskShape, payload);
  return task === undefined || task.status === 'not_found' ? [] : [readTask(task)];
}

function call(tool: string, args: Record<string, unknown> = {}): Call & { kind: 'tool' } {
  return { kind: 'tool', tool, args };
}
