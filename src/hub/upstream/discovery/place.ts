import type { ServerConfig } from '../../../platform/config/schema.ts';

/** Where a server is, so that the same one found twice is one. */
export function placeOf(server: ServerConfig): string {
  switch (server.transport) {
    case 'tcp':
      return `tcp ${server.host.toLowerCase()} ${server.port}`;
    case 'http':
      return `http ${new URL(server.url).href}`;
    case 'stdio':
      // A process of its own each time: only the same id is the same server.
      return `stdio ${server.id}`;
  }
}
