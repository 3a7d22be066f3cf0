/**
 * What one set of filters, in one coding and position format, lets its clients see. Shared by all clients that ask for
 * the same, so whatever it makes is made once a tick for all of them. It knows no client: a client's state is the
 * {@link Held} that it got with what it was last sent.
 */
import type { DegradationLevel } from '../../model/health.ts';
import type { ServerRecord } from '../../model/server.ts';
import type { PositionFormat } from '../../protocol/client-messages.ts';
import { packMessage } from '../../protocol/codec.ts';
import type { Filters } from '../../protocol/filters.ts';
import type { ServerMessage } from '../../protocol/server-messages.ts';
import type { ServerEntity } from '../replica/entity.ts';
import type { Replica } from '../replica/replica.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import type { Delta } from './delta.ts';
import { EncodedMessages, type EncodedMessage, type MessageSource } from './encoded-messages.ts';
import { gatherCatchUp } from './gather-catch-up.ts';
import { gatherCrossing } from './gather-crossing.ts';
import { gatherDelta } from './gather-delta.ts';
import type { ShownSet } from './shown-set.ts';
import { ViewFrames, type FrameComposers } from './view-frames.ts';
import { viewHash } from './view-hash.ts';
import {
  deltaMessages,
  discoveryMessage,
  healthChangedSince,
  healthMessage,
  shownDegradation,
  snapshotMessages,
} from './view-messages.ts';

export type Coding = 'json' | 'msgpack';

/**
 * What a view costs depends on: `whole` shows every agent's position, `filtered` gathers those that it shows, `state`
 * has no positions.
 */
export const VIEW_KINDS = ['whole', 'filtered', 'state'] as const;
export type ViewKind = (typeof VIEW_KINDS)[number];

/** What a client holds. The client keeps its view acquired while this names it. */
export interface Held {
  readonly view: View;
  readonly epoch: string;
  readonly version: number;
  /** From {@link View.resume}: only the version is known, so the catch-up sends whole records. */
  readonly resumed: boolean;
}

/** Messages that take a client from what it held to `held`. */
export interface Composed {
  /** In sending order; may be empty. Only the last carries a cursor, so that one who saw a part asks for all again. */
  readonly messages: EncodedMessages;
  readonly held: Held;
}

export interface ViewCounts {
  agents: number;
  links: number;
  tasks: number;
  swarms: number;
}

/** What a view takes from its registry. */
export interface ViewContext {
  replica: Replica;
  composers: FrameComposers;
  shown: ShownSet;
  /** Entities that one message carries; more are split over several. */
  entitiesPerMessage: number;
  /** Dealt to snapshots, for parts to be told apart. */
  nextSnapshotId(): number;
  /** The view caches something until its {@link View.dropTick}. */
  noteCached(view: View): void;
}

const utf8 = new TextEncoder();
const NO_MESSAGES = new EncodedMessages([], () => new Uint8Array(0));
const NO_HEALTH: readonly EncodedMessage[] = [];
/** A smaller snapshot is made anew as fast as shared. */
const ENTITIES_WORTH_SHARING = 50;
/**
 * A large snapshot serves those who join within this time after it was made; what changed since follows it.
 * So a storm of newcomers costs a few snapshots, not one a tick.
 */
const SNAPSHOT_SHARED_MS = 1_000;

export class View {
  readonly coding: Coding;
  readonly positions: PositionFormat;
  /** Equal for views that show the same in the same way. */
  readonly key: string;
  readonly #context: ViewContext;
  readonly #replica: Replica;
  readonly #shown: ShownSet;
  readonly #frames: ViewFrames;
  readonly #composed = new Map<string | number, Composed>();
  /** What was told last of each server. */
  readonly #health = new WeakMap<
    ServerEntity,
    { of: ServerRecord['health']; level: string; message: EncodedMessage }
  >();
  #discovery: EncodedMessage | undefined;
  #heartbeat: EncodedMessage | undefined;
  #hash: string | undefined;
  /** The version that it was computed at. */
  #hashVersion = -1;
  #unmatched: readonly string[] | undefined;
  #snapshotMade: { composed: Composed; timeMs: number; isLarge: boolean } | undefined;
  #now: Composed | undefined;
  #cachedVersion = -1;
  #cachedEpoch = '';
  #noted = false;

  constructor(context: ViewContext, coding: Coding, positions: PositionFormat, key: string) {
    this.#context = context;
    this.#replica = context.replica;
    this.#shown = context.shown;
    this.#frames = new ViewFrames(context.composers, context.replica, context.shown, positions);
    this.coding = coding;
    this.positions = positions;
    this.key = key;
  }

  get filters(): Filters {
    return this.#shown.filter.filters;
  }

  get kind(): ViewKind {
    const { filter } = this.#shown;
    if (this.positions === 'none' || !filter.showsPositions) return 'state';
    return filter.hidesAgents ? 'filtered' : 'whole';
  }

  /** Agents that it shows. */
  get agentCount(): number {
    this.#sync();
    return this.#shown.agentCount;
  }

  /** Open filter values that match nothing in the world now, as `swarm_ids: x`. */
  unmatched(): readonly string[] {
    this.#sync();
    return (this.#unmatched ??= this.#shown.filter.unmatched(this.#replica));
  }

  /** The opaque cursor of a client of this view that holds `version`. */
  cursor(version: number): string {
    return formatCursor({ epoch: this.#replica.epoch, version, mark: this.#shown.filter.mark });
  }

  /**
   * What the bearer of `cursor` holds. Undefined when it needs a snapshot: another epoch, older than the tombstones,
   * ahead of this edge, made under other filters, or no cursor at all.
   */
  resume(cursor: string): Held | undefined {
    const parsed = parseCursor(cursor);
    if (parsed === undefined || !this.#replica.ready) return undefined;
    const { epoch, version, tombstones } = this.#replica;
    if (parsed.epoch !== epoch || parsed.mark !== this.#shown.filter.mark) return undefined;
    if (parsed.version > version || parsed.version < tombstones.floor) return undefined;
    return { view: this, epoch, version: parsed.version, resumed: true };
  }

  /**
   * Everything from what is held to now; undefined gives a snapshot. `held` may name another view (a change of filters).
   * What can't be told as a difference any more (other epoch, forgotten removals) becomes a snapshot by itself.
   * A snapshot may be of a little earlier than now, which its `held` tells, unless it is to be `fresh`.
   */
  compose(held: Held | undefined, fresh = false): Composed {
    this.#sync();
    if (held === undefined || held.epoch !== this.#replica.epoch) return this.#snapshot(fresh);
    if (held.view.#shown === this.#shown)
      return held.resumed ? this.#catchUp(held.version) : this.#follow(held.version);
    const old = held.view.#shown;
    old.sync();
    if (held.resumed || held.version < old.floor) return this.#snapshot();
    return this.#encodeDelta(gatherCrossing(this.#replica, old, this.#shown, held.version));
  }

  /**
   * True when nothing that the view shows has changed since `version` of it: who held that holds the present one, without
   * being sent anything. False when something may have.
   */
  showsTheSameSince(version: number): boolean {
    this.#sync();
    return version >= this.#shown.changedVersion;
  }

  /** The whole `discovery` (full: true). */
  composeDiscovery(): EncodedMessage {
    this.#sync();
    this.#note();
    return (this.#discovery ??= this.#encode(discoveryMessage(this.#replica, this.#shown)));
  }

  /** `health_update`s of servers that the view shows whose health changed after `version`. */
  healthSince(version: number): readonly EncodedMessage[] {
    const newest = this.#replica.servers.newest;
    if (newest === undefined || newest.version <= version) return NO_HEALTH;
    this.#sync();
    const servers = healthChangedSince(this.#replica, this.#shown, version);
    if (servers.length === 0) return NO_HEALTH;
    const level = shownDegradation(this.#shown);
    return servers.map((server) => this.#healthOf(server, level));
  }

  /**
   * Position frames with every section that a client lacks whose last frames were asked for at tick `sinceTick` of
   * the replica (−1: it has none; also after a new epoch). Empty when nothing is new. To be sent after the messages of
   * {@link compose}, which introduce the slots. They are good until the registry's next tick begins.
   */
  frames(sinceTick: number): readonly Uint8Array[] {
    this.#shown.sync();
    this.#note();
    return this.#frames.since(sinceTick);
  }

  /**
   * State hash of what the view shows at the replica's present version: right for clients whose `held` is of that
   * version.
   */
  stateHash(): string {
    return this.stateHashWithin(Number.POSITIVE_INFINITY) ?? '';
  }

  /** The same, if no more than `entities` have to be hashed for it; else undefined, and so many are by then. */
  stateHashWithin(entities: number): string | undefined {
    this.#sync();
    if (this.#hash !== undefined) return this.#hash;
    this.#hashVersion = this.#replica.version;
    this.#hash = viewHash(this.#shown, entities);
    return this.#hash;
  }

  /**
   * The heartbeat of those who hold the present version. @param nowMs since 1970; that of a moment ago does for all.
   */
  heartbeat(nowMs: number): EncodedMessage {
    this.#sync();
    this.#note();
    return (this.#heartbeat ??= this.#encode({
      type: 'heartbeat',
      timestamp: nowMs,
      payload: { state_hash: this.stateHash(), cursor: this.cursor(this.#replica.version) },
    }));
  }

  counts(): ViewCounts {
    this.#sync();
    const { agentCount, links, tasks, swarms } = this.#shown;
    return { agents: agentCount, links: links.size, tasks: tasks.size, swarms: swarms.size };
  }

  /** Lets go of what was cached for one tick. */
  dropTick(): void {
    this.#noted = false;
    this.#dropMessages();
    this.#frames.drop();
    if (this.#sharedSnapshot() === undefined) this.#snapshotMade = undefined;
    else this.#note();
  }

  // Clients ask from many versions on, and are told the same of each server.
  #healthOf(server: ServerEntity, level: DegradationLevel): EncodedMessage {
    const { health } = server.record;
    const known = this.#health.get(server);
    if (known?.of === health && known.level === level) return known.message;
    // Kept for seconds: a copy, since the codec's result holds on to the 8 KiB that it was cut from.
    const message = new Uint8Array(this.#encode(healthMessage(this.#replica, this.#shown, server, level)));
    this.#health.set(server, { of: health, level, message });
    return message;
  }

  #dropMessages(): void {
    // Not cleared: the table left behind would keep what is in it alive until the whole heap is collected.
    for (const key of this.#composed.keys()) this.#composed.delete(key);
    this.#discovery = undefined;
    this.#heartbeat = undefined;
  }

  #sync(): void {
    const { version, epoch } = this.#replica;
    if (this.#cachedVersion === version && this.#cachedEpoch === epoch) return;
    const isNewEpoch = this.#cachedEpoch !== epoch;
    this.#cachedVersion = version;
    this.#cachedEpoch = epoch;
    this.#shown.sync();
    this.#dropMessages();
    if (this.#shown.changedVersion > this.#hashVersion || isNewEpoch) this.#hash = undefined;
    this.#unmatched = undefined;
    this.#now = undefined;
  }

  // Clients that hold the newest version share one answer, without allocation.
  #atNow(): Composed {
    const { epoch, version } = this.#replica;
    return (this.#now ??= { messages: NO_MESSAGES, held: { view: this, epoch, version, resumed: false } });
  }

  #follow(version: number): Composed {
    if (version >= this.#replica.version) return this.#atNow();
    if (version < this.#shown.floor) return this.#catchUp(version);
    return this.#cached(version, () => this.#encodeDelta(gatherDelta(this.#replica, this.#shown, version)));
  }

  #catchUp(version: number): Composed {
    if (version < this.#replica.tombstones.floor || version > this.#replica.version) return this.#snapshot();
    return this.#cached(`catch-up ${version}`, () =>
      this.#encodeDelta(gatherCatchUp(this.#replica, this.#shown, version)),
    );
  }

  #snapshot(fresh = false): Composed {
    const shared = fresh ? undefined : this.#sharedSnapshot();
    if (shared !== undefined) return shared;
    return this.#cached('snapshot', () => {
      const id = this.#context.nextSnapshotId();
      const cursor = this.cursor(this.#replica.version);
      const { entitiesPerMessage } = this.#context;
      const how = { id, cursor, entitiesPerMessage };
      const composed = this.#finish(snapshotMessages(this.#replica, this.#shown, how));
      const { agents, links, tasks } = this.counts();
      // A discovery and one part are small.
      const isLarge = agents + links + tasks >= ENTITIES_WORTH_SHARING || composed.messages.length > 2;
      this.#snapshotMade = { composed, timeMs: this.#replica.timeMs, isLarge };
      return composed;
    });
  }

  // Large, recent, and of a version from which what changed since can still be told.
  #sharedSnapshot(): Composed | undefined {
    if (this.#snapshotMade === undefined) return undefined;
    const { composed, timeMs, isLarge } = this.#snapshotMade;
    const { held } = composed;
    const { epoch, tombstones, timeMs: nowMs } = this.#replica;
    const isRecent = nowMs - timeMs < SNAPSHOT_SHARED_MS && held.epoch === epoch;
    const isKnown = held.version >= tombstones.floor && held.version >= this.#shown.floor;
    return isLarge && isRecent && isKnown ? composed : undefined;
  }

  #cached(key: string | number, make: () => Composed): Composed {
    let composed = this.#composed.get(key);
    if (composed === undefined) {
      composed = make();
      this.#composed.set(key, composed);
      this.#note();
    }
    return composed;
  }

  #encodeDelta(delta: Delta): Composed {
    const how = {
      cursor: this.cursor(this.#replica.version),
      entitiesPerMessage: this.#context.entitiesPerMessage,
    };
    return this.#finish(deltaMessages(this.#replica, this.#shown, delta, how));
  }

  #finish(sources: readonly MessageSource[]): Composed {
    const now = this.#atNow();
    if (sources.length === 0) return now;
    return { messages: new EncodedMessages(sources, (message) => this.#encode(message)), held: now.held };
  }

  #encode(message: ServerMessage): EncodedMessage {
    // Text as bytes too: a string would be coded anew for every client.
    return this.coding === 'json' ? utf8.encode(JSON.stringify(message)) : packMessage(message);
  }

  #note(): void {
    if (this.#noted) return;
    this.#noted = true;
    this.#context.noteCached(this);
  }
}
