/** What the schema of one server cannot say. */
import { createSecureContext } from 'node:tls';
import { isLoopback } from '../loopback.ts';
import type { ServerConfig } from './schema.ts';
import type { EntryProblem } from './server-secrets.ts';

/** Everything that is wrong with a server by itself; keys are relative to its entry. */
export function serverProblems(server: ServerConfig): EntryProblem[] {
  const problems: EntryProblem[] = [];
  if (server.dialect === 'generic' && server.mapping === undefined) {
    problems.push({
      key: 'mapping',
      message: 'is missing: dialect "generic" needs to know where agents are found',
    });
  }
  if (server.transport === 'stdio') return problems;
  if (server.transport === 'http' && server.tls !== undefined && !isEncrypted(server))
    problems.push({ key: 'tls', message: 'needs an https url' });
  if (typeof server.tls === 'object') problems.push(...tlsProblems(server.tls));
  return problems;
}

/** True where credentials would be read by whoever is between: they go over a network, and not by TLS. */
export function sendsSecretsInClear(server: ServerConfig): boolean {
  if (server.transport === 'stdio' || isEncrypted(server)) return false;
  const isSecret = server.api_key !== undefined || (server.transport === 'http' && server.bearer !== undefined);
  return isSecret && !isLoopback(server.transport === 'http' ? new URL(server.url).hostname : server.host);
}

function isEncrypted(server: Exclude<ServerConfig, { transport: 'stdio' }>): boolean {
  return server.transport === 'http' ? server.url.startsWith('https:') : server.tls !== false;
}

function tlsProblems(tls: Exclude<Extract<ServerConfig, { transport: 'tcp' }>['tls'], boolean>): EntryProblem[] {
  const { ca, cert, key, key_passphrase: passphrase } = tls;
  if (cert !== undefined && key === undefined) return [{ key: 'tls.key', message: 'is missing: tls.cert needs it' }];
  if (key !== undefined && cert === undefined) return [{ key: 'tls.cert', message: 'is missing: tls.key needs it' }];
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE'))
    return [{ key: 'tls.ca', message: 'is no certificate in PEM form' }];
  try {
    createSecureContext({ ca, cert, key, passphrase });
    return [];
  } catch (error) {
    return [{ key: 'tls', message: `cannot be used: ${error instanceof Error ? error.message : String(error)}` }];
  }
}
