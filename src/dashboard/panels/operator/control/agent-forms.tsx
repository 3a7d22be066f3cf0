/** Forms for what is done with one agent. Each makes an order of what was filled in; the gateway checks it. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useApp } from '../../../app-context.ts';
import { CheckField, Form, optional, TextArea, TextField } from './form-parts.tsx';
import type { FormProps } from './form-parts.tsx';
import { orderOf } from './order.ts';
import { AgentChoice, SwarmChoice, useChosenAgent, useChosenSwarm } from './targets.tsx';

export function SpawnForm({ busy, onOrder }: FormProps): JSX.Element {
  const { session } = useApp();
  const [swarm, setSwarm] = useChosenSwarm();
  const type = useSignal('');
  const name = useSignal('');
  return (
    <Form
      busy={busy}
      action="Spawn…"
      ready={swarm !== '' && type.value.trim() !== ''}
      onSubmit={() => {
        const input = { swarm_id: swarm, type: type.value.trim(), ...optional('name', name.value) };
        onOrder(orderOf('agent.spawn', input, `Start a ${input.type} in ${swarm}?`));
      }}
    >
      <SwarmChoice value={swarm} onChange={setSwarm} />
      <TextField
        label="Type"
        text={type}
        maxLength={64}
        required
        placeholder="coder, tester, …"
        known={session.agentTypes.values}
      />
      <TextField label="Name, if any" text={name} maxLength={128} />
    </Form>
  );
}

export function MessageForm({ busy, onOrder }: FormProps): JSX.Element {
  const [agent, setAgent] = useChosenAgent();
  const message = useSignal('');
  return (
    <Form
      busy={busy}
      action="Send…"
      ready={agent !== '' && message.value.trim() !== ''}
      onSubmit={() => {
        const input = { agent_id: agent, message: message.value.trim() };
        onOrder(orderOf('agent.message', input, `Send this to ${agent}?`));
      }}
    >
      <AgentChoice value={agent} onChange={setAgent} />
      <TextArea label="Message" text={message} />
    </Form>
  );
}

export function TerminateForm({ busy, onOrder }: FormProps): JSX.Element {
  const [agent, setAgent] = useChosenAgent();
  const graceful = useSignal(true);
  return (
    <Form
      busy={busy}
      action="Terminate…"
      ready={agent !== ''}
      onSubmit={() => {
        const input = { agent_id: agent, graceful: graceful.value };
        onOrder(orderOf('agent.terminate', input, `End ${agent}? This cannot be undone.`));
      }}
    >
      <AgentChoice value={agent} onChange={setAgent} />
      <CheckField label="Let it finish first (graceful)" checked={graceful} />
    </Form>
  );
}
