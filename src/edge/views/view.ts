/** What one set of filters, in one coding and position format, lets its clients see. Shared by all clients that ask for the same. */
import type { PositionFormat } from '../../protocol/client-messages.ts';
import type { Filters } from '../../protocol/filters.ts';
import type { Replica } from '../replica/replica.ts';

export type Coding = 'json' | 'msgpack';

/** What a client holds. The client keeps its view acquired while this names it. */
export interface Held {
  readonly view: View;
  readonly epoch: string;
  readonly version: number;
  /** From {@link View.resume}: the catch-up then sends whole records. */
  readonly resumed?: true;
}

/** Messages that take a client from what it held to `held`. */
export interface Composed {
  /** In sending order; may be empty. Only the last carries a cursor. */
  readonly messages: readonly EncodedMessage[];
  readonly held: Held;
}

/** A string for JSON, bytes for msgpack. Shared by all clients of the view: never mutated. */
export type EncodedMessage = string | Uint8Array;

export interface ViewCounts {
  agents: number;
  links: number;
  tasks: number;
  swarms: number;
}

export class View {
  readonly filters: Filters;
  readonly coding: Coding;
  readonly positions: PositionFormat;
  /** Equal for views that show the same in the same way. */
  readonly key: string;
  readonly #replica: Replica;

  constructor(replica: Replica, filters: Filters, coding: Coding, positions: PositionFormat, key: string) {
    this.#replica = replica;
    this.filters = filters;
    this.coding = coding;
    this.positions = positions;
    this.key = key;
  }

  /** Open filter values that match nothing now, as `swarm_ids: x`. */
  unmatched(): string[] {
    return [];
  }

  /** The opaque cursor of a client of this view that holds `version`. */
  cursor(version: number): string {
    return `${this.#replica.epoch}:${version.toString(36)}`;
  }

  /** What the bearer of `cursor` holds; undefined when it needs a snapshot (other epoch, too old, made under other filters, or not a cursor). */
  resume(_cursor: string): Held | undefined {
    return undefined;
  }

  /** Everything from what is held to now; undefined gives a snapshot. `held` may name another view (a change of filters). */
  compose(_held: Held | undefined): Composed {
    return { messages: [], held: { view: this, epoch: this.#replica.epoch, version: this.#replica.version } };
  }

  /** The whole `discovery` (full: true). */
  composeDiscovery(): EncodedMessage {
    return '';
  }

  /** `health_update`s of servers that the view shows whose health changed after `version`. */
  healthSince(_version: number): readonly EncodedMessage[] {
    return [];
  }

  /**
   * Position frames with every section that a client lacks whose last frames were asked for at tick `sinceTick` of
   * the replica (−1: has none; also after a new epoch). Empty when nothing is new.
   */
  frames(_sinceTick: number): readonly Uint8Array[] {
    return [];
  }

  /** State hash of what the view shows at the replica's present version: right for clients whose `held` is that version. */
  stateHash(): string {
    return '0000000000000000';
  }

  counts(): ViewCounts {
    return { agents: 0, links: 0, tasks: 0, swarms: 0 };
  }
}
