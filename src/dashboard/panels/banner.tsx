/** What is wrong, in one sentence, with its reason: the connection first, then the servers. */
import type { JSX } from 'preact';
import type { ServerRecord } from '../../client/client.ts';
import { useApp } from '../app-context.ts';
import { displayText, duration } from '../format.ts';
import { nextAttempt } from './servers/circuit-line.tsx';

const MAX_NAMED = 3;

export function Banner(): JSX.Element | null {
  const { session } = useApp();
  void session.revision.value;
  void session.second.value;
  const status = session.status.value;
  if (status.status === 'reconnecting') {
    return (
      <Bar kind="alarm" title="No connection to the gateway">
        What you see is as it was. Attempt {status.attempt} follows within {duration(Math.max(1_000, status.delayMs))}
        {status.reason === '' ? '' : ` (${displayText(status.reason)})`}.
      </Bar>
    );
  }
  if (status.status === 'closed') {
    return (
      <Bar kind="alarm" title="The gateway closed this connection">
        {displayText(status.reason)} ({status.code}). Reload the page to try again.
      </Bar>
    );
  }
  const { degradationLevel, servers } = session.client.state;
  if (status.status !== 'live' || degradationLevel === undefined) return null;
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
      {ailing.length > MAX_NAMED ? ` And ${ailing.length - MAX_NAMED} more.` : ''}
    </Bar>
  );
}

function sentence({ id, health, circuit }: ServerRecord, nowMs: number): string {
  const next = circuit === undefined ? '' : nextAttempt(circuit, nowMs);
  return `${displayText(id)} is ${health.state}: ${displayText(health.reason)}${next}.`;
}

function Bar(props: { kind: 'alarm' | 'warning'; title: string; children: preact.ComponentChildren }): JSX.Element {
  return (
    <div class={`banner banner-${props.kind}`} role="alert">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 1.500 15 14H1zM8 6v4M8 11.500v1" />
      </svg>
      <p>
        <strong>{props.title}.</strong> {props.children}
      </p>
    </div>
  );
}
