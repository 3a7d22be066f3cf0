/** Forms for which servers the gateway watches. Each makes an order of what was filled in; the gateway checks it. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { SERVER_TYPES } from '../../../view/url-state.ts';
import { CheckField, ChoiceField, Form, optional, TextField } from './form-parts.tsx';
import type { FormProps } from './form-parts.tsx';
import { orderOf } from './order.ts';
import { ServerChoice, useChosenServer } from './targets.tsx';

const TRANSPORTS = ['tcp', 'http'] as const;

export function AddServerForm({ busy, onOrder }: FormProps): JSX.Element {
  const name = useSignal('');
  const transport = useSignal<(typeof TRANSPORTS)[number]>('tcp');
  const host = useSignal('');
  const port = useSignal('');
  const tls = useSignal(false);
  const url = useSignal('');
  const type = useSignal<(typeof SERVER_TYPES)[number]>('other');
  const isTcp = transport.value === 'tcp';
  return (
    <Form
      busy={busy}
      action="Add…"
      ready={name.value.trim() !== '' && (isTcp ? isPort(port.value.trim()) : url.value.trim() !== '')}
      onSubmit={() => {
        const where = isTcp
          ? {
              ...optional('host', host.value),
              ...(port.value.trim() === '' ? {} : { port: Number(port.value) }),
              ...(tls.value ? { tls: true } : {}),
            }
          : optional('url', url.value);
        const input = { server_id: name.value.trim(), transport: transport.value, ...where, type: type.value };
        onOrder(orderOf('server.add', input, `Watch ${input.server_id} too?`));
      }}
    >
      <TextField label="Name" text={name} maxLength={64} required placeholder="as this gateway is to call it" />
      <ChoiceField label="Transport" choices={TRANSPORTS} choice={transport} />
      {isTcp ? (
        <>
          <TextField label="Host" text={host} maxLength={253} placeholder="127.0.0.1" />
          <TextField label="Port" text={port} maxLength={5} inputMode="numeric" placeholder="9500" />
          <CheckField label="TLS" checked={tls} />
        </>
      ) : (
        <TextField label="URL" text={url} maxLength={2_048} inputMode="url" required placeholder="http://…/mcp" />
      )}
      <ChoiceField label="Kind of server" choices={SERVER_TYPES} choice={type} />
      <p class="quiet">Until the gateway ends. Secrets and commands to start belong into its configuration.</p>
    </Form>
  );
}

/** Or nothing, for the usual one. */
function isPort(text: string): boolean {
  return text === '' || (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535);
}

const DEEDS = {
  drain: {
    operation: 'server.drain',
    action: 'Drain…',
    question: (server) => `Ask ${server} nothing more?`,
    meaning: 'What is under way is waited for, then the server is left alone. Its agents stay for a while, stale.',
  },
  resume: {
    operation: 'server.resume',
    action: 'Resume…',
    question: (server) => `Watch ${server} again?`,
    meaning: 'A server that was drained is watched again.',
  },
  remove: {
    operation: 'server.remove',
    action: 'Remove…',
    question: (server) => `Watch ${server} no more? Its agents are gone from every page.`,
    meaning: 'Its connections end at once, and its agents are gone. The server itself runs on.',
  },
} as const satisfies Record<
  string,
  { operation: `server.${string}`; action: string; question: (server: string) => string; meaning: string }
>;

/** The three that need no more than the server's name. */
function ServerDeed({ deed, busy, onOrder }: FormProps & { deed: keyof typeof DEEDS }): JSX.Element {
  const [server, setServer] = useChosenServer();
  const { operation, action, question, meaning } = DEEDS[deed];
  return (
    <Form
      busy={busy}
      action={action}
      ready={server !== ''}
      onSubmit={() => {
        onOrder(orderOf(operation, { server_id: server }, question(server)));
      }}
    >
      <ServerChoice value={server} onChange={setServer} />
      <p class="quiet">{meaning}</p>
    </Form>
  );
}

export function DrainForm(props: FormProps): JSX.Element {
  return <ServerDeed deed="drain" {...props} />;
}

export function ResumeForm(props: FormProps): JSX.Element {
  return <ServerDeed deed="resume" {...props} />;
}

export function RemoveForm(props: FormProps): JSX.Element {
  return <ServerDeed deed="remove" {...props} />;
}
