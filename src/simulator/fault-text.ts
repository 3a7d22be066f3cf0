/** Faults as people and programs write them: one table of kinds and fields for the command line, the control port and the help. */
import { FaultSyntaxError } from './errors.ts';
import type { Fault, FaultKind } from './faults.ts';

/** `ms`: `500`, `500ms`, `10s`, `2m`. `skew`: the same, may be negative. `times`: a count, or all. */
type FieldType = 'ms' | 'count' | 'skew' | 'text' | 'of' | 'times';
interface Field {
  type: FieldType;
  max?: number;
  /** Where it is not given; absent: the fault does without it. */
  fallback?: number;
}
interface Kind {
  says: string;
  fields: Readonly<Record<string, Field>>;
}

const DAY_MS = 86_400_000;
const bytes = (fallback: number): Field => ({ type: 'count', max: 67_108_864, fallback });
const ms = (fallback?: number): Field => ({ type: 'ms', max: DAY_MS, ...(fallback === undefined ? {} : { fallback }) });
const code: Field = { type: 'count', max: 255 };

/** Every kind, with what it does and the fields of its own. */
const KINDS: Readonly<Record<FaultKind, Kind>> = {
  'never-answer': { says: 'the request is never answered', fields: {} },
  'late-answer': { says: 'the answer comes after delayMs', fields: { delayMs: ms(20_000) } },
  'close-mid-reply': { says: 'half of the answer, then the connection ends', fields: {} },
  'exit-mid-reply': { says: 'half of the answer, then the server dies', fields: { code } },
  'garbage-line': { says: 'a line that is not JSON comes first (HTTP: instead)', fields: {} },
  'over-long-line': { says: 'an answer of so many bytes', fields: { bytes: bytes(52_428_800) } },
  'wrong-id': { says: 'the answer to a request that nobody made', fields: {} },
  'foreign-reply': { says: 'the answer goes to another connection (not stdio, http)', fields: {} },
  'broadcast-reply': { says: 'the answer goes to every connection (not stdio, http)', fields: {} },
  'duplicate-reply': { says: 'the answer comes twice (not http)', fields: {} },
  'error-and-close': { says: 'a bare {"error": …} that is no JSON-RPC, then the end', fields: {} },
  'method-not-found': { says: 'the error -32601 instead of the answer, e.g. to batch', fields: {} },
  'split-frames': { says: 'the answer in pieces of so many bytes', fields: { bytes: bytes(16) } },
  'slow-drip': {
    says: 'the answer in pieces of so many bytes, one every everyMs',
    fields: { bytes: bytes(16), everyMs: ms(100) },
  },
  'joined-frames': {
    says: 'so many answers in one piece (not http)',
    fields: { count: { type: 'count', max: 1_000, fallback: 3 } },
  },
  'cut-by-age': { says: 'connections older than ageMs are cut when they ask', fields: { ageMs: ms(1_000) } },
  'rate-limited': {
    says: 'HTTP 429 with Retry-After (http only)',
    fields: { retryAfterS: { type: 'count', max: 3_600, fallback: 1 } },
  },
  'event-flood': {
    says: 'so many events at once, or over overMs, heartbeats or agent.status (not http)',
    fields: { events: { type: 'count', max: 10_000_000, fallback: 100_000 }, overMs: ms(), of: { type: 'of' } },
  },
  exit: { says: 'the process dies with this exit code', fields: { code } },
  restart: { says: 'it dies, and is back on its port after ms (not stdio)', fields: { ms: ms(2_000) } },
  freeze: { says: 'it hangs for ms, as by SIGSTOP', fields: { ms: ms(5_000) } },
  'half-open': { says: 'open connections are dead for ever, new ones work (not http)', fields: {} },
  'clock-skew': {
    says: 'its clock is wrong by byMs, for ms or for ever',
    fields: { byMs: { type: 'skew', max: 10 * 365 * DAY_MS, fallback: 3_600_000 }, ms: ms() },
  },
};

const TRIGGER: Readonly<Record<string, Field>> = {
  on: { type: 'text' },
  after: { type: 'count', max: 1_000_000 },
  afterMs: ms(),
  times: { type: 'times', max: 1_000_000 },
};

/** Names of all kinds. */
export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[];

/**
 * Faults of a command line: `never-answer:after=10s,times=3;freeze:ms=2s,on=agent.list`. `after` with a unit is a time,
 * without one a number of requests; `times=all` is every request.
 * @throws FaultSyntaxError
 */
export function parseFaults(text: string): Fault[] {
  return text
    .split(';')
    .filter((part) => part.trim() !== '')
    .map(parseOne);
}

function parseOne(text: string): Fault {
  const [kind, rest = ''] = split(text.trim(), ':');
  const fields: Record<string, unknown> = { kind };
  for (const part of rest.split(',').filter((one) => one !== '')) {
    const [name, value] = split(part, '=');
    if (value === undefined) throw new FaultSyntaxError(`"${part}" in "${text}" is not name=value`);
    fields[name === 'after' && /[a-z]$/.test(value) ? 'afterMs' : name] = value;
  }
  return readFault(fields);
}

function split(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** A fault of a JSON object. Numbers may be written as text, times with a unit. @throws FaultSyntaxError */
export function readFault(value: unknown): Fault {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FaultSyntaxError('a fault is an object with a kind');
  const given = value as Record<string, unknown>;
  const kind = FAULT_KINDS.find((name) => name === given['kind']);
  if (kind === undefined)
    throw new FaultSyntaxError(`"${String(given['kind']).slice(0, 64)}" is not one of: ${FAULT_KINDS.join(', ')}`);
  const allowed: Readonly<Record<string, Field>> = { ...TRIGGER, ...KINDS[kind].fields };
  const fault: Record<string, unknown> = { kind };
  for (const name of Object.keys(given)) {
    if (name !== 'kind' && !Object.hasOwn(allowed, name))
      throw new FaultSyntaxError(`${kind} has no "${name.slice(0, 64)}", but ${Object.keys(allowed).join(', ')}`);
  }
  for (const [name, field] of Object.entries(allowed)) {
    const read = given[name] === undefined ? field.fallback : readField(`${kind}: ${name}`, given[name], field);
    if (read !== undefined) fault[name] = read;
  }
  // Built field by field from the table of kinds.
  return fault as unknown as Fault;
}

/** As JSON can carry it: `times` for all requests is "all". */
export function faultToJson(fault: Fault): Record<string, unknown> {
  return fault.times === Infinity ? { ...fault, times: 'all' } : { ...fault };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, m: 60_000 };

function readField(name: string, value: unknown, field: Field): unknown {
  const max = field.max ?? 0;
  switch (field.type) {
    case 'text':
      if (typeof value === 'string' && /^[\w./-]{1,128}$/.test(value)) return value;
      throw new FaultSyntaxError(`${name} must be a method or tool name`);
    case 'of':
      if (value === 'heartbeat' || value === 'agent.status') return value;
      throw new FaultSyntaxError(`${name} must be heartbeat or agent.status`);
    case 'times':
      return value === 'all' ? Infinity : whole(name, value, 1, max);
    case 'count':
      return whole(name, value, 0, max);
    case 'ms':
      return whole(name, inMs(value), 0, max);
    case 'skew':
      return whole(name, inMs(value), -max, max);
  }
}

function inMs(value: unknown): unknown {
  const match = typeof value === 'string' ? /^(-?\d{1,12})(ms|s|m)?$/.exec(value) : null;
  return match === null ? value : Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1);
}

function whole(name: string, value: unknown, min: number, max: number): number {
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number;
  throw new FaultSyntaxError(`${name} must be a whole number from ${min} to ${max}`);
}

/** One line per kind, for a help text. */
export function describeFaults(): string {
  return FAULT_KINDS.map((kind) => {
    const { says, fields } = KINDS[kind];
    const defaults = Object.entries(fields).map(([name, { fallback }]) =>
      fallback === undefined ? name : `${name}=${fallback}`,
    );
    return `  ${kind.padEnd(17)}${says}${defaults.length === 0 ? '' : ` [${defaults.join(', ')}]`}\n`;
  }).join('');
}
