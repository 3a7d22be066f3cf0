/** An operation on one server, with what whoever asked is told of it. */
import type { ServerRecord } from '../../model/server.ts';
import type { Operation } from '../../protocol/operations/operation.ts';
import type { OperationName, OperationReply } from '../../protocol/operations/operations.ts';
import type { OperationMapping, Way } from '../upstream/dialects/operation-mapping.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { carryOut } from './carry-out.ts';
import { ControlError, controlErrorOf } from './control-error.ts';
import type { WorldIndex } from './world-index.ts';

export interface ServerOperation {
  name: OperationName;
  /** The dialects' operation that does it; mostly itself. */
  by: OperationName;
  operation: Operation;
  server: ServerRecord;
  /** Checked, with ids as the server knows them. */
  input: Record<string, unknown>;
  world: WorldIndex;
  /** Servers that are connected and have the operation. */
  able: readonly ServerRecord[];
  upstream: Upstream | undefined;
}

type Told = Pick<OperationReply, 'source' | 'asked' | 'result' | 'note' | 'provenance'>;

/** @throws {@link ControlError} */
export async function serverOperation(work: ServerOperation): Promise<Told> {
  const { name, operation, server } = work;
  try {
    return await ask(work);
  } catch (error) {
    const failure = controlErrorOf(error, server.id, operation.kind === 'write');
    if (failure.reason !== 'unsupported_by_server') throw failure;
    const others = work.able.flatMap(({ id }) => (id === server.id ? [] : [id]));
    const who = others.length === 0 ? 'no other connected server can' : `servers that can: ${others.join(', ')}`;
    const message = `${server.id} cannot do ${name}: ${failure.message}; ${who}`;
    throw new ControlError('unsupported_by_server', message, { cause: error });
  }
}

async function ask({ by, operation, server, input, world, upstream }: ServerOperation): Promise<Told> {
  const connected = upstream?.connected();
  if (upstream === undefined || connected === undefined)
    throw new ControlError('unavailable', `${server.id} is not connected: ${server.health.reason}`);
  const { dialect, tools } = connected;
  const ways = waysOf(dialect.operations, by);
  if (ways === undefined)
    throw new ControlError('unsupported_by_server', `${dialect.name} servers have nothing for it`);
  const { asked, result, note, simulated } = await carryOut({
    ways,
    // Checked by the schema of this very operation.
    input: input,
    facts: {
      tools,
      swarms: world.swarmsOf(server.id).map(({ id }) => id),
      members: (swarm) => world.members(world.swarm(swarm, server.id)),
    },
    // What a tool does that only the configuration knows may not be the same when it is done twice.
    call: (call) =>
      upstream.call(call, {
        kind: operation.kind,
        repeat: operation.repeatable && (dialect.name !== 'generic' || operation.kind === 'read'),
      }),
    refusal: dialect.refusal ?? (() => undefined),
  });
  return {
    source: 'server',
    asked,
    // Absent, not undefined: it becomes JSON.
    result: JSON.parse(JSON.stringify(result)) as OperationReply['result'],
    ...(note === undefined ? {} : { note }),
    ...(simulated === undefined
      ? {}
      : { provenance: Object.fromEntries(simulated.map((field) => [field, 'simulated'])) }),
  };
}

/** The type of a mapping binds each operation's ways to its input, which a name that is known only here cannot say. */
function waysOf(mapping: OperationMapping | undefined, name: OperationName): readonly Way<OperationName>[] | undefined {
  return mapping?.[name];
}
