/** The brake for all clients. */
import type { JSX } from 'preact';
import { useApp } from '../../app-context.ts';
import { plural } from '../../format.ts';
import type { Cap } from '../../session/operator-api.ts';
import { MODE_TEXT } from '../mode-text.ts';
import { Segments } from '../segments.tsx';

const CHOICES: readonly (Cap | null)[] = [null, 'normal', 'low_frequency'];

export function ClientCap(): JSX.Element {
  const { operator } = useApp();
  const cap = operator.clients.value?.cap ?? null;
  const choose = (mode: Cap | null): void => {
    operator
      .change(
        (api) => api.cap(mode),
        (changed) =>
          mode === null
            ? `No cap. ${plural(changed, 'client')} went back to another rate.`
            : `Nobody above ${MODE_TEXT[mode]} now. ${plural(changed, 'client')} changed rate.`,
      )
      .catch(reportError);
  };
  return (
    <fieldset>
      <legend>Cap for all clients</legend>
      <Segments
        label="Cap for all clients"
        choices={CHOICES}
        chosen={cap}
        textOf={(mode) => (mode === null ? 'No cap' : `At most ${MODE_TEXT[mode]}`)}
        onChoose={choose}
      />
    </fieldset>
  );
}
