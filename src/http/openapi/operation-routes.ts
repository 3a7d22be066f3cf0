import { z } from 'zod';
import { OPERATION_NAMES, OPERATIONS, replySchema, type OperationName } from '../../protocol/operations/operations.ts';
import type { Operation } from '../../protocol/operations/operation.ts';
import { OPERATION_BINDINGS, type OperationBinding } from '../operation-bindings.ts';
import { FAILURE_STATUS } from '../operations-api.ts';
import type { DescribedRoute } from './described-route.ts';

/** Problems that an operation may be answered with; 401 and 403 follow from the role. */
const PROBLEMS = [...new Set(Object.values(FAILURE_STATUS))].filter((status) => status !== 403);

const operationSummary = z
  .object({
    name: z.string(),
    summary: z.string(),
    role: z.enum(['viewer', 'operator']),
    kind: z.enum(['read', 'write']),
    repeatable: z.boolean().describe('Asked again when no answer came, since twice is the same as once'),
    servers: z.array(z.string()).describe('Ids of the servers that can do it now'),
    input: z.record(z.string(), z.unknown()).describe('JSON Schema of the input'),
  })
  .meta({ id: 'OperationSummary' });

/** Every path of every control operation. */
export function operationRoutes(): DescribedRoute[] {
  const named = OPERATION_NAMES.map((name) =>
    describe({ method: 'post', path: `/api/operations/${name}`, operation: name }, name),
  );
  const bound = OPERATION_BINDINGS.map((binding) =>
    describe(binding, `${binding.method} ${binding.path.replace('/api/', '').replaceAll(/[/:]+/g, ' ')}`),
  );
  const list: DescribedRoute = {
    method: 'get',
    path: '/api/operations',
    id: 'operations',
    tag: 'control',
    summary: 'The control operations, with their inputs and the servers that can do them now',
    role: 'viewer',
    result: z.object({ operations: z.array(operationSummary) }),
  };
  return [list, ...named, ...bound];
}

function describe({ method, path, operation, seeds }: OperationBinding, id: string): DescribedRoute {
  const { input, summary, role }: Operation = OPERATIONS[operation];
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const inPath = names.map((name) => [name, (input.shape[name] as z.ZodType | undefined) ?? z.string()] as const);
  const rest = without(input, names);
  const isQuery = method === 'get';
  return {
    method,
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    id: id.replaceAll(/[^A-Za-z0-9]+(.)/g, (_, next: string) => next.toUpperCase()),
    tag: seeds === true ? 'seeds' : 'control',
    summary,
    role,
    params: names.length === 0 ? undefined : z.object(Object.fromEntries(inPath)),
    query: isQuery ? rest : undefined,
    body: isQuery ? undefined : rest,
    result: resultOf(operation),
    problems: PROBLEMS,
  };
}

const results = new Map<OperationName, z.ZodType>();

/** One component for each operation, whatever the number of its paths. */
function resultOf(operation: OperationName): z.ZodType {
  let result = results.get(operation);
  if (result === undefined) {
    const id = `Reply_${operation.replace('.', '_')}`;
    result = replySchema.extend({ result: OPERATIONS[operation].result }).meta({ id });
    results.set(operation, result);
  }
  return result;
}

/** Not by omit(): zod refuses that for an object with a check over several fields. */
function without({ shape }: z.ZodObject, names: readonly string[]): z.ZodObject {
  return z.strictObject(Object.fromEntries(Object.entries(shape).filter(([name]) => !names.includes(name))));
}
