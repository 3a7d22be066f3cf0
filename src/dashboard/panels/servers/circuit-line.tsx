/** The circuit breaker before a server: whether requests reach it, since when, how often it opened, when it tries next. */
import type { JSX } from 'preact';
import type { ServerRecord } from '../../../client/client.ts';
import { useApp } from '../../app-context.ts';
import { duration, plural } from '../../format.ts';

type Circuit = NonNullable<ServerRecord['circuit']>;

const MEANING: Readonly<Record<Circuit['state'], string>> = {
  closed: 'requests reach the server',
  half_open: 'a few requests try whether the server is well again',
  open: 'requests are held back, to spare the server',
};

export function CircuitLine({ circuit }: { circuit: Circuit | undefined }): JSX.Element | null {
  const { session } = useApp();
  // Ages go on without news.
  void session.second.value;
  if (circuit === undefined) return null;
  const now = session.client.gatewayNow();
  const { state, since_ms, trips_total: trips } = circuit;
  return (
    <p class="circuit" data-circuit={state}>
      <span title={MEANING[state]}>
        Circuit <strong class={`circuit-${state}`}>{state.replace('_', ' ')}</strong> for {duration(now - since_ms)}
      </span>
      , {trips === 0 ? 'never opened' : `opened ${plural(trips, 'time')}`}
      {nextAttempt(circuit, now)}
    </p>
  );
}

/** `; asks again in 7 s`, or '' while requests reach the server. */
export function nextAttempt({ state, retry_at_ms: retryAtMs }: Circuit, nowMs: number): string {
  if (state === 'half_open') return '; trying now';
  if (state === 'closed' || retryAtMs === undefined) return '';
  return retryAtMs <= nowMs ? '; its next request tries' : `; tries again in ${duration(retryAtMs - nowMs)}`;
}
