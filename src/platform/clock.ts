/** Time as a dependency, so that tests can own it. */
export interface Clock {
  /** Wall clock, integer ms since 1970. */
  now(): number;
  /** Monotonic ms. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
