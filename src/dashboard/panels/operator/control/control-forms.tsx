/** What an operator has servers do: a form each, a confirmation that shows all that will be sent, and what came of it. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../../../app-context.ts';
import { displayText } from '../../../format.ts';
import type { ControlForm, ControlSubject } from '../../../session/operator.ts';
import { CONTROL_FORMS } from '../../../session/operator.ts';
import { Modal } from '../../modal.tsx';
import { MessageForm, SpawnForm, TerminateForm } from './agent-forms.tsx';
import type { FormProps } from './form-parts.tsx';
import type { Fact, Order, Report } from './order.ts';
import { carryOut } from './order.ts';
import { AddServerForm, DrainForm, RemoveForm, ResumeForm } from './server-forms.tsx';
import { CoordinateForm, CreateForm, DissolveForm, TaskForm } from './swarm-forms.tsx';
import { Segments } from '../../segments.tsx';

const SUBJECTS = Object.keys(CONTROL_FORMS) as ControlSubject[];
const SUBJECT_TITLES: Readonly<Record<ControlSubject, string>> = {
  agents: 'Agents',
  swarms: 'Swarms',
  servers: 'Servers',
};
const FORMS: Readonly<Record<ControlForm, { title: string; Form: (props: FormProps) => JSX.Element }>> = {
  spawn: { title: 'Spawn', Form: SpawnForm },
  message: { title: 'Message', Form: MessageForm },
  terminate: { title: 'Terminate', Form: TerminateForm },
  create: { title: 'Create', Form: CreateForm },
  task: { title: 'Task', Form: TaskForm },
  coordinate: { title: 'Message', Form: CoordinateForm },
  dissolve: { title: 'Dissolve', Form: DissolveForm },
  add: { title: 'Add', Form: AddServerForm },
  drain: { title: 'Drain', Form: DrainForm },
  resume: { title: 'Resume', Form: ResumeForm },
  remove: { title: 'Remove', Form: RemoveForm },
};

function subjectOf(form: ControlForm): ControlSubject {
  return SUBJECTS.find((subject) => CONTROL_FORMS[subject].some((each) => each === form)) ?? 'agents';
}

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
  const subject = subjectOf(form);
  const { Form } = FORMS[form];
  const turnTo = (next: ControlForm): void => {
    operator.form.value = next;
    sent.value = undefined;
  };
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
        label="What to operate"
        choices={SUBJECTS}
        chosen={subject}
        textOf={(name) => SUBJECT_TITLES[name]}
        onChoose={(name) => {
          turnTo(CONTROL_FORMS[name][0]);
        }}
        look="quiet"
      />
      <Segments
        label="What to do"
        choices={CONTROL_FORMS[subject]}
        chosen={form}
        textOf={(name) => FORMS[name].title}
        onChoose={turnTo}
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
