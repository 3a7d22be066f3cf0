import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { serverSchema, type ServerConfig } from '../../../platform/config/schema.ts';
import type { ServerSource } from './server-source.ts';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 4_194_304;
const PAGES = 10;

/** What is read of a page; registries add much beside it. */
const pageSchema = z.object({
  servers: z.array(z.unknown()).max(1_000),
  metadata: z.object({ nextCursor: z.string().nullish(), next_cursor: z.string().nullish() }).optional(),
});
const entrySchema = z.object({
  name: z.string().min(1).max(256),
  remotes: z.array(z.object({ type: z.string(), url: z.url({ protocol: /^https?$/ }) })).min(1),
});

/** Addresses that a list from elsewhere must not lead us to: our own machine and network, and cloud metadata. */
const inside = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  inside.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
  ['64:ff9b::', 96],
] as const) {
  inside.addSubnet(network, prefix, 'ipv6');
}

/** True for loopback, private, link-local, multicast and reserved addresses, IPv4 in IPv6 included. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped === undefined ? inside.check(address, family === 6 ? 'ipv6' : 'ipv4') : inside.check(mapped, 'ipv4');
}

interface RegistryHooks {
  fetch: (url: string, signal: AbortSignal) => Promise<string>;
  resolve: (host: string) => Promise<readonly { address: string }[]>;
}

const network: RegistryHooks = { fetch: fetchText, resolve: (host) => lookup(host, { all: true }) };

/** Streamable HTTP servers of an MCP registry. Entries that are not understood, or lead inside, are left out. */
export function registrySource(base: string, allowPrivate: boolean, hooks: RegistryHooks = network): ServerSource {
  return {
    name: `registry ${new URL(base).host}`,
    find: async (signal) => {
      const entries = await readPages(base, hooks, signal);
      const checked = await Promise.all(
        entries.map(async (server) => {
          if (server.transport !== 'http' || allowPrivate) return server;
          return (await leadsInside(new URL(server.url).hostname, hooks)) ? undefined : server;
        }),
      );
      return checked.filter((server) => server !== undefined);
    },
  };
}

async function readPages(base: string, hooks: RegistryHooks, signal: AbortSignal): Promise<ServerConfig[]> {
  const servers: ServerConfig[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const url = new URL(`${base.replace(/\/$/, '')}/v0.1/servers`);
    if (cursor !== undefined) url.searchParams.set('cursor', cursor);
    const body = pageSchema.parse(JSON.parse(await hooks.fetch(url.href, signal)));
    for (const entry of body.servers) servers.push(...serverOf(entry));
    cursor = body.metadata?.nextCursor ?? body.metadata?.next_cursor ?? undefined;
    if (cursor === undefined || cursor === '') break;
  }
  return servers;
}

function serverOf(entry: unknown): ServerConfig[] {
  // Newer registries wrap each entry.
  const wrapped = z.object({ server: z.unknown() }).safeParse(entry);
  const parsed = entrySchema.safeParse(
    wrapped.success && wrapped.data.server !== undefined ? wrapped.data.server : entry,
  );
  const remote = parsed.data?.remotes.find(({ type }) => type === 'streamable-http');
  if (parsed.data === undefined || remote === undefined) return [];
  const id = parsed.data.name
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64);
  const server = serverSchema.safeParse({ id, transport: 'http', url: remote.url });
  return server.success ? [server.data] : [];
}

async function leadsInside(hostname: string, hooks: RegistryHooks): Promise<boolean> {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return isPrivateAddress(host);
  try {
    const addresses = await hooks.resolve(host);
    return addresses.length === 0 || addresses.some(({ address }) => isPrivateAddress(address));
  } catch {
    // A name that can't be resolved leads nowhere.
    return true;
  }
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status} from ${url}`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_BYTES) throw new Error(`${url}: more than ${MAX_BYTES} bytes`);
  }
  return text;
}
