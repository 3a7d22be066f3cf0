/** The brake for all clients. */
import type { JSX } from 'preact';
import { useApp } from '../../app-context.ts';
import { plural } from '../../format.ts';
import type { Cap } from '../../session/operator-api.ts';
import { MODE_TEXT } from '../mode-text.ts';

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
      <div class="segments segments-wide" role="group" aria-label="Cap for all clients">
        {CHOICES.map((mode) => (
          <button
            key={mode}
            type="button"
            aria-pressed={mode === cap}
            onClick={() => {
              choose(mode);
            }}
          >
            {mode === null ? 'No cap' : `At most ${MODE_TEXT[mode]}`}
          </button>
        ))}
      </div>
    </fieldset>
  );
}
