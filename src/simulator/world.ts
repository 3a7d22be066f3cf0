import type { Topology } from '../model/swarm.ts';
import { WorldRefusal } from './errors.ts';
import { freshMetrics, walkMetrics } from './metrics-walk.ts';
import { SeededRandom } from './random.ts';
import { TaskBook } from './task-book.ts';
import { COGNITIVE_PATTERNS } from './world-state.ts';
import type { IdKind, IdStyle, SimAgent, SimMessage, SimSwarm, SimTask, TaskWish, WorldEvent } from './world-state.ts';

/** Agents at most; more are refused: a runaway client must not eat the machine. */
export const MAX_AGENTS = 200_000;
const MAX_SWARMS = 10_000;
/** Agents and swarms that ended are still told of until this many others ended after them. */
const MAX_ENDED = 256;
const MAX_PEERS = 8;

export interface WorldOptions {
  seed: number;
  ids: IdStyle;
}

/** What a new agent may bring; the rest is drawn. */
export interface AgentWish {
  id?: string | undefined;
  name?: string | undefined;
  type: string;
  capabilities?: string[] | undefined;
  cognitivePattern?: string | undefined;
  model?: string | undefined;
}

/**
 * Swarms, their agents, tasks and messages. Reads no clock: every change is told its time, so the same seed and the
 * same calls give the same world. {@link WorldLife} makes it move by itself; MCP calls write to it through a face.
 */
export class SimulatedWorld {
  readonly #random: SeededRandom;
  readonly #ids: IdStyle;
  readonly #swarms = new Map<string, SimSwarm>();
  readonly #agents = new Map<string, SimAgent>();
  /** The agents again, in an array with their places, so that one can be drawn in O(1). */
  readonly #roster: SimAgent[] = [];
  readonly #places = new Map<SimAgent, number>();
  readonly #endedAgents: SimAgent[] = [];
  readonly #endedSwarms: SimSwarm[] = [];
  readonly #listeners = new Set<(event: WorldEvent) => void>();
  readonly tasks: TaskBook;
  #lastStampMs = 0;

  constructor(options: WorldOptions) {
    this.#random = new SeededRandom(options.seed);
    this.#ids = options.ids;
    this.tasks = new TaskBook(this, (event) => this.#emit(event));
  }

  get swarms(): ReadonlyMap<string, SimSwarm> {
    return this.#swarms;
  }

  get agents(): ReadonlyMap<string, SimAgent> {
    return this.#agents;
  }

  /** True when no agent or no swarm can be added. */
  get isFull(): boolean {
    return this.#agents.size >= MAX_AGENTS || this.#swarms.size >= MAX_SWARMS;
  }

  /** The agents in no particular order; for drawing one by index. */
  get roster(): readonly SimAgent[] {
    return this.#roster;
  }

  /** Terminated agents, oldest first, at most 256. */
  get endedAgents(): readonly SimAgent[] {
    return this.#endedAgents;
  }

  /** Dissolved swarms, oldest first, at most 256. */
  get endedSwarms(): readonly SimSwarm[] {
    return this.#endedSwarms;
  }

  /** Hears of every change, in order, synchronously. Returns the way to stop. */
  onEvent(listener: (event: WorldEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** A new id in the style of this world, with the millisecond in it. */
  newId(kind: IdKind, nowMs: number): { id: string; stampMs: number } {
    // ruv-swarm ids are milliseconds alone: two in one would be the same id.
    this.#lastStampMs = Math.max(nowMs, this.#lastStampMs + 1);
    return { id: this.#ids(kind, this.#lastStampMs, this.#random), stampMs: this.#lastStampMs };
  }

  /** @throws WorldRefusal when the world is full. */
  createSwarm(
    wish: { topology: Topology; strategy?: string | undefined; maxAgents?: number | undefined },
    nowMs: number,
  ): SimSwarm {
    if (this.#swarms.size >= MAX_SWARMS) throw new WorldRefusal(`no more than ${MAX_SWARMS} swarms`);
    const { id, stampMs } = this.newId('swarm', nowMs);
    const swarm: SimSwarm = {
      id,
      topology: wish.topology,
      strategy: wish.strategy ?? 'balanced',
      maxAgents: wish.maxAgents ?? 100,
      createdAtMs: stampMs,
      updatedAtMs: stampMs,
      agentIds: new Set(),
    };
    this.#swarms.set(id, swarm);
    this.#emit({ kind: 'swarm-created', swarm, atMs: nowMs });
    return swarm;
  }

  /** Terminates its agents first. @returns how many. @throws WorldRefusal when there is no such swarm. */
  dissolveSwarm(swarmId: string, nowMs: number): number {
    const swarm = this.swarm(swarmId);
    this.tasks.cancelAllOf(swarmId, nowMs);
    const members = [...swarm.agentIds];
    for (const id of members) this.terminateAgent(id, nowMs);
    this.#swarms.delete(swarmId);
    swarm.dissolvedAtMs = nowMs;
    remember(this.#endedSwarms, swarm);
    this.#emit({ kind: 'swarm-dissolved', swarm, atMs: nowMs });
    return members.length;
  }

  /** @throws WorldRefusal when the id is taken, the swarm unknown or the world full. */
  spawnAgent(swarmId: string, wish: AgentWish, nowMs: number): SimAgent {
    const swarm = this.swarm(swarmId);
    if (this.#agents.size >= MAX_AGENTS) throw new WorldRefusal(`no more than ${MAX_AGENTS} agents`);
    if (wish.id !== undefined && this.#agents.has(wish.id)) throw new WorldRefusal(`Agent exists: ${wish.id}`);
    const { id, stampMs } = this.newId('agent', nowMs);
    const agent: SimAgent = {
      id: wish.id ?? id,
      name: wish.name ?? `${wish.type}-${this.#random.base36(4)}`,
      type: wish.type,
      swarmId,
      status: 'idle',
      health: 1,
      capabilities: wish.capabilities ?? [wish.type],
      cognitivePattern: wish.cognitivePattern ?? this.#random.pick(COGNITIVE_PATTERNS),
      model: wish.model,
      createdAtMs: stampMs,
      lastActivityMs: stampMs,
      tokensAtStart: 0,
      metrics: freshMetrics(this.#random),
      peers: [],
    };
    this.#agents.set(agent.id, agent);
    this.#places.set(agent, this.#roster.push(agent) - 1);
    swarm.agentIds.add(agent.id);
    swarm.updatedAtMs = nowMs;
    this.#emit({ kind: 'agent-spawned', agent, atMs: nowMs });
    return agent;
  }

  /** Its unfinished tasks go on without it. @throws WorldRefusal when there is no such agent. */
  terminateAgent(agentId: string, nowMs: number): SimAgent {
    const agent = this.agent(agentId);
    this.tasks.release(agent, nowMs);
    this.#agents.delete(agentId);
    const place = this.#places.get(agent);
    const last = this.#roster.pop();
    if (place !== undefined && last !== undefined && last !== agent) {
      this.#roster[place] = last;
      this.#places.set(last, place);
    }
    this.#places.delete(agent);
    const swarm = this.swarm(agent.swarmId);
    swarm.agentIds.delete(agentId);
    swarm.updatedAtMs = nowMs;
    agent.lastActivityMs = nowMs;
    remember(this.#endedAgents, agent);
    this.#emit({ kind: 'agent-terminated', agent, atMs: nowMs });
    return agent;
  }

  /** Between `idle` and `active`; `busy` comes with a task ({@link TaskBook.start}). */
  setStatus(agent: SimAgent, status: 'idle' | 'active', nowMs: number): void {
    if (agent.currentTaskId !== undefined) throw new WorldRefusal(`${agent.id} has a task`);
    agent.status = status;
    this.touch(agent, nowMs);
  }

  /** Says that an agent's status or facts changed. */
  touch(agent: SimAgent, nowMs: number): void {
    agent.statusWord = undefined;
    agent.lastActivityMs = nowMs;
    this.#emit({ kind: 'agent-status', agent, atMs: nowMs });
  }

  /** What a client wrote about an agent. */
  updateAgent(
    agentId: string,
    change: { statusWord?: string | undefined; health?: number | undefined; name?: string | undefined },
    nowMs: number,
  ): SimAgent {
    const agent = this.agent(agentId);
    this.touch(agent, nowMs);
    if (change.statusWord !== undefined) agent.statusWord = change.statusWord;
    if (change.health !== undefined) agent.health = Math.min(1, Math.max(0, change.health));
    if (change.name !== undefined) agent.name = change.name;
    return agent;
  }

  /** One step of the meters of an agent. */
  walkMetrics(agent: SimAgent, nowMs: number): void {
    walkMetrics(agent.metrics, agent.status, this.#random);
    this.#emit({ kind: 'agent-metrics', agent, atMs: nowMs });
  }

  /** @throws WorldRefusal when one of the two is unknown. */
  sendMessage(message: Omit<SimMessage, 'swarmId'>, nowMs: number): void {
    const from = this.agent(message.from);
    this.agent(message.to);
    from.peers = [message.to, ...from.peers.filter((peer) => peer !== message.to)].slice(0, MAX_PEERS);
    from.lastActivityMs = nowMs;
    this.#emit({ kind: 'message', message: { ...message, swarmId: from.swarmId }, atMs: nowMs });
  }

  /** @throws WorldRefusal when there is none. */
  swarm(swarmId: string): SimSwarm {
    const swarm = this.#swarms.get(swarmId);
    if (swarm === undefined) throw new WorldRefusal(`Swarm not found: ${swarmId}`);
    return swarm;
  }

  /** @throws WorldRefusal when there is none. */
  agent(agentId: string): SimAgent {
    const agent = this.#agents.get(agentId);
    if (agent === undefined) throw new WorldRefusal(`Agent not found: ${agentId}`);
    return agent;
  }

  /** The members of a swarm, in order of arrival. */
  members(swarm: SimSwarm): SimAgent[] {
    return [...swarm.agentIds].map((id) => this.agent(id));
  }

  /** The swarm that was created first, or last. */
  firstSwarm(): SimSwarm | undefined {
    return this.#swarms.values().next().value;
  }

  lastSwarm(): SimSwarm | undefined {
    return [...this.#swarms.values()].at(-1);
  }

  /** A new task, not started. @throws WorldRefusal when the swarm or an assignee is unknown. */
  createTask(swarmId: string, wish: TaskWish, nowMs: number): SimTask {
    return this.tasks.create(swarmId, wish, nowMs);
  }

  #emit(event: WorldEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function remember<T>(ended: T[], entity: T): void {
  ended.push(entity);
  if (ended.length > MAX_ENDED) ended.shift();
}
