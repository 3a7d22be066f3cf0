/** What only operators may see and do. Opened by a key that stays in this page's memory. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useApp } from '../../app-context.ts';
import { displayText } from '../../format.ts';
import { ClientCap } from './client-cap.tsx';
import { ClientCosts } from './client-costs.tsx';
import { ClientList } from './client-list.tsx';

export function OperatorPanel(): JSX.Element {
  const { operator } = useApp();
  return operator.state.value.phase === 'open' ? <Open /> : <KeyForm />;
}

function KeyForm(): JSX.Element {
  const { operator } = useApp();
  const key = useSignal('');
  const state = operator.state.value;
  const isChecking = state.phase === 'checking';
  return (
    <form
      class="operator-key"
      onSubmit={(event) => {
        event.preventDefault();
        const given = key.peek().trim();
        if (given === '' || isChecking) return;
        key.value = '';
        operator.unlock(given).catch(reportError);
      }}
    >
      <p class="quiet">
        Operators see who is connected and at what cost, slow clients down, and look after servers. A gateway on
        loopback prints its operator key when it starts; elsewhere it is <code>server.operator_key</code>.
      </p>
      <label for="operator-key">Operator key</label>
      <input
        id="operator-key"
        type="password"
        autocomplete="off"
        spellcheck={false}
        maxLength={4_096}
        value={key.value}
        aria-describedby="operator-key-note"
        onInput={(event) => {
          key.value = event.currentTarget.value;
        }}
      />
      <button type="submit" class="wide" disabled={isChecking || key.value.trim() === ''}>
        {isChecking ? 'Asking the gateway…' : 'Open'}
      </button>
      {state.phase === 'locked' && state.problem !== undefined && (
        <p class="problem" role="alert">
          {displayText(state.problem)}
        </p>
      )}
      <p id="operator-key-note" class="quiet">
        It stays in this page’s memory: not in the address, not in storage. Reloading forgets it.
      </p>
    </form>
  );
}

function Open(): JSX.Element {
  const { operator } = useApp();
  useEffect(() => operator.watch(), []);
  const outcome = operator.outcome.value;
  return (
    <div class="operator">
      <ClientCap />
      {/* Always there: screen readers only speak of changes within what they know. */}
      <p class={outcome?.failed === true ? 'problem' : 'outcome'} role="status" hidden={outcome === undefined}>
        {outcome === undefined ? '' : displayText(outcome.text)}
      </p>
      <ClientList />
      <ClientCosts />
      <button
        type="button"
        class="wide"
        onClick={() => {
          operator.lock();
        }}
      >
        Lock: forget the key
      </button>
    </div>
  );
}
