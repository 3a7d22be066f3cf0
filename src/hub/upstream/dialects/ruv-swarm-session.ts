import type { Observation } from '../../../model/observation.ts';
import { BoundedMap } from './bounded-map.ts';
import { DaaFacet } from './daa-facet.ts';
import type { Cadence, Call, DialectSession, Outcome, PeerDescription } from './dialect.ts';
import { agentSeen, swarmSeen, taskSeen } from './observing.ts';
import { compact, field, id, msOfId, readEntries, readOne } from './reading.ts';
import { readLogLine } from './ruv-swarm-log.ts';
import type { LogLine } from './ruv-swarm-log.ts';
import {
  agentShape,
  orchestratedShape,
  readAgent,
  readNeuralStatus,
  readTask,
  readToolMetrics,
  swarmInitShape,
  swarmShape,
  taskShape,
} from './ruv-swarm-shapes.ts';
import type { AgentEntry, TaskStory } from './ruv-swarm-shapes.ts';
import { statusFacts } from './status-words.ts';
import { TaskLoad } from './task-load.ts';

const MAX_SWARMS = 10_000;
const MAX_STORIES = 50_000;
/** agent_list calls of one round; with more swarms than this they take turns. */
const MAX_LISTS_PER_ROUND = 16;

interface SwarmStory {
  topology?: string | undefined;
  strategy?: string | undefined;
  max_agents?: number | undefined;
}

/** A swarm that the server lists, and the agents that it listed in it. */
interface KnownSwarm {
  /** As swarm_status counts them; undefined where it does not say. */
  total: number | undefined;
  agents: Map<string, AgentEntry>;
}

/**
 * ruv-swarm. Membership comes from asking agent_list for each swarm (an argument that works though no schema names it).
 * Topologies and the text of tasks are said once only, in the reply to their creation or in the log, and are remembered.
 */
export class RuvSwarmSession implements DialectSession {
  readonly #peer: PeerDescription;
  readonly #daa: DaaFacet;
  readonly #load = new TaskLoad();
  readonly #swarmStories = new BoundedMap<string, SwarmStory>(MAX_SWARMS);
  readonly #taskStories = new BoundedMap<string, TaskStory>(MAX_STORIES);
  readonly #swarms = new Map<string, KnownSwarm>();
  #nextList = 0;
  /** A fresh process knows nothing, and swarm_status fails, until a call like memory_usage has made it load. */
  #isLoaded = true;
  #executing: string | undefined;

  constructor(peer: PeerDescription) {
    this.#peer = peer;
    this.#daa = new DaaFacet((tool) => this.#offers(tool));
  }

  get remembered(): number {
    return this.#swarmStories.size + this.#taskStories.size + this.#daa.remembered;
  }

  warmUp(): Call[] {
    return [call('memory_usage')];
  }

  plan(cadence: Cadence): Call[] {
    if (cadence === 'slow')
      return [...(this.#offers('neural_status') ? [call('neural_status')] : []), ...this.#daa.plan()];
    const first = this.#isLoaded ? [] : [call('memory_usage')];
    return [...first, call('swarm_status'), ...this.#planLists(), call('task_status')];
  }

  read(request: Call, outcome: Outcome, atMs: number): Observation[] {
    if (request.kind !== 'tool') return [];
    if (!outcome.ok) {
      if (request.tool === 'swarm_status' && outcome.message.includes('getGlobalMetrics')) this.#isLoaded = false;
      return this.#daa.read(request, outcome, atMs) ?? [];
    }
    return this.#daa.read(request, outcome, atMs) ?? this.#readReply(request.tool, outcome.payload, request.args);
  }

  /** Only `server.initialized`: with `--stability` it says that another process took over the pipes. */
  readPush(event: unknown): Observation[] {
    if (field(event, 'method') === 'server.initialized') this.#isLoaded = false;
    return [];
  }

  readNoise(raw: string): Observation[] {
    const line = readLogLine(raw);
    return line === undefined ? [] : this.#readLine(line);
  }

  #readReply(tool: string, payload: unknown, args: Record<string, unknown>): Observation[] {
    switch (tool) {
      case 'memory_usage':
        this.#isLoaded = true;
        return [];
      case 'swarm_status':
        return args['swarmId'] === undefined ? this.#readSwarms(payload) : [];
      case 'agent_list':
        return this.#readAgents(payload, args);
      case 'task_status':
        return this.#readTasks(payload);
      case 'swarm_init':
        return this.#readSwarmInit(payload);
      case 'agent_spawn':
        return this.#readSpawned(payload);
      case 'task_orchestrate':
        return this.#readOrchestrated(payload);
      case 'neural_status':
        return readNeuralStatus(payload);
      default:
        return [];
    }
  }

  #offers(tool: string): boolean {
    return this.#peer.tools.size === 0 || this.#peer.tools.has(tool);
  }

  /** One list per swarm that has, or had, agents; without a known swarm, the plain one. */
  #planLists(): Call[] {
    const populated = [...this.#swarms].filter(([, swarm]) => swarm.total !== 0 || swarm.agents.size > 0);
    if (this.#swarms.size === 0) return [call('agent_list')];
    const count = Math.min(populated.length, MAX_LISTS_PER_ROUND);
    const start = count < populated.length ? this.#nextList % populated.length : 0;
    this.#nextList = start + count;
    const turns = [...populated.slice(start), ...populated.slice(0, start)].slice(0, count);
    return turns.map(([swarmId]) => call('agent_list', { swarmId }));
  }

  #readSwarms(payload: unknown): Observation[] {
    const { entries, complete } = readEntries(swarmShape, field(payload, 'swarms'));
    const observations: Observation[] = [];
    for (const entry of entries) {
      const swarm = this.#known(entry.id);
      swarm.total = entry.status?.agents?.total;
      observations.push(this.#swarmSeen(entry.id));
    }
    if (complete) {
      const swarms = entries.map((entry) => entry.id);
      const present = new Set(swarms);
      for (const swarm of this.#swarms.keys()) if (!present.has(swarm)) this.#swarms.delete(swarm);
      observations.push({ kind: 'swarm-list', swarms, scope: 'swarms' });
    }
    observations.push(...readToolMetrics(payload));
    return observations;
  }

  #known(swarm: string): KnownSwarm {
    const known = this.#swarms.get(swarm) ?? { total: undefined, agents: new Map<string, AgentEntry>() };
    this.#swarms.set(swarm, known);
    return known;
  }

  #swarmSeen(swarm: string): Observation {
    const facts = { ...this.#swarmStories.get(swarm), status: 'active', created_at_ms: msOfId(swarm) };
    // `active` is only the name of the list that it stands in.
    return swarmSeen(swarm, facts, { status: 'derived', created_at_ms: 'derived' });
  }

  #readAgents(payload: unknown, args: Record<string, unknown>): Observation[] {
    const filter = field(payload, 'filter_applied');
    if (filter !== undefined && filter !== 'all') return [];
    const asked = readOne(id, args['swarmId']);
    // Asked before any swarm was known: meanwhile that question may have an answer, or several.
    const swarm = asked ?? (this.#swarms.size === 1 ? [...this.#swarms.keys()][0] : undefined);
    if (swarm === undefined && this.#swarms.size > 1) return [];
    const { entries, complete } = readEntries(agentShape, field(payload, 'agents'));
    const observations = entries.map((agent) => readAgent(agent, swarm, this.#load.of(agent.id)));
    if (swarm !== undefined) {
      const { agents } = this.#known(swarm);
      if (complete) agents.clear();
      for (const agent of entries) agents.set(agent.id, agent);
    }
    if (complete) {
      observations.push({ kind: 'agent-list', swarm, agents: entries.map((agent) => agent.id), scope: 'agents' });
    }
    return observations;
  }

  #readTasks(payload: unknown): Observation[] {
    const list = field(payload, 'tasks');
    if (list === undefined) {
      const task = readOne(taskShape, payload);
      return task === undefined ? [] : [readTask(task, this.#taskStories.get(task.id))];
    }
    const { entries, complete } = readEntries(taskShape, list);
    const observations = entries.map((task) => readTask(task, this.#taskStories.get(task.id)));
    if (!complete) return observations;
    observations.push({ kind: 'task-list', tasks: entries.map((task) => task.id), scope: 'tasks' });
    const loaded = entries.map((task) => ({ status: task.status, assignees: task.assignedAgents ?? [] }));
    const changed = this.#load.update(loaded);
    for (const [swarm, { agents }] of this.#swarms) {
      for (const agent of agents.values()) {
        if (changed.has(agent.id)) observations.push(this.#loadSeen(swarm, agent.id));
      }
    }
    return observations;
  }

  #loadSeen(swarm: string, agent: string): Observation {
    const sources = { 'performance.tasks_active': 'derived', 'performance.tasks_completed': 'derived' } as const;
    return agentSeen(swarm, agent, { performance: { ...this.#load.of(agent) } }, sources);
  }

  #readSwarmInit(payload: unknown): Observation[] {
    const swarm = readOne(swarmInitShape, payload);
    if (swarm === undefined) return [];
    const { topology, strategy, maxAgents } = swarm;
    this.#isLoaded = true;
    this.#swarmStories.set(swarm.id, compact({ topology, strategy, max_agents: maxAgents }));
    this.#known(swarm.id);
    return [this.#swarmSeen(swarm.id)];
  }

  #readSpawned(payload: unknown): Observation[] {
    const agent = readOne(agentShape, field(payload, 'agent'));
    if (agent === undefined) return [];
    const swarm = readOne(id, field(field(payload, 'swarm_info'), 'id'));
    if (swarm !== undefined) this.#known(swarm).agents.set(agent.id, agent);
    return [readAgent(agent, swarm, this.#load.of(agent.id))];
  }

  #readOrchestrated(payload: unknown): Observation[] {
    const task = readOne(orchestratedShape, payload);
    if (task === undefined) return [];
    const { description, priority } = task;
    const story = compact({ swarm: task.swarm_info?.id, description, priority });
    this.#taskStories.set(task.taskId, story);
    const facts = {
      ...story,
      status: task.status,
      assignees: task.assigned_agents,
      created_at_ms: msOfId(task.taskId),
    };
    return [taskSeen(task.taskId, facts)];
  }

  #readLine(line: LogLine): Observation[] {
    switch (line.kind) {
      case 'swarm': {
        const story = this.#swarmStories.get(line.swarm);
        if (story === undefined) this.#swarmStories.set(line.swarm, { topology: line.topology });
        return story === undefined && this.#swarms.has(line.swarm) ? [this.#swarmSeen(line.swarm)] : [];
      }
      case 'orchestrated': {
        const story = this.#taskStories.get(line.task);
        if (story === undefined) this.#taskStories.set(line.task, { description: line.description });
        return [];
      }
      case 'executing':
        this.#executing = line.description;
        return [];
      case 'executes':
        return this.#named(line.agent, (swarm, agent) =>
          agentSeen(swarm, agent, { current_task: this.#executing }, { current_task: 'derived' }),
        );
      case 'status': {
        const task = line.status === 'idle' ? { current_task: null } : {};
        return this.#named(line.agent, (swarm, agent) =>
          agentSeen(swarm, agent, { ...statusFacts(line.status), ...task }),
        );
      }
    }
  }

  /** The log names agents, the lists have their ids: only a name that one agent alone bears says whom it means. */
  #named(name: string, tell: (swarm: string, agent: string) => Observation): Observation[] {
    let found: { swarm: string; agent: string } | undefined;
    for (const [swarm, { agents }] of this.#swarms) {
      for (const agent of agents.values()) {
        if (agent.name !== name) continue;
        if (found !== undefined) return [];
        found = { swarm, agent: agent.id };
      }
    }
    return found === undefined ? [] : [tell(found.swarm, found.agent)];
  }
}

function call(tool: string, args: Record<string, unknown> = {}): Call {
  return { kind: 'tool', tool, args };
}
