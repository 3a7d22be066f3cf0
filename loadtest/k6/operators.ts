/**
 * Operators change clients' modes, one by one and by a cap for all, while these watch; without an operator key in the
 * environment the clients change their own. Either way each is told, and the rates of each mode hold between changes.
 */
import http from 'k6/http';
import { check } from 'k6';
import { Rate } from 'k6/metrics';
import { CORRECT, STEADY, SUMMARY } from './lib/metrics.ts';
import { watchFor } from './lib/session.ts';
import { httpUrl, SETTINGS } from './lib/settings.ts';

const { vus, durationS, operatorKey } = SETTINGS;
const accepted = new Rate('sc_operations_accepted');
const MODES = ['high_frequency', 'normal', 'low_frequency'] as const;
/** Long enough that the slowest mode shows its rate. */
const EVERY_MS = 4_000;
const CAP_S = 4;
const byOperator = operatorKey !== '';
const headers = { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' };

export const options = {
  summaryTrendStats: SUMMARY,
  thresholds: {
    ...CORRECT,
    ...STEADY,
    sc_mode_changes: ['count>0'],
    ...(byOperator ? { sc_operations_accepted: ['rate>0.99'] } : {}),
  },
  scenarios: {
    watch: { executor: 'per-vu-iterations', exec: 'watch', vus, iterations: 1, maxDuration: `${durationS + 30}s` },
    ...(byOperator && {
      operate: {
        executor: 'per-vu-iterations',
        exec: 'operate',
        vus: 1,
        iterations: 1,
        startTime: '2s',
        maxDuration: `${durationS + 30}s`,
      },
    }),
  },
};

export function watch(): void {
  let turn = __VU;
  const toggle = {
    everyMs: EVERY_MS,
    run: (watcher: { ask: Ask }) => watcher.ask('performance_mode', { mode: modeAt(turn++) }),
  };
  watchFor(durationS, { mode: 'normal' }, byOperator ? undefined : toggle);
}

type Ask = (type: string, payload: Record<string, unknown>) => void;

/** Sets the mode of some clients, then caps everybody, then lifts the cap; again until the time is over. */
export function operate(): void {
  const untilMs = Date.now() + (durationS - 4) * 1_000;
  let round = 0;
  const turn = (): void => {
    if (Date.now() >= untilMs) {
      call('DELETE', '/api/clients/cap');
      return;
    }
    round++;
    if (round % 3 === 2) call('PUT', '/api/clients/cap', { mode: 'low_frequency' });
    else if (round % 3 === 0) call('DELETE', '/api/clients/cap');
    else for (const id of clientIds(5)) call('POST', `/api/clients/${id}/mode`, { mode: modeAt(round) });
    setTimeout(turn, CAP_S * 1_000);
  };
  turn();
}

function clientIds(limit: number): string[] {
  const reply = http.get(httpUrl(`/api/clients?limit=${limit}`), { headers });
  const found = check(reply, { 'clients are listed': ({ status }) => status === 200 });
  accepted.add(found);
  if (!found) return [];
  const { clients } = reply.json() as unknown as { clients: { client_id?: string; id?: string }[] };
  return clients.map(({ client_id, id }) => String(client_id ?? id));
}

function call(method: string, path: string, body?: Record<string, unknown>): void {
  const payload = body === undefined ? null : JSON.stringify(body);
  const { status } = http.request(method, httpUrl(path), payload, { headers, tags: { name: method } });
  accepted.add(status === 200);
}

function modeAt(turn: number): (typeof MODES)[number] {
  return MODES[turn % MODES.length] ?? 'normal';
}
