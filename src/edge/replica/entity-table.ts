import type { Ref } from '../../model/ids.ts';

/** What an entity brings to stand in a table: its place in the order of change. */
export interface Listed<E> {
  readonly ref: Ref;
  version: number;
  newer: E | undefined;
  older: E | undefined;
}

/**
 * All entities of one kind, by ref and in order of their last change, so that what is newer than a version is found by
 * walking from `newest` along `older`, at the cost of what changed rather than of what exists.
 */
export class EntityTable<E extends Listed<E>> {
  newest: E | undefined;
  readonly #byRef = new Map<Ref, E>();

  get size(): number {
    return this.#byRef.size;
  }

  get(ref: Ref): E | undefined {
    return this.#byRef.get(ref);
  }

  values(): IterableIterator<E> {
    return this.#byRef.values();
  }

  add(entity: E): void {
    this.#byRef.set(entity.ref, entity);
    this.#link(entity);
  }

  /** Moves it to the newest end. Versions never fall. */
  touch(entity: E, version: number): void {
    entity.version = version;
    if (this.newest === entity) return;
    this.#unlink(entity);
    this.#link(entity);
  }

  remove(entity: E): void {
    this.#byRef.delete(entity.ref);
    this.#unlink(entity);
  }

  clear(): void {
    this.#byRef.clear();
    this.newest = undefined;
  }

  #link(entity: E): void {
    entity.older = this.newest;
    entity.newer = undefined;
    if (this.newest !== undefined) this.newest.newer = entity;
    this.newest = entity;
  }

  #unlink(entity: E): void {
    if (entity.newer === undefined) this.newest = entity.older;
    else entity.newer.older = entity.older;
    if (entity.older !== undefined) entity.older.newer = entity.newer;
    entity.newer = undefined;
    entity.older = undefined;
  }
}
