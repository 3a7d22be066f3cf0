/** Clients at 10 Hz that come evenly over the first half, stay, and leave. */
import { CORRECT, STEADY, SUMMARY } from './lib/metrics.ts';
import { watchFor } from './lib/session.ts';
import { SETTINGS } from './lib/settings.ts';

const { vus, durationS } = SETTINGS;

export const options = {
  summaryTrendStats: SUMMARY,
  thresholds: { ...CORRECT, ...STEADY },
  scenarios: {
    ramp: { executor: 'per-vu-iterations', exec: 'ramp', vus, iterations: 1, maxDuration: `${durationS + 30}s` },
  },
};

export function ramp(): void {
  const laterS = ((__VU - 1) / vus) * (durationS / 2);
  setTimeout(() => watchFor(durationS - laterS, { mode: 'normal' }), laterS * 1_000);
}
