/**
 * One in ten stops working through its messages for seconds at a time, so its acknowledgements stay out: it must be
 * slowed, not cut, and hold the right state in the end; the others must not notice. (k6 goes on reading the socket
 * meanwhile; sockets that nobody reads are `bench:fanout --only stalled`.)
 */
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';
import { CORRECT, SUMMARY } from './lib/metrics.ts';
import { watchFor } from './lib/session.ts';
import { SETTINGS } from './lib/settings.ts';

const { vus, durationS } = SETTINGS;
const pauses = new Counter('sc_pauses');
const PAUSE_S = 3;
const EVERY_MS = 8_000;

export const options = {
  summaryTrendStats: SUMMARY,
  thresholds: {
    ...CORRECT,
    // The others', who are told apart by their mode.
    'sc_rate_ratio{mode:normal}': ['avg>0.95', 'avg<1.05', 'p(5)>0.9'],
    'sc_gap_share{mode:normal}': ['avg<0.02'],
    'sc_hashes_wrong{of:heartbeat}': ['count==0'],
    'sc_hashes_wrong{of:resync}': ['count==0'],
    'sc_frame_age_ms{mode:normal}': ['p(95)<100'],
    sc_pauses: ['count>0'],
  },
  scenarios: {
    slow: { executor: 'per-vu-iterations', exec: 'slow', vus, iterations: 1, maxDuration: `${durationS + 60}s` },
  },
};

export function slow(): void {
  if (__VU % 10 !== 1) {
    watchFor(durationS, { mode: 'normal' });
    return;
  }
  let pauseAtMs = Date.now() + 2_000;
  const onMessage = (): void => {
    if (Date.now() < pauseAtMs) return;
    pauses.add(1);
    sleep(PAUSE_S);
    pauseAtMs = Date.now() + EVERY_MS;
  };
  const watcher = watchFor(durationS, { mode: 'high_frequency', decodes: true, onMessage });
  watcher.countsRates = false;
  // The proof in the end: a snapshot whose hash was announced.
  setTimeout(
    () => {
      if (!watcher.isOpen) return;
      pauseAtMs = Number.POSITIVE_INFINITY;
      watcher.ask('resync', {});
    },
    (durationS - 4) * 1_000,
  );
}
