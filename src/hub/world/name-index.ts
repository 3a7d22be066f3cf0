/** Several items under each name; most names have one, which then costs no more than a map's entry. */
export class NameIndex<T extends object> {
  readonly #items = new Map<string, T | Set<T>>();

  /** Names held; a name is held while it has items. */
  get size(): number {
    return this.#items.size;
  }

  add(name: string, item: T): void {
    const held = this.#items.get(name);
    if (held === undefined) this.#items.set(name, item);
    else if (held instanceof Set) held.add(item);
    else if (held !== item) this.#items.set(name, new Set([held, item]));
  }

  delete(name: string, item: T): void {
    const held = this.#items.get(name);
    if (held === item) this.#items.delete(name);
    if (!(held instanceof Set) || !held.delete(item)) return;
    const [last] = held;
    if (held.size === 1 && last !== undefined) this.#items.set(name, last);
  }

  /** The items under a name, as a copy. */
  get(name: string): T[] {
    const held = this.#items.get(name);
    if (held === undefined) return [];
    return held instanceof Set ? [...held] : [held];
  }

  /** The only item under a name; undefined where there is none or more than one. */
  only(name: string): T | undefined {
    const held = this.#items.get(name);
    return held instanceof Set ? undefined : held;
  }
}
