/** Control operations as the configuration maps them to tools of a server that nobody wrote a dialect for. */
import { OPERATIONS, type OperationInput, type OperationName } from '../../../protocol/operations/operations.ts';
import { isMappable, type MappedCall, type MappedOperation } from '../../../platform/config/mapped-operations.ts';
import { RefusedByServerError } from '../errors.ts';
import { at, idAt } from './dotted-path.ts';
import { tool, type OperationMapping, type Way } from './operation-mapping.ts';
import { excerpt, freeValue, givenNames } from './operation-replies.ts';

const NOTE = 'mapped by the configuration: the tool answered without an error, which is all that is known of it';

type Fields = Record<string, unknown>;
/** What follows from the tool having answered without an error, and from what was asked for. */
const IMPLIED: { readonly [K in MappedOperation]: (input: OperationInput<K>) => Fields } = {
  'swarm.init': () => ({}),
  'swarm.dissolve': ({ swarm_id }) => ({ swarm_id }),
  'swarm.coordinate': ({ swarm_id }) => ({ swarm_id }),
  'agent.spawn': ({ type, name, swarm_id }) => ({ type, name, swarm_id }),
  'agent.update': ({ agent_id, name, status, health, config }) => ({
    agent_id,
    updated: givenNames({ name, status, health, config }),
  }),
  'agent.terminate': ({ agent_id }) => ({ agent_id, terminated: true }),
  'agent.message': ({ agent_id }) => ({ agent_id, delivered: true }),
  'task.assign': ({ agent_id }) => ({ assignees: [agent_id] }),
  'task.orchestrate': () => ({}),
  'task.cancel': ({ task_id }) => ({ task_id, cancelled: true }),
  'task.results': ({ task_id }) => ({ task_id }),
  'memory.store': ({ key }) => ({ key, stored: true }),
  'memory.retrieve': ({ key }) => ({ key, found: true }),
};

/** One way for each operation that is mapped; others are those that the server cannot do. */
export function genericOperations(mapped: Readonly<Record<string, MappedCall>>): OperationMapping {
  const ways = Object.entries(mapped).flatMap(([name, call]) =>
    isMappable(name) ? [[name, [wayOf(name, call)]] as const] : [],
  );
  // Each way was made for the operation under whose name it stands.
  return Object.fromEntries(ways) as OperationMapping;
}

function wayOf<K extends MappedOperation>(name: K, call: MappedCall): Way<K> {
  return {
    calls: [
      (input) => {
        const given = input as Fields;
        const args = Object.entries(call.args).map(([argument, field]) => [argument, given[field]] as const);
        return tool(call.tool, { ...call.fixed, ...Object.fromEntries(args) });
      },
    ],
    read: ([reply], input) => {
      const told = Object.entries(call.result).map(([field, path]) => [field, valueAt(reply, path, field)] as const);
      const found = told.filter(([, value]) => value !== undefined);
      const result = { ...IMPLIED[name](input), ...absence(name, found.length), ...Object.fromEntries(found) };
      return { result: checked(name, result, reply) as ReturnType<Way<K>['read']>['result'], note: NOTE };
    },
  };
}

/** A memory that the reply does not hold was not found; results that it does not hold are not there yet. */
function absence(name: OperationName, found: number): Fields {
  if (found > 0) return {};
  if (name === 'memory.retrieve') return { found: false, value: null };
  return name === 'task.results' ? { results: null } : {};
}

function valueAt(reply: unknown, path: string, field: string): unknown {
  if (field.endsWith('_id')) return idAt(reply, [path]);
  const value = at(reply, path);
  return value === undefined ? undefined : freeValue(value);
}

/** @throws {@link RefusedByServerError} where the reply is not what the mapping says */
function checked(name: OperationName, result: Fields, reply: unknown): unknown {
  const defined = Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined));
  const parsed = OPERATIONS[name].result.safeParse(defined);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))].join(', ');
  throw new RefusedByServerError(
    `its reply has no ${fields} where the mapping says (it may have been done): ${excerpt(reply)}`,
  );
}
