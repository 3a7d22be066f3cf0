/** Everybody changes filters every second; state hashes must stay right, and each change is answered. */
import { Trend } from 'k6/metrics';
import { CORRECT, STEADY, SUMMARY } from './lib/metrics.ts';
import { watchFor } from './lib/session.ts';
import { SETTINGS } from './lib/settings.ts';

const { vus, durationS } = SETTINGS;
const answerMs = new Trend('sc_filter_answer_ms', true);
const CHOICES = [
  { agent_types: ['coder', 'tester'], statuses: [] },
  { agent_types: [], statuses: ['busy', 'active'] },
  { agent_types: ['coordinator', 'researcher', 'analyst'], statuses: [] },
  { agent_types: [], statuses: [], include_topology: false },
  { agent_types: [], statuses: [], include_topology: true, include_performance: false },
  { agent_types: [], statuses: [], include_performance: true },
];

export const options = {
  summaryTrendStats: SUMMARY,
  thresholds: { ...CORRECT, ...STEADY, sc_filter_answer_ms: ['p(95)<500'] },
  scenarios: {
    churn: { executor: 'per-vu-iterations', exec: 'churn', vus, iterations: 1, maxDuration: `${durationS + 30}s` },
  },
};

export function churn(): void {
  let turn = __VU;
  watchFor(
    durationS,
    { mode: 'normal' },
    {
      everyMs: 1_000,
      run: (watcher) => {
        const askedMs = Date.now();
        watcher.ask('update_filters', CHOICES[turn++ % CHOICES.length] ?? {}, () => answerMs.add(Date.now() - askedMs));
      },
    },
  );
}
