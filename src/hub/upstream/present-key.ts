/** Proving to a server who we are, on a new connection. HTTP servers get theirs with every request instead. */
import type { ServerConfig, UpstreamConfig } from '../../platform/config/schema.ts';
import { looksSecret } from '../../platform/config/server-secrets.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Session } from './session.ts';

/** Shorter ones would be found in any text. */
const SHORTEST_SECRET = 5;

interface Keys {
  server: Pick<ServerConfig, 'api_key'>;
  limits: Pick<UpstreamConfig, 'api_key'>;
}

/**
 * The server's own key, before anything else is asked: it may tell nobody else of its tools.
 * @throws AuthenticationError, and errors of Session.call
 */
export async function presentOwnKey(session: Session, { server }: Pick<Keys, 'server'>, signal: AbortSignal) {
  if (server.api_key !== undefined) await session.authenticate(server.api_key, signal);
}

/**
 * The default key, where the server has none of its own: only to one that is known to speak the dialect that has keys.
 * @throws as {@link presentOwnKey}
 */
export async function presentDefaultKey(
  session: Session,
  { server, limits, dialect }: Keys & { dialect: Dialect },
  signal: AbortSignal,
) {
  if (server.api_key === undefined && limits.api_key !== undefined && dialect.name === 'seed')
    await session.authenticate(limits.api_key, signal);
}

/** Everything secret that is presented to this server, as it may quote it. */
export function secretsOf(server: ServerConfig, limits: Pick<UpstreamConfig, 'api_key'>): string[] {
  const all = [server.api_key ?? limits.api_key, ...secretsOfTransport(server)];
  return all.filter((secret) => secret !== undefined).filter(({ length }) => length >= SHORTEST_SECRET);
}

function secretsOfTransport(server: ServerConfig): (string | undefined)[] {
  const tls = 'tls' in server && typeof server.tls === 'object' ? [server.tls.key_passphrase] : [];
  if (server.transport === 'http') return [server.bearer, ...namedSecrets(server.headers), ...tls];
  return server.transport === 'stdio' ? namedSecrets(server.env) : tls;
}

/** Others are no secrets, and may be words that anybody uses. */
function namedSecrets(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => (looksSecret(name) ? [value] : []));
}
