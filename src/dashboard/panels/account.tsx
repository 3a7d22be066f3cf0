/** Who is signed in, in the top bar. */
import type { JSX } from 'preact';
import { useApp } from '../app-context.ts';
import { displayText } from '../format.ts';

export function Account(): JSX.Element {
  const { session, signIn } = useApp();
  const identity = session.identity.value;
  if (signIn.token === undefined) {
    return (
      <button
        type="button"
        class="account"
        onClick={() => {
          signIn.ask('chosen');
        }}
      >
        Sign in
      </button>
    );
  }
  return (
    <div class="account">
      {identity !== undefined && (
        <span class="account-name">
          <bdi class="ellipsis" title={displayText(identity.subject)}>
            {displayText(identity.subject)}
          </bdi>
          <span class="badge badge-here">{identity.role.toUpperCase()}</span>
        </span>
      )}
      <button
        type="button"
        onClick={() => {
          signIn.signOut();
        }}
      >
        Sign out
      </button>
    </div>
  );
}
