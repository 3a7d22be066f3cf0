import { z } from 'zod';
import type { AgentFacts, Nullable, Observation } from '../../../model/observation.ts';
import { AgentPlaces } from './agent-places.ts';
import {
  agentShape,
  hiveSwarm,
  isTerminated,
  readAgent,
  readHiveSwarm,
  readQueen,
  readSwarm,
  readTask,
  swarmShape,
  taskShape,
} from './claude-flow-shapes.ts';
import type { AgentEntry } from './claude-flow-shapes.ts';
import { DAA_SWARM } from './daa-facet.ts';
import { NewEvents } from './new-events.ts';
import { agentSeen, swarmSeen } from './observing.ts';
import {
  amount,
  asRecord,
  field,
  id,
  ids,
  ratio,
  readEntries,
  readIds,
  readOne,
  readValues,
  text,
  texts,
  time,
} from './reading.ts';
import type { Entries } from './reading.ts';
import { statusFacts } from './status-words.ts';
import { TaskLoad } from './task-load.ts';
import { TokenCount } from './token-count.ts';

/** The last good content of each file, parsed; absent while it was never read. */
export interface ClaudeFlowFiles {
  /** agents/store.json */
  agents?: unknown;
  /** agents.json: hive workers */
  workers?: unknown;
  /** swarm/swarm-state.json: the only place that says which agents are in a swarm */
  swarms?: unknown;
  /** tasks/store.json */
  tasks?: unknown;
  /** hive-mind/state.json. Its token and shared memory, broadcasts' text included, are never told. */
  hive?: unknown;
  /** daa/store.json */
  daa?: unknown;
  /** coordination/store.json */
  coordination?: unknown;
}

const daaShape = z.object({
  id,
  name: text,
  type: text,
  status: text,
  cognitivePattern: text,
  learningRate: amount,
  capabilities: texts,
  metrics: z.object({ successRate: ratio, adaptations: amount }).optional().catch(undefined),
  createdAt: time,
});

const hiveShape = z.object({ initialized: z.boolean(), topology: text, createdAt: time });
const broadcastShape = z.object({ messageId: id, fromId: id, timestamp: time });
const knowledgeShape = z.object({ id, sharedBy: id, targetAgents: ids, timestamp: time });
const nodeShape = z.object({ id, status: text });

/**
 * What the files of a claude-flow project say. Deterministic; remembers between readings only what the files themselves
 * forget: where agents were, which messages were told, tokens of earlier calls. Terminated agents and swarms, which the
 * files keep for ever, are told as gone.
 */
export class ClaudeFlowFilesReader {
  readonly #places = new AgentPlaces();
  readonly #load = new TaskLoad();
  readonly #tokens = new TokenCount();
  readonly #broadcasts = new NewEvents();
  readonly #knowledge = new NewEvents();

  /** Everything that the files say now. Lists (of what is gone) are told only for files that were read. */
  read(files: ClaudeFlowFiles, atMs: number): Observation[] {
    const tasks = this.#readTasks(files.tasks);
    const swarms = readSwarms(files.swarms);
    const own = readAgentStore(files.agents);
    const workers = readAgentStore(files.workers);
    const gone = new Set([...own.gone, ...workers.gone]);
    // An agent that joined the hive stays in the swarm that it is in.
    const hive = readHive(files.hive, (worker) => !gone.has(worker) && !swarms.membership.has(worker));
    const agents = this.#readAgents(files, { own, workers, membership: swarms.membership, hive });
    return [
      ...swarms.observations,
      ...(hive?.observations ?? (files.hive === undefined ? [] : [NO_HIVE])),
      ...agents,
      ...readDaa(files.daa),
      ...tasks,
      ...readCoordination(files.coordination),
      ...this.#readBroadcasts(files.hive, hive, atMs),
      ...this.#readKnowledge(files.daa, atMs),
    ];
  }

  #readTasks(file: unknown): Observation[] {
    if (file === undefined) return [];
    const { entries, complete } = readValues(taskShape, field(file, 'tasks'));
    const observations = entries.map((task) => readTask(task));
    if (!complete) return observations;
    this.#load.update(entries.map((task) => ({ status: task.status, assignees: task.assignedTo ?? [] })));
    return [...observations, { kind: 'task-list', tasks: entries.map((task) => task.taskId), scope: 'tasks' }];
  }

  #readAgents(files: ClaudeFlowFiles, { own, workers, membership, hive }: Told): Observation[] {
    const observations: Observation[] = [];
    const present = new Map([...own.entries, ...workers.entries].map((agent) => [agent.agentId, agent]));
    for (const agent of present.values()) {
      const swarm =
        membership.get(agent.agentId) ?? (hive?.workers.has(agent.agentId) === true ? hive.swarm : undefined);
      observations.push(...this.#places.move(agent.agentId, swarm));
      observations.push(readAgent(agent, swarm, this.#load.of(agent.agentId)));
      observations.push(...this.#readTokens(agent.agentId, swarm, files));
    }
    // A worker without a record of its own: its id is all that is known.
    for (const worker of hive?.workers ?? []) {
      if (hive !== undefined && !present.has(worker))
        observations.push(agentSeen(hive.swarm, worker, { kind: 'hive' }));
    }
    const isKnown = (files.agents !== undefined || files.workers !== undefined) && own.complete && workers.complete;
    if (!isKnown) return observations;
    this.#places.keepOnly(new Set(present.keys()));
    return [...observations, { kind: 'agent-list', swarm: undefined, agents: [...present.keys()], scope: 'agents' }];
  }

  #readTokens(agent: string, swarm: string | undefined, files: ClaudeFlowFiles): Observation[] {
    const record = field(field(files.agents, 'agents'), agent);
    const tokens = this.#tokens.count(agent, field(record, 'lastResult'));
    if (tokens === undefined) return [];
    const facts = { performance: { tokens_used: tokens } };
    return [agentSeen(swarm, agent, facts, { 'performance.tokens_used': 'derived' })];
  }

  /** A broadcast is one message to each worker; only those that came since the first reading. */
  #readBroadcasts(file: unknown, hive: Hive | undefined, atMs: number): Observation[] {
    if (file === undefined) return [];
    const { entries } = readEntries(broadcastShape, field(field(file, 'sharedMemory'), 'broadcasts'));
    const fresh = this.#broadcasts.among(entries, (broadcast) => broadcast.messageId);
    if (hive === undefined) return [];
    return fresh.flatMap((broadcast) =>
      [...hive.workers]
        .filter((worker) => worker !== broadcast.fromId)
        .map((to) => message(hive.swarm, broadcast.fromId, to, 'coordination', broadcast.timestamp ?? atMs)),
    );
  }

  #readKnowledge(file: unknown, atMs: number): Observation[] {
    if (file === undefined) return [];
    const { entries } = readValues(knowledgeShape, field(file, 'knowledge'));
    const fresh = this.#knowledge.among(entries, (knowledge) => knowledge.id);
    return fresh.flatMap((knowledge) =>
      (knowledge.targetAgents ?? []).map((to) =>
        message(DAA_SWARM, knowledge.sharedBy, to, 'data_exchange', knowledge.timestamp ?? atMs),
      ),
    );
  }
}

function message(swarm: string, from: string, to: string, type: string, atMs: number): Observation {
  return { kind: 'message', swarm, from, to, message_type: type, at_ms: atMs };
}

/** A store of agents without the terminated ones, whose ids are in `gone`. */
interface AgentStore extends Entries<AgentEntry> {
  gone: readonly string[];
}

/** What the other files say of agents. */
interface Told {
  own: AgentStore;
  workers: AgentStore;
  membership: ReadonlyMap<string, string>;
  hive: Hive | undefined;
}

function readAgentStore(file: unknown): AgentStore {
  if (file === undefined) return { entries: [], complete: true, gone: [] };
  const { entries, complete } = readValues(agentShape, field(file, 'agents'));
  return {
    entries: entries.filter((agent) => !isTerminated(agent)),
    complete,
    gone: entries.filter((agent) => isTerminated(agent)).map((agent) => agent.agentId),
  };
}

/** Swarms that are not terminated, and the swarm of each of their agents (the newest that names it). */
function readSwarms(file: unknown): { observations: Observation[]; membership: ReadonlyMap<string, string> } {
  const membership = new Map<string, string>();
  if (file === undefined) return { observations: [], membership };
  const dictionary = field(file, 'swarms');
  const { entries, complete } = readValues(swarmShape, dictionary);
  const present = entries.filter((swarm) => swarm.status !== 'terminated');
  const byAge = present.toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0));
  for (const swarm of byAge) {
    // Not from the shape: its lists are bounded for display, and this one may be longer.
    for (const agent of readIds(field(field(dictionary, swarm.swarmId), 'agents')))
      membership.set(agent, swarm.swarmId);
  }
  const observations = present.map((swarm) => readSwarm(swarm));
  if (complete) {
    observations.push({ kind: 'swarm-list', swarms: present.map((swarm) => swarm.swarmId), scope: 'swarms' });
  }
  return { observations, membership };
}

interface Hive {
  swarm: string;
  workers: ReadonlySet<string>;
  observations: Observation[];
}

const NO_HIVE: Observation = { kind: 'swarm-list', swarms: [], scope: 'hive' };

function readHive(file: unknown, isMember: (worker: string) => boolean): Hive | undefined {
  const state = readOne(hiveShape, file);
  if (state?.initialized !== true || state.createdAt === undefined) return undefined;
  const swarm = hiveSwarm(state.createdAt);
  const workers = new Set(readIds(field(file, 'workers')).filter(isMember));
  // The queen's status is nowhere in the file; that the hive has her is all that is told.
  const queen = readQueen(swarm, field(file, 'queen'));
  const members = queen === undefined ? [...workers] : [queen.agent, ...workers];
  return {
    swarm,
    workers,
    observations: [
      readHiveSwarm(swarm, state.topology, state.createdAt),
      { kind: 'swarm-list', swarms: [swarm], scope: 'hive' },
      ...(queen === undefined ? [] : [queen.observation]),
      { kind: 'agent-list', swarm, agents: members, scope: 'hive' },
    ],
  };
}

function readDaa(file: unknown): Observation[] {
  if (file === undefined) return [];
  const { entries, complete } = readValues(daaShape, field(file, 'agents'));
  const observations: Observation[] = entries.length === 0 ? [] : [swarmSeen(DAA_SWARM, {})];
  for (const agent of entries) {
    const facts: Nullable<AgentFacts> = {
      name: agent.name,
      type: agent.type,
      kind: 'daa',
      ...statusFacts(agent.status),
      capabilities: agent.capabilities,
      created_at_ms: agent.createdAt,
      performance: { success_rate: agent.metrics?.successRate },
      neural: {
        cognitive_pattern: agent.cognitivePattern,
        learning_rate: agent.learningRate,
        adaptations: agent.metrics?.adaptations,
      },
    };
    observations.push(agentSeen(DAA_SWARM, agent.id, facts));
  }
  if (!complete) return observations;
  const agents = entries.map((agent) => agent.id);
  const swarms = agents.length === 0 ? [] : [DAA_SWARM];
  return [
    ...observations,
    { kind: 'agent-list', swarm: DAA_SWARM, agents, scope: 'daa' },
    { kind: 'swarm-list', swarms, scope: 'daa' },
  ];
}

/** Counts only: nodes carry agents' ids without being agents, and orchestrations are recorded but never run. */
function readCoordination(file: unknown): Observation[] {
  const nodes = asRecord(field(file, 'nodes'));
  if (nodes === undefined) return [];
  const { entries } = readValues(nodeShape, nodes);
  const active = entries.filter((node) => node.status === 'active').length;
  return [{ kind: 'server', metrics: { coordination_nodes: entries.length, coordination_nodes_active: active } }];
}
