/** What the forms of control operations are made of. */
import type { Signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { displayText } from '../../../format.ts';
import type { Order } from './order.ts';

/** Bounds as the gateway's (PROTOCOL.md, Commands). */
const MAX_TEXT = 4_096;

export interface FormProps {
  busy: boolean;
  onOrder: (order: Order) => void;
}

export function Form(props: {
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
      <button type="submit" class="wide primary" disabled={!ready || busy}>
        {action}
      </button>
    </form>
  );
}

export function Field({
  label,
  children,
}: {
  label: string;
  children: (id: string) => ComponentChildren;
}): JSX.Element {
  const id = idOf(label);
  return (
    <div class="control-field">
      <label for={id}>{label}</label>
      {children(id)}
    </div>
  );
}

function idOf(label: string): string {
  return `control-${label.toLowerCase().replaceAll(/\W+/g, '-')}`;
}

interface TextFieldProps {
  label: string;
  text: Signal<string>;
  maxLength: number;
  required?: boolean;
  placeholder?: string;
  inputMode?: 'text' | 'numeric' | 'url';
  /** Offered while typing. */
  known?: readonly string[];
}

export function TextField({ label, text, known = [], ...rest }: TextFieldProps): JSX.Element {
  return (
    <Field label={label}>
      {(id) => (
        <>
          <input
            {...rest}
            id={id}
            autocomplete="off"
            spellcheck={false}
            list={`${id}-known`}
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
          <datalist id={`${id}-known`}>
            {known.map((value) => (
              <option key={value} value={value} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

export function TextArea({ label, text }: { label: string; text: Signal<string> }): JSX.Element {
  return (
    <Field label={label}>
      {(id) => (
        <textarea
          id={id}
          rows={3}
          maxLength={MAX_TEXT}
          required
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      )}
    </Field>
  );
}

export function SelectField<T extends string>(props: {
  label: string;
  choices: readonly T[];
  chosen: T;
  onChange: (choice: T) => void;
}): JSX.Element {
  const { label, choices, chosen, onChange } = props;
  return (
    <Field label={label}>
      {(id) => (
        <select
          id={id}
          value={chosen}
          onChange={(event) => {
            const choice = choices.find((each) => each === event.currentTarget.value);
            if (choice !== undefined) onChange(choice);
          }}
        >
          {choices.map((each) => (
            <option key={each} value={each}>
              {displayText(each)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A {@link SelectField} whose choice is kept in a signal, as a {@link TextField}'s text is. */
export function ChoiceField<T extends string>(props: {
  label: string;
  choices: readonly T[];
  choice: Signal<T>;
}): JSX.Element {
  const { label, choices, choice } = props;
  const choose = (chosen: T): void => {
    choice.value = chosen;
  };
  return <SelectField label={label} choices={choices} chosen={choice.value} onChange={choose} />;
}

export function CheckField({ label, checked }: { label: string; checked: Signal<boolean> }): JSX.Element {
  return (
    <label class="choice" data-chosen={checked.value}>
      <input
        type="checkbox"
        checked={checked.value}
        onChange={() => {
          checked.value = !checked.value;
        }}
      />
      {label}
    </label>
  );
}

/** The field, unless nothing was filled in. */
export function optional<K extends string>(name: K, text: string): Partial<Record<K, string>> {
  const given = text.trim();
  return given === '' ? {} : ({ [name]: given } as Partial<Record<K, string>>);
}
