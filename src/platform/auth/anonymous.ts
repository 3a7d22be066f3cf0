/** Who needs no token, by configuration. */
import type { AuthConfig, Config } from '../config/schema.ts';
import { isLoopback } from '../loopback.ts';
import type { Role } from '../../model/role.ts';

/** Where the gateway listens, and who may come. */
export interface AccessConfig {
  server: Pick<Config['server'], 'host' | 'operator_key'>;
  auth: AuthConfig;
}

/** True when tokens of an identity provider, or self-made ones, can be verified. */
export function verifiesTokens({ jwt }: AuthConfig): boolean {
  const { secret, secret_file, public_key_file, jwks_file, jwks_url } = jwt;
  return [secret, secret_file, public_key_file, jwks_file, jwks_url].some((source) => source !== undefined);
}

/** The role of those without a token; undefined: they are refused. */
export function anonymousRole({ server, auth }: AccessConfig): Role | undefined {
  if (auth.anonymous === 'off') return undefined;
  if (auth.anonymous !== 'auto') return auth.anonymous;
  // Behind a proxy on the same machine the whole world comes from loopback: who configured logins means them.
  if (auth.keys.length > 0 || verifiesTokens(auth)) return undefined;
  return isLoopback(server.host) || auth.allow_unauthenticated_network ? 'viewer' : undefined;
}

/** Why the gateway must not listen like this, as key and message; undefined when it may. */
export function unsafeAccess({ server, auth }: AccessConfig): { key: string; message: string } | undefined {
  if (isLoopback(server.host) || auth.allow_unauthenticated_network) return undefined;
  const explicit = 'auth.allow_unauthenticated_network: true accepts that everybody who reaches it sees everything';
  if (auth.anonymous === 'operator') {
    return { key: 'auth.anonymous', message: `makes everybody on the network an operator; ${explicit}` };
  }
  if (auth.keys.length > 0 || verifiesTokens(auth) || server.operator_key !== undefined) return undefined;
  const message = `${server.host} is reached from the network, and nobody is asked for a token`;
  return {
    key: 'server.host',
    message: `${message}: configure auth.keys or auth.jwt (swarmcast token --help); ${explicit}`,
  };
}
