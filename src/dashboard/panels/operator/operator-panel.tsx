/** What only operators may see and do. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useApp } from '../../app-context.ts';
import { displayText } from '../../format.ts';
import { ClientCap } from './client-cap.tsx';
import { ClientCosts } from './client-costs.tsx';
import { ClientList } from './client-list.tsx';

export function OperatorPanel(): JSX.Element {
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
    </div>
  );
}
