/** An argument is missing or of the wrong type. Faces word it as their server would. */
export class BadArgument extends Error {
  override name = 'BadArgument';
  readonly key: string;
  readonly problem: 'missing' | 'type' | 'value';

  constructor(key: string, problem: 'missing' | 'type' | 'value', message: string) {
    super(message);
    this.key = key;
    this.problem = problem;
  }
}

/** Reads the arguments of a call: what a client sent, so anything may be in it. */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: unknown) {
    this.#values = isRecord(values) ? values : {};
  }

  raw(key: string): unknown {
    return this.#values[key];
  }

  /** The first of `keys` that is given. @throws BadArgument when it is not text. */
  optionalText(...keys: string[]): string | undefined {
    const key = keys.find((name) => this.#given(name));
    if (key === undefined) return undefined;
    const value = this.#values[key];
    if (typeof value !== 'string') throw new BadArgument(key, 'type', `${key} must be of type string`);
    return value;
  }

  /** @throws BadArgument when absent, empty or not text. */
  text(...keys: string[]): string {
    const value = this.optionalText(...keys);
    const key = keys[0] ?? '';
    if (value === undefined || value === '') throw new BadArgument(key, 'missing', `${key} must be a non-empty string`);
    return value;
  }

  /** @throws BadArgument when not a finite number. */
  optionalNumber(key: string): number | undefined {
    if (!this.#given(key)) return undefined;
    const value = this.#values[key];
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new BadArgument(key, 'type', `${key} must be of type number`);
    return value;
  }

  /** Strings of a list; the first of `keys` that is given. @throws BadArgument when it is not a list of text. */
  optionalList(...keys: string[]): string[] | undefined {
    const key = keys.find((name) => this.#given(name));
    if (key === undefined) return undefined;
    const value = this.#values[key];
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
      throw new BadArgument(key, 'type', `${key} must be a list of strings`);
    return value as string[];
  }

  /** The object behind a key; empty when there is none. */
  nested(key: string): Arguments {
    return new Arguments(this.#values[key]);
  }

  flag(key: string): boolean {
    return this.#values[key] === true;
  }

  /** One of `allowed`. @throws BadArgument with the list when it is another. */
  optionalChoice<T extends string>(
    key: string,
    allowed: readonly T[],
    message: (value: string) => string,
  ): T | undefined {
    const value = this.optionalText(key);
    if (value === undefined) return undefined;
    const known = allowed.find((word) => word === value);
    if (known === undefined) throw new BadArgument(key, 'value', message(value));
    return known;
  }

  #given(key: string): boolean {
    return Object.hasOwn(this.#values, key) && this.#values[key] !== undefined && this.#values[key] !== null;
  }
}

/** An object that is not a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
