/**
 * What operators changed in the set of servers while the gateway runs. What they added stays until the gateway ends, or
 * until a configuration has a server of that id; what they removed of the configuration comes back with a reload.
 */
import type { ServerConfig } from '../../platform/config/schema.ts';
import { placesOf } from './discovery/place.ts';
import { isGuarded } from './transports/address-guard.ts';

/** Servers that operators may add at most. */
const MAX_ADDED = 100;

export class OperatorsServers {
  readonly #added = new Map<string, ServerConfig>();
  readonly #removed = new Set<string>();

  /** The servers to watch, of those that configuration and discovery name. */
  combine(found: readonly ServerConfig[]): ServerConfig[] {
    const named = new Set(found.map(({ id }) => id));
    const added = [...this.#added.values()].filter(({ id }) => !named.has(id));
    return [...found.filter(({ id }) => !this.#removed.has(id)), ...added];
  }

  /** Why `server` can't be added beside `present`; undefined when it was. */
  add(
    server: ServerConfig,
    { present, allowLinkLocal }: { present: readonly ServerConfig[]; allowLinkLocal: boolean },
  ): string | undefined {
    const at = new Set(placesOf(server));
    const twin = present.find((one) => one.id === server.id || placesOf(one).some((place) => at.has(place)));
    if (twin !== undefined) {
      return twin.id === server.id ? `there is a server ${server.id} already` : `${twin.id} is the same server`;
    }
    if (this.#added.size >= MAX_ADDED) return `at most ${MAX_ADDED} servers can be added to a running gateway`;
    if (!allowLinkLocal && isLinkLocal(server)) return 'link-local and metadata addresses are not for MCP servers';
    this.#removed.delete(server.id);
    this.#added.set(server.id, server);
    return undefined;
  }

  /** How long that holds. */
  remove(id: string): 'until a reload' | 'until the gateway ends' {
    if (this.#added.delete(id)) return 'until the gateway ends';
    this.#removed.add(id);
    return 'until a reload';
  }

  /** A configuration was read: its servers are there again. */
  reload(): void {
    this.#removed.clear();
  }
}

/** Names are looked at when they are connected to. */
function isLinkLocal(server: ServerConfig): boolean {
  if (server.transport === 'stdio') return false;
  return isGuarded(server.transport === 'http' ? new URL(server.url).hostname : server.host);
}
