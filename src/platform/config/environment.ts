/** Settings from environment names. */
import { parseDocument } from 'yaml';
import { ENV_ALIASES, SEED_NAMES_WITHOUT_EFFECT, SEED_SERVERS, type SeedServer } from './aliases.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { setPath, type Layered } from './layers.ts';
import type { Environment } from './server-secrets.ts';
import { settingsTable, type Setting } from './settings-table.ts';
import { nearest } from './suggest.ts';

const BOOLEANS = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

// Set by the gateway for its own child processes, or by npm; not settings.
const NOT_SETTINGS = new Set(['SWARMCAST_CONFIG', 'SWARMCAST_TOKEN']);

/** The token that commands which connect to a gateway send. */
export function tokenOfEnvironment(environment: Environment = process.env): string | undefined {
  const token = environment['SWARMCAST_TOKEN'];
  return token === '' ? undefined : token;
}

/**
 * Lays the environment over `layered`; returns notes on names without effect.
 * @throws {@link ConfigError} for unknown `SWARMCAST_…` names and values of the wrong type.
 */
export function applyEnvironment(layered: Layered, environment: Environment): string[] {
  const problems: ConfigProblem[] = [];
  const table = settingsTable();
  const byPath = new Map(table.map((setting) => [setting.path, setting]));
  const targets = new Map<string, { setting: Setting; factor: number }>();
  for (const [name, alias] of Object.entries(ENV_ALIASES)) {
    const setting = byPath.get(alias.path);
    if (setting !== undefined) targets.set(name, { setting, factor: alias.factor ?? 1 });
  }
  for (const setting of table) targets.set(setting.env, { setting, factor: 1 });

  // In order of the table, so that SWARMCAST_… names win over the seeds' ones whatever the environment's order.
  for (const [name, { setting, factor }] of targets) {
    const text = environment[name];
    if (text === undefined || text === '') continue;
    const value = coerce(text, setting, factor);
    if (value === undefined) problems.push(wrongType(name, text, setting));
    else setPath(layered, setting.path, value, `environment ${name}`);
  }
  problems.push(...unknownNames(environment, targets));
  addSeedServers(layered, environment, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return SEED_NAMES_WITHOUT_EFFECT.filter((name) => environment[name] !== undefined).map(
    (name) => `${name} is understood and has no effect in this version`,
  );
}

function coerce(text: string, setting: Setting, factor: number): unknown {
  switch (setting.kind) {
    case 'integer':
    case 'number': {
      const number = Number(text);
      return text.trim() === '' || !Number.isFinite(number) ? undefined : number * factor;
    }
    case 'boolean':
      return BOOLEANS.get(text.toLowerCase());
    case 'list': {
      const parsed: unknown = /^\s*[[{]/.test(text)
        ? parseDocument(text).toJS()
        : text.split(',').map((item) => item.trim());
      return Array.isArray(parsed) ? parsed : undefined;
    }
    case 'string':
      return text;
  }
}

function wrongType(name: string, text: string, setting: Setting): ConfigProblem {
  const shown = setting.secret ? '***' : JSON.stringify(text);
  return { key: setting.path, source: `environment ${name}`, message: `${shown} is not of kind ${setting.kind}` };
}

function unknownNames(environment: Environment, known: ReadonlyMap<string, unknown>): ConfigProblem[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('SWARMCAST_') && !known.has(name) && !NOT_SETTINGS.has(name))
    .map((name) => ({
      key: name,
      source: 'environment',
      message: `is not a setting${nearest(name, [...known.keys()])}; swarmcast check-config --list prints all names`,
    }));
}

function addSeedServers(layered: Layered, environment: Environment, problems: ConfigProblem[]): void {
  for (const seed of SEED_SERVERS) {
    const host = firstSet(environment, seed.hosts);
    const port = firstSet(environment, seed.ports);
    const name = (host ?? port)?.name;
    if (name === undefined) continue;
    const number = port === undefined ? seed.defaultPort : Number(port.value);
    if (isPort(number)) addServer(layered, seed, host?.value ?? '127.0.0.1', number, `environment ${name}`);
    else problems.push(notAPort(port));
  }
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= 65_535;
}

function notAPort(port: { name: string; value: string } | undefined): ConfigProblem {
  const message = `${JSON.stringify(port?.value)} is not a port (1–65535)`;
  return { key: 'servers', source: `environment ${port?.name ?? ''}`, message };
}

function addServer(layered: Layered, seed: SeedServer, host: string, port: number, source: string): void {
  const present = Array.isArray(layered.value['servers']) ? layered.value['servers'] : [];
  const others = present.filter((server: { id?: unknown }) => server.id !== seed.id);
  const server = { id: seed.id, type: seed.type, transport: 'tcp', host, port };
  setPath(layered, 'servers', [...others, server], source);
}

function firstSet(environment: Environment, names: readonly string[]): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}
