/**
 * Secrets of MCP servers. The configuration says where each is, `{ env: NAME }` or `{ file: PATH }`; it is read when the
 * configuration is, at the start and at every reload, so that a changed secret is a changed server.
 */
import { readFileSync } from 'node:fs';
import { isPlainObject } from './layers.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with one entry. `key` is relative to the entry. */
export interface EntryProblem {
  key: string;
  message: string;
}

export interface ReadEntry {
  /** As configured, with the secrets in the places of what said where they are. */
  entry: unknown;
  problems: EntryProblem[];
  /** Keys under which a secret stands in the configuration itself. */
  literal: string[];
}

/** Fields that hold text from elsewhere. `*` is any key. A literal one is refused, pointed out, or no secret. */
const FIELDS: readonly { path: readonly string[]; literal: 'refused' | 'pointed out' | 'public' }[] = [
  { path: ['bearer'], literal: 'refused' },
  { path: ['api_key'], literal: 'pointed out' },
  { path: ['headers', '*'], literal: 'pointed out' },
  { path: ['env', '*'], literal: 'pointed out' },
  { path: ['tls', 'ca'], literal: 'public' },
  { path: ['tls', 'cert'], literal: 'public' },
  { path: ['tls', 'key'], literal: 'refused' },
  { path: ['tls', 'key_passphrase'], literal: 'refused' },
];
const WAYS = '{ env: NAME } or { file: PATH }';
const LOOKS_SECRET = /key|token|secret|password|passwd|authorization|cookie/i;

/** True for names of headers and of the environment whose values are secret, as it seems. */
export function looksSecret(name: string): boolean {
  return LOOKS_SECRET.test(name);
}

/** Stands where nothing could be read, so that one problem is not told twice. */
const UNREAD = '(not read)';

/** Reads the secrets of one entry of `servers`, whatever it is. */
export function readServerSecrets(entry: unknown, environment: Environment): ReadEntry {
  if (!isPlainObject(entry)) return { entry, problems: [], literal: [] };
  const read: ReadEntry & { entry: Record<string, unknown> } = { entry: { ...entry }, problems: [], literal: [] };
  for (const { path, literal } of FIELDS) {
    const [name = '', inner] = path;
    const outer = read.entry[name];
    if (inner === undefined) replace(read, { holder: read.entry, name, key: name, literal }, environment);
    else if (isPlainObject(outer)) {
      const holder = { ...outer };
      read.entry[name] = holder;
      for (const each of inner === '*' ? Object.keys(holder) : [inner])
        replace(read, { holder, name: each, key: `${name}.${each}`, literal }, environment);
    }
  }
  return read;
}

interface Place {
  holder: Record<string, unknown>;
  name: string;
  key: string;
  literal: (typeof FIELDS)[number]['literal'];
}

function replace(read: ReadEntry, { holder, name, key, literal }: Place, environment: Environment): void {
  const value = holder[name];
  if (isPlainObject(value)) {
    const { text, problem } = lookUp(value, environment);
    holder[name] = text ?? UNREAD;
    if (problem !== undefined) read.problems.push({ key, message: problem });
  } else if (typeof value === 'string' && literal === 'refused') {
    read.problems.push({ key, message: `a secret does not belong into the configuration; say where it is: ${WAYS}` });
    holder[name] = UNREAD;
  } else if (typeof value === 'string' && literal === 'pointed out' && (name === key || looksSecret(name))) {
    read.literal.push(key);
  }
}

function lookUp(where: Record<string, unknown>, environment: Environment): { text?: string; problem?: string } {
  const { env, file } = where;
  const names = Object.keys(where);
  if (names.length === 1 && typeof env === 'string') {
    const text = environment[env];
    return text === undefined || text === '' ? { problem: `environment ${env} is not set` } : { text };
  }
  if (names.length === 1 && typeof file === 'string') return readText(file);
  return { problem: `must be ${WAYS}` };
}

function readText(file: string): { text?: string; problem?: string } {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? { problem: `${file} is empty` } : { text };
  } catch (error) {
    return { problem: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
