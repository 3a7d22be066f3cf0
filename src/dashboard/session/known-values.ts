/** Values that were seen in the view, so that a filter can offer them also while it hides them. Bounded. Pure. */
const MAX_VALUES = 200;

export class KnownValues {
  readonly #values = new Set<string>();

  /** Sorted, at most 200. */
  get values(): string[] {
    return [...this.#values].toSorted((a, b) => a.localeCompare(b));
  }

  get size(): number {
    return this.#values.size;
  }

  /** Values beyond the bound are not offered. */
  add(value: string | undefined): void {
    if (value !== undefined && value !== '' && this.#values.size < MAX_VALUES) this.#values.add(value);
  }
}
