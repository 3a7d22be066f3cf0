/** Fits the values of one server's policy to what is measured, within bounds. Pure. */

/** What may be adapted. */
export interface Adapted {
  retryMinMs: number;
  failureThreshold: number;
  poolMax: number;
}

/** Where each value starts, which is also where it returns to, and how far it may go. */
export interface AdaptBounds {
  retryMinMs: { start: number; max: number };
  failureThreshold: { start: number; min: number };
  poolMax: { start: number; max: number };
}

/** What was measured since the last time. */
export interface Measured {
  /** Smoothed round trip; undefined before the first. */
  latencyMs: number | undefined;
  /** Of the sliding window, 0–1; undefined without requests. */
  errorRate: number | undefined;
  /** Connections with requests in flight among all, 0–1; undefined without connections. */
  utilization: number | undefined;
}

/** One value that changed, and the measurement that is the cause. */
export interface Adaptation {
  /** `pollIntervalMs` is fitted by the poll's own pace. */
  setting: keyof Adapted | 'pollIntervalMs';
  from: number;
  to: number;
  cause: string;
}

const SLOW_MS = 200;
const MANY_ERRORS = 0.1;
const CROWDED = 0.8;

/** The next values, one step at a time: towards the bound while a cause lasts, back to the start without it. */
export function adapt(
  now: Adapted,
  measured: Measured,
  bounds: AdaptBounds,
): (Adaptation & { setting: keyof Adapted })[] {
  const { latencyMs = 0, errorRate = 0, utilization = 0 } = measured;
  const slow = latencyMs > SLOW_MS;
  const failing = errorRate > MANY_ERRORS;
  const crowded = utilization > CROWDED;
  const steps: Adapted = {
    retryMinMs: slow
      ? Math.min(bounds.retryMinMs.max, now.retryMinMs * 2)
      : Math.max(bounds.retryMinMs.start, now.retryMinMs / 2),
    failureThreshold: failing
      ? Math.max(bounds.failureThreshold.min, now.failureThreshold - 1)
      : Math.min(bounds.failureThreshold.start, now.failureThreshold + 1),
    poolMax: crowded ? Math.min(bounds.poolMax.max, now.poolMax + 1) : Math.max(bounds.poolMax.start, now.poolMax - 1),
  };
  const causes: Record<keyof Adapted, string> = {
    retryMinMs: `round trips take ${latencyMs.toFixed(1)} ms`,
    failureThreshold: `${(100 * errorRate).toFixed(1)} % of requests failed`,
    poolMax: `${(100 * utilization).toFixed(0)} % of connections are busy`,
  };
  return (Object.keys(steps) as (keyof Adapted)[])
    .filter((setting) => steps[setting] !== now[setting])
    .map((setting) => ({ setting, from: now[setting], to: steps[setting], cause: causes[setting] }));
}
