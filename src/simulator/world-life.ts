import type { Topology } from '../model/swarm.ts';
import { SeededRandom } from './random.ts';
import { AGENT_TYPES, MESSAGE_TYPES, TASK_SUBJECTS } from './world-state.ts';
import type { SimAgent, SimSwarm, SimTask } from './world-state.ts';
import type { SimulatedWorld } from './world.ts';

/** One step of simulated life, ms. 20 Hz keeps the world changing faster than any poll. */
export const STEP_MS = 50;

export interface LifeOptions {
  seed: number;
  swarms: number;
  /** Agents per swarm that the population hovers around. */
  agents: number;
  eventsPerSecond: number;
  topologies: readonly Topology[];
  /** Now and then an agent comes or goes. Default true. */
  agentsChange?: boolean | undefined;
  /** Rarely a swarm comes or goes. Default false. */
  swarmsChange?: boolean | undefined;
}

/**
 * Makes a world move by itself: a pure function of the seed and the number of steps; the time given to a step only
 * becomes the timestamps of what happens in it. It has dice of its own, so that writes of clients don't shift them.
 */
export class WorldLife {
  readonly #world: SimulatedWorld;
  readonly #options: LifeOptions;
  readonly #random: SeededRandom;
  #due = 0;

  constructor(world: SimulatedWorld, options: LifeOptions) {
    this.#world = world;
    this.#options = options;
    this.#random = new SeededRandom(options.seed ^ 0x5eed_11fe);
  }

  /** The first swarms and agents, as if they had come one by one until `nowMs`. */
  populate(nowMs: number): void {
    const { swarms, agents, topologies } = this.#options;
    let atMs = nowMs - swarms * (agents + 1);
    for (let i = 0; i < swarms; i++) {
      const topology = topologies[i % topologies.length] ?? 'mesh';
      const swarm = this.#world.createSwarm({ topology, maxAgents: Math.max(agents, 100) }, atMs++);
      for (let k = 0; k < agents; k++) this.#spawn(swarm, atMs++);
    }
  }

  /** {@link STEP_MS} of life: eventsPerSecond × 0.05 changes; fractions are carried over. */
  step(nowMs: number): void {
    this.#due += (this.#options.eventsPerSecond * STEP_MS) / 1_000;
    while (this.#due >= 1) {
      this.#due--;
      this.#happen(nowMs);
    }
  }

  #happen(nowMs: number): void {
    const dice = this.#random.next();
    if (dice < 0.001 && this.#options.swarmsChange === true) return this.#swarmChange(nowMs);
    if (dice < 0.012 && this.#options.agentsChange !== false) return this.#agentChange(nowMs);
    if (this.#world.roster.length === 0) return;
    if (dice < 0.4) return this.#world.walkMetrics(this.#random.pick(this.#world.roster), nowMs);
    if (dice < 0.52) return this.#moodChange(nowMs);
    if (dice < 0.75) return this.#taskChange(nowMs);
    this.#message(nowMs);
  }

  #moodChange(nowMs: number): void {
    const agent = this.#random.pick(this.#world.roster);
    if (agent.currentTaskId !== undefined) return this.#world.walkMetrics(agent, nowMs);
    this.#world.setStatus(agent, agent.status === 'idle' ? 'active' : 'idle', nowMs);
  }

  #taskChange(nowMs: number): void {
    const { open } = this.#world.tasks;
    const few = open.length < 1 + this.#world.roster.length / 6;
    if (open.length === 0 || (few && this.#random.chance(0.4))) return this.#newTask(nowMs);
    this.#advance(this.#random.pick(open), nowMs);
  }

  #newTask(nowMs: number): void {
    const agent = this.#random.pick(this.#world.roster);
    const helper = this.#neighbour(agent);
    const assignees = helper !== undefined && this.#random.chance(0.5) ? [agent.id, helper] : [agent.id];
    const wish = {
      description: this.#random.pick(TASK_SUBJECTS),
      type: this.#random.pick(['feature', 'bugfix', 'research', 'review']),
      priority: this.#random.pick(['low', 'medium', 'high', 'critical']),
      assignees,
    };
    this.#world.createTask(agent.swarmId, wish, nowMs);
  }

  #advance(task: SimTask, nowMs: number): void {
    const book = this.#world.tasks;
    if (task.status === 'pending') return this.#begin(task, nowMs);
    const progress = task.progress + this.#random.between(0.05, 0.3);
    if (progress < 1) return book.progress(task, progress, nowMs);
    const failed = this.#random.chance(0.06);
    book.finish(task, failed ? 'failed' : 'completed', nowMs);
  }

  #begin(task: SimTask, nowMs: number): void {
    const hands = task.assignees.filter((id) => this.#world.agents.has(id));
    const swarm = this.#world.swarms.get(task.swarmId);
    if (swarm === undefined) return this.#world.tasks.finish(task, 'cancelled', nowMs);
    // A task that nobody was named for is taken by somebody of its swarm.
    if (hands.length === 0) {
      const volunteer = this.#member(swarm);
      if (volunteer === undefined) return this.#world.tasks.finish(task, 'cancelled', nowMs);
      this.#world.tasks.assign(task, [volunteer], nowMs);
    }
    this.#world.tasks.start(task, nowMs);
  }

  #message(nowMs: number): void {
    const from = this.#random.pick(this.#world.roster);
    const to = this.#neighbour(from);
    if (to === undefined) return this.#world.walkMetrics(from, nowMs);
    const message = {
      from: from.id,
      to,
      messageType: this.#random.pick(MESSAGE_TYPES),
      sizeBytes: 64 + this.#random.below(4_000),
      latencyMs: 1 + this.#random.below(60),
    };
    this.#world.sendMessage(message, nowMs);
  }

  #agentChange(nowMs: number): void {
    const { swarms } = this.#world;
    if (swarms.size === 0) return;
    const swarm = this.#random.pick([...swarms.values()]);
    const size = swarm.agentIds.size;
    const { agents } = this.#options;
    // The farther from its size, the likelier the way back; never beyond a quarter.
    const band = Math.max(1, agents * 0.25);
    const grow = this.#random.chance(0.5 + (agents - size) / (2 * band));
    const leaving = grow ? undefined : this.#leaver(swarm);
    if (leaving !== undefined) this.#world.terminateAgent(leaving, nowMs);
    else if (size < agents + band && !this.#world.isFull) this.#spawn(swarm, nowMs);
  }

  /** Not the coordinator: a star or tree without its hub would be a different swarm. */
  #leaver(swarm: SimSwarm): string | undefined {
    const id = this.#member(swarm);
    return id === undefined || this.#world.agent(id).type === 'coordinator' ? undefined : id;
  }

  #swarmChange(nowMs: number): void {
    const { swarms } = this.#world;
    const youngest = [...swarms.keys()].at(-1);
    if (swarms.size > this.#options.swarms && youngest !== undefined) {
      this.#world.dissolveSwarm(youngest, nowMs);
      return;
    }
    if (this.#world.isFull) return;
    const topology = this.#random.pick(this.#options.topologies);
    const swarm = this.#world.createSwarm({ topology }, nowMs);
    const count = Math.max(1, Math.round(this.#options.agents / 2));
    for (let k = 0; k < count && !this.#world.isFull; k++) this.#spawn(swarm, nowMs);
  }

  #spawn(swarm: SimSwarm, nowMs: number): void {
    const type = swarm.agentIds.size === 0 ? AGENT_TYPES[0] : this.#random.pick(AGENT_TYPES.slice(1));
    this.#world.spawnAgent(swarm.id, { type }, nowMs);
  }

  #member(swarm: SimSwarm): string | undefined {
    // Sets have no random access; swarms are small or their draws rare.
    return swarm.agentIds.size === 0 ? undefined : this.#random.pick([...swarm.agentIds]);
  }

  /** Another agent of the same swarm: mostly one it wrote to before, so that lively links form. */
  #neighbour(agent: SimAgent): string | undefined {
    const known = agent.peers.filter((id) => this.#world.agents.has(id));
    if (known.length > 1 && this.#random.chance(0.7)) return this.#random.pick(known);
    const { roster } = this.#world;
    for (let attempt = 0; attempt < 8; attempt++) {
      const other = this.#random.pick(roster);
      if (other !== agent && other.swarmId === agent.swarmId) return other.id;
    }
    const others = [...this.#world.swarm(agent.swarmId).agentIds].filter((id) => id !== agent.id);
    return others.length === 0 ? undefined : this.#random.pick(others);
  }
}

/** Topologies that ruv-swarm and others of its age know. */
export const CLASSIC_TOPOLOGIES = ['mesh', 'hierarchical', 'ring', 'star'] as const satisfies readonly Topology[];
/** What a simulated claude-flow shows by default. */
export const SHOWN_TOPOLOGIES = [
  'hierarchical',
  'mesh',
  'star',
  'ring',
  'hierarchical-mesh',
] as const satisfies readonly Topology[];
