/**
 * Which servers there are: those that were configured, and those that sources find, looked at again and again. Servers
 * that two sources name are one: by id, and by where they are; the earlier source counts.
 */
import type { DiscoveryConfig, ServerConfig } from '../../../platform/config/schema.ts';
import type { Logger } from '../../../platform/telemetry/log.ts';
import { describeError } from '../errors.ts';
import { dnsSource, resolverOf } from './dns-source.ts';
import { fileSource } from './file-source.ts';
import { placesOf } from './place.ts';
import { registrySource } from './registry-source.ts';
import type { ServerSource } from './server-source.ts';

export interface DiscoveryOptions {
  config: DiscoveryConfig;
  /** From configuration and environment; first in rank. */
  fixed: readonly ServerConfig[];
  log: Logger;
  /** The whole set, at once and whenever it changed. */
  onServers: (servers: readonly ServerConfig[]) => void;
  /** False: nothing is told before all sources were asked once, so that what is known elsewhere is not taken back. */
  tellAtOnce?: boolean | undefined;
  /** Instead of those that `config` names. */
  sources?: readonly ServerSource[] | undefined;
}

/** Runs until disposed. */
export interface Discovery extends AsyncDisposable {
  /** Asks all sources now, or shares the question that is under way; resolves when `onServers` knows the answer. */
  refresh(): Promise<void>;
  /** Other servers in first rank from now on. */
  setFixed(servers: readonly ServerConfig[]): void;
}

/** Tells of the fixed servers at once, and begins to look for others. */
export function startDiscovery(options: DiscoveryOptions): Discovery {
  return new RunningDiscovery(options);
}

class RunningDiscovery implements Discovery {
  readonly #options: DiscoveryOptions;
  readonly #sources: readonly ServerSource[];
  readonly #found: (readonly ServerConfig[])[];
  readonly #complaints = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #unwatch: readonly (() => void)[];
  /** Sources that changed and wait for their question. */
  readonly #changed = new Set<number>();
  #asking: Promise<void> | undefined;
  #fixed: readonly ServerConfig[];
  #told: string | undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#sources = options.sources ?? sourcesOf(options.config);
    this.#found = this.#sources.map(() => []);
    this.#fixed = options.fixed;
    if (this.#sources.length === 0 || options.tellAtOnce !== false) this.#tell();
    this.#unwatch = this.#sources.flatMap((source, index) => source.watch?.(() => void this.#askChanged(index)) ?? []);
    if (this.#sources.length === 0) return;
    this.#timer = setInterval(() => void this.refresh(), options.config.refresh_ms);
    void this.refresh();
  }

  async refresh(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  setFixed(servers: readonly ServerConfig[]): void {
    this.#fixed = servers;
    this.#tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const end of this.#unwatch) end();
    this.#stop.abort(new Error('discovery ends'));
    await this.#asking;
  }

  async #ask(): Promise<void> {
    await Promise.all(this.#sources.map((source, index) => this.#askOne(source, index)));
    if (!this.#stop.signal.aborted) this.#tell();
  }

  /** One source alone, after what is under way: it may have been read before the change. */
  async #askChanged(index: number): Promise<void> {
    if (this.#changed.has(index)) return;
    this.#changed.add(index);
    await this.#asking;
    this.#changed.delete(index);
    const source = this.#sources[index];
    if (source === undefined || this.#stop.signal.aborted) return;
    this.#asking ??= this.#askOne(source, index)
      .then(() => this.#tell())
      .finally(() => {
        this.#asking = undefined;
      });
    await this.#asking;
  }

  async #askOne(source: ServerSource, index: number): Promise<void> {
    const { signal } = this.#stop;
    try {
      this.#found[index] = await source.find(signal);
      this.#complaints.delete(source.name);
    } catch (error) {
      if (!signal.aborted) this.#complain(source.name, describeError(error));
    }
  }

  #complain(source: string, message: string): void {
    if (this.#complaints.get(source) === message) return;
    this.#complaints.set(source, message);
    this.#options.log.warn({ source, error: message }, 'a source of servers failed: what it found last stays');
  }

  #tell(): void {
    const { config, onServers, log } = this.#options;
    const fixed = this.#fixed;
    const servers = [...fixed];
    const ids = new Set(fixed.map(({ id }) => id));
    const places = new Set(fixed.flatMap(placesOf));
    for (const server of this.#found.flat()) {
      const at = placesOf(server);
      if (ids.has(server.id) || at.some((place) => places.has(place))) continue;
      if (servers.length - fixed.length >= config.max_servers) break;
      ids.add(server.id);
      for (const place of at) places.add(place);
      servers.push(server);
    }
    const key = JSON.stringify(servers);
    if (key === this.#told) return;
    if (this.#told !== undefined) log.info({ servers: servers.map(({ id }) => id) }, 'the set of servers changed');
    this.#told = key;
    onServers(servers);
  }
}

function sourcesOf(config: DiscoveryConfig): ServerSource[] {
  const resolve = resolverOf(config.dns_servers);
  const sources: ServerSource[] = config.dns.map((name) => dnsSource(name, resolve));
  if (config.file !== undefined) sources.unshift(fileSource(config.file));
  if (config.registry !== undefined) sources.push(registrySource(config.registry, config.registry_allow_private));
  return sources;
}
