/** What an operator has servers do: a form each, a confirmation that shows all that will be sent, and what came of it. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../../../app-context.ts';
import { displayText } from '../../../format.ts';
import type { ControlForm } from '../../../session/operator.ts';
import { CONTROL_FORMS } from '../../../session/operator.ts';
import { Modal } from '../../modal.tsx';
import { MessageForm, SpawnForm, TaskForm, TerminateForm } from './forms.tsx';
import type { Fact, Order, Report } from './order.ts';
import { carryOut } from './order.ts';
import { Segments } from '../../segments.tsx';

const TITLES: Readonly<Record<ControlForm, string>> = {
  spawn: 'Spawn',
  task: 'Task',
  message: 'Message',
  terminate: 'Terminate',
};
const FORMS = { spawn: SpawnForm, task: TaskForm, message: MessageForm, terminate: TerminateForm } as const;

/** The last order that was confirmed, and what came of it; no report yet: it is under way. */
interface Sent {
  form: ControlForm;
  operation: Order['operation'];
  report: Report | undefined;
}

export function ControlForms(): JSX.Element {
  const { operator, session } = useApp();
  const order = useSignal<Order | undefined>(undefined);
  const sent = useSignal<Sent | undefined>(undefined);
  const form = operator.form.value;
  const Form = FORMS[form];
  const send = async (confirmed: Order): Promise<void> => {
    const { operation } = confirmed;
    order.value = undefined;
    sent.value = { form, operation, report: undefined };
    const report = await carryOut(confirmed, session.client);
    sent.value = { form, operation, report };
  };
  return (
    <section class="control" aria-label="Control">
      <Segments
        label="What to do"
        choices={CONTROL_FORMS}
        chosen={form}
        textOf={(name) => TITLES[name]}
        onChoose={(name) => {
          operator.form.value = name;
          sent.value = undefined;
        }}
      />
      <Form
        key={form}
        busy={sent.value !== undefined && sent.value.report === undefined}
        onOrder={(next) => {
          order.value = next;
        }}
      />
      <ReportView sent={sent.value?.form === form ? sent.value : undefined} />
      {order.value !== undefined && (
        <Confirmation
          order={order.value}
          onCancel={() => {
            order.value = undefined;
          }}
          onConfirm={(confirmed) => {
            send(confirmed).catch(reportError);
          }}
        />
      )}
    </section>
  );
}

function Confirmation(props: { order: Order; onCancel: () => void; onConfirm: (order: Order) => void }): JSX.Element {
  const { order, onCancel, onConfirm } = props;
  return (
    <Modal title={displayText(order.question)} form="confirm" close={onCancel}>
      <Facts facts={order.fields} />
      <div class="row modal-buttons">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          onClick={() => {
            onConfirm(order);
          }}
        >
          Confirm
        </button>
      </div>
    </Modal>
  );
}

function ReportView({ sent }: { sent: Sent | undefined }): JSX.Element {
  const report = sent?.report;
  const kind = report === undefined ? 'pending' : report.failed ? 'failed' : 'done';
  return (
    <div
      class={kind === 'failed' ? 'problem' : 'outcome'}
      role="status"
      data-report={kind}
      data-operation={sent?.operation}
      hidden={sent === undefined}
    >
      {sent !== undefined && report === undefined && <p>Asking the server…</p>}
      {report !== undefined && (
        <>
          <p>{displayText(report.text)}</p>
          <Facts facts={report.facts} />
        </>
      )}
    </div>
  );
}

function Facts({ facts }: { facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{displayText(name)}</dt>
          <dd>
            <bdi>{displayText(value)}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
