/**
 * Tells events that came since the last look from those that were there before, for files and lists that keep old ones.
 * The first look takes all as old. Remembers the ids of the last look only, so that it is as bounded as what is looked at.
 */
export class NewEvents {
  #seen: ReadonlySet<string> | undefined;

  /** The new ones among all that there are now. */
  among<T>(events: readonly T[], idOf: (event: T) => string): T[] {
    const before = this.#seen;
    this.#seen = new Set(events.map(idOf));
    return before === undefined ? [] : events.filter((event) => !before.has(idOf(event)));
  }
}
