/** What a new configuration changes in a running gateway. */
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from './errors.ts';
import { isPlainObject } from './layers.ts';
import type { Config } from './schema.ts';
import { settingsTable } from './settings-table.ts';

/** Settings that apply while running, as paths or sections; all others need a restart. */
const LIVE = ['servers', 'auth', 'log.level', 'log.levels', 'discovery', 'upstream', 'resilience', 'control'] as const;

/** Ids of servers and dotted paths of settings; never values, which may be secret. */
export interface ConfigChange {
  servers: { added: string[]; removed: string[]; changed: string[] };
  /** Settings that hold from now on. */
  settings: string[];
  /** Settings that differ from those that the gateway runs with, and hold after a restart. */
  needs_restart: string[];
  /** Threads that could not apply it and keep what they had, each with the reason. */
  failed?: string[];
}

/** A new configuration is applied, or refused whole: then the old one stays, and `message` is what check-config prints. */
export type ReloadAnswer = ({ outcome: 'applied' } & ConfigChange) | { outcome: 'refused'; message: string };

/** `now`: what was applied last; `started`: what the gateway started with. */
export function configChange(now: Config, next: Config, started: Config): ConfigChange {
  // Another certificate takes a new listener, and none, or the first, another protocol.
  const staysSecure = started.edge.tls.cert !== undefined && next.edge.tls.cert !== undefined;
  const holdsNow = (path: string): boolean => isLive(path) || (staysSecure && path.startsWith('edge.tls.'));
  return {
    servers: serversChange(now, next),
    settings: differing(now, next).filter((path) => holdsNow(path) && path !== 'servers'),
    needs_restart: differing(started, next).filter((path) => !holdsNow(path)),
  };
}

/** Reads and applies; what is wrong with the configuration becomes a refusal. */
export async function answerReload(apply: () => Promise<ConfigChange>): Promise<ReloadAnswer> {
  try {
    return { outcome: 'applied', ...(await apply()) };
  } catch (error) {
    if (error instanceof ConfigError) return { outcome: 'refused', message: error.message };
    throw error;
  }
}

function serversChange(now: Config, next: Config): ConfigChange['servers'] {
  const before = new Map(now.servers.map((server) => [server.id, server]));
  const after = new Map(next.servers.map((server) => [server.id, server]));
  return {
    added: idsOf(next.servers, (id) => !before.has(id)),
    removed: idsOf(now.servers, (id) => !after.has(id)),
    changed: idsOf(next.servers, (id) => before.has(id) && !isDeepStrictEqual(before.get(id), after.get(id))),
  };
}

function idsOf(servers: Config['servers'], holds: (id: string) => boolean): string[] {
  return servers.map(({ id }) => id).filter(holds);
}

function differing(a: Config, b: Config): string[] {
  return settingsTable()
    .map(({ path }) => path)
    .filter((path) => !isDeepStrictEqual(valueAt(a, path), valueAt(b, path)));
}

/** True for settings that apply while running. */
export function isLive(path: string): boolean {
  return LIVE.some((live) => path === live || path.startsWith(`${live}.`));
}

/** The value of a setting by its dotted path. */
export function valueAt(config: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isPlainObject(value) ? value[key] : undefined), config);
}
