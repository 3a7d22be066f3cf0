/** From raw layers to a checked configuration, or a list of everything that is wrong with it. */
import type { z } from 'zod';
import { unsafeAccess } from '../auth/anonymous.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { sourceOf, type Layered } from './layers.ts';
import { configSchema, serverSchema, type Config } from './schema.ts';
import { sendsSecretsInClear, serverProblems } from './server-checks.ts';
import { readServerSecrets, type Environment } from './server-secrets.ts';
import { maskSecrets, settingsTable } from './settings-table.ts';
import { nearest } from './suggest.ts';

/**
 * Secrets of servers are read from `environment` and files. `notes`: what is usable and should be otherwise.
 * @throws {@link ConfigError}
 */
export function checkConfig(layered: Layered, environment: Environment): { config: Config; notes: string[] } {
  const { value, problems: unread, notes } = withSecrets(layered, environment);
  const parsed = configSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    throw new ConfigError([...unread, ...parsed.error.issues.flatMap((issue) => describe(issue, layered))]);
  }
  // What a secret that was not read would be checked for is not to blame.
  const problems = [...unread, ...(unread.length > 0 ? [] : crossFieldProblems(parsed.data, layered))];
  if (problems.length > 0) throw new ConfigError(problems);
  const inClear = parsed.data.servers.filter(sendsSecretsInClear).map(({ id }) => id);
  if (inClear.length > 0) notes.push(`these servers get their credentials without TLS: ${inClear.join(', ')}`);
  return { config: deepFreeze(parsed.data), notes };
}

function withSecrets(layered: Layered, environment: Environment) {
  const problems: ConfigProblem[] = [];
  const literal: string[] = [];
  const { servers } = layered.value;
  if (!Array.isArray(servers)) return { value: layered.value, problems, notes: [] as string[] };
  const entries = servers.map((entry: unknown, index) => {
    const read = readServerSecrets(entry, environment);
    for (const { key, message } of read.problems) {
      const path = `servers.${index}.${key}`;
      problems.push({ key: path, source: sourceOf(layered, path), message });
    }
    literal.push(...read.literal.map((key) => `servers.${index}.${key}`));
    return read.entry;
  });
  const where = 'better { env: NAME } or { file: PATH }';
  const notes = literal.length === 0 ? [] : [`secrets stand in the configuration: ${literal.join(', ')}; ${where}`];
  return { value: { ...layered.value, servers: entries }, problems, notes };
}

function describe(issue: z.core.$ZodIssue, layered: Layered): ConfigProblem[] {
  const key = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownKey(key, name, layered));
  const shown = JSON.stringify(maskSecrets(issue.input ?? null, key)).slice(0, 200);
  const value = issue.input === undefined ? 'is missing' : `${shown} is refused`;
  return [{ key, source: sourceOf(layered, key), message: `${value}: ${issue.message}` }];
}

function unknownKey(parent: string, name: string, layered: Layered): ConfigProblem {
  const key = parent === '' ? name : `${parent}.${name}`;
  const allowed = allowedKeys(parent);
  const list = allowed.length > 0 ? `; allowed here: ${allowed.join(', ')}` : '';
  return { key, source: sourceOf(layered, key), message: `is not a setting${nearest(name, allowed)}${list}` };
}

/** Settings directly under `path`; for an entry of `servers`, those of any transport. */
function allowedKeys(path: string): string[] {
  if (path.startsWith('servers.'))
    return [...new Set(serverSchema.options.flatMap((option) => Object.keys(option.shape)))];
  const prefix = path === '' ? '' : `${path}.`;
  const below = settingsTable().filter((setting) => setting.path.startsWith(prefix));
  return [...new Set(below.map((setting) => setting.path.slice(prefix.length).split('.')[0] ?? ''))];
}

function crossFieldProblems(config: Config, layered: Layered): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const refuse = (key: string, message: string) => problems.push({ key, source: sourceOf(layered, key), message });
  const ids = new Set<string>();
  config.servers.forEach((server, index) => {
    if (ids.has(server.id)) refuse(`servers.${index}.id`, `"${server.id}" is used twice; ids are unique in a gateway`);
    ids.add(server.id);
    for (const { key, message } of serverProblems(server)) refuse(`servers.${index}.${key}`, message);
  });
  const unsafe = unsafeAccess(config);
  if (unsafe !== undefined) refuse(unsafe.key, unsafe.message);
  refuseDuplicateKeys(config, refuse);
  refuseHalfTls(config, refuse);
  if (config.upstream.reconnect_min_ms > config.upstream.reconnect_max_ms) {
    refuse(
      'upstream.reconnect_min_ms',
      `must not be above upstream.reconnect_max_ms (${config.upstream.reconnect_max_ms})`,
    );
  }
  if (config.upstream.pool_min > config.upstream.pool_size) {
    refuse('upstream.pool_min', `must not be above upstream.pool_size (${config.upstream.pool_size})`);
  }
  if (config.resilience.retry_min_ms > config.resilience.retry_max_ms) {
    refuse('resilience.retry_min_ms', `must not be above resilience.retry_max_ms (${config.resilience.retry_max_ms})`);
  }
  if (config.clients.soft_limit_bytes > config.clients.hard_limit_bytes) {
    refuse(
      'clients.soft_limit_bytes',
      `must not be above clients.hard_limit_bytes (${config.clients.hard_limit_bytes})`,
    );
  }
  if (config.simulate.enabled === 'never' && config.servers.length === 0 && !discoversServers(config)) {
    refuse('servers', 'is empty and simulate.enabled is "never": there would be nothing to show');
  }
  return problems;
}

function refuseHalfTls({ edge: { tls } }: Config, refuse: (key: string, message: string) => void): void {
  if (tls.cert !== undefined && tls.key === undefined) refuse('edge.tls.key', 'is missing beside edge.tls.cert');
  if (tls.key !== undefined && tls.cert === undefined) refuse('edge.tls.cert', 'is missing beside edge.tls.key');
  if (tls.passphrase !== undefined && tls.passphrase_file !== undefined) {
    refuse('edge.tls.passphrase_file', 'is given beside edge.tls.passphrase; choose one');
  }
}

function refuseDuplicateKeys({ auth }: Config, refuse: (key: string, message: string) => void): void {
  const ids = new Set<string>();
  auth.keys.forEach(({ id }, index) => {
    if (ids.has(id)) refuse(`auth.keys.${index}.id`, `"${id}" is used twice; the audit log could not tell them apart`);
    ids.add(id);
  });
  if (auth.jwt.secret !== undefined && auth.jwt.secret_file !== undefined) {
    refuse('auth.jwt.secret_file', 'is given beside auth.jwt.secret; choose one');
  }
}

/** True when servers may come from elsewhere than `servers`. */
export function discoversServers({ discovery }: Config): boolean {
  return discovery.file !== undefined || discovery.dns.length > 0 || discovery.registry !== undefined;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
