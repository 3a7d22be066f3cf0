/** Control operations of a server that nobody wrote a dialect for: which of its tools does each, and where its reply has what. */
import { z } from 'zod';
import { OPERATIONS, type OperationName } from '../../protocol/operations/operations.ts';

/** Operations that may be mapped, and the fields of their results that only the reply can tell. */
const NEEDED = {
  'swarm.init': ['swarm_id'],
  'swarm.dissolve': [],
  'swarm.coordinate': [],
  'agent.spawn': ['agent_id'],
  'agent.update': [],
  'agent.terminate': [],
  'agent.message': [],
  'task.assign': ['task_id'],
  'task.orchestrate': ['task_id'],
  'task.cancel': [],
  'task.results': ['results'],
  'memory.store': [],
  'memory.retrieve': ['value'],
} as const satisfies { [K in OperationName]?: readonly string[] };
export type MappedOperation = keyof typeof NEEDED;

const mappedCall = z.strictObject({
  tool: z.string().min(1),
  args: z.record(z.string(), z.string()).default({}),
  fixed: z.record(z.string(), z.unknown()).default({}),
  result: z.record(z.string(), z.string()).default({}),
});
/** `args`: argument of the tool → field of the operation's input. `fixed`: further arguments. `result`: field → dotted path. */
export type MappedCall = z.infer<typeof mappedCall>;

export const mappedOperations = z
  .record(z.string(), mappedCall)
  .superRefine((operations, context) => {
    for (const [name, call] of Object.entries(operations)) {
      for (const message of problemsOf(name, call)) context.addIssue({ code: 'custom', path: [name], message });
    }
  })
  .default({})
  .describe(
    'Control operations, each as { tool, args: argument → field of the input, fixed: further arguments, result: field → dotted path in the reply }',
  );

function problemsOf(name: string, { args, result }: MappedCall): string[] {
  if (!isMappable(name)) return [`cannot be mapped; allowed: ${Object.keys(NEEDED).join(', ')}`];
  const { input, result: told } = OPERATIONS[name];
  const needed: readonly string[] = NEEDED[name];
  return [
    ...unknownOf('args', Object.values(args), Object.keys(input.shape)),
    ...unknownOf('result', Object.keys(result), Object.keys(told.shape)),
    ...needed
      .filter((field) => !Object.hasOwn(result, field))
      .map((field) => `result.${field} is missing: only the reply tells it`),
  ];
}

export function isMappable(name: string): name is MappedOperation {
  return Object.hasOwn(NEEDED, name);
}

function unknownOf(where: string, names: readonly string[], allowed: readonly string[]): string[] {
  return names
    .filter((name) => !allowed.includes(name))
    .map((name) => `${where}: there is no field ${JSON.stringify(name)}; allowed: ${allowed.join(', ')}`);
}
