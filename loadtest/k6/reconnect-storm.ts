/** All connections are dropped at the same moment and come back with their cursors, twice. */
import { Rate, Trend } from 'k6/metrics';
import { CORRECT, SUMMARY } from './lib/metrics.ts';
import { SETTINGS } from './lib/settings.ts';
import { watchFor } from './lib/session.ts';
import type { Watcher } from './lib/watcher.ts';

const { vus, durationS } = SETTINGS;
const caughtUpMs = new Trend('sc_caught_up_ms', true);
const resumed = new Rate('sc_resumed');
const LIVES = 3;

export const options = {
  summaryTrendStats: SUMMARY,
  thresholds: { ...CORRECT, sc_caught_up_ms: ['p(95)<5000'], sc_resumed: ['rate>0.99'] },
  scenarios: {
    storm: { executor: 'per-vu-iterations', exec: 'storm', vus, iterations: 1, maxDuration: `${durationS + 60}s` },
  },
};

/** The moments of the storms are the same for all, whenever each virtual user began. */
export function setup(): { begunMs: number } {
  return { begunMs: Date.now() + 1_000 };
}

export function storm({ begunMs }: { begunMs: number }): void {
  live(begunMs, 1, undefined);
}

function live(begunMs: number, life: number, before: Watcher | undefined): void {
  const untilMs = begunMs + (durationS * 1_000 * life) / LIVES;
  const dialledMs = Date.now();
  const watcher = watchFor(Math.max(0.1, (untilMs - dialledMs) / 1_000), {
    mode: 'normal',
    onWelcome: ({ follows }) => {
      if (before !== undefined) resumed.add(follows === 'resume');
    },
    onCaughtUp: () => {
      if (before !== undefined) caughtUpMs.add(Date.now() - dialledMs);
    },
    onClosed: () => {
      if (life < LIVES) live(begunMs, life + 1, watcher);
    },
    ...(before !== undefined && { successorOf: before }),
  });
  watcher.countsRates = false;
}
