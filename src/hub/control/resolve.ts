/** From what an operation names to the one server that is to do it. */
import type { AgentRecord } from '../../model/agent.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { SwarmRecord } from '../../model/swarm.ts';
import type { OperationName } from '../../protocol/operations/operations.ts';
import { ControlError } from './control-error.ts';
import { known, quote, type Place, type WorldIndex } from './world-index.ts';

/** The input with ids as the server knows them, and the server. */
export interface Resolved {
  server: ServerRecord;
  input: Record<string, unknown>;
}

interface Names extends Place {
  agent_id?: string | undefined;
  task_id?: string | undefined;
  from?: string | undefined;
  message?: unknown;
  agents?: unknown;
  targets?: unknown;
}

/** Operations for which an absent swarm_id is the server's only swarm, where it has but one. */
const IN_A_SWARM: ReadonlySet<OperationName> = new Set(['task.orchestrate', 'memory.store', 'memory.retrieve']);

/**
 * @param canDo servers that are connected and have the operation
 * @throws ControlError no_such_server, no_such_swarm, no_such_agent, no_such_task, ambiguous, unsupported_by_server
 */
export function resolve(
  operation: OperationName,
  input: Record<string, unknown>,
  world: WorldIndex,
  canDo: readonly ServerRecord[],
): Resolved {
  const names = input as Names;
  const named = swarmNamed(names, world);
  const place: Place = { server_id: named?.server_id ?? names.server_id, swarm_id: named?.id };
  const agent = agentNamed(names, place, world);
  const serverId = place.server_id ?? agent?.server_id ?? serverOfTask(names, world);
  const server = serverId === undefined ? theOnly(operation, canDo) : world.server(serverId);
  const swarm = place.swarm_id ?? (agent && world.swarmOf(agent)?.id) ?? onlySwarm(operation, server, world);
  return {
    server,
    input: defined({
      ...input,
      server_id: undefined,
      swarm_id: swarm,
      agent_id: agent?.id ?? names.agent_id,
      agents: operation === 'task.orchestrate' ? bareIds(names.agents, server, world) : names.agents,
      targets: bareIds(names.targets, server, world),
      ...sender(names, server, world),
    }),
  };
}

function swarmNamed({ server_id, swarm_id }: Names, world: WorldIndex): SwarmRecord | undefined {
  if (server_id !== undefined) world.server(server_id);
  return swarm_id === undefined ? undefined : world.swarm(swarm_id, server_id);
}

/** An agent that is not known may be new: the server that is named will say. */
function agentNamed({ agent_id }: Names, place: Place, world: WorldIndex): AgentRecord | undefined {
  if (agent_id === undefined) return undefined;
  const agent = world.findAgent(agent_id, place);
  if (agent !== undefined || place.server_id !== undefined) return agent;
  throw new ControlError(
    'no_such_agent',
    `no server is known to have agent ${quote(agent_id)}: name server_id, if it is new`,
  );
}

function serverOfTask({ task_id }: Names, world: WorldIndex): string | undefined {
  if (task_id === undefined) return undefined;
  const task = world.findTask(task_id, undefined);
  if (task !== undefined) return task.server_id;
  throw new ControlError(
    'no_such_task',
    `no server is known to have task ${quote(task_id)}: name server_id, if it is new`,
  );
}

function onlySwarm(operation: OperationName, server: ServerRecord, world: WorldIndex): string | undefined {
  if (!IN_A_SWARM.has(operation)) return undefined;
  const swarms = world.swarmsOf(server.id);
  return swarms.length === 1 ? swarms[0]?.id : undefined;
}

function theOnly(operation: OperationName, canDo: readonly ServerRecord[]): ServerRecord {
  const [first] = canDo;
  if (first === undefined) {
    throw new ControlError('unsupported_by_server', `no connected server can do ${operation}`);
  }
  if (canDo.length === 1) return first;
  const ids = canDo.map(({ id }) => id);
  throw new ControlError('ambiguous', `several servers can do ${operation}: name server_id; ${known(ids)}`);
}

/** Ids as the server has them, where keys were given. */
function bareIds(value: unknown, server: ServerRecord, world: WorldIndex): unknown {
  if (!Array.isArray(value)) return value;
  return (value as unknown[]).map((name) =>
    typeof name === 'string' ? (world.findAgent(name, { server_id: server.id })?.id ?? name) : name,
  );
}

/**
 * Who a message is from. A server knows its own agents only: the key of a sender from elsewhere travels in the message.
 */
function sender(
  { from, message }: Names,
  server: ServerRecord,
  world: WorldIndex,
): { from?: unknown; message?: unknown } {
  if (from === undefined) return {};
  const own = world.findAgent(from, { server_id: server.id });
  if (own !== undefined) return { from: own.id };
  const foreign = world.findAgent(from, {});
  if (foreign === undefined) {
    throw new ControlError('no_such_agent', `the sender ${quote(from)} is no agent that the gateway knows`);
  }
  return { from: undefined, message: { from: foreign.key, message } };
}

/** Without the fields that are undefined. */
function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
