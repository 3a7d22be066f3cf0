/** Which server, swarm or agent an operation is for: what is looked at, unless something else is chosen. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../../../app-context.ts';
import { Field, SelectField } from './form-parts.tsx';

const MAX_KEY = 1_600;
/** Swarms offered; others are named by hand elsewhere. */
const MAX_OFFERED = 500;

/** Id of the server that was chosen, or of the first; '' while none is known. */
export function useChosenServer(): [string, (id: string) => void] {
  const { session, operator } = useApp();
  void session.revision.value;
  return [
    operator.server.value ?? session.serverIds.values[0] ?? '',
    (id) => {
      operator.server.value = id;
    },
  ];
}

/** Those of the present, and those that this page has seen: one that is drained may be in no view. */
export function ServerChoice({ value, onChange }: { value: string; onChange: (id: string) => void }): JSX.Element {
  const { session } = useApp();
  const known = session.serverIds.values;
  return <SelectField label="Server" choices={[...new Set([value, ...known])]} chosen={value} onChange={onChange} />;
}

/** Key of the swarm that was chosen, or of the one that is looked at: isolated, of the selected agent, or the first. */
export function useChosenSwarm(): [string, (key: string) => void] {
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

export function SwarmChoice({ value, onChange }: { value: string; onChange: (key: string) => void }): JSX.Element {
  const { session } = useApp();
  const keys = [...session.client.state.swarms.values()].map(({ key }) => key).toSorted();
  const offered = [...new Set([value, ...keys.slice(0, MAX_OFFERED)])];
  return <SelectField label="Swarm" choices={offered} chosen={value} onChange={onChange} />;
}

/** Key of the agent that was typed, or of the selected one. */
export function useChosenAgent(): [string, (key: string) => void] {
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

export function AgentChoice({ value, onChange }: { value: string; onChange: (key: string) => void }): JSX.Element {
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
