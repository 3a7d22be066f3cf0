/** `swarmcast do`: one control operation on a running gateway. */
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { OPERATION_NAMES, OPERATIONS, operationOf } from '../protocol/operations/operations.ts';
import type { Operation } from '../protocol/operations/operation.ts';
import { askGateway, baseUrl, configuredKey, DEFAULT_URL, escapeControls, RefusedError } from './ask-gateway.ts';
import { EXIT, UsageError, type CommandIo } from './command.ts';

const LONGEST_NAME = Math.max(...OPERATION_NAMES.map((name) => name.length));
const HELP = `swarmcast do — have a server do something: agents, tasks, swarms, memory

Usage: swarmcast do OPERATION [--FIELD VALUE …] [options]
       swarmcast do OPERATION --help      the fields of one operation

Operations (o: for operators):
${OPERATION_NAMES.map((name) => `  ${name.padEnd(LONGEST_NAME)}  ${OPERATIONS[name].role === 'operator' ? 'o' : ' '} ${OPERATIONS[name].summary}`).join('\n')}

      --input JSON     all fields at once, or those that are no plain text; flags win
      --url URL        of the gateway (default ${DEFAULT_URL})
      --token TOKEN    who asks; default: server.operator_key (environment SWARMCAST_SERVER_OPERATOR_KEY)

Prints the answer as JSON: what was done, which tools were called (asked), and what must be known of it (note).
Example: swarmcast do agent.spawn --server ruv --type coder --name ann
Exit codes: 0 done, 1 not done (the message says why), 2 bad flags.
`;

const OWN_FLAGS = { input: 'string', url: 'string', token: 'string', help: 'boolean' } as const;
/** Short names of fields. */
const SHORT: Readonly<Record<string, string>> = {
  server: 'server_id',
  swarm: 'swarm_id',
  agent: 'agent_id',
  'task-id': 'task_id',
  ttl: 'ttl_s',
};

/** @throws {UsageError} for bad flags. */
export async function doOperation(argv: string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h') {
    io.stdout.write(HELP);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const operation = operationOf(name);
  if (operation === undefined) throw new UsageError(`no operation "${name}"; allowed: ${OPERATION_NAMES.join(', ')}`);
  const { values, positionals } = parseArgs({ args: rest, options: flagsOf(operation), allowPositionals: true });
  if (values['help'] === true) {
    io.stdout.write(helpOf(name, operation));
    return EXIT.ok;
  }
  if (positionals.length > 0) throw new UsageError(`unexpected "${positionals[0]}": fields are given as --FIELD VALUE`);
  const input = inputOf(values, operation);
  const url = baseUrl(typeof values['url'] === 'string' ? values['url'] : DEFAULT_URL);
  const key = typeof values['token'] === 'string' ? values['token'] : configuredKey();
  try {
    const reply = await askGateway({ url, key, signal: io.signal }, 'POST', `/api/operations/${name}`, input);
    io.stdout.write(`${escapeControls(JSON.stringify(reply, null, 2))}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    io.stderr.write(`swarmcast do ${name}: ${error.message}\n`);
    return EXIT.failed;
  }
}

function flagsOf(operation: Operation): Record<string, { type: 'string' | 'boolean' }> {
  const fields = Object.keys(operation.input.shape);
  const own = Object.entries(OWN_FLAGS).map(([flag, type]) => [flag, { type }] as const);
  const named = fields.map((field) => [flagOf(field), { type: 'string' }] as const);
  const short = Object.entries(SHORT)
    .filter(([flag, field]) => fields.includes(field) && !fields.includes(flag))
    .map(([flag]) => [flag, { type: 'string' }] as const);
  return Object.fromEntries([...named, ...short, ...own]);
}

function inputOf(values: Readonly<Record<string, unknown>>, operation: Operation): Record<string, unknown> {
  const { shape } = operation.input;
  const given = Object.entries(values).flatMap(([flag, value]) => {
    if (flag in OWN_FLAGS || typeof value !== 'string') return [];
    const field = fieldOf(flag, shape);
    return [[field, valueOf(value, shape[field] as z.ZodType)] as const];
  });
  return { ...wholeInput(values['input']), ...Object.fromEntries(given) };
}

function wholeInput(text: unknown): Record<string, unknown> {
  if (typeof text !== 'string') return {};
  const value = jsonOr(text, undefined);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError('--input must be a JSON object');
}

function fieldOf(flag: string, shape: Readonly<Record<string, unknown>>): string {
  const field = flag.replaceAll('-', '_');
  return Object.hasOwn(shape, field) ? field : (SHORT[flag] ?? field);
}

function flagOf(field: string): string {
  return field.replaceAll('_', '-');
}

/** As it is where text is wanted; lists also as `a,b`; else its JSON. What is still wrong the gateway says. */
function valueOf(text: string, field: z.ZodType): unknown {
  const json = jsonOr(text, undefined);
  if (json !== undefined && typeof json !== 'string' && field.safeParse(json).success) return json;
  if (field.safeParse(text).success) return text;
  const list = text.split(',').map((part) => part.trim());
  return field.safeParse(list).success ? list : (json ?? text);
}

function jsonOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Plain text, most often.
    return otherwise;
  }
}

function helpOf(name: string, operation: Operation): string {
  const lines = Object.entries(operation.input.shape).map(([field, schema]) => {
    const type = schema as z.ZodType;
    const short = Object.entries(SHORT).find(([, long]) => long === field)?.[0];
    const flags = `--${flagOf(field)}${short === undefined ? '' : `, --${short}`}`;
    const need = type.safeParse(undefined).success ? '' : 'needed';
    return `  ${flags.padEnd(24)} ${need.padEnd(7)} ${descriptionOf(type)}`.trimEnd();
  });
  const who = operation.role === 'operator' ? 'operators' : 'everybody';
  const twice = operation.repeatable ? 'asked again when no answer came' : 'asked once';
  return `swarmcast do ${name} — ${operation.summary}\n\n${lines.join('\n')}\n\nFor ${who}; ${twice}. swarmcast do --help has the options.\n`;
}

/** Of the field itself, where it is wrapped to be optional or to have a default. */
function descriptionOf(type: z.ZodType): string {
  const { description } = type;
  if (description !== undefined) return description;
  return 'unwrap' in type && typeof type.unwrap === 'function' ? descriptionOf(type.unwrap() as z.ZodType) : '';
}
