/** Asks for a token: over everything where nothing is shown without one, over the page where somebody chose to. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../app-context.ts';
import { displayText } from '../format.ts';
import type { SignInForm } from '../session/sign-in.ts';
import { Modal } from './modal.tsx';

type Shown = Exclude<SignInForm, 'closed'>;
const TITLES: Readonly<Record<Shown, string>> = {
  required: 'Sign in to Swarmcast',
  chosen: 'Sign in',
  renewal: 'Renew your sign-in',
};
const REASONS: Readonly<Record<Shown, string>> = {
  required: 'This gateway shows its swarms to those it knows.',
  chosen: 'A token shows what its role may see; operators also look after clients, servers and agents.',
  renewal: 'A newer token of the same user goes on without interruption.',
};

export function SignInDialog(): JSX.Element | null {
  const { signIn } = useApp();
  const form = signIn.form.value;
  return form === 'closed' ? null : <Dialog key={form} form={form} />;
}

function Dialog({ form }: { form: Shown }): JSX.Element {
  const { signIn } = useApp();
  const isRequired = form === 'required';
  return (
    <Modal
      title={TITLES[form]}
      form={form}
      close={
        isRequired
          ? undefined
          : () => {
              signIn.cancel();
            }
      }
    >
      <p class="quiet">{REASONS[form]}</p>
      <TokenForm isRequired={isRequired} />
    </Modal>
  );
}

function TokenForm({ isRequired }: { isRequired: boolean }): JSX.Element {
  const { signIn, session } = useApp();
  const token = useSignal('');
  const progress = signIn.progress.value;
  const isChecking = progress.phase === 'checking';
  const status = session.status.value;
  // Coming without a token is no fault.
  const ended = isRequired && signIn.token !== undefined && status.status === 'closed' ? status.reason : undefined;
  const problem = progress.phase === 'idle' ? (progress.problem ?? ended) : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const given = token.peek().trim();
        if (given === '' || isChecking) return;
        token.value = '';
        signIn.give(given).catch(reportError);
      }}
    >
      <label for="token">Token</label>
      <input
        id="token"
        type="password"
        autocomplete="off"
        spellcheck={false}
        maxLength={8_192}
        required
        value={token.value}
        aria-describedby="token-note"
        placeholder="API key, JWT or operator key"
        onInput={(event) => {
          token.value = event.currentTarget.value;
        }}
      />
      {problem !== undefined && (
        <p class="problem" role="alert">
          {displayText(sentence(problem))}
        </p>
      )}
      <div class="row modal-buttons">
        {!isRequired && (
          <button
            type="button"
            onClick={() => {
              signIn.cancel();
            }}
          >
            Cancel
          </button>
        )}
        <button type="submit" class="primary" disabled={isChecking}>
          {isChecking ? 'Asking the gateway…' : 'Continue'}
        </button>
      </div>
      <p id="token-note" class="quiet">
        It stays in this page’s memory: not in the address, not in storage. Reloading forgets it. A gateway on loopback
        prints an operator key when it starts.
      </p>
    </form>
  );
}

/** With a capital letter: reasons of the gateway have none. */
function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
