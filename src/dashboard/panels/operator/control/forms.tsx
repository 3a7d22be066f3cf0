/** The forms of control operations. Each makes an order of what was filled in; the gateway checks it. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useApp } from '../../../app-context.ts';
import { displayText } from '../../../format.ts';
import { orderOf } from './order.ts';
import type { Order } from './order.ts';

/** Bounds as the gateway's (PROTOCOL.md, Commands). */
const MAX_TEXT = 4_096;
const MAX_NAME = 128;
const MAX_KEY = 1_600;
/** Swarms offered; others are named by hand elsewhere. */
const MAX_OFFERED = 500;
const PRIORITIES = ['low', 'medium', 'high', 'critical'] as const;

export interface FormProps {
  busy: boolean;
  onOrder: (order: Order) => void;
}

export function SpawnForm({ busy, onOrder }: FormProps): JSX.Element {
  const { session } = useApp();
  const [swarm, setSwarm] = useChosenSwarm();
  const type = useSignal('');
  const name = useSignal('');
  return (
    <Form
      busy={busy}
      action="Spawn…"
      ready={swarm !== '' && type.value.trim() !== ''}
      onSubmit={() => {
        const input = { swarm_id: swarm, type: type.value.trim(), ...optional('name', name.value) };
        onOrder(orderOf('agent.spawn', input, `Start a ${input.type} in ${swarm}?`));
      }}
    >
      <SwarmChoice value={swarm} onChange={setSwarm} />
      <Field label="Type">
        {(id) => (
          <>
            <input
              id={id}
              list="agent-types"
              maxLength={64}
              required
              placeholder="coder, tester, …"
              value={type.value}
              onInput={(event) => {
                type.value = event.currentTarget.value;
              }}
            />
            <datalist id="agent-types">
              {session.agentTypes.values.map((known) => (
                <option key={known} value={known} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <Field label="Name, if any">
        {(id) => (
          <input
            id={id}
            maxLength={MAX_NAME}
            autocomplete="off"
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
        )}
      </Field>
    </Form>
  );
}

export function TaskForm({ busy, onOrder }: FormProps): JSX.Element {
  const [swarm, setSwarm] = useChosenSwarm();
  const task = useSignal('');
  const priority = useSignal<(typeof PRIORITIES)[number]>('medium');
  return (
    <Form
      busy={busy}
      action="Orchestrate…"
      ready={swarm !== '' && task.value.trim() !== ''}
      onSubmit={() => {
        const input = { swarm_id: swarm, task: task.value.trim(), priority: priority.value };
        onOrder(orderOf('task.orchestrate', input, `Give this task to ${swarm}?`));
      }}
    >
      <SwarmChoice value={swarm} onChange={setSwarm} />
      <TextArea
        label="Task"
        value={task.value}
        onChange={(text) => {
          task.value = text;
        }}
      />
      <Field label="Priority">
        {(id) => (
          <select
            id={id}
            value={priority.value}
            onChange={(event) => {
              priority.value = PRIORITIES.find((each) => each === event.currentTarget.value) ?? 'medium';
            }}
          >
            {PRIORITIES.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        )}
      </Field>
    </Form>
  );
}

export function MessageForm({ busy, onOrder }: FormProps): JSX.Element {
  const [agent, setAgent] = useChosenAgent();
  const message = useSignal('');
  return (
    <Form
      busy={busy}
      action="Send…"
      ready={agent !== '' && message.value.trim() !== ''}
      onSubmit={() => {
        const input = { agent_id: agent, message: message.value.trim() };
        onOrder(orderOf('agent.message', input, `Send this to ${agent}?`));
      }}
    >
      <AgentChoice value={agent} onChange={setAgent} />
      <TextArea
        label="Message"
        value={message.value}
        onChange={(text) => {
          message.value = text;
        }}
      />
    </Form>
  );
}

export function TerminateForm({ busy, onOrder }: FormProps): JSX.Element {
  const [agent, setAgent] = useChosenAgent();
  const graceful = useSignal(true);
  return (
    <Form
      busy={busy}
      action="Terminate…"
      ready={agent !== ''}
      onSubmit={() => {
        const input = { agent_id: agent, graceful: graceful.value };
        onOrder(orderOf('agent.terminate', input, `End ${agent}? This cannot be undone.`));
      }}
    >
      <AgentChoice value={agent} onChange={setAgent} />
      <label class="choice" data-chosen={graceful.value}>
        <input
          type="checkbox"
          checked={graceful.value}
          onChange={() => {
            graceful.value = !graceful.value;
          }}
        />
        Let it finish first (graceful)
      </label>
    </Form>
  );
}

function Form(props: {
  busy: boolean;
  ready: boolean;
  action: string;
  onSubmit: () => void;
  children: ComponentChildren;
}): JSX.Element {
  const { busy, ready, action, onSubmit, children } = props;
  return (
    <form
      class="control-form"
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready && !busy) onSubmit();
      }}
    >
      {children}
      <button type="submit" class="wide" disabled={!ready || busy}>
        {action}
      </button>
    </form>
  );
}

function Field({ label, children }: { label: string; children: (id: string) => ComponentChildren }): JSX.Element {
  const id = `control-${label.toLowerCase().replaceAll(/\W+/g, '-')}`;
  return (
    <div class="control-field">
      <label for={id}>{label}</label>
      {children(id)}
    </div>
  );
}

function TextArea(props: { label: string; value: string; onChange: (text: string) => void }): JSX.Element {
  return (
    <Field label={props.label}>
      {(id) => (
        <textarea
          id={id}
          rows={3}
          maxLength={MAX_TEXT}
          required
          value={props.value}
          onInput={(event) => {
            props.onChange(event.currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}

/** Key of the swarm that was chosen, or of the one that is looked at: isolated, of the selected agent, or the first. */
function useChosenSwarm(): [string, (key: string) => void] {
  const { session, isolated, selected } = useApp();
  void session.revision.value;
  const chosen = useSignal<string | undefined>(undefined);
  const { swarms } = session.client.state;
  const ofSelected = selected.value === undefined ? undefined : swarms.get(selected.value.swarm);
  const first: { key: string } | undefined = swarms.values().next().value;
  return [
    chosen.value ?? (isolated.value ?? ofSelected ?? first)?.key ?? '',
    (key) => {
      chosen.value = key;
    },
  ];
}

function SwarmChoice({ value, onChange }: { value: string; onChange: (key: string) => void }): JSX.Element {
  const { session } = useApp();
  const keys = [...session.client.state.swarms.values()].map(({ key }) => key).toSorted();
  return (
    <Field label="Swarm">
      {(id) => (
        <select
          id={id}
          value={value}
          onChange={(event) => {
            onChange(event.currentTarget.value);
          }}
        >
          {[...new Set([value, ...keys.slice(0, MAX_OFFERED)])].map((key) => (
            <option key={key} value={key}>
              {displayText(key)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Key of the agent that was typed, or of the selected one. */
function useChosenAgent(): [string, (key: string) => void] {
  const { selected } = useApp();
  const typed = useSignal<string | undefined>(undefined);
  return [
    (typed.value ?? selected.value?.key ?? '').trim(),
    (key) => {
      // An empty field follows the selection again.
      typed.value = key === '' ? undefined : key;
    },
  ];
}

function AgentChoice({ value, onChange }: { value: string; onChange: (key: string) => void }): JSX.Element {
  return (
    <Field label="Agent">
      {(id) => (
        <input
          id={id}
          maxLength={MAX_KEY}
          required
          spellcheck={false}
          placeholder="select one, or its id or key"
          value={value}
          onInput={(event) => {
            onChange(event.currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}

function optional<K extends string>(name: K, text: string): Partial<Record<K, string>> {
  const given = text.trim();
  return given === '' ? {} : ({ [name]: given } as Partial<Record<K, string>>);
}
