/**
 * The page's connection: one SDK client, and what panels need of it as signals that change a few times a second, however
 * fast messages arrive. The graph reads the client itself.
 */
import { batch, signal } from '@preact/signals';
import type { ClientEvents, ClientIdentity, ClientStatus, Mode, SwarmcastClient } from '../../client/client.ts';
import { connectSwarmcast, RequestError } from '../../client/client.ts';
import { displayText } from '../format.ts';
import { agentName } from '../table/agent-rows.ts';
import type { ListFilters } from '../view/url-state.ts';
import { toFilterPatch } from '../view/url-state.ts';
import { Activity } from './activity.ts';
import type { FeedEvent } from './event-feed.ts';
import { EventFeed } from './event-feed.ts';
import { KnownValues } from './known-values.ts';
import { swarmNews } from './swarm-news.ts';
import { LatencyHistory } from './latency-history.ts';
import type { Traffic } from './traffic-meter.ts';
import { TrafficMeter } from './traffic-meter.ts';

/** Panels follow the state at most this often. */
const REVISION_MS = 250;
const METER_MS = 500;
const SETTLE_MS = 1_500;
const PING_MS = 2_000;
/** Longer than the gateway waits for a server (`control.deadline_ms`), so that its word on an operation arrives. */
const REQUEST_TIMEOUT_MS = 25_000;
/** How long after new filters a change of the list is still their doing, beside one interval of the mode. */
const FILTER_EFFECT_MS = 700;

export interface ModeState {
  mode: Mode;
  rateHz: number;
  /** Why it is not what was asked for, or who asked. */
  reason: ClientEvents['mode']['reason'] | undefined;
}

export interface SessionOptions {
  url: string;
  /** Undefined: as nobody in particular. */
  token: string | undefined;
  mode: Mode;
  filters: ListFilters;
}

export class DashboardSession {
  readonly client: SwarmcastClient;
  /** Counts changes of the state. */
  readonly revision = signal(0);
  readonly status;
  /** Who this page is to the gateway; undefined until it was welcomed. */
  readonly identity = signal<ClientIdentity | undefined>(undefined);
  readonly mode = signal<ModeState | undefined>(undefined);
  readonly traffic = signal<Traffic | undefined>(undefined);
  /** The gateway has welcomed this page, or took longer than a person waits: heavy work may begin. */
  readonly settled = signal(false);
  readonly latencyMs = signal<number | undefined>(undefined);
  readonly events = signal<readonly FeedEvent[]>([]);
  /** Changes of agents, and messages between them, per second. */
  readonly changes = new Activity();
  readonly messages = new Activity();
  readonly latencies = new LatencyHistory();
  /** The last request that failed, for people; cleared by the next that works. */
  readonly problem = signal<string | undefined>(undefined);
  /** Counts seconds, for ages. */
  readonly second = signal(0);
  readonly agentTypes = new KnownValues();
  readonly serverIds = new KnownValues();
  readonly #feed = new EventFeed();
  readonly #meter = new TrafficMeter();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #revisionTimer: ReturnType<typeof setTimeout> | undefined;
  #filterEffectUntilMs = 0;
  #filtering = 0;

  /** @throws {TypeError} for a token that cannot be sent. */
  constructor({ url, token, mode, filters }: SessionOptions) {
    this.client = connectSwarmcast({
      url,
      token,
      mode,
      filters: toFilterPatch(filters),
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
    this.status = signal<ClientStatus>(this.client.status);
    this.#listen();
    this.#timers.push(
      setInterval(() => {
        this.#measure();
      }, METER_MS),
      setInterval(() => {
        this.#ping().catch(reportError);
      }, PING_MS),
      setInterval(() => {
        this.second.value++;
      }, 1_000),
    );
  }

  /** Changes the mode; a refusal is shown as {@link problem}. */
  async setMode(mode: Mode): Promise<void> {
    this.#meter.reset();
    this.traffic.value = undefined;
    await this.#ask(this.client.setMode(mode));
  }

  async setFilters(filters: ListFilters): Promise<void> {
    this.#filtering++;
    try {
      await this.#ask(this.client.setFilters(toFilterPatch(filters)));
    } finally {
      this.#filtering--;
      const rateHz = this.client.effective?.effective_rate_hz ?? 0;
      this.#filterEffectUntilMs = performance.now() + FILTER_EFFECT_MS + (rateHz > 0 ? 1_000 / rateHz : 60_000);
    }
  }

  /** Goes on with a newer token. @throws RequestError: the gateway does not take it. */
  async renew(token: string): Promise<void> {
    this.identity.value = await this.client.renew(token);
  }

  async requestUpdate(): Promise<void> {
    await this.#ask(this.client.requestUpdate());
  }

  /** How far behind now the picture is drawn, so that there is a frame on both sides of it: one interval. */
  get delayMs(): number {
    const rateHz = this.client.effective?.effective_rate_hz ?? 10;
    return rateHz > 0 ? 1_000 / rateHz : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#revisionTimer);
    await this.client.close();
  }

  async #ask(request: Promise<unknown>): Promise<void> {
    try {
      await request;
      this.problem.value = undefined;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.problem.value = error.message;
    }
  }

  #listen(): void {
    const { client } = this;
    client.on('status', (status) => {
      this.#statusChanged(status);
    });
    // The gateway waits a quarter of a second for the hello: the page stays idle until it was said.
    const settle = setTimeout(() => {
      this.settled.value = true;
    }, SETTLE_MS);
    this.#timers.push(settle);
    client.on('welcome', ({ identity }) => {
      this.settled.value = true;
      this.identity.value = identity;
      this.#modeChanged(undefined);
    });
    client.on('mode', ({ reason }) => {
      this.#modeChanged(reason);
    });
    client.on('agents', (update) => {
      this.#agentsChanged(update);
    });
    client.on('snapshot', () => {
      this.#snapshotTaken();
    });
    client.on('discovery', ({ servers }) => {
      for (const { id, health } of servers) {
        this.serverIds.add(id);
        this.latencies.add(id, health.evidence);
        if (!this.#lastHealth.has(id)) this.#lastHealth.set(id, health.state);
      }
      this.#touch();
    });
    client.on('health', (health) => {
      this.latencies.add(health.server_id, health.evidence);
      this.#healthChanged(health);
    });
    client.on('flow', ({ messages, dropped }) => {
      this.messages.add(messages.length + dropped, Date.now());
    });
    client.on('swarms', (news) => {
      const nameOf = (ref: number): string | undefined => {
        const agent = this.client.state.agents.get(ref);
        return agent === undefined ? undefined : agentName(agent);
      };
      for (const line of swarmNews(news, nameOf)) this.#note('swarm', line);
    });
    client.on('error', ({ message }) => {
      this.#note('error', `The gateway says: ${displayText(message)}`);
    });
    for (const name of ['topology', 'tasks', 'performance', 'neural'] as const) {
      client.on(name, () => {
        this.#touch();
      });
    }
  }

  #statusChanged(status: ClientStatus): void {
    const before = this.status.value.status;
    this.status.value = status;
    if (status.status === 'live' && before !== 'live') {
      this.#note('connection', status.resumed ? 'Connected again, brought up to date' : 'Connected');
    }
    if (status.status === 'reconnecting' && before === 'live') {
      this.#meter.reset();
      this.traffic.value = undefined;
      this.latencyMs.value = undefined;
      this.#note('connection', 'Connection lost; what is shown is as it was');
    }
    if (status.status === 'closed') this.#note('connection', `Closed by the gateway: ${displayText(status.reason)}`);
    this.#touch();
  }

  #modeChanged(reason: ModeState['reason']): void {
    const effective = this.client.effective;
    if (effective === undefined) return;
    this.mode.value = { mode: effective.mode, rateHz: effective.effective_rate_hz, reason };
    this.#meter.reset();
  }

  #agentsChanged({ added, updated, removed }: ClientEvents['agents']): void {
    this.changes.add(added.length + updated.length + removed.length, Date.now());
    for (const { type } of added) this.agentTypes.add(type);
    const known = added.map((record) => ({ ref: record.ref, agent: { key: record.key, label: agentName(record) } }));
    this.#feed.changed(known, removed, this.client.gatewayNow(), this.#isFilterEffect());
    for (const { ref, status } of updated) {
      const agent = status === 'error' ? this.client.state.agents.get(ref) : undefined;
      if (agent !== undefined) this.#note('error', `${agentName(agent)} reports an error`, agent.key);
    }
    this.#touch();
  }

  #snapshotTaken(): void {
    const known = [];
    for (const record of this.client.state.agents.values()) {
      this.agentTypes.add(record.type);
      known.push({ ref: record.ref, agent: { key: record.key, label: agentName(record) } });
    }
    this.#feed.replaced(known, this.client.gatewayNow(), this.#isFilterEffect());
    this.#touch();
  }

  #isFilterEffect(): boolean {
    return this.#filtering > 0 || performance.now() < this.#filterEffectUntilMs;
  }

  #healthChanged({ server_id, state, reason }: ClientEvents['health']): void {
    const last = this.#lastHealth.get(server_id);
    this.#lastHealth.set(server_id, state);
    if (last !== state) this.#note('health', `${displayText(server_id)} is ${state}: ${displayText(reason)}`);
    this.#touch();
  }

  /** As many as there are servers. */
  readonly #lastHealth = new Map<string, string>();

  #note(kind: FeedEvent['kind'], text: string, agent?: string): void {
    this.#feed.push(kind, text, this.client.gatewayNow(), agent);
    this.#touch();
  }

  #touch(): void {
    this.#revisionTimer ??= setTimeout(() => {
      this.#revisionTimer = undefined;
      batch(() => {
        this.revision.value++;
        this.events.value = this.#feed.events;
      });
    }, REVISION_MS);
  }

  #measure(): void {
    if (this.client.status.status !== 'live') return;
    const { frames, messages, bytes } = this.client.stats;
    this.#meter.sample({ atMs: performance.now(), frames, messages, bytes });
    this.traffic.value = this.#meter.traffic;
  }

  async #ping(): Promise<void> {
    if (this.client.status.status !== 'live' || document.hidden) return;
    try {
      this.latencyMs.value = await this.client.ping();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.latencyMs.value = undefined;
    }
  }
}
