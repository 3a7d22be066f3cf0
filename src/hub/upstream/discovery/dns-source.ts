import { lookup, Resolver } from 'node:dns/promises';
import { serverSchema } from '../../../platform/config/schema.ts';
import type { ServerSource } from './server-source.ts';

/** Addresses of one name that are used. */
const MAX_ADDRESSES = 16;
type Resolve = (host: string) => Promise<readonly { address: string }[]>;

/** Longest wait for an answer, and how often it is asked for. */
const TIMEOUT_MS = 2_000;
const TRIES = 2;

/** How names are resolved: by these DNS servers, both families; as the system does where there are none. */
export function resolverOf(servers: readonly string[]): Resolve {
  if (servers.length === 0) return (host) => lookup(host, { all: true });
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  resolver.setServers(servers);
  return async (host) => {
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const [failed] = answers;
    if (addresses.length === 0 && failed.status === 'rejected') throw failed.reason;
    return addresses.map((address) => ({ address }));
  };
}

/**
 * One server behind a name, `host:port`: all of the name's addresses are its endpoints, in sorted order, so that a
 * resolver's rotation changes nothing. A name without addresses is an error, and the last answer stays.
 */
export function dnsSource(name: string, resolve: Resolve = resolverOf([])): ServerSource {
  const split = name.lastIndexOf(':');
  const host = name.slice(0, split);
  const port = Number(name.slice(split + 1));
  return {
    name: `dns ${name}`,
    find: async () => {
      const addresses = [...new Set((await resolve(host)).map(({ address }) => address))].toSorted();
      const [first, ...rest] = addresses.slice(0, MAX_ADDRESSES);
      if (first === undefined) throw new Error(`${host} has no addresses`);
      const endpoints = rest.length === 0 ? {} : { endpoints: rest.map((address) => ({ host: address, port })) };
      const id = `${host}-${port}`.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 64);
      return [serverSchema.parse({ id, transport: 'tcp', host: first, port, ...endpoints })];
    },
  };
}
