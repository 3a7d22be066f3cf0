import { isLoopback } from '../../platform/loopback.ts';

/**
 * Which pages may connect. A browser sends `Origin` with every WebSocket upgrade and cannot forge it; programs send
 * none and are let in. DNS rebinding makes a foreign page look like our own origin under its own host name, so while
 * we are bound to loopback only, `Host` has to name loopback too.
 */
export interface OriginPolicyOptions {
  /** Address we are bound to. */
  host: string;
  /** Port we are bound to. */
  port: number;
  /** We speak TLS. */
  isSecure: boolean;
  /** Compared exactly, as browsers send them. */
  allowedOrigins: readonly string[];
}

export interface OriginPolicy {
  allowsHost: (host: string) => boolean;
  /** `origin`: empty when absent. */
  allowsOrigin: (origin: string) => boolean;
}

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

export function createOriginPolicy({ host, port, isSecure, allowedOrigins }: OriginPolicyOptions): OriginPolicy {
  const names = new Set(LOOPBACK_NAMES);
  // Our own address under the name we were given. A wildcard is no name.
  if (!isWildcard(host)) names.add(hostName(host));
  const hosts = new Set<string>();
  const origins = new Set(allowedOrigins);
  const scheme = isSecure ? 'https' : 'http';
  // Browsers leave it out of `Host` and `Origin`.
  const isDefault = port === (isSecure ? 443 : 80);
  for (const name of names) {
    hosts.add(`${name}:${port}`);
    origins.add(`${scheme}://${name}:${port}`);
    if (!isDefault) continue;
    hosts.add(name);
    origins.add(`${scheme}://${name}`);
  }
  const checksHost = isLoopback(host);
  return {
    allowsHost: (value) => !checksHost || hosts.has(value.toLowerCase()),
    allowsOrigin: (origin) => origin === '' || origins.has(origin),
  };
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** As it stands in a URL. */
function hostName(host: string): string {
  return host.includes(':') ? `[${host}]` : host.toLowerCase();
}
