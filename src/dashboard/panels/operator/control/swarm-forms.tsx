/** Forms for what is done with a swarm as a whole. Each makes an order of what was filled in; the gateway checks it. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { TOPOLOGIES } from '../../../../client/client.ts';
import { useApp } from '../../../app-context.ts';
import { ChoiceField, Form, optional, TextArea, TextField } from './form-parts.tsx';
import type { FormProps } from './form-parts.tsx';
import { dissolveQuestion, orderOf } from './order.ts';
import { ServerChoice, SwarmChoice, useChosenServer, useChosenSwarm } from './targets.tsx';

const PRIORITIES = ['low', 'medium', 'high', 'critical'] as const;

export function CreateForm({ busy, onOrder }: FormProps): JSX.Element {
  const [server, setServer] = useChosenServer();
  const topology = useSignal<(typeof TOPOLOGIES)[number]>('mesh');
  const types = useSignal('');
  const task = useSignal('');
  return (
    <Form
      busy={busy}
      action="Create…"
      ready={server !== ''}
      onSubmit={() => {
        const agents = wordsIn(types.value).map((type) => ({ type }));
        const input = {
          server_id: server,
          topology: topology.value,
          ...(agents.length === 0 ? {} : { agents }),
          ...optional('task', task.value),
        };
        onOrder(orderOf('swarm.init', input, `Create a ${input.topology} swarm on ${server}?`));
      }}
    >
      <ServerChoice value={server} onChange={setServer} />
      <ChoiceField label="Topology" choices={TOPOLOGIES} choice={topology} />
      <TextField label="First agents, if any" text={types} maxLength={1_000} placeholder="coder, coder, tester" />
      <TextField label="First task, if any" text={task} maxLength={4_096} />
    </Form>
  );
}

/** Words between commas and spaces. */
function wordsIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

export function TaskForm({ busy, onOrder }: FormProps): JSX.Element {
  const [swarm, setSwarm] = useChosenSwarm();
  const task = useSignal('');
  const priority = useSignal<(typeof PRIORITIES)[number]>('medium');
  return (
    <Form
      busy={busy}
      action="Orchestrate…"
      ready={swarm !== '' && task.value.trim() !== ''}
      onSubmit={() => {
        const input = { swarm_id: swarm, task: task.value.trim(), priority: priority.value };
        onOrder(orderOf('task.orchestrate', input, `Give this task to ${swarm}?`));
      }}
    >
      <SwarmChoice value={swarm} onChange={setSwarm} />
      <TextArea label="Task" text={task} />
      <ChoiceField label="Priority" choices={PRIORITIES} choice={priority} />
    </Form>
  );
}

export function CoordinateForm({ busy, onOrder }: FormProps): JSX.Element {
  const [swarm, setSwarm] = useChosenSwarm();
  const message = useSignal('');
  return (
    <Form
      busy={busy}
      action="Send…"
      ready={swarm !== '' && message.value.trim() !== ''}
      onSubmit={() => {
        const input = { swarm_id: swarm, message: message.value.trim() };
        onOrder(orderOf('swarm.coordinate', input, `Send this to all of ${swarm}?`));
      }}
    >
      <SwarmChoice value={swarm} onChange={setSwarm} />
      <TextArea label="Message" text={message} />
    </Form>
  );
}

export function DissolveForm({ busy, onOrder }: FormProps): JSX.Element {
  const { session } = useApp();
  const [swarm, setSwarm] = useChosenSwarm();
  return (
    <Form
      busy={busy}
      action="Dissolve…"
      ready={swarm !== ''}
      onSubmit={() => {
        onOrder(orderOf('swarm.dissolve', { swarm_id: swarm }, dissolveQuestion(swarm, session.client.state)));
      }}
    >
      <SwarmChoice value={swarm} onChange={setSwarm} />
      <p class="quiet">The server ends the swarm and all agents in it.</p>
    </Form>
  );
}
