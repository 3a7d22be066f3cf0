/** What a file of fuzz cases exports, so that the long run and the short one find it. */
import type fc from 'fast-check';

/** Whatever `cases` makes, `run` handles: it throws, or rejects, only when a promise is broken. */
export interface Fuzz<T> {
  name: string;
  cases: fc.Arbitrary<T>;
  run: (value: T) => void | Promise<void>;
}

/** Hides of what kind the cases are, so that fuzzes of several kinds fit one list. */
export type AnyFuzz = Fuzz<unknown>;

export function fuzz<T>(given: Fuzz<T>): AnyFuzz {
  // What `cases` makes is all that `run` is ever given.
  return given as unknown as AnyFuzz;
}
