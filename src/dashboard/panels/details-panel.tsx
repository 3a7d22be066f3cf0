/** One agent: what is known of it, from where, and how fresh. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { AgentRecord, ServerRecord, SwarmRecord } from '../../client/client.ts';
import { useApp } from '../app-context.ts';
import { clockTime, displayText, duration } from '../format.ts';
import { shapeOf } from '../graph/agent-look.ts';
import { ShapeIcon } from '../graph/legend.tsx';
import type { ControlForm } from '../session/operator.ts';
import { agentName } from '../table/agent-rows.ts';
import { fieldsOf, sourceOf } from './agent-fields.ts';
import type { Field } from './agent-fields.ts';

export function DetailsPanel(): JSX.Element | null {
  const app = useApp();
  const { store } = app;
  const key = store.view.value.selected;
  if (key === undefined) return null;
  const agent = app.selected.value;
  return (
    <aside class="details" aria-label="Details of the selected agent">
      <div class="details-head">
        <h2>
          {agent !== undefined && <ShapeIcon shape={shapeOf(agent.type)} />}
          <bdi class="ellipsis">{agent === undefined ? displayText(key) : agentName(agent)}</bdi>
        </h2>
        <button
          type="button"
          class="icon-button"
          aria-label="Close details"
          title="Close (Esc)"
          onClick={() => {
            app.select(undefined);
          }}
        >
          ×
        </button>
      </div>
      {agent === undefined ? (
        <p class="quiet">
          This agent is not in the view: it left, the filters hide it, or its server has not spoken yet.
        </p>
      ) : (
        <Body agent={agent} />
      )}
    </aside>
  );
}

function Body({ agent }: { agent: AgentRecord }): JSX.Element {
  const app = useApp();
  const { session } = app;
  // A component that reads signals is not drawn anew with its parent: ages, server and links change without the agent.
  void session.revision.value;
  void session.second.value;
  const now = session.client.gatewayNow();
  const server = [...session.client.state.servers.values()].find(({ id }) => id === agent.server_id);
  const swarm = session.client.state.swarms.get(agent.swarm);
  const simulated = server?.simulated === true;
  const isIsolated = app.isolated.value?.ref === agent.swarm;
  return (
    <div class="details-body" tabIndex={0} role="region" aria-label="Fields">
      {agent.stale === true && (
        <p class="notice">
          <strong>Stale.</strong> Its server has been silent about it
          {agent.stale_since_ms === undefined ? '' : ` for ${duration(now - agent.stale_since_ms)}`}; what follows is as
          it was.
        </p>
      )}
      {simulated && (
        <p class="notice">
          <strong>SIMULATED.</strong> This server is the gateway’s own simulator: its agents are invented.
        </p>
      )}
      <div class="row">
        <button
          type="button"
          aria-pressed={app.following.value}
          onClick={() => {
            app.following.value = !app.following.value;
          }}
        >
          Follow
        </button>
        {swarm !== undefined && (
          <button
            type="button"
            aria-pressed={isIsolated}
            onClick={() => {
              app.isolate(isIsolated ? undefined : swarm);
            }}
          >
            Only this swarm
          </button>
        )}
      </div>
      <Operate />
      <Fields agent={agent} simulated={simulated} />
      <Where agent={agent} server={server} swarm={swarm} />
      <Links agent={agent} />
    </div>
  );
}

/** Opens a form of operators for this agent. */
function Operate(): JSX.Element | null {
  const { operator, store } = useApp();
  if (!operator.isOpen.value || store.narrow.value) return null;
  const open = (form: ControlForm) => () => {
    operator.form.value = form;
    operator.part.value = 'control';
    store.patch({ panel: 'operator' });
  };
  return (
    <div class="row operate">
      <button type="button" onClick={open('message')}>
        Message…
      </button>
      <button type="button" onClick={open('terminate')}>
        Terminate…
      </button>
    </div>
  );
}

function Where(props: {
  agent: AgentRecord;
  server: ServerRecord | undefined;
  swarm: SwarmRecord | undefined;
}): JSX.Element {
  const { agent, server, swarm } = props;
  const now = useApp().session.client.gatewayNow();
  const simulated = server?.simulated === true;
  return (
    <>
      <h3>Where</h3>
      <dl class="fields">
        <Row
          field={{ name: 'Server', value: displayText(agent.server_id), source: simulated ? 'simulated' : 'reported' }}
          bare
        />
        <Row
          field={{ name: 'Swarm', value: swarm === undefined ? undefined : displayText(swarm.id), source: 'reported' }}
          bare
        />
        <Row field={{ name: 'Id', value: displayText(agent.id), source: 'reported' }} bare />
        <Row
          field={{
            name: 'Created',
            value:
              agent.created_at_ms === undefined
                ? undefined
                : `${clockTime(agent.created_at_ms)}, ${duration(now - agent.created_at_ms)} ago`,
            source: agent.created_at_ms === undefined ? 'absent' : sourceOf(agent, 'created_at_ms', simulated),
          }}
        />
        {server?.health.evidence.last_success_ms !== undefined && (
          <Row
            field={{
              name: 'Server answered',
              value: `${duration(now - server.health.evidence.last_success_ms)} ago`,
              source: 'reported',
            }}
            bare
          />
        )}
      </dl>
    </>
  );
}

function Fields({ agent, simulated }: { agent: AgentRecord; simulated: boolean }): JSX.Element {
  const showsAbsent = useSignal(false);
  const fields = fieldsOf(agent, simulated);
  const absent = fields.filter(({ source }) => source === 'absent');
  return (
    <>
      <h3>Facts</h3>
      <dl class="fields">
        {fields
          .filter(({ source }) => showsAbsent.value || source !== 'absent')
          .map((field) => (
            <Row key={field.name} field={field} />
          ))}
      </dl>
      {absent.length > 0 && (
        <button
          type="button"
          class="link-button"
          aria-expanded={showsAbsent.value}
          onClick={() => {
            showsAbsent.value = !showsAbsent.value;
          }}
        >
          {showsAbsent.value
            ? 'Hide what the server did not report'
            : `${absent.length} more that the server did not report`}
        </button>
      )}
    </>
  );
}

function Row({ field, bare = false }: { field: Field; bare?: boolean }): JSX.Element {
  return (
    <div>
      <dt>{field.name}</dt>
      <dd>
        <bdi>{field.value ?? '–'}</bdi>
        {!bare && <span class={`source source-${field.source}`}>{field.source}</span>}
      </dd>
    </div>
  );
}

function Links({ agent }: { agent: AgentRecord }): JSX.Element | null {
  const { session } = useApp();
  let [topology, communication] = [0, 0];
  for (const link of session.client.state.links.values()) {
    if (link.from !== agent.ref && link.to !== agent.ref) continue;
    if (link.kind === 'topology') topology++;
    else communication++;
  }
  if (topology + communication === 0) return null;
  return (
    <>
      <h3>Links</h3>
      <dl class="fields">
        <Row field={{ name: 'Communication', value: String(communication), source: 'reported' }} bare />
        <Row field={{ name: 'Topology', value: String(topology), source: 'derived' }} />
      </dl>
    </>
  );
}
