import type { ServerConfig } from '../../platform/config/schema.ts';
import type { Dialect, PeerDescription } from './dialects/dialect.ts';
import { NoDialectError } from './errors.ts';

/** A dialect and how sure it is of the peer, 0–1. */
export interface DialectChoice {
  dialect: Dialect;
  score: number;
}

/**
 * The dialect that the configuration names (also `generic` where a mapping is configured), else the one that is surest
 * of the peer; among equals the first.
 * @throws {@link NoDialectError} when none is.
 */
export function chooseDialect(
  server: Pick<ServerConfig, 'dialect' | 'mapping'>,
  peer: PeerDescription,
  dialects: readonly Dialect[],
): DialectChoice {
  const wanted = server.dialect === 'auto' && server.mapping !== undefined ? 'generic' : server.dialect;
  if (wanted !== 'auto') {
    const dialect = dialects.find((candidate) => candidate.name === wanted);
    if (dialect === undefined) throw new NoDialectError(`dialect ${wanted} is not available`);
    return { dialect, score: dialect.matches(peer) };
  }
  let best: DialectChoice | undefined;
  for (const dialect of dialects) {
    const score = dialect.matches(peer);
    if (score > (best?.score ?? 0)) best = { dialect, score };
  }
  if (best === undefined) {
    throw new NoDialectError(`no dialect understands ${peer.name ?? 'this server'} with ${peer.tools.size} tools`);
  }
  return best;
}
