/**
 * Records of one kind: what is true now (`live`), and what everybody else was told (`published`). Changes to live
 * fields are gathered until {@link RecordTable.take} publishes the difference, so that a field that changed and changed
 * back, or an entity that came and went, is no change at all.
 */
import type { EntityKind, KindChanges, Patch } from '../../model/change.ts';
import type { Ref } from '../../model/ids.ts';
import { RefSpaceExhaustedError } from './errors.ts';
import { changingFields, fieldBit, type FieldTable } from './record-fields.ts';
import { copyFields, sameValue } from './same-value.ts';

/** One entity in a table. Everything but `live` belongs to the table. */
export interface Entry<R extends { ref: Ref }> {
  /**
   * Its fields are replaced, then `table.touch(entry)`; objects and lists within them are never changed, for they are
   * shared with what was published. A field with a {@link Column} stays undefined. Its ref is valid once the entity is
   * published.
   */
  readonly live: R;
  published: R | undefined;
  alive: boolean;
  /** Bits of the fields that may differ from what was published; 0: not waiting. */
  dirty: number;
}

/** Any field may have changed. */
const ALL_FIELDS = -1;

/** A field that changes many times a second: no object lives longer than the batch that tells it. */
export interface Column<R, E> {
  field: Exclude<keyof R, 'ref'> & string;
  /** Brings what is published to what is live; true when it changed. */
  publish(entry: E): boolean;
  /** What is published, made anew; undefined: there is none. */
  value(entry: E): object | undefined;
}

export interface RecordTableOptions<R extends { ref: Ref }, E extends Entry<R>> {
  kind: EntityKind;
  fields: FieldTable<R>;
  /** The ref of entity number n. */
  refOf: (n: number) => Ref;
  /** Numbers below this one are dealt in an epoch, from 1. */
  refsPerEpoch: number;
  /** Brings fields that depend on others up to date; called before an entity is compared. `fields` as in `touch`. */
  settle?: (entry: E, fields: number) => void;
  /** Changing fields whose values are kept elsewhere. */
  columns?: readonly Column<R, E>[];
  /** The changing fields that `settle` may set. */
  settled?: Exclude<keyof R, 'ref'>[];
  /** Told of each addition and removal (no patch) and update as it is published. */
  onPublished?: (entry: E, patch: Patch<R> | undefined) => void;
  /** Told when a change waits that did not wait before. */
  onDirty: () => void;
}

type Fields = Record<string, unknown>;

export class RecordTable<R extends { ref: Ref }, E extends Entry<R>> {
  readonly #options: RecordTableOptions<R, E>;
  readonly #changing: string[];
  readonly #settled: number;
  readonly #columns = new Map<number, Column<R, E>>();
  readonly #blank: Fields;
  /** Alive, or published and not yet published as removed; in ascending order of ref. */
  readonly #entries = new Set<E>();
  #dirty: E[] = [];
  #alive = 0;
  #nextNumber = 1;

  constructor(options: RecordTableOptions<R, E>) {
    this.#options = options;
    const { fields, settled = [], columns = [] } = options;
    this.#blank = { ref: 0, ...fields };
    for (const name in fields) this.#blank[name] = undefined;
    this.#changing = changingFields(fields);
    this.#settled = settled.reduce((bits, name) => bits | fieldBit(fields, String(name)), 0);
    for (const column of columns) this.#columns.set(fieldBit(fields, column.field), column);
  }

  /** Entities alive, published or not. */
  get size(): number {
    return this.#alive;
  }

  /** Entities held, those included that are gone and not yet published as removed. */
  get held(): number {
    return this.#entries.size;
  }

  /**
   * A live record of these values. It has all fields of its kind from the start: engines keep objects that grow field by
   * field as slow dictionaries, which would triple the cost of a flush.
   */
  record(values: R): R {
    return Object.assign({ ...this.#blank }, values);
  }

  add(entry: E): void {
    this.#entries.add(entry);
    this.#alive++;
    this.touch(entry);
  }

  /** The entity changed, or something that it is settled from. `fields`: bits of those that may have changed. */
  touch(entry: E, fields: number = ALL_FIELDS): void {
    const waits = entry.dirty !== 0;
    entry.dirty |= fields;
    if (waits) return;
    this.#dirty.push(entry);
    this.#options.onDirty();
  }

  remove(entry: E): void {
    if (!entry.alive) return;
    entry.alive = false;
    this.#alive--;
    if (entry.published === undefined) this.#entries.delete(entry);
    this.touch(entry);
  }

  /** @throws {@link RefSpaceExhaustedError} when the next `take` would need more refs than are left. */
  assertRefsLeft(): void {
    let needed = 0;
    for (const entry of this.#dirty) if (entry.alive && entry.published === undefined) needed++;
    this.#assertLeft(needed);
  }

  /** Publishes all changes since the last call; undefined when there are none. Call `assertRefsLeft` before. */
  take(): KindChanges<R> | undefined {
    const taken = this.#dirty;
    if (taken.length === 0) return undefined;
    this.#dirty = [];
    const added: R[] = [];
    const updated: Patch<R>[] = [];
    const removed: Ref[] = [];
    for (const entry of taken) {
      const fields = entry.dirty;
      entry.dirty = 0;
      if (!entry.alive) this.#takeRemoved(entry, removed);
      else if (entry.published === undefined) added.push(this.#takeAdded(entry));
      else this.#takeUpdated(entry, fields, updated);
    }
    if (added.length + updated.length + removed.length === 0) return undefined;
    return {
      ...(added.length > 0 && { added }),
      ...(updated.length > 0 && { updated }),
      ...(removed.length > 0 && { removed }),
    };
  }

  /** Entities that everybody was told of. */
  published(): E[] {
    return [...this.#entries].filter((entry) => entry.published !== undefined);
  }

  /** What everybody was told, as copies. */
  snapshot(): R[] {
    const records: R[] = [];
    for (const entry of this.#entries) {
      if (entry.published !== undefined) records.push(this.#whole(entry, defined(entry.published)));
    }
    return records;
  }

  /** Deals all refs anew, in the same order, and publishes everything that is alive. Pending changes are absorbed. */
  redeal(): void {
    this.#nextNumber = 1;
    this.#assertLeft(this.#alive);
    this.#dirty = [];
    for (const entry of this.#entries) {
      entry.dirty = 0;
      if (entry.alive) this.#takeAdded(entry);
      else this.#entries.delete(entry);
    }
  }

  #assertLeft(needed: number): void {
    if (this.#nextNumber + needed > this.#options.refsPerEpoch) throw new RefSpaceExhaustedError(this.#options.kind);
  }

  #takeRemoved(entry: E, removed: Ref[]): void {
    if (entry.published === undefined) return;
    this.#entries.delete(entry);
    removed.push(entry.published.ref);
    this.#options.onPublished?.(entry, undefined);
  }

  #takeAdded(entry: E): R {
    entry.live.ref = this.#options.refOf(this.#nextNumber++);
    this.#options.settle?.(entry, ALL_FIELDS);
    const record = defined(entry.live);
    // Nested values are shared between the two and never changed; top-level fields of `published` are.
    entry.published = this.record(record);
    for (const column of this.#columns.values()) column.publish(entry);
    this.#options.onPublished?.(entry, undefined);
    return this.#whole(entry, record);
  }

  /** `record`, which is ours, with what columns publish of it. */
  #whole(entry: E, record: R): R {
    const fields = record as unknown as Fields;
    for (const column of this.#columns.values()) {
      const value = column.value(entry);
      if (value !== undefined) fields[column.field] = value;
    }
    return record;
  }

  #takeUpdated(entry: E, fields: number, updated: Patch<R>[]): void {
    this.#options.settle?.(entry, fields);
    const live = entry.live as unknown as Fields;
    const published = entry.published as unknown as Fields;
    let patch: Fields | undefined;
    // Lowest bit first: only what may have changed costs anything.
    for (let left = fields | this.#settled; left !== 0; left &= left - 1) {
      const bit = left & -left;
      const name = this.#changing[31 - Math.clz32(bit)];
      if (name === undefined) break;
      let value: unknown;
      const column = this.#columns.get(bit);
      if (column !== undefined) {
        if (!column.publish(entry)) continue;
        value = column.value(entry);
      } else {
        value = live[name];
        if (value === published[name] || sameValue(value, published[name])) continue;
        published[name] = value;
      }
      // Not a literal of one field: engines leave room for four in an empty one.
      if (patch === undefined) {
        patch = {};
        patch['ref'] = entry.live.ref;
      }
      patch[name] = value ?? null;
    }
    if (patch === undefined) return;
    updated.push(patch as Patch<R>);
    this.#options.onPublished?.(entry, patch as Patch<R>);
  }
}

function defined<R extends object>(record: R): R {
  return copyFields(record) as R;
}
