/** MCP servers with their health and what it rests on, and their swarms. */
import type { JSX } from 'preact';
import type { ServerRecord, SwarmRecord } from '../../../client/client.ts';
import { useApp } from '../../app-context.ts';
import { displayText, duration, plural } from '../../format.ts';
import { shortId } from '../../graph/graph-labels.ts';
import { CircuitLine } from './circuit-line.tsx';
import { LatencyChart } from './latency-chart.tsx';
import { ServerActions } from './server-actions.tsx';

/** Swarms listed per server; the rest is counted. */
const MAX_SWARMS = 30;

export function ServersPanel(): JSX.Element {
  const { session } = useApp();
  void session.revision.value;
  void session.second.value;
  const { servers, swarms, agents } = session.client.state;
  const agentsIn = new Map<number, number>();
  for (const { swarm } of agents.values()) agentsIn.set(swarm, (agentsIn.get(swarm) ?? 0) + 1);
  const list = [...servers.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (list.length === 0) {
    return <p class="quiet">No MCP server is known. Give the gateway some: npm start -- --config my-servers.yaml</p>;
  }
  return (
    <ul class="servers">
      {list.map((server) => (
        <li key={server.ref} class="server" data-server={server.id} data-health={server.health.state}>
          <ServerHead server={server} />
          <Evidence server={server} />
          <Swarms
            swarms={[...swarms.values()].filter(({ server_id }) => server_id === server.id)}
            agentsIn={agentsIn}
          />
        </li>
      ))}
    </ul>
  );
}

function ServerHead({ server }: { server: ServerRecord }): JSX.Element {
  return (
    <>
      <h2>
        <HealthIcon state={server.health.state} />
        <bdi class="ellipsis">{displayText(server.id)}</bdi>
        {server.simulated && <span class="badge badge-simulated">SIMULATED</span>}
      </h2>
      <p class="quiet">
        <bdi>
          {displayText([server.name ?? server.type, server.version].filter((part) => part !== undefined).join(' '))}
        </bdi>
      </p>
      <p class="quiet ellipsis">
        <bdi>{displayText(server.endpoint)}</bdi>
      </p>
    </>
  );
}

function Evidence({ server }: { server: ServerRecord }): JSX.Element {
  const { session } = useApp();
  const now = session.client.gatewayNow();
  const { state, reason, since_ms, evidence } = server.health;
  const facts: string[] = [];
  if (evidence.last_success_ms !== undefined) facts.push(`last answer ${duration(now - evidence.last_success_ms)} ago`);
  if (evidence.consecutive_failures > 0) facts.push(`${plural(evidence.consecutive_failures, 'failure')} in a row`);
  else if (evidence.consecutive_successes > 0)
    facts.push(`${plural(evidence.consecutive_successes, 'success').replace('successs', 'successes')} in a row`);
  return (
    <div class="evidence">
      <p>
        <strong class={`health health-${state}`}>{state}</strong> for {duration(now - since_ms)}: {displayText(reason)}
      </p>
      {facts.length > 0 && <p class="quiet">{facts.join(', ')}</p>}
      {evidence.method !== undefined && (
        <p class="quiet ellipsis">
          asked: <code>{displayText(evidence.method)}</code>
        </p>
      )}
      {evidence.last_error !== undefined && evidence.consecutive_failures > 0 && (
        <p class="quiet">last error: {displayText(evidence.last_error)}</p>
      )}
      <CircuitLine circuit={server.circuit} />
      {evidence.latency_ms !== undefined && <LatencyChart server={server.id} />}
      <ServerActions server={server} />
    </div>
  );
}

function Swarms({
  swarms,
  agentsIn,
}: {
  swarms: SwarmRecord[];
  agentsIn: ReadonlyMap<number, number>;
}): JSX.Element | null {
  const app = useApp();
  if (swarms.length === 0) return null;
  const isolated = app.isolated.value?.ref;
  return (
    <ul class="swarms">
      {swarms
        .toSorted((a, b) => a.ref - b.ref)
        .slice(0, MAX_SWARMS)
        .map((swarm) => (
          <li key={swarm.ref}>
            <button
              type="button"
              class="swarm"
              aria-pressed={swarm.ref === isolated}
              title={displayText(swarm.id)}
              onClick={() => {
                app.isolate(swarm.ref === isolated ? undefined : swarm);
              }}
            >
              <bdi class="ellipsis">{shortId(swarm.id)}</bdi>
              <span class="quiet ellipsis swarm-topology">
                {swarm.topology === undefined ? '' : displayText(swarm.topology)}
              </span>
              <span class="quiet">{agentsIn.get(swarm.ref) ?? 0}</span>
            </button>
          </li>
        ))}
      {swarms.length > MAX_SWARMS && <li class="quiet">and {swarms.length - MAX_SWARMS} more</li>}
    </ul>
  );
}

const HEALTH_PATHS: Readonly<Record<ServerRecord['health']['state'], string>> = {
  healthy: 'M3.500 8.500 6.500 11.500 12.500 5',
  degraded: 'M8 3.500v5.500M8 11.500v1',
  unhealthy: 'M4.500 4.500l7 7M11.500 4.500l-7 7',
  down: 'M4.500 4.500l7 7M11.500 4.500l-7 7',
  unknown: 'M6 6a2 2 0 1 1 2.600 1.900c-.5.300-.6.700-.6 1.300M8 11.500v.8',
};

/** Shape and colour both tell the state; the word stands beside it. */
function HealthIcon({ state }: { state: ServerRecord['health']['state'] }): JSX.Element {
  return (
    <svg class={`health-icon health-icon-${state}`} viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="7.200" />
      <path d={HEALTH_PATHS[state]} />
    </svg>
  );
}
