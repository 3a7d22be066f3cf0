/** This page's own connection: how often it is told, what that costs, and how well it goes. */
import type { JSX } from 'preact';
import type { ClientIdentity, Mode } from '../../client/client.ts';
import type { Drawing } from '../app-context.ts';
import { useApp } from '../app-context.ts';
import { byteCount, clockTime, digits, displayText } from '../format.ts';
import type { ModeState } from '../session/dashboard-session.ts';
import { CopyLink } from './filters-panel.tsx';
import { MODE_TEXT, MODES } from './mode-text.ts';
import { Segments } from './segments.tsx';

export function ConnectionPanel(): JSX.Element {
  const { session, store } = useApp();
  const mode = session.mode.value;
  const asked = store.view.value.mode ?? mode?.mode;
  const choose = (next: Mode): void => {
    store.patch({ mode: next });
    session.setMode(next).catch((error: unknown) => {
      session.problem.value = String(error);
    });
  };
  return (
    <div class="connection-panel">
      <fieldset>
        <legend>Updates</legend>
        <Segments
          label="Update rate"
          choices={MODES}
          chosen={asked}
          textOf={(each) => MODE_TEXT[each]}
          onChoose={choose}
        />
        <p class="quiet" data-testid="mode-reason">
          {reasonText(mode, asked)}
        </p>
        {mode?.mode === 'on_demand' && (
          <button
            type="button"
            class="wide"
            onClick={() => {
              session.requestUpdate().catch((error: unknown) => {
                session.problem.value = String(error);
              });
            }}
          >
            Update now
          </button>
        )}
      </fieldset>
      <Figures />
      {session.problem.value !== undefined && (
        <p class="problem" role="alert">
          {displayText(session.problem.value)}
        </p>
      )}
      <div class="row">
        <CopyLink />
      </div>
    </div>
  );
}

function Figures(): JSX.Element {
  const { session, drawing } = useApp();
  const traffic = session.traffic.value;
  void session.second.value;
  const { stats, welcome } = session.client;
  const rows: [string, string, string?][] = [
    ['Effective rate', rateText(session.mode.value), 'effective-rate'],
    [
      'Position frames',
      traffic === undefined ? 'measuring' : `${digits(traffic.framesPerSecond)} /s`,
      'frames-per-second',
    ],
    ['Messages', traffic === undefined ? 'measuring' : `${digits(traffic.messagesPerSecond)} /s`],
    ['Received', traffic === undefined ? 'measuring' : `${byteCount(traffic.bytesPerSecond)}/s`, 'bytes-per-second'],
    ['Received in all', byteCount(stats.bytes)],
    ['Round trip', session.latencyMs.value === undefined ? 'not measured' : `${digits(session.latencyMs.value)} ms`],
    ['Reconnects', String(stats.reconnects), 'reconnects'],
    ['State proven by hash', stats.hashMismatches === 0 ? 'no mismatch' : `${stats.hashMismatches} mismatches`],
    ['Drawing', drawingText(drawing.value)],
    ...accountRows(session.identity.value),
    ['Client', welcome === undefined ? 'none yet' : welcome.client_id.slice(0, 8)],
  ];
  return (
    <dl class="figures">
      {rows.map(([term, value, testId]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd data-testid={testId}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Who the page is to the gateway, and what is kept from it. */
function accountRows(identity: ClientIdentity | undefined): [string, string, string?][] {
  if (identity === undefined) return [];
  const { subject, role, limits, expires_at_ms: endsAtMs } = identity;
  const kept = Object.entries(limits).flatMap(([name, values]) =>
    values === undefined ? [] : [`${name}: ${values.length === 0 ? 'none' : values.join(', ')}`],
  );
  return [
    ['Seen as', `${displayText(subject)}, ${role}`, 'seen-as'],
    ['Shown to you', kept.length === 0 ? 'everything' : displayText(kept.join('; ')), 'shown-to-you'],
    ...(endsAtMs === undefined ? [] : [['Sign-in ends', clockTime(endsAtMs)] as [string, string]]),
  ];
}

function rateText(mode: ModeState | undefined): string {
  if (mode === undefined) return 'not known yet';
  return mode.rateHz === 0 ? 'on demand' : `${mode.rateHz} Hz`;
}

function drawingText(drawing: Drawing | undefined): string {
  if (drawing === undefined) return 'no graph';
  const rate = drawing.frameMs > 0 ? `${Math.round(1_000 / drawing.frameMs)} /s` : 'measuring';
  return drawing.step <= 1
    ? `${rate}, full quality`
    : `${rate}, quality lowered ${drawing.step} of ${drawing.steps - 1}`;
}

const REASONS: Readonly<Record<NonNullable<ModeState['reason']>, string>> = {
  client: 'You asked for this rate.',
  operator: 'An operator set this rate.',
  slow_client: 'Lowered, because this page could not take what was sent. It rises again after a calm time.',
  recovered: 'Raised again after a calm time.',
  server_limit: 'The gateway’s limits allow no more.',
};

function reasonText(mode: ModeState | undefined, asked: Mode | undefined): string {
  if (mode === undefined) return 'Not connected yet.';
  if (mode.reason !== undefined) return REASONS[mode.reason];
  return mode.mode === asked ? 'In force since this page connected.' : 'The gateway chose another rate.';
}
