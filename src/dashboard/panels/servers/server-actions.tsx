/** What an operator can do for a server. Only there for operators. */
import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';
import type { ServerRecord } from '../../../client/client.ts';
import { useApp } from '../../app-context.ts';
import { digits, displayText, duration } from '../../format.ts';
import type { CircuitReset, ProbeAnswer } from '../../session/operator-api.ts';
import type { Outcome } from '../../session/operator.ts';

export function ServerActions({ server }: { server: ServerRecord }): JSX.Element | null {
  const { operator, store } = useApp();
  const outcome = useSignal<Outcome | undefined>(undefined);
  const busy = useSignal(false);
  if (!operator.isOpen.value) return null;
  const run = async (work: Promise<Outcome>): Promise<void> => {
    busy.value = true;
    outcome.value = undefined;
    try {
      outcome.value = await work;
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="server-actions">
      <div class="row" role="group" aria-label={`Operate ${displayText(server.id)}`}>
        <button
          type="button"
          disabled={busy.value}
          onClick={() => {
            run(operator.ask((api) => api.probe(server.id), probeText)).catch(reportError);
          }}
        >
          {busy.value ? 'Asking…' : 'Probe now'}
        </button>
        <button
          type="button"
          disabled={busy.value}
          onClick={() => {
            run(operator.ask((api) => api.resetCircuit(server.id), resetText)).catch(reportError);
          }}
        >
          Reset circuit
        </button>
        {!store.narrow.value && (
          <button
            type="button"
            title="Drain, resume or remove it"
            onClick={() => {
              operator.server.value = server.id;
              operator.form.value = 'drain';
              operator.part.value = 'control';
              store.patch({ panel: 'operator' });
            }}
          >
            Drain…
          </button>
        )}
      </div>
      <p class={outcome.value?.failed === true ? 'problem' : 'quiet'} role="status">
        {outcome.value === undefined ? '' : displayText(outcome.value.text)}
      </p>
    </div>
  );
}

function probeText(answer: ProbeAnswer): Outcome {
  switch (answer.outcome) {
    case 'success':
      return { failed: false, text: `Answered ${answer.method} in ${digits(answer.latency_ms)} ms.` };
    case 'failure':
      return { failed: true, text: `${answer.method} failed: ${answer.error}` };
    case 'refused':
      return { failed: true, text: `Not asked: ${answer.error}. It tries in ${duration(answer.retry_after_ms)}.` };
    case 'no_answer':
      return { failed: true, text: `No answer: ${answer.error}` };
  }
}

function resetText({ before }: CircuitReset): Outcome {
  const text =
    before.state === 'closed' ? 'The circuit was closed already; its counts start anew.' : 'The circuit is closed.';
  return { failed: false, text };
}
