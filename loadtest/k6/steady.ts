/** Mixed modes that nobody changes: 1 in 25 at 60 Hz, 4 in 25 at 10 Hz, 20 in 25 at 1 Hz. */
import { CORRECT, STEADY, SUMMARY } from './lib/metrics.ts';
import { watchFor } from './lib/session.ts';
import { SETTINGS } from './lib/settings.ts';

const { vus, durationS } = SETTINGS;

export const options = {
  summaryTrendStats: SUMMARY,
  thresholds: { ...CORRECT, ...STEADY },
  scenarios: {
    steady: { executor: 'per-vu-iterations', exec: 'steady', vus, iterations: 1, maxDuration: `${durationS + 30}s` },
  },
};

export function steady(): void {
  const place = __VU % 25;
  const mode = place === 1 ? 'high_frequency' : place <= 5 ? 'normal' : 'low_frequency';
  watchFor(durationS, { mode });
}
