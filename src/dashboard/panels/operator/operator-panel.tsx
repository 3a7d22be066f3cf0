/** What only operators may see and do. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useApp } from '../../app-context.ts';
import { displayText } from '../../format.ts';
import type { OperatorPart } from '../../session/operator.ts';
import { OPERATOR_PARTS } from '../../session/operator.ts';
import { AuditFeed } from './audit-feed.tsx';
import { ClientCap } from './client-cap.tsx';
import { ClientCosts } from './client-costs.tsx';
import { ClientList } from './client-list.tsx';
import { ControlForms } from './control/control-forms.tsx';
import { Segments } from '../segments.tsx';

const TITLES: Readonly<Record<OperatorPart, string>> = { clients: 'Clients', control: 'Control', audit: 'Audit' };

export function OperatorPanel(): JSX.Element {
  const { operator } = useApp();
  const part = operator.part.value;
  return (
    <div class="operator">
      <Segments
        label="Operate"
        choices={OPERATOR_PARTS}
        chosen={part}
        textOf={(name) => TITLES[name]}
        onChoose={(name) => {
          operator.part.value = name;
        }}
      />
      {part === 'clients' && <Clients />}
      {part === 'control' && <ControlForms />}
      {part === 'audit' && <AuditFeed />}
    </div>
  );
}

function Clients(): JSX.Element {
  const { operator } = useApp();
  useEffect(() => operator.watchClients(), []);
  const outcome = operator.outcome.value;
  return (
    <>
      <ClientCap />
      {/* Always there: screen readers only speak of changes within what they know. */}
      <p class={outcome?.failed === true ? 'problem' : 'outcome'} role="status" hidden={outcome === undefined}>
        {outcome === undefined ? '' : displayText(outcome.text)}
      </p>
      <ClientList />
      <ClientCosts />
    </>
  );
}
