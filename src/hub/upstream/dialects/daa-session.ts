import { z } from 'zod';
import type { Observation } from '../../../model/observation.ts';
import { DAA_SWARM, DaaFacet } from './daa-facet.ts';
import type { Cadence, Call, DialectSession, Outcome, PeerDescription } from './dialect.ts';
import { ListsBySwarm } from './lists-by-swarm.ts';
import { agentSeen, taskSeen } from './observing.ts';
import {
  amount,
  asRecord,
  compact,
  field,
  id,
  ids,
  optionalId,
  readEntries,
  readIds,
  readOne,
  text,
  texts,
  time,
} from './reading.ts';
import { statusFacts } from './status-words.ts';

/** A DaaAgentInfo of the crate. Its endpoint is not read; nor its free metadata, but for a swarm that it may name. */
const agentShape = z.object({
  id,
  name: text,
  agent_type: text,
  status: text,
  capabilities: texts,
  created_at: time,
  metadata: z.object({ swarm_id: optionalId }).optional().catch(undefined),
});

/** A DaaTask of the crate. Its parameters are not read. */
const taskShape = z.object({ id, description: text, priority: text, assigned_agents: ids });
const taskEntryShape = z.object({ task: taskShape, status: text });

const swarmShape = z.object({ total_agents: amount, active_agents: amount, total_messages: amount });
const countsShape = z.record(z.string(), z.unknown()).optional().catch(undefined);
const metricsShape = z.object({ agents: countsShape, tasks: countsShape, swarm: countsShape });
const METRIC_NAMES: ReadonlySet<string> = new Set(
  'total running paused stopped error pending completed failed cancelled total_messages recent_messages'.split(' '),
);

const SPAWNED = / with ID: ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** A DAA server. The crate knows no swarms: its agents are in `daa`, but for those whose metadata names another. */
export class DaaSession implements DialectSession {
  readonly #facet: DaaFacet;
  readonly #lists = new ListsBySwarm('daa');
  readonly #isCrate: boolean;
  readonly #offers: (tool: string) => boolean;

  constructor(peer: PeerDescription) {
    this.#offers = (tool) => peer.tools.size === 0 || peer.tools.has(tool);
    this.#isCrate = peer.tools.has('list_agents');
    this.#facet = new DaaFacet(this.#offers);
  }

  get remembered(): number {
    return this.#facet.remembered;
  }

  warmUp(): Call[] {
    return [];
  }

  plan(cadence: Cadence): Call[] {
    if (!this.#isCrate) return cadence === 'fast' ? this.#planFacet() : [];
    const tools = cadence === 'fast' ? ['list_agents', 'list_tasks'] : ['get_swarm_status', 'get_system_metrics'];
    return tools.filter((tool) => this.#offers(tool)).map((tool) => ({ kind: 'tool', tool, args: {} }));
  }

  read(call: Call, outcome: Outcome, atMs: number): Observation[] {
    if (call.kind !== 'tool') return [];
    const facet = this.#facet.read(call, outcome, atMs);
    if (facet !== undefined || !outcome.ok) return facet ?? [];
    const { payload } = outcome;
    switch (call.tool) {
      case 'list_agents':
        return this.#readAgents(payload);
      case 'get_agent_info':
        return readEntries(agentShape, [payload]).entries.map(readAgent);
      case 'spawn_agent':
        return this.#readSpawned(payload, call.args);
      case 'stop_agent':
        return readStopped(payload, call.args);
      case 'list_tasks':
        return readTasks(payload);
      case 'send_swarm_message':
        return readSent(payload, call.args, atMs);
      case 'get_swarm_status':
        return readSwarmStatus(payload);
      case 'get_system_metrics':
        return readSystemMetrics(payload);
      default:
        return [];
    }
  }

  /** The server pushes nothing. */
  readPush(): Observation[] {
    return [];
  }

  readNoise(): Observation[] {
    return [];
  }

  #readAgents(payload: unknown): Observation[] {
    const { entries, complete } = readEntries(agentShape, field(payload, 'agents'));
    const observations = entries.map(readAgent);
    if (!complete) return observations;
    return [...observations, ...this.#lists.list(entries.map((agent) => ({ swarm: swarmOf(agent), agent: agent.id })))];
  }

  /** `Successfully spawned agent '…' with ID: <uuid>`: the rest is in the question. The next list says where it really is. */
  #readSpawned(payload: unknown, args: Record<string, unknown>): Observation[] {
    const agent = typeof payload === 'string' ? SPAWNED.exec(payload)?.[1] : undefined;
    if (agent === undefined) return [];
    const config = readOne(agentShape.omit({ id: true, status: true, created_at: true }), args['config']);
    const spawned = { ...config, id: agent, status: 'starting' };
    this.#lists.hearOf(swarmOf(spawned));
    return [readAgent(spawned)];
  }

  /** A server without a list of learners, and none created yet, is asked for its list again: it also is the probe. */
  #planFacet(): Call[] {
    const calls = this.#facet.plan();
    return calls.length > 0 ? calls : [{ kind: 'tool', tool: 'daa_learning_status', args: {} }];
  }
}

type AgentEntry = z.infer<typeof agentShape>;

function swarmOf(agent: AgentEntry): string {
  return agent.metadata?.swarm_id ?? DAA_SWARM;
}

function readAgent(agent: AgentEntry): Observation {
  return agentSeen(swarmOf(agent), agent.id, {
    name: agent.name,
    type: agent.agent_type,
    kind: 'daa',
    ...statusFacts(agent.status),
    capabilities: agent.capabilities,
    created_at_ms: agent.created_at,
  });
}

/** A stopped agent stays in the list, as stopped. */
function readStopped(payload: unknown, args: Record<string, unknown>): Observation[] {
  const agent = readOne(id, args['agent_id']);
  if (agent === undefined || typeof payload !== 'string' || !payload.startsWith('Successfully')) return [];
  return [agentSeen(undefined, agent, statusFacts('stopped'))];
}

function readTasks(payload: unknown): Observation[] {
  const { entries, complete } = readEntries(taskEntryShape, field(payload, 'tasks'));
  const observations = entries.map(({ task, status }) =>
    taskSeen(task.id, {
      description: task.description,
      status,
      priority: task.priority,
      assignees: task.assigned_agents,
    }),
  );
  if (!complete) return observations;
  return [...observations, { kind: 'task-list', tasks: entries.map(({ task }) => task.id), scope: 'tasks' }];
}

/** Only to agents that the message names: an empty list means all, and the server does not say who that was. */
function readSent(payload: unknown, args: Record<string, unknown>, atMs: number): Observation[] {
  const message = asRecord(args['message']) ?? args;
  const from = readOne(id, message['from_agent']);
  if (from === undefined || typeof payload !== 'string' || !payload.startsWith('Successfully')) return [];
  const type = readOne(text, message['message_type']) ?? 'coordination';
  return readIds(message['to_agents']).map((to) => ({
    kind: 'message',
    swarm: undefined,
    from,
    to,
    message_type: type,
    at_ms: atMs,
  }));
}

function readSwarmStatus(payload: unknown): Observation[] {
  const counts = readOne(swarmShape, payload);
  const metrics = counts === undefined ? {} : (compact(counts) as Record<string, number>);
  return Object.keys(metrics).length === 0 ? [] : [{ kind: 'server', metrics }];
}

function readSystemMetrics(payload: unknown): Observation[] {
  const groups = readOne(metricsShape, payload);
  if (groups === undefined) return [];
  const metrics: Record<string, number> = {};
  for (const [group, counts] of Object.entries(groups)) {
    for (const [name, value] of Object.entries(counts ?? {})) {
      const count = METRIC_NAMES.has(name) ? readOne(amount, value) : undefined;
      if (count !== undefined) metrics[`${group}_${name}`] = count;
    }
  }
  return Object.keys(metrics).length === 0 ? [] : [{ kind: 'server', metrics }];
}
