import type { ServerConfig } from '../../../platform/config/schema.ts';

/** Where a server is, all its endpoints: two that share one are the same server. */
export function placesOf(server: ServerConfig): string[] {
  switch (server.transport) {
    case 'tcp':
      return [server, ...(server.endpoints ?? [])].map(({ host, port }) => `tcp ${host.toLowerCase()} ${port}`);
    case 'http':
      return [`http ${new URL(server.url).href}`];
    case 'stdio':
      // A process of its own each time: only the same id is the same server.
      return [`stdio ${server.id}`];
  }
}
