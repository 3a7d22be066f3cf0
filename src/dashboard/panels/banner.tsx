/** What is wrong, in one sentence, with its reason: the connection first, then the servers; and a sign-in that ends. */
import type { JSX } from 'preact';
import type { ServerRecord, SwitchedOff } from '../../client/client.ts';
import { SWITCHED_OFF } from '../../client/client.ts';
import { useApp } from '../app-context.ts';
import { displayText, duration } from '../format.ts';
import { nextAttempt } from './servers/circuit-line.tsx';

const MAX_NAMED = 3;
/** A sign-in that ends this soon is spoken of. */
const ENDS_SOON_MS = 5 * 60_000;

export function Banners(): JSX.Element {
  const { session } = useApp();
  void session.revision.value;
  void session.second.value;
  return (
    <div class="banners">
      {session.status.value.status === 'live' ? <Degradation /> : <NoConnection />}
      <EndingSignIn />
    </div>
  );
}

function NoConnection(): JSX.Element | null {
  const { session, signIn } = useApp();
  const status = session.status.value;
  if (status.status === 'reconnecting') {
    return (
      <Bar kind="alarm" title="No connection to the gateway">
        What you see is as it was. Attempt {status.attempt} follows within {duration(Math.max(1_000, status.delayMs))}
        {status.reason === '' ? '' : ` (${displayText(status.reason)})`}.
      </Bar>
    );
  }
  // Where a token is asked for, the form says why.
  if (status.status !== 'closed' || signIn.form.value === 'required') return null;
  return (
    <Bar kind="alarm" title="The gateway closed this connection">
      {displayText(status.reason)} ({status.code}). Reload the page to try again.
    </Bar>
  );
}

function Degradation(): JSX.Element | null {
  const { session } = useApp();
  const { degradationLevel, servers } = session.client.state;
  if (degradationLevel === undefined) return null;
  if (degradationLevel === 'fully_operational' || degradationLevel === 'safe') return null;
  const ailing = [...servers.values()].filter(({ health }) => health.state !== 'healthy');
  const unasked = ailing.every(({ health }) => health.state === 'unknown');
  // Right after the start no server has answered yet: that is no degradation.
  if (unasked) return null;
  return (
    <Bar
      kind={degradationLevel === 'emergency' ? 'alarm' : 'warning'}
      title={degradationLevel === 'emergency' ? 'No MCP server answers' : 'Some MCP servers are not well'}
    >
      {ailing
        .slice(0, MAX_NAMED)
        .map((server) => sentence(server, session.client.gatewayNow()))
        .join(' ')}
      {ailing.length > MAX_NAMED ? ` And ${ailing.length - MAX_NAMED} more.` : ''}{' '}
      <span data-testid="switched-off">{restraint(SWITCHED_OFF[degradationLevel])}</span>
    </Bar>
  );
}

function sentence({ id, health, circuit }: ServerRecord, nowMs: number): string {
  const next = circuit === undefined ? '' : nextAttempt(circuit, nowMs);
  return `${displayText(id)} is ${health.state}: ${displayText(health.reason)}${next}.`;
}

const SWITCHED_OFF_TEXT: Readonly<Record<SwitchedOff, string>> = {
  details_of_unwell_servers: 'details of unwell servers',
  retries: 'retries',
  more_connections: 'further connections',
};

/** What is left undone, and why. */
function restraint(parts: readonly SwitchedOff[]): string {
  if (parts.length === 0) return '';
  const texts = parts.map((part) => SWITCHED_OFF_TEXT[part]);
  const list = texts.length === 1 ? texts[0] : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`;
  return `Switched off meanwhile, so that they can recover: ${list}.`;
}

function EndingSignIn(): JSX.Element | null {
  const { session, signIn } = useApp();
  const endsAtMs = session.identity.value?.expires_at_ms;
  if (endsAtMs === undefined || session.status.value.status !== 'live') return null;
  const leftMs = endsAtMs - session.client.gatewayNow();
  if (leftMs > ENDS_SOON_MS) return null;
  return (
    <Bar kind="warning" title="Your sign-in ends soon">
      <span data-testid="sign-in-left">{duration(leftMs)} left.</span>{' '}
      <button
        type="button"
        onClick={() => {
          signIn.ask('renewal');
        }}
      >
        Renew
      </button>
    </Bar>
  );
}

function Bar(props: { kind: 'alarm' | 'warning'; title: string; children: preact.ComponentChildren }): JSX.Element {
  return (
    <div class={`banner banner-${props.kind}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 1.500 15 14H1zM8 6v4M8 11.500v1" />
      </svg>
      <p>
        {/* Only this is called out: what follows counts seconds. */}
        <strong role="alert">{props.title}.</strong> {props.children}
      </p>
    </div>
  );
}
