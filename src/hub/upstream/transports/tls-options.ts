import type { SecureContextOptions } from 'node:tls';
import type { ServerTls } from '../../../platform/config/schema.ts';

/** A server's `tls` as node takes it. Verification is node's default and never switched off. */
export function tlsOptions(tls: true | ServerTls): SecureContextOptions & { servername?: string } {
  if (tls === true) return {};
  const { ca, cert, key, key_passphrase: passphrase, server_name: servername } = tls;
  return {
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
  };
}
