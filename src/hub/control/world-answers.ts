/** Operations that only read are answered from the world: no viewer costs a server anything. */
import type { AgentPerformance, AgentRecord } from '../../model/agent.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import type { TaskRecord } from '../../model/task.ts';
import type { OperationInput, OperationResult } from '../../protocol/operations/operations.ts';
import { ControlError } from './control-error.ts';
import { quote, type Place, type WorldIndex } from './world-index.ts';

/** Answers, by operation. @throws {@link ControlError} for what is not there */
export const WORLD_ANSWERS = {
  'swarm.status': (world: WorldIndex, place: OperationInput<'swarm.status'>): OperationResult<'swarm.status'> => ({
    swarms: swarmsAt(world, place).map((swarm) => swarmView(world, swarm)),
  }),
  'agent.list': agentList,
  'agent.status': (world: WorldIndex, input: OperationInput<'agent.status'>): OperationResult<'agent.status'> => ({
    agent: agentView(world, agentAt(world, input.agent_id, input)),
  }),
  'task.status': taskStatus,
  'metrics.query': metricsQuery,
  'metrics.aggregate': metricsAggregate,
} as const;
export type WorldOperation = keyof typeof WORLD_ANSWERS;

function agentAt(world: WorldIndex, name: string, place: Place): AgentRecord {
  const agent = world.findAgent(name, place);
  if (agent === undefined) throw new ControlError('no_such_agent', `there is no agent ${quote(name)} there`);
  return agent;
}

function swarmsAt(world: WorldIndex, { server_id, swarm_id }: Place): SwarmRecord[] {
  if (swarm_id !== undefined) return [world.swarm(swarm_id, server_id)];
  return world.snapshot.swarms.filter((swarm) => server_id === undefined || swarm.server_id === server_id);
}

function agentsAt(world: WorldIndex, { server_id, swarm_id }: Place): AgentRecord[] {
  const swarm = swarm_id === undefined ? undefined : world.swarm(swarm_id, server_id);
  return world.snapshot.agents.filter(
    (agent) =>
      (server_id === undefined || agent.server_id === server_id) && (swarm === undefined || agent.swarm === swarm.ref),
  );
}

function agentList(world: WorldIndex, input: OperationInput<'agent.list'>): OperationResult<'agent.list'> {
  const { type, status, limit, offset } = input;
  const found = agentsAt(world, input).filter(
    (agent) => (type === undefined || agent.type === type) && (status === undefined || agent.status === status),
  );
  const agents = found.slice(offset, offset + limit).map((agent) => agentView(world, agent));
  return { agents, total_count: found.length };
}

const AGENT_FIELDS = [
  'key',
  'server_id',
  'type',
  'name',
  'status',
  'status_raw',
  'stale',
  'stale_since_ms',
  'health',
  'capabilities',
  'current_task',
  'model',
  'created_at_ms',
  'provenance',
] as const satisfies readonly (keyof AgentRecord)[];
const SWARM_FIELDS = ['key', 'server_id', 'topology', 'status', 'strategy', 'max_agents', 'created_at_ms'] as const;
const TASK_FIELDS = ['server_id', 'description', 'status', 'priority', 'progress', 'created_at_ms'] as const;

function agentView(world: WorldIndex, agent: AgentRecord) {
  return {
    ...pick(agent, AGENT_FIELDS),
    agent_id: agent.id,
    swarm_id: world.swarmOf(agent)?.id ?? '',
    ...(agent.performance === undefined ? {} : { performance: numbersOf(agent.performance) }),
  };
}

function swarmView(world: WorldIndex, swarm: SwarmRecord) {
  const agents = world.snapshot.agents.filter((agent) => agent.swarm === swarm.ref);
  const tasks = world.snapshot.tasks.filter((task) => task.swarm === swarm.ref);
  return {
    ...pick(swarm, SWARM_FIELDS),
    swarm_id: swarm.id,
    agents: {
      total: agents.length,
      stale: agents.filter(({ stale }) => stale === true).length,
      by_status: countBy(agents, ({ status }) => status),
    },
    tasks: { total: tasks.length, by_status: countBy(tasks, ({ status }) => status ?? 'unknown') },
  };
}

function taskStatus(world: WorldIndex, input: OperationInput<'task.status'>): OperationResult<'task.status'> {
  const { server_id, swarm_id, task_id } = input;
  const swarm = swarm_id === undefined ? undefined : world.swarm(swarm_id, server_id);
  const keys = new Map(world.snapshot.agents.map((agent) => [agent.ref, agent.key]));
  const tasks = world.snapshot.tasks.filter(
    (task) =>
      (task_id === undefined || task.id === task_id) &&
      (server_id === undefined || task.server_id === server_id) &&
      (swarm === undefined || task.swarm === swarm.ref),
  );
  if (task_id !== undefined && tasks.length === 0)
    throw new ControlError('no_such_task', `there is no task ${quote(task_id)} there`);
  return { tasks: tasks.map((task) => taskView(world, task, keys)) };
}

function taskView(world: WorldIndex, task: TaskRecord, keys: ReadonlyMap<number, string>) {
  const { assignees, swarm } = task;
  const swarmId = swarm === undefined ? undefined : world.swarmOf({ swarm })?.id;
  return {
    ...pick(task, TASK_FIELDS),
    task_id: task.id,
    ...(swarmId === undefined ? {} : { swarm_id: swarmId }),
    ...(assignees === undefined ? {} : { assignees: assignees.flatMap((ref) => keys.get(ref) ?? []) }),
  };
}

function metricsQuery(world: WorldIndex, input: OperationInput<'metrics.query'>): OperationResult<'metrics.query'> {
  const agents = input.agent_id === undefined ? agentsAt(world, input) : [agentAt(world, input.agent_id, input)];
  const metrics = agents.flatMap((agent) => {
    if (agent.performance === undefined) return [];
    const provenance = provenanceOfMetrics(agent);
    return {
      agent_id: agent.id,
      server_id: agent.server_id,
      swarm_id: world.swarmOf(agent)?.id ?? '',
      metrics: numbersOf(agent.performance),
      ...(provenance === undefined ? {} : { provenance }),
    };
  });
  const servers = world.servers
    .filter(({ id }) => input.server_id === undefined || id === input.server_id)
    .flatMap(({ id, metrics: own }) => (own === undefined ? [] : [{ server_id: id, metrics: { ...own } }]));
  return { metrics, servers: input.agent_id === undefined && input.swarm_id === undefined ? servers : [] };
}

function metricsAggregate(
  world: WorldIndex,
  input: OperationInput<'metrics.aggregate'>,
): OperationResult<'metrics.aggregate'> {
  const agents = agentsAt(world, input);
  const values = new Map<string, number[]>();
  const leftOut: Record<string, number> = {};
  for (const agent of agents) {
    for (const [name, value] of Object.entries(numbersOf(agent.performance ?? {}))) {
      if (agent.provenance?.[`performance.${name}`] === 'simulated') leftOut[name] = (leftOut[name] ?? 0) + 1;
      else push(values, name, value);
    }
  }
  const aggregated = [...values].map(([name, all]) => [name, aggregateOf(all)] as const);
  return { agents: agents.length, aggregated_data: Object.fromEntries(aggregated), left_out: leftOut };
}

function push(lists: Map<string, number[]>, name: string, value: number): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [value]);
  else list.push(value);
}

function aggregateOf(values: readonly number[]) {
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { count: values.length, mean: sum / values.length, min, max };
}

/** Sources of an agent's metrics, by the metric's name. */
function provenanceOfMetrics({ provenance }: AgentRecord) {
  const entries = Object.entries(provenance ?? {}).flatMap(([path, source]) =>
    path.startsWith('performance.') ? [[path.slice('performance.'.length), source] as const] : [],
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function numbersOf(performance: AgentPerformance): Record<string, number> {
  const entries = Object.entries(performance as Record<string, number | undefined>);
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

function countBy<T>(all: readonly T[], keyOf: (one: T) => string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(keyOf(one), (counts.get(keyOf(one)) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** The fields that are there. */
function pick<T extends object, K extends keyof T>(record: T, fields: readonly K[]): Pick<T, K> {
  const entries = fields.filter((field) => record[field] !== undefined).map((field) => [field, record[field]]);
  return Object.fromEntries(entries) as Pick<T, K>;
}
